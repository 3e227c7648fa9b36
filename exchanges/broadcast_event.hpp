#pragma once

#include <list>
#include <utility>

#include "base/timer.hpp"

namespace drover::exchanges {

/// Many coroutines wait for one event. Owner's thread only.
class broadcast_event {
 public:
  explicit broadcast_event(executor ex) : executor_(std::move(ex)) {}
  broadcast_event(const broadcast_event&) = delete;
  broadcast_event& operator=(const broadcast_event&) = delete;

  /// Wakes everybody who waits now.
  void open() {
    for (auto* event : waiters_) event->notify();
  }
  /// True when opened, false at `deadline`; throws operation_aborted when the task is cancelled.
  task<bool> wait_until(timer_queue& timers, steady_time deadline) {
    wake_event event(executor_);
    place here(waiters_, event);
    co_return co_await event.wait_until(timers, deadline);
  }

 private:
  class place {
   public:
    place(std::list<wake_event*>& list, wake_event& event) : list_(list), at_(list.insert(list.end(), &event)) {}
    ~place() { list_.erase(at_); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

   private:
    std::list<wake_event*>& list_;
    std::list<wake_event*>::iterator at_;
  };

  executor executor_;
  std::list<wake_event*> waiters_;
};

}  // namespace drover::exchanges
