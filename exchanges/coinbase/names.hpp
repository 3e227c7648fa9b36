#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "exchanges/json_fields_detail.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::coinbase {

/// "BTC/USD" → "BTC-USD".
std::string to_product(std::string_view symbol);
/// "BTC-USD" → "BTC/USD".
std::string to_symbol(std::string_view product);

/// 32 hex digits → the dashed form; anything else passes unchanged.
std::string to_venue_client_id(std::string_view canonical);
/// The dashed form in lower case → 32 hex digits; anything else passes unchanged.
std::string to_canonical_client_id(std::string_view venue);

/// A field with an RFC 3339 time; a bad one is noted, an absent or empty one is the beginning of time.
wall_time read_time(json_fields&, std::string_view key);
/// Sums and quotients of what a stranger sent: one that does not fit is noted.
decimal add_within_range(json_fields&, decimal a, decimal b);
decimal multiply_within_range(json_fields&, decimal a, decimal b);
decimal divide_within_range(json_fields&, decimal a, decimal b);
/// Unix seconds until the year 3000.
wall_time read_unix_seconds(json_fields&, std::string_view key);

/// Fills arrive newest first. Puts a page behind what was gathered before, cuts at the trade that is known already, and
/// says whether the list is whole: then `fills` holds it oldest first.
struct fill_pages {
  std::vector<fill> fills;
  bool whole = false;
};
fill_pages gather_fills(const venue_call&, std::vector<fill> page, bool last_page);

/// Steps of one list at most.
inline constexpr int page_limit = 40;

}  // namespace drover::exchanges::coinbase
