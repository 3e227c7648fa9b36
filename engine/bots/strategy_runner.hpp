#pragma once

#include <exception>
#include <expected>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "engine/bots/bot_failure.hpp"
#include "engine/bots/strategy_meters.hpp"
#include "engine/bots/turn_mark.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

/// Calls a strategy and keeps its faults to itself: exceptions become values, calls that take too much time or memory are
/// counted, and each is marked for the case that it never ends. Trading thread only.
class strategy_runner {
 public:
  /// Calls over budget within `strike_window` that end the bot; one that takes a multiple of its time counts as often.
  static constexpr int strike_limit = 10;
  static constexpr seconds strike_window{60};
  /// Actions of one call; more is a fault.
  static constexpr std::size_t actions_limit = 256;

  /// References outlive the runner.
  strategy_runner(std::unique_ptr<strategy> s, bot_id bot, const clock& c, call_budget budget, const strategy_meters& meters)
      : strategy_(std::move(s)), clock_(c), meters_(meters), bot_(bot), budget_(budget) {}

  using outcome = std::expected<strategy_actions, bot_failure>;
  /// `call` is given the strategy. The actions of a call that failed, or that was one too many, are dropped.
  template <class Call>
  outcome run(strategy_call which, Call call) {
    const auto begin = look();
    try {
      return judge(begin, in_turn(which, [&] { return call(*strategy_); }));
    } catch (const std::exception& e) {
      return std::unexpected(threw(e.what()));
    } catch (...) {
      return std::unexpected(threw("an exception of unknown type"));
    }
  }
  std::expected<bool, bot_failure> wants_tick(const exchanges::book_ticker&);
  std::expected<std::string, bot_failure> save_state() const;

 private:
  /// What had been spent when a call began.
  struct spent {
    steady_time at;
    nanoseconds processor{};
    std::uint64_t memory_bytes = 0;
  };
  template <class Call>
  auto in_turn(strategy_call which, Call call) const {
    const turn_mark::turn marked(meters_.turns, bot_, which);
    pass_failpoint();
    return call();
  }
  void pass_failpoint() const;
  spent look() const;
  outcome judge(const spent& begin, strategy_actions);
  int count_strikes(nanoseconds took, bool too_long);
  static bot_failure threw(std::string_view what);

  std::unique_ptr<strategy> strategy_;
  const clock& clock_;
  const strategy_meters& meters_;
  bot_id bot_;
  call_budget budget_;
  steady_time first_strike_;
  int strikes_ = 0;
  /// It was too slow by the clock: from then on its processor time is what counts.
  bool watched_ = false;
};

}  // namespace drover::engine
