#pragma once

#include "base/clock.hpp"
#include "engine/bots/strategy_meters.hpp"

namespace drover::engine {

/// Bots that are over their share at the moment: together they get one. Of one trading thread.
struct share_debtors {
  int count = 0;
};

/// How much of the trading thread one bot's code may take, over the time in which no single call is too long. A token
/// bucket, kept as the time until which what was used is paid for: a use of 1 ms of a bot that has 1 % costs 100 ms.
///
/// What counts is the steady clock, until a bot is over its share by it; from then on it is processor time where that
/// is measured, and the bot begins anew at its limit: perhaps the machine stood still. Trading thread only.
class thread_share {
public:
  /// Calls of the longest allowed time that a rested bot may make at once.
  static constexpr int burst_calls = 3;
  /// One that is over its share for so long, and still wants more, takes too much.
  static constexpr seconds patience{8};

  /// References outlive it. `percent`: of the thread, 1 to 100.
  thread_share(const clock&, const strategy_meters&, milliseconds longest_call, int percent, share_debtors&);
  ~thread_share() { forgive(); }
  thread_share(const thread_share&) = delete;
  thread_share& operator=(const thread_share&) = delete;

  /// Charges what is used while it lives, times `weight`. Not nested.
  class use {
  public:
    explicit use(thread_share& of, int weight = 1) : of_(of), begin_(of.look()), weight_(weight) {}
    ~use() { of_.charge(begin_, weight_); }
    use(const use&) = delete;
    use& operator=(const use&) = delete;

  private:
    thread_share& of_;
    nanoseconds begin_;
    int weight_;
  };

  /// Nothing is left: what can wait is to wait until free_at().
  bool is_spent() const { return in_excess_ && paid_until_ > clock_.now(); }
  steady_time free_at() const { return paid_until_; }
  /// Since it was spent it has not rested enough to have half a burst again.
  bool is_in_excess() const { return in_excess_; }
  /// To be asked now and then while it is in excess; at rested_at() it is over.
  void settle();
  steady_time rested_at() const { return paid_until_ + window_ / 2; }
  /// It is spent, and has been in excess for `patience`.
  bool wants_too_much() const;

private:
  nanoseconds look() const;
  void charge(nanoseconds begin, int weight);
  void enter_excess(steady_time now);
  void forgive();

  const clock& clock_;
  const strategy_meters& meters_;
  share_debtors& debtors_;
  /// What a burst is paid for by.
  nanoseconds window_;
  int percent_;
  bool watched_ = false, in_excess_ = false;
  steady_time paid_until_, excess_since_;
};

}  // namespace drover::engine
