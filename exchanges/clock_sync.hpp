#pragma once

#include <functional>
#include <optional>

#include "base/timer.hpp"
#include "exchanges/broadcast_event.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

/// Estimates the venue's clock against ours: median of three round trips, again every five minutes and when a request was
/// refused for its timestamp. Trading thread only.
class clock_sync {
 public:
  /// Asks the venue for its time.
  using probe = std::function<task<result<wall_time>>()>;
  static constexpr int samples = 3;
  static constexpr nanoseconds refresh_interval = 5min;
  static constexpr nanoseconds retry_interval = 5s;
  /// Refused timestamps cannot make us ask more often than this.
  static constexpr nanoseconds least_interval = 10s;
  /// Signed requests wait so long for the first estimate.
  static constexpr nanoseconds first_wait_limit = 5s;

  clock_sync(executor, timer_queue&, probe, std::function<void(milliseconds)> on_offset);

  task<void> run();
  /// Measure again soon (a timestamp was refused).
  void refresh();
  /// Server minus ours; 0 until measured.
  milliseconds offset() const { return offset_; }
  /// Returns at once when measured, or when run() was never started.
  task<void> wait_for_first();

 private:
  task<bool> measure();

  timer_queue& timers_;
  probe probe_;
  std::function<void(milliseconds)> on_offset_;
  wake_event refresh_wanted_;
  broadcast_event first_;
  milliseconds offset_{0};
  bool running_ = false;
  bool tried_ = false;
};

}  // namespace drover::exchanges
