#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::mexc {

/// Rows of a page of fills.
inline constexpr int fills_per_page = 100;
/// Steps of one operation at most.
inline constexpr int most_steps = 100;

/// Lists of fills go back in time: each step ends (in ms) where the one before began; venue_call::cursor holds it.
/// The second step of instruments asks which of them may be traded by key.
result<wire_request> make_request(const venue_call&);

}  // namespace drover::exchanges::mexc
