#include "exchanges/rate_ledger.hpp"

#include <algorithm>
#include <utility>

namespace drover::exchanges {

namespace {

constexpr std::array share_table{1000, 950, 850, 750, 600};

/// Clocks differ by some milliseconds: a window is opened a little late rather than early.
constexpr nanoseconds window_margin = 50ms;

std::size_t index_of(lane l) { return static_cast<std::size_t>(l); }

error rate_error(std::string detail, nanoseconds wait) {
  error e(exchange_errc::rate_limited, std::move(detail));
  if (wait > 0ns) e.retry_after = std::chrono::ceil<milliseconds>(wait);
  return e;
}

}  // namespace

/// A waiter's stay in its lane; leaves it however the wait ends.
class rate_ledger::queue_place {
 public:
  queue_place(waiter_list& list, waiter& w) : list_(list), waiter_(w), at_(list.insert(list.end(), &w)) {}
  ~queue_place() {
    if (!waiter_.granted) list_.erase(at_);
  }
  queue_place(const queue_place&) = delete;
  queue_place& operator=(const queue_place&) = delete;

 private:
  waiter_list& list_;
  waiter& waiter_;
  waiter_list::iterator at_;
};

rate_ledger::rate_ledger(executor ex, timer_queue& timers, rate_limits limits)
    : executor_(std::move(ex)),
      timers_(timers),
      limits_(limits),
      weight_{60s, limits.weight_per_minute, 0, {}},
      requests_{300s, limits.requests_per_five_minutes, 0, {}} {
  roll_windows();
}

rate_ledger::~rate_ledger() {
  if (timer_) timers_.cancel(*timer_);
}

int rate_ledger::share_permille(lane l) { return share_table[index_of(l)]; }

void rate_ledger::roll(window& w, steady_time now) const {
  if (now < w.ends) return;
  auto server = timers_.get_clock().wall_now().since_epoch + clock_offset_;
  auto into = server % w.length;
  w.used = 0;
  w.ends = now + (w.length - into) + window_margin;
}

void rate_ledger::roll_windows() {
  auto now = timers_.get_clock().now();
  roll(weight_, now);
  roll(requests_, now);
}

bool rate_ledger::fits(lane l, int weight) const {
  if (timers_.get_clock().now() < banned_until_) return false;
  auto within = [l](const window& w, int more) {
    auto share = static_cast<std::int64_t>(w.limit) * share_permille(l) / 1000;
    // One request heavier than the share itself may pass when the window is fresh: it could never pass otherwise.
    return w.used + more <= share || (w.used == 0 && more <= w.limit);
  };
  return within(weight_, weight) && within(requests_, 1);
}

void rate_ledger::take(int weight) {
  weight_.used += weight;
  requests_.used += 1;
}

bool rate_ledger::somebody_before(lane l) const {
  return std::any_of(lanes_.begin(), lanes_.begin() + static_cast<std::ptrdiff_t>(index_of(l)) + 1,
                     [](const waiter_list& list) { return !list.empty(); });
}

steady_time rate_ledger::next_chance(lane l, int weight) const {
  auto now = timers_.get_clock().now();
  auto at = std::max(now, banned_until_);
  auto full = [l](const window& w, int more) {
    return w.used + more > static_cast<std::int64_t>(w.limit) * share_permille(l) / 1000;
  };
  if (full(weight_, weight)) at = std::max(at, weight_.ends);
  if (full(requests_, 1)) at = std::max(at, requests_.ends);
  return at;
}

task<result<void>> rate_ledger::acquire(lane l, int weight, steady_time deadline) {
  roll_windows();
  if (!somebody_before(l) && fits(l, weight)) {
    take(weight);
    co_return result<void>{};
  }
  auto now = timers_.get_clock().now();
  if (banned_until_ > deadline)
    co_return std::unexpected(rate_error("the venue asked us to stay away", banned_until_ - now));
  if (weight > limits_.weight_per_minute)
    co_return std::unexpected(rate_error("the request weighs more than the whole budget of a minute", 0ns));
  if (waiting() >= limits_.queue_limit)
    co_return std::unexpected(rate_error("too many requests wait for the venue's budget", 0ns));

  waiter self{weight, false, wake_event(executor_)};
  queue_place place(lanes_[index_of(l)], self);
  schedule();
  while (!self.granted) {
    bool woken = co_await self.wake.wait_until(timers_, deadline);
    if (!woken && !self.granted) {
      auto wait = next_chance(l, weight) - timers_.get_clock().now();
      co_return std::unexpected(rate_error("the venue's request budget is used up", wait));
    }
  }
  co_return result<void>{};
}

std::optional<nanoseconds> rate_ledger::try_acquire(lane l, int weight) {
  roll_windows();
  if (!somebody_before(l) && fits(l, weight)) {
    take(weight);
    return std::nullopt;
  }
  constexpr nanoseconds least_wait = 20ms;
  return std::max<nanoseconds>(next_chance(l, weight) - timers_.get_clock().now(), least_wait);
}

void rate_ledger::correct_used_weight(int used) {
  roll_windows();
  weight_.used = std::max(weight_.used, used);
}

void rate_ledger::ban_for(nanoseconds duration) {
  banned_until_ = std::max(banned_until_, timers_.get_clock().now() + duration);
  schedule();
}

void rate_ledger::grant_waiters() {
  roll_windows();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& list = lanes_[i];
    while (!list.empty()) {
      auto& first = *list.front();
      if (!fits(static_cast<lane>(i), first.weight)) return schedule();
      take(first.weight);
      list.pop_front();
      first.granted = true;
      first.wake.notify();
    }
  }
}

void rate_ledger::schedule() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].empty()) continue;
    auto at = next_chance(static_cast<lane>(i), lanes_[i].front()->weight);
    if (timer_ && timer_at_ == at) return;
    if (timer_) timers_.cancel(*timer_);
    timer_at_ = at;
    timer_ = timers_.call_at(at, [this] {
      timer_.reset();
      grant_waiters();
    });
    return;
  }
}

double rate_ledger::used_ratio() const {
  bool fresh = timers_.get_clock().now() >= weight_.ends;
  return fresh || weight_.limit == 0 ? 0 : static_cast<double>(weight_.used) / weight_.limit;
}

std::optional<nanoseconds> rate_ledger::banned_for() const {
  auto left = banned_until_ - timers_.get_clock().now();
  if (left <= 0ns) return std::nullopt;
  return left;
}

std::size_t rate_ledger::waiting() const {
  std::size_t count = 0;
  for (const auto& list : lanes_) count += list.size();
  return count;
}

}  // namespace drover::exchanges
