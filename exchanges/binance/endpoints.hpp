#pragma once

#include <array>
#include <string>
#include <string_view>

#include "exchanges/protocol/rate_rule.hpp"

namespace drover::exchanges::binance {

/// GET /api/v3/exchangeInfo rateLimits: request weight and raw requests per IP, orders per account, all counted in windows of
/// the venue's clock. Connections: "WebSocket Streams, General information", 300 in five minutes per IP.
inline constexpr std::array rate_rules{
    rate_rule{"request_weight_1m", rate_scope::address, rate_model::fixed_window, 6'000, 60s},
    rate_rule{"raw_requests_5m", rate_scope::address, rate_model::fixed_window, 61'000, 300s},
    rate_rule{"orders_10s", rate_scope::account, rate_model::fixed_window, 100, 10s},
    rate_rule{"orders_1d", rate_scope::account, rate_model::fixed_window, 200'000, 24h},
    rate_rule{"connections_5m", rate_scope::address, rate_model::sliding_window, 300, 300s},
};
namespace rules {
inline constexpr std::size_t request_weight = 0, raw_requests = 1, orders_10s = 2, orders_1d = 3, connections = 4;
}  // namespace rules
inline constexpr std::array connect_charges{rate_charge{rules::connections, 1}};

/// userDataStream.subscribe.signature and .unsubscribe on the WebSocket API.
inline constexpr int subscribe_weight = 2;

/// "BTC/USDT" → "BTCUSDT".
std::string to_venue_symbol(std::string_view canonical);
/// The WebSocket API below its configured address.
std::string ws_api_url(std::string_view configured);
/// The combined market stream below its configured address.
std::string market_stream_url(std::string_view configured);

}  // namespace drover::exchanges::binance
