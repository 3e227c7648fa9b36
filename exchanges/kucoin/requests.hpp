#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::kucoin {

/// venue_protocol::make_request.
result<wire_request> make_wire_request(const venue_call&);

}  // namespace drover::exchanges::kucoin
