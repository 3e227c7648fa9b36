#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::mexc {

/// Rows of a page of fills.
inline constexpr int fills_per_page = 100;
/// Steps of one operation at most.
inline constexpr int most_steps = 100;

/// Rows of a page of public trades.
inline constexpr int most_trades = 1000;

/// Past trades are asked for in a span that ends at venue_call::until, an hour at first, which is the most that the venue takes (-1127
/// "More than 1 hours between startTime and endTime"). It does not say which end of a span a full page is of: when one is full, the
/// next step asks for a quarter of the span. venue_call::cursor holds the milliseconds.
milliseconds trade_span_of(const venue_call&);
inline constexpr milliseconds least_trade_span{1'000};

/// Lists of fills go back in time: each step ends (in ms) where the one before began; venue_call::cursor holds it.
/// The second step of instruments asks which of them may be traded by key.
result<wire_request> make_request(const venue_call&);

}  // namespace drover::exchanges::mexc
