#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper::kraken {

/// "BTC" → "XXBT", "USD" → "ZUSD", "USDT" → "USDT".
std::string asset_id(std::string_view asset);
/// "BTC" → "XBT".
std::string asset_name(std::string_view asset);
/// "XBTUSDT".
std::string altname_of(const exchanges::instrument&);
/// "BTC/USDT", as WebSocket v2 names it.
std::string symbol_of(const simulated_venue&, instrument_number);
/// By altname, by the ids of its assets, "XBT/USDT" or "BTC/USDT".
std::optional<instrument_number> find_pair(const simulated_venue&, std::string_view name);
std::vector<std::string> list_assets(const simulated_venue&);

/// "OABCDE-FGHIJ-KLMNOP" and back.
std::string order_txid(order_number);
std::optional<order_number> order_of_txid(std::string_view);
/// Trade ids count by instrument; a txid does not.
std::string trade_txid(instrument_number, std::int64_t trade_id);

/// CRC-32 over the ten best asks and bids, without points and leading zeros.
std::uint32_t book_checksum(const std::vector<book_level>& bids, const std::vector<book_level>& asks, const exchanges::instrument&);

}  // namespace drover::exchanges::paper::kraken
