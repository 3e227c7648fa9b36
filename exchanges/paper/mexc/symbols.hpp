#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper::mexc {

/// "BTCUSDT".
std::string symbol_of(const simulated_venue&, instrument_number);
std::optional<instrument_number> find_symbol(const simulated_venue&, std::string_view);
std::vector<instrument_number> list_instruments(const simulated_venue&);

/// "C02__17".
std::string order_id_of(order_number);
std::optional<order_number> parse_order_id(std::string_view);

struct interval {
  std::string_view rest, stream;
  std::int64_t ms = 0;
};
const std::vector<interval>& intervals();
std::vector<candle> list_candles(const simulated_venue&, instrument_number, std::int64_t interval_ms);

}  // namespace drover::exchanges::paper::mexc
