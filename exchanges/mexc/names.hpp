#pragma once

#include <string>
#include <string_view>

#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::mexc {

/// "BTC/USDT" → "BTCUSDT". The way back is instrument_table::to_canonical.
std::string to_venue_symbol(std::string_view symbol);
/// REST: "1m", "60m", …
std::string_view to_rest_interval(candle_interval);
/// Streams: "Min1", "Hour4", …
std::string_view to_stream_interval(candle_interval);
result<candle_interval> parse_stream_interval(std::string_view);

}  // namespace drover::exchanges::mexc
