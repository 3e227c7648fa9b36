#pragma once

#include <functional>
#include <optional>

#include "base/timer.hpp"
#include "exchanges/broadcast_event.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

/// Estimates the venue's clock: median of three round trips, again every five minutes, when a request was refused for its timestamp,
/// and when the estimate was off. Between measurements it goes by the steady clock, so a step of our wall clock (NTP, an operator)
/// changes nothing of what is sent. Trading thread only.
class clock_sync {
 public:
  /// Asks the venue for its time.
  using probe = std::function<task<result<wall_time>>()>;
  static constexpr int samples = 3;
  static constexpr nanoseconds refresh_interval = 5min;
  static constexpr nanoseconds retry_interval = 5s;
  /// Refused timestamps cannot make us ask more often than this.
  static constexpr nanoseconds least_interval = 10s;
  /// How often our wall clock is looked at for a step.
  static constexpr nanoseconds step_check_interval = 1s;
  /// An estimate (or our wall clock) that was off by more is remarkable: the venue is asked again soon.
  static constexpr milliseconds remarkable_skew{500};
  /// Signed requests wait so long for the first estimate.
  static constexpr nanoseconds first_wait_limit = 5s;

  /// `on_offset` hears of each offset that is new: after a measurement, and after a step of our wall clock.
  clock_sync(executor, timer_queue&, probe, std::function<void(milliseconds)> on_offset);

  task<void> run();
  /// Measure again soon (a timestamp was refused).
  void refresh();
  /// The venue's time; our wall clock's until measured.
  wall_time server_now() const;
  /// Server minus our wall clock as it stands now; 0 until measured.
  milliseconds offset() const;
  /// Returns at once when measured, or when run() was never started.
  task<void> wait_for_first();

 private:
  task<bool> measure();
  task<void> wait_for_turn(steady_time measured_at, bool measured);
  void notice_step();
  void tell_offset();

  timer_queue& timers_;
  probe probe_;
  std::function<void(milliseconds)> on_offset_;
  wake_event refresh_wanted_;
  broadcast_event first_;
  /// The venue's time when the steady clock stood at zero.
  std::optional<nanoseconds> server_zero_;
  /// Ours, as last seen.
  nanoseconds wall_zero_{};
  milliseconds told_offset_{0};
  bool running_ = false;
  bool tried_ = false;
  bool doubtful_ = false;
};

}  // namespace drover::exchanges
