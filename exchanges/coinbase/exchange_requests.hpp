#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::coinbase::institutional {

/// Indexes into the rules.
enum rule : std::size_t { public_requests, private_requests, fill_requests };

/// venue_protocol::make_request.
result<wire_request> make_request(const venue_call&);

}  // namespace drover::exchanges::coinbase::institutional
