#include "exchanges/runtime/turn_queue.hpp"

namespace drover::exchanges {

/// Gives up the place, or the turn that came while nobody took it any more.
class turn_queue::stay {
 public:
  stay(turn_queue& queue, place where, waiter& w) : queue_(queue), where_(where), waiter_(w) {
    queue_.waiting_.emplace(where_, &waiter_);
  }
  stay(const stay&) = delete;
  stay& operator=(const stay&) = delete;
  ~stay() {
    if (!waiter_.granted)
      queue_.waiting_.erase(where_);
    else if (!taken_)
      queue_.leave();
  }
  turn take() {
    taken_ = true;
    return turn(queue_);
  }

 private:
  turn_queue& queue_;
  place where_;
  waiter& waiter_;
  bool taken_ = false;
};

task<std::optional<turn_queue::turn>> turn_queue::enter(lane l, timer_queue& timers, steady_time deadline) {
  if (!busy_) {
    busy_ = true;
    co_return turn(*this);
  }
  waiter self{wake_event(executor_)};
  stay here(*this, {l, next_++}, self);
  while (!self.granted) {
    const bool woken = co_await self.wake.wait_until(timers, deadline);
    if (!woken && !self.granted) co_return std::nullopt;
  }
  co_return here.take();
}

void turn_queue::leave() {
  if (waiting_.empty()) {
    busy_ = false;
    return;
  }
  auto first = waiting_.begin()->second;
  waiting_.erase(waiting_.begin());
  first->granted = true;
  first->wake.notify();
}

}  // namespace drover::exchanges
