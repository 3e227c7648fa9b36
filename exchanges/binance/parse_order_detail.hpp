#pragma once

#include "exchanges/instrument_table.hpp"
#include "exchanges/json_fields_detail.hpp"

// Shared by the parse files: orders look alike in REST answers and stream events.
namespace drover::exchanges::binance {

/// BUY/SELL, LIMIT/MARKET/…, NEW/…; unknown words are noted in the fields.
side read_side(json_fields&, std::string_view key);
order_type read_type(json_fields&, std::string_view key);
order_status read_status(json_fields&, std::string_view key);

order read_rest_order(json_fields&, const instrument_table&);

}  // namespace drover::exchanges::binance
