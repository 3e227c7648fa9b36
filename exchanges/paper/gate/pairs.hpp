#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper::gate {

/// "BTC_USDT".
std::string pair_of(const exchanges::instrument&);
inline std::string pair_of(const simulated_venue& v, instrument_number n) { return pair_of(v.engine().get_instrument(n)); }
std::optional<instrument_number> find_pair(const simulated_venue&, std::string_view pair);
std::vector<instrument_number> list_instruments(const simulated_venue&);
/// Every asset that an instrument names, once.
std::vector<std::string> list_assets(const simulated_venue&);

/// Length in ms of "1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d"; nothing for others.
std::optional<std::int64_t> interval_ms(std::string_view);
/// Oldest first, the last one still changing.
std::vector<candle> list_candles(const simulated_venue&, instrument_number, std::int64_t interval_ms);

}  // namespace drover::exchanges::paper::gate
