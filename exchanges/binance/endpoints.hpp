#pragma once

#include <array>
#include <string_view>

#include "exchanges/rest_channel.hpp"

namespace drover::exchanges::binance {

/// One REST endpoint of the spot API with its request weight (Binance spot REST documentation, "IP limits").
struct endpoint {
  std::string_view method, path;
  /// "GET /api/v3/order", as raw records and logs name it.
  std::string_view label;
  request_kind kind = request_kind::read;
  int weight = 1;
};

namespace endpoints {
inline constexpr endpoint server_time{"GET", "/api/v3/time", "GET /api/v3/time", request_kind::read, 1};
inline constexpr endpoint exchange_info{"GET", "/api/v3/exchangeInfo", "GET /api/v3/exchangeInfo", request_kind::read, 20};
inline constexpr endpoint account{"GET", "/api/v3/account", "GET /api/v3/account", request_kind::read, 20};
inline constexpr endpoint place_order{"POST", "/api/v3/order", "POST /api/v3/order", request_kind::write, 1};
inline constexpr endpoint cancel_order{"DELETE", "/api/v3/order", "DELETE /api/v3/order", request_kind::write, 1};
inline constexpr endpoint find_order{"GET", "/api/v3/order", "GET /api/v3/order", request_kind::read, 4};
inline constexpr endpoint open_orders{"GET", "/api/v3/openOrders", "GET /api/v3/openOrders", request_kind::read, 6};
inline constexpr endpoint all_open_orders{"GET", "/api/v3/openOrders", "GET /api/v3/openOrders", request_kind::read, 80};
inline constexpr endpoint cancel_open_orders{"DELETE", "/api/v3/openOrders", "DELETE /api/v3/openOrders", request_kind::write, 1};
inline constexpr endpoint my_trades{"GET", "/api/v3/myTrades", "GET /api/v3/myTrades", request_kind::read, 20};
inline constexpr endpoint restrictions{"GET", "/sapi/v1/account/apiRestrictions",
                                       "GET /sapi/v1/account/apiRestrictions", request_kind::read, 1};
}  // namespace endpoints

/// GET /api/v3/exchangeInfo rateLimits: request weight and raw requests per IP, orders per account, all counted in windows of
/// the venue's clock.
inline constexpr std::array rate_rules{
    rate_rule{"request_weight_1m", rate_scope::address, rate_model::fixed_window, 6'000, 60s},
    rate_rule{"raw_requests_5m", rate_scope::address, rate_model::fixed_window, 61'000, 300s},
    rate_rule{"orders_10s", rate_scope::account, rate_model::fixed_window, 100, 10s},
    rate_rule{"orders_1d", rate_scope::account, rate_model::fixed_window, 200'000, 24h},
};
namespace rules {
inline constexpr std::size_t request_weight = 0, raw_requests = 1, orders_10s = 2, orders_1d = 3;
}  // namespace rules

/// userDataStream.subscribe.signature and .unsubscribe on the WebSocket API.
inline constexpr int subscribe_weight = 2;

/// "BTC/USDT" → "BTCUSDT".
std::string to_venue_symbol(std::string_view canonical);
/// The combined market stream and the WebSocket API below the configured addresses.
std::string market_stream_url(const exchange_config&);
std::string ws_api_url(const exchange_config&);

}  // namespace drover::exchanges::binance
