#include "exchanges/clock_sync.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");

nanoseconds zero_of(const clock& c) { return c.wall_now().since_epoch - c.now().since_start; }
bool is_remarkable(nanoseconds skew) { return skew > clock_sync::remarkable_skew || skew < -clock_sync::remarkable_skew; }

}  // namespace

clock_sync::clock_sync(executor ex, timer_queue& timers, probe ask, std::function<void(milliseconds)> on_offset)
    : timers_(timers),
      probe_(std::move(ask)),
      on_offset_(std::move(on_offset)),
      refresh_wanted_(ex),
      first_(ex),
      wall_zero_(zero_of(timers.get_clock())) {}

wall_time clock_sync::server_now() const {
  const auto& clock = timers_.get_clock();
  return server_zero_ ? wall_time{*server_zero_ + clock.now().since_start} : clock.wall_now();
}

milliseconds clock_sync::offset() const {
  if (!server_zero_) return milliseconds(0);
  return std::chrono::round<milliseconds>(*server_zero_ - zero_of(timers_.get_clock()));
}

void clock_sync::tell_offset() {
  const auto now = offset();
  if (std::exchange(told_offset_, now) != now) on_offset_(now);
}

task<bool> clock_sync::measure() {
  std::vector<nanoseconds> zeros;
  const auto& clock = timers_.get_clock();
  for (int i = 0; i < samples; ++i) {
    auto sent = clock.now();
    auto server = co_await probe_();
    if (!server) {
      log.warn("server time could not be read", {{"err", server.error()}});
      break;
    }
    auto half_trip = (clock.now() - sent) / 2;
    zeros.push_back(server->since_epoch - (sent + half_trip).since_start);
  }
  if (zeros.empty()) co_return false;
  std::ranges::sort(zeros);
  const auto median = zeros[zeros.size() / 2];
  doubtful_ = server_zero_ && is_remarkable(median - *server_zero_);
  if (doubtful_)
    log.warn("the exchange's clock was not where it was expected", {{"skew_ms", std::chrono::round<milliseconds>(median - *server_zero_).count()}});
  server_zero_ = median;
  if (is_remarkable(offset()) && offset() != told_offset_)
    log.warn("the exchange's clock differs from ours", {{"offset_ms", offset().count()}});
  tell_offset();
  co_return true;
}

/// A step of our wall clock says nothing of the venue's: only what is counted by ours has to know.
void clock_sync::notice_step() {
  const auto zero = zero_of(timers_.get_clock());
  const auto step = zero - std::exchange(wall_zero_, zero);
  if (!is_remarkable(step)) return;
  log.warn("our wall clock has been set", {{"step_ms", std::chrono::round<milliseconds>(step).count()}});
  tell_offset();
  refresh_wanted_.notify();
}

task<void> clock_sync::wait_for_turn(steady_time measured_at, bool measured) {
  const auto& clock = timers_.get_clock();
  const auto least = measured_at + (measured ? least_interval : retry_interval);
  const auto due = measured_at + (!measured ? retry_interval : doubtful_ ? least_interval : refresh_interval);
  bool wanted = false;
  while (clock.now() < due && !(wanted && clock.now() >= least)) {
    const auto look = std::min(due, clock.now() + step_check_interval);
    const bool woken = co_await refresh_wanted_.wait_until(timers_, look);
    wanted = wanted || woken;
    notice_step();
    if (wanted && clock.now() < least) co_await sleep_until(timers_, std::min(least, clock.now() + step_check_interval));
  }
}

task<void> clock_sync::run() {
  running_ = true;
  for (;;) {
    const bool measured = co_await measure();
    tried_ = true;
    first_.open();
    const auto measured_at = timers_.get_clock().now();
    co_await wait_for_turn(measured_at, measured);
  }
}

void clock_sync::refresh() { refresh_wanted_.notify(); }

task<void> clock_sync::wait_for_first() {
  if (!running_ || tried_) co_return;
  auto deadline = timers_.get_clock().now() + first_wait_limit;
  co_await first_.wait_until(timers_, deadline);
}

}  // namespace drover::exchanges
