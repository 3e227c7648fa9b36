#pragma once

#include <string>
#include <string_view>

#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::kraken {

/// "XXBT", "XBT" → "BTC"; "ZUSD" → "USD"; "XDG" → "DOGE"; others as they are.
std::string to_asset(std::string_view venue_asset);
/// "BTC/USDT" → "XBTUSDT", the "altname" of a pair.
std::string to_pair(std::string_view symbol);
/// "XBTUSDT", "XXBTZUSD" or "XBT/USD" → canonical.
std::string to_symbol(std::string_view pair, const instrument_table&);
/// Minutes: 1, 5, …
std::int64_t to_venue_interval(candle_interval);
result<candle_interval> parse_venue_interval(std::int64_t minutes);

}  // namespace drover::exchanges::kraken
