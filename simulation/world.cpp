#include "simulation/world.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace drover::simulation {
namespace {

/// What one piece of work costs at most; timers become due meanwhile.
constexpr std::uint64_t longest_work_ns = 20'000;
constexpr wall_time beginning = wall_time::from_ms(1'767'225'600'000);
/// Where a long queue that is read from its front is moved back.
constexpr std::size_t compact_after = 1'024;

}  // namespace

world::world(std::uint64_t seed, bool first_in_first_out) : random_(seed), first_in_first_out_(first_in_first_out) {}

world::~world() {
  // What is destroyed here destroys what it owns, which may hand in work again: none of that runs.
  closing_ = true;
  ready_.clear();
  timers_.clear();
}

executor world::get_executor() {
  return virtual_executor(*this);
}

wall_time world::wall_now() const {
  return beginning + now_.since_start;
}

void world::push(std::move_only_function<void()> work) {
  if (closing_) return;
  if (ready_.size() - ready_front_ >= ready_limit) throw std::runtime_error("too much work is ready at once");
  ready_.push_back(std::move(work));
}

timer_id world::call_at(steady_time at, std::move_only_function<void()> callback) {
  const auto id = ++last_timer_;
  timers_.emplace(std::pair(at, id), std::move(callback));
  timer_times_.emplace(id, at);
  return timer_id{id};
}

bool world::cancel(timer_id timer) {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return false;
  auto gone = timers_.extract(std::pair(found->second, id));
  timer_times_.erase(found);
  return true;
}

bool world::step(steady_time end) {
  const bool any_ready = ready_.size() > ready_front_;
  const bool timer_due = !timers_.empty() && timers_.begin()->first.first <= now_;
  if (!any_ready && (timers_.empty() || timers_.begin()->first.first > end)) return false;
  ++steps_;
  const bool within = std::exchange(running_, true);
  if (!any_ready || (timer_due && random_.below(2) == 0))
    run_timer();
  else
    run_ready();
  running_ = within;
  return true;
}

void world::run_until(steady_time end) {
  while (now_ <= end && step(end)) {
  }
  now_ = std::max(now_, end);
}

void world::run_timer() {
  auto due = timers_.extract(timers_.begin());
  timer_times_.erase(due.key().second);
  now_ = std::max(now_, due.key().first);
  due.mapped()();
}

void world::run_ready() {
  if (!first_in_first_out_)
    std::swap(ready_[ready_front_ + random_.below(ready_.size() - ready_front_)], ready_[ready_front_]);
  auto work = std::move(ready_[ready_front_++]);
  if (ready_front_ == ready_.size() || ready_front_ > compact_after) {
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_front_));
    ready_front_ = 0;
  }
  now_ = now_ + nanoseconds(1 + random_.below(longest_work_ns));
  work();
}

}  // namespace drover::simulation
