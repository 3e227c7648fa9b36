#pragma once

#include "exchanges/json_rows_detail.hpp"
#include "exchanges/protocol/operation.hpp"

// The readers of the answers' "data", by subject. What is wrong is noted in the fields.
namespace drover::exchanges::kucoin {

wall_time read_server_time(json_fields&);
std::vector<instrument> read_instruments(json_fields&);
book_ticker read_ticker(json_fields&, const venue_call&);
std::vector<public_trade> read_trades(json_fields&, const venue_call&);
book_snapshot read_book(json_fields&, const venue_call&);
/// Oldest first.
std::vector<candle> read_candles(json_fields&, const venue_call&);
std::vector<book_level> read_levels(json_fields&, std::string_view key);
/// [start, open, close, high, low, volume, …]
candle read_candle(json_fields&, row_cells, std::string_view symbol, candle_interval);

permissions read_permissions(json_fields&);
std::vector<balance> read_balances(json_fields&);
order read_order(json_fields&);
/// The page as it comes: newest first.
std::vector<fill> read_fills(json_fields&);

/// "buy"/"sell"; others are noted.
side read_side(json_fields&, std::string_view key);
/// Milliseconds or nanoseconds, number or text.
wall_time read_time(json_fields&, std::string_view key);

}  // namespace drover::exchanges::kucoin
