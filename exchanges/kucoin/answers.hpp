#pragma once

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::kucoin {

/// venue_protocol::read_answer.
result<venue_reply> read_venue_answer(const venue_call&, const client_response&);

}  // namespace drover::exchanges::kucoin
