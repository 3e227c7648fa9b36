#include "base/timer.hpp"

#include <boost/asio/steady_timer.hpp>
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "base/completion_detail.hpp"

namespace drover {
namespace {

constexpr nanoseconds resolution = 1ms;

steady_time rounded_up(steady_time at) {
  const auto over = at.since_start % resolution;
  return over == nanoseconds::zero() ? at : at + (resolution - over);
}

class asio_timer_queue final : public timer_queue {
 public:
  asio_timer_queue(executor e, const clock& time) : state_(std::make_shared<state>(std::move(e), time)) {}
  ~asio_timer_queue() override {
    state_->waiting.clear();
    state_->keys.clear();
    state_->alarm.cancel();
  }

  const clock& get_clock() const override { return state_->time; }

  timer_id call_at(steady_time at, std::move_only_function<void()> callback) override {
    const key where{rounded_up(at), ++state_->last_id};
    state_->waiting.emplace(where, std::move(callback));
    state_->keys.emplace(where.second, where.first);
    state_->arm(state_);
    return timer_id{where.second};
  }

  bool cancel(timer_id id) override {
    const auto found = state_->keys.find(static_cast<std::uint64_t>(id));
    if (found == state_->keys.end()) return false;
    // The callback is destroyed last: what it owns may come back to this queue.
    auto gone = state_->waiting.extract(key{found->second, found->first});
    state_->keys.erase(found);
    if (state_->waiting.empty()) state_->disarm();
    return true;
  }

 private:
  using key = std::pair<steady_time, std::uint64_t>;

  struct state {
    state(executor e, const clock& c) : alarm(std::move(e)), time(c) {}

    asio::steady_timer alarm;
    const clock& time;
    std::map<key, std::move_only_function<void()>> waiting;
    std::unordered_map<std::uint64_t, steady_time> keys;
    std::uint64_t last_id = 0;
    std::optional<steady_time> armed_for;

    void arm(const std::shared_ptr<state>& self) {
      if (waiting.empty()) return;
      const steady_time next = waiting.begin()->first.first;
      if (armed_for && *armed_for <= next) return;
      armed_for = next;
      alarm.expires_after(std::max(next - time.now(), nanoseconds::zero()));
      alarm.async_wait([weak = std::weak_ptr(self), next](const boost::system::error_code& ec) {
        const auto alive = weak.lock();
        if (ec || !alive || alive->armed_for != next) return;
        alive->armed_for.reset();
        alive->run_due(alive);
      });
    }

    /// A context with nothing else to do must be able to end.
    void disarm() {
      armed_for.reset();
      alarm.cancel();
    }

    void run_due(const std::shared_ptr<state>& self) {
      const steady_time now = time.now();
      while (!waiting.empty() && waiting.begin()->first.first <= now) {
        auto due = waiting.extract(waiting.begin());
        keys.erase(due.key().second);
        due.mapped()();
      }
      arm(self);
    }
  };

  std::shared_ptr<state> state_;
};

}  // namespace

timer_id timer_queue::call_after(nanoseconds delay, std::move_only_function<void()> callback) {
  return call_at(get_clock().now() + delay, std::move(callback));
}

std::unique_ptr<timer_queue> make_timer_queue(executor e, const clock& time) {
  return std::make_unique<asio_timer_queue>(std::move(e), time);
}

task<void> sleep_until(timer_queue& timers, steady_time at) {
  std::optional<timer_id> id;
  auto arm = [&timers, &id, at](std::shared_ptr<detail::parked> waiter) {
    id = timers.call_at(at, [waiter = std::move(waiter)] { waiter->resume(); });
  };
  try {
    co_await detail::park(std::move(arm));
  } catch (...) {
    if (id) timers.cancel(*id);
    throw;
  }
}

task<void> sleep_for(timer_queue& timers, nanoseconds duration) {
  const auto at = timers.get_clock().now() + duration;
  co_await sleep_until(timers, at);
}

struct wake_event::state {
  std::shared_ptr<detail::parked> waiter;
  bool notified = false;
};

wake_event::wake_event(executor) : state_(std::make_shared<state>()) {}
wake_event::~wake_event() = default;

void wake_event::notify() {
  auto waiter = std::exchange(state_->waiter, nullptr);
  if (waiter && waiter->resume()) return;
  state_->notified = true;
}

task<void> wake_event::wait() {
  auto owner = state_;
  if (!std::exchange(owner->notified, false)) {
    auto arm = [owner](std::shared_ptr<detail::parked> waiter) { owner->waiter = std::move(waiter); };
    co_await detail::park(std::move(arm));
  }
}

task<bool> wake_event::wait_until(timer_queue& timers, steady_time at) {
  bool expired = false;
  const auto id = timers.call_at(at, [weak = std::weak_ptr(state_), &expired] {
    const auto alive = weak.lock();
    if (!alive) return;
    auto waiter = std::exchange(alive->waiter, nullptr);
    if (waiter) expired = waiter->resume();
  });
  auto owner = state_;
  try {
    if (!std::exchange(owner->notified, false)) {
      auto arm = [owner](std::shared_ptr<detail::parked> waiter) { owner->waiter = std::move(waiter); };
      co_await detail::park(std::move(arm));
    }
  } catch (...) {
    timers.cancel(id);
    throw;
  }
  timers.cancel(id);
  co_return !expired;
}

}  // namespace drover
