#include "exchanges/paper/binance_dialect_limits.hpp"

#include <fmt/core.h>

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::int64_t minute_ms = 60'000, ten_seconds_ms = 10'000, day_ms = 86'400'000;

seconds until(std::int64_t end_ms, wall_time now) { return seconds((end_ms - now.ms() + 999) / 1'000); }

}  // namespace

std::optional<request_limits::denial> request_limits::charge(std::string_view address, int weight, wall_time now) {
  auto it = addresses_.find(address);
  if (it == addresses_.end()) {
    if (addresses_.size() >= address_limit) addresses_.clear();
    it = addresses_.emplace(std::string(address), address_window{}).first;
  }
  auto& w = it->second;
  const auto minute = now.ms() / minute_ms;
  if (w.minute != minute) {
    w.minute = minute;
    w.used = 0;
    w.denied = 0;
  }
  w.used += weight;
  if (!enforced_) return std::nullopt;
  if (w.banned_until_ms <= now.ms()) {
    if (w.used <= weight_limit_) return std::nullopt;
    if (++w.denied <= patience)
      return denial{{429, -1003,
                     fmt::format("Too much request weight used; current limit is {} request weight per 1 MINUTE. Please use "
                                 "WebSocket Streams for live updates to avoid polling the API.", weight_limit_)},
                    until((minute + 1) * minute_ms, now)};
    w.banned_until_ms = now.ms() + std::chrono::duration_cast<milliseconds>(ban).count();
  }
  return denial{{418, -1003,
                 fmt::format("Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live "
                             "updates to avoid bans.", w.banned_until_ms)},
                until(w.banned_until_ms, now)};
}

std::int64_t request_limits::used_weight(std::string_view address, wall_time now) const {
  auto it = addresses_.find(address);
  if (it == addresses_.end() || it->second.minute != now.ms() / minute_ms) return 0;
  return it->second.used;
}

std::optional<request_limits::denial> request_limits::charge_order(account_number n, wall_time now) {
  auto& w = orders_[n];
  const auto counts = get_order_counts(n, now);
  if (enforced_ && counts.ten_seconds >= orders_10s_limit_)
    return denial{{429, -1015, fmt::format("Too many new orders; current limit is {} orders per TEN_SECONDS.", orders_10s_limit_)},
                  until((now.ms() / ten_seconds_ms + 1) * ten_seconds_ms, now)};
  if (enforced_ && counts.day >= orders_1d_limit_)
    return denial{{429, -1015, fmt::format("Too many new orders; current limit is {} orders per DAY.", orders_1d_limit_)},
                  until((now.ms() / day_ms + 1) * day_ms, now)};
  w = {now.ms() / ten_seconds_ms, now.ms() / day_ms, {counts.ten_seconds + 1, counts.day + 1}};
  return std::nullopt;
}

request_limits::order_counts request_limits::get_order_counts(account_number n, wall_time now) const {
  auto it = orders_.find(n);
  if (it == orders_.end()) return {};
  const auto& w = it->second;
  return {w.ten_seconds == now.ms() / ten_seconds_ms ? w.counts.ten_seconds : 0,
          w.day == now.ms() / day_ms ? w.counts.day : 0};
}

}  // namespace drover::exchanges::paper::binance
