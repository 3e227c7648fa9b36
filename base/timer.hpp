#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace drover {

enum class timer_id : std::uint64_t {};

/// Timers of one executor: thousands of tenants share one operating-system timer. Deadlines are rounded up to 1 ms.
/// All functions on the owner's thread; callbacks run on it. The simulation has its own on a virtual clock.
class timer_queue {
 public:
  virtual ~timer_queue() = default;
  virtual const clock& get_clock() const = 0;
  /// Runs `callback` once at or soon after `at`.
  virtual timer_id call_at(steady_time at, std::move_only_function<void()> callback) = 0;
  /// False when it already ran or was cancelled; its callback is destroyed without being run.
  virtual bool cancel(timer_id) = 0;

  timer_id call_after(nanoseconds delay, std::move_only_function<void()> callback);
};

/// Production timers on `executor` (one thread).
std::unique_ptr<timer_queue> make_timer_queue(executor, const clock&);

/// Suspends until `at`; ends early by throwing operation_aborted when the task is cancelled.
task<void> sleep_until(timer_queue&, steady_time at);
task<void> sleep_for(timer_queue&, nanoseconds duration);

/// One waiter, any number of wake-ups: the building block of mailboxes. Owner's thread only.
class wake_event {
 public:
  explicit wake_event(executor);
  ~wake_event();
  /// Wakes the waiter, or lets the next wait() return at once.
  void notify();
  /// Until notify(); throws operation_aborted when the task is cancelled. One waiter at a time.
  task<void> wait();
  /// As wait(), but returns false at `at`.
  task<bool> wait_until(timer_queue&, steady_time at);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace drover
