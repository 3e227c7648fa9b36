#include "exchanges/clock_sync.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {
const logger log("exchanges");
/// Above this the operator's clock deserves a look.
constexpr milliseconds remarkable_offset{500};
}  // namespace

clock_sync::clock_sync(executor ex, timer_queue& timers, probe ask, std::function<void(milliseconds)> on_offset)
    : timers_(timers), probe_(std::move(ask)), on_offset_(std::move(on_offset)), refresh_wanted_(ex), first_(ex) {}

task<bool> clock_sync::measure() {
  std::vector<nanoseconds> offsets;
  const auto& clock = timers_.get_clock();
  for (int i = 0; i < samples; ++i) {
    auto sent_wall = clock.wall_now();
    auto sent = clock.now();
    auto server = co_await probe_();
    if (!server) {
      log.warn("server time could not be read", {{"err", server.error()}});
      break;
    }
    auto half_trip = (clock.now() - sent) / 2;
    offsets.push_back(*server - (sent_wall + half_trip));
  }
  if (offsets.empty()) co_return false;
  std::ranges::sort(offsets);
  auto median = std::chrono::round<milliseconds>(offsets[offsets.size() / 2]);
  bool remarkable = median > remarkable_offset || median < -remarkable_offset;
  if (remarkable && median != offset_)
    log.warn("the exchange's clock differs from ours", {{"offset_ms", median.count()}});
  offset_ = median;
  on_offset_(offset_);
  co_return true;
}

task<void> clock_sync::run() {
  running_ = true;
  for (;;) {
    bool measured = co_await measure();
    tried_ = true;
    first_.open();
    const auto& clock = timers_.get_clock();
    auto measured_at = clock.now();
    co_await refresh_wanted_.wait_until(timers_, measured_at + (measured ? refresh_interval : retry_interval));
    if (clock.now() < measured_at + least_interval && measured)
      co_await sleep_until(timers_, measured_at + least_interval);
  }
}

void clock_sync::refresh() { refresh_wanted_.notify(); }

task<void> clock_sync::wait_for_first() {
  if (!running_ || tried_) co_return;
  auto deadline = timers_.get_clock().now() + first_wait_limit;
  co_await first_.wait_until(timers_, deadline);
}

}  // namespace drover::exchanges
