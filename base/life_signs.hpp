#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.hpp"

namespace drover {

/// One part's proof that it does its work. beat() from the part's thread, the rest from any.
class life_sign {
public:
  life_sign(std::string name, steady_time now) : name_(std::move(name)), last_beat_(now.since_start.count()) {}
  const std::string& name() const { return name_; }
  void beat(steady_time now) {
    last_beat_.store(now.since_start.count(), std::memory_order_relaxed);
    beats_.fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }
  /// Zero or more.
  nanoseconds silent_for(steady_time now) const;

private:
  std::string name_;
  std::atomic<std::uint64_t> beats_ = 0;
  std::atomic<std::int64_t> last_beat_;
};

/// The parts whose work a watchdog is fed by (REL-61). One thread, but for beat().
class life_signs {
public:
  /// Lives as long as this.
  life_sign& add(std::string name, steady_time now) { return parts_.emplace_back(std::move(name), now); }
  const std::deque<life_sign>& parts() const { return parts_; }

private:
  std::deque<life_sign> parts_;
};

/// Proof of work as one purpose needs it; each purpose has its own rounds. All parts are added before the first take().
class life_round {
public:
  explicit life_round(const life_signs& signs) : signs_(signs) {}
  /// True when every part has beaten since the last time that this was true. Since each round needs fresh proof, a part
  /// that hangs is never covered by an older one.
  bool take();
  /// Parts that the round waits for, with how long they have been silent; empty when there are none.
  std::string describe_missing(steady_time now) const;

private:
  bool has_beaten(std::size_t part) const;

  const life_signs& signs_;
  /// Beats of each part at the last round; none yet = shorter.
  std::vector<std::uint64_t> seen_;
};

/// Beats on a timer queue: proves that its thread turns and that its timers come on time. On the queue's thread.
class heart {
public:
  static constexpr nanoseconds interval = 250ms;
  /// A timer later than this is no proof.
  static constexpr nanoseconds lateness_limit = 500ms;

  /// `at_each_beat`: more work of the same thread that is to be proven; may be empty.
  heart(timer_queue&, life_sign&, std::function<void(steady_time now)> at_each_beat);
  ~heart() { stop(); }
  heart(const heart&) = delete;
  heart& operator=(const heart&) = delete;
  void start();
  void stop();

private:
  void on_time();
  timer_queue& timers_;
  life_sign& sign_;
  std::function<void(steady_time)> at_each_beat_;
  steady_time due_;
  std::optional<timer_id> timer_;
};

}  // namespace drover
