#pragma once

#include <string>
#include <string_view>

#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::kucoin {

/// "BTC/USDT" → "BTC-USDT".
std::string to_venue_symbol(std::string_view symbol);
/// "BTC-USDT" → "BTC/USDT".
std::string to_symbol(std::string_view venue_symbol);
/// "1min".
std::string_view to_venue_interval(candle_interval);
result<candle_interval> parse_venue_interval(std::string_view);

}  // namespace drover::exchanges::kucoin
