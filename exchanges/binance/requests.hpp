#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::binance {

inline constexpr int fills_per_page = 1'000;

/// The spot API's request for a step of the call; see venue_protocol::make_request.
result<wire_request> make_request(const venue_call&);

}  // namespace drover::exchanges::binance
