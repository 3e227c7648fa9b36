#pragma once

#include <span>
#include <string>
#include <string_view>

#include "exchanges/paper/simulated_venue.hpp"

/// JSON text of Binance spot, as REST answers and stream events carry it. Text is composed directly: everything in it is
/// a number, a word of ours or a client id, whose alphabet needs no escaping.
namespace drover::exchanges::paper::binance {

/// Eight places, as the venue writes every amount.
std::string eight(decimal);
std::string_view to_text(side);
std::string_view to_text(time_in_force);
std::string_view type_text(const paper_order&);
std::string_view status_text(const paper_order&);

enum class response_kind { ack, result, full };
/// Answer to a new order.
std::string render_placed(const matching_engine&, const placement&, response_kind);
/// An order as queries answer it.
std::string render_order(const matching_engine&, const paper_order&);
std::string render_cancelled(const matching_engine&, const paper_order&, std::string_view cancel_id);
std::string render_fill(const matching_engine&, const execution&);
std::string render_levels(std::span<const book_level>);

/// Stream events; `at` is the event time.
std::string render_execution_report(const matching_engine&, const paper_order&, order_change, const execution*,
                                    std::string_view cancel_id, wall_time at);
std::string render_account_position(const matching_engine&, account_number, instrument_number, wall_time at);
std::string render_book_ticker(const exchanges::instrument&, const top_of_book&);
std::string render_depth(const exchanges::instrument&, const depth_diff&, wall_time at);
std::string render_trade(const exchanges::instrument&, const market_trade&, wall_time at);
std::string render_aggregate_trade(const exchanges::instrument&, const market_trade&, wall_time at);
std::string render_mini_ticker(const exchanges::instrument&, const candle& day, wall_time at);
std::string render_ticker(const exchanges::instrument&, const candle& day, const top_of_book&, wall_time at);
std::string render_candle(const exchanges::instrument&, const candle&, std::string_view interval, std::int64_t interval_ms,
                          wall_time at);

}  // namespace drover::exchanges::paper::binance
