#include "exchanges/paper/binance/limits.hpp"

#include <fmt/core.h>

namespace drover::exchanges::paper::binance {

namespace {
constexpr milliseconds minute{60'000}, ten_seconds{10'000}, day{86'400'000};
}

request_limits::request_limits(request_meter& meter, const paper_config& c)
    : meter_(meter),
      weight_(meter.add({.name = "request weight", .limit = c.request_weight_per_minute, .window = minute, .counts_refused = true,
                         .patience = patience, .ban = ban})),
      orders_10s_(meter.add({.name = "orders in 10 s", .limit = c.orders_per_ten_seconds, .window = ten_seconds})),
      orders_1d_(meter.add({.name = "orders in a day", .limit = c.orders_per_day, .window = day})) {}

std::optional<request_limits::denial> request_limits::charge(std::string_view address, int weight, wall_time now) {
  const auto v = meter_.charge(weight_, address, weight, now);
  if (v.allowed) return std::nullopt;
  if (v.banned)
    return denial{{418, -1003,
                   fmt::format("Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live "
                               "updates to avoid bans.", v.retry_at.ms())},
                  v.retry_after(now)};
  return denial{{429, -1003,
                 fmt::format("Too much request weight used; current limit is {} request weight per 1 MINUTE. Please use "
                             "WebSocket Streams for live updates to avoid polling the API.", v.limit)},
                v.retry_after(now)};
}

std::int64_t request_limits::used_weight(std::string_view address, wall_time now) const {
  return meter_.read(weight_, address, now).used;
}

std::optional<request_limits::denial> request_limits::charge_order(account_number n, wall_time now) {
  const auto key = request_meter::make_key(n);
  if (const auto v = meter_.charge(orders_10s_, key, 1, now); !v.allowed)
    return denial{{429, -1015, fmt::format("Too many new orders; current limit is {} orders per TEN_SECONDS.", v.limit)}, v.retry_after(now)};
  if (const auto v = meter_.charge(orders_1d_, key, 1, now); !v.allowed)
    return denial{{429, -1015, fmt::format("Too many new orders; current limit is {} orders per DAY.", v.limit)}, v.retry_after(now)};
  return std::nullopt;
}

request_limits::order_counts request_limits::get_order_counts(account_number n, wall_time now) const {
  const auto key = request_meter::make_key(n);
  return {meter_.read(orders_10s_, key, now).used, meter_.read(orders_1d_, key, now).used};
}

}  // namespace drover::exchanges::paper::binance
