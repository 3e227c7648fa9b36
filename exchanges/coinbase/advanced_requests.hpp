#pragma once

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::coinbase::advanced {

/// Indexes into the rules.
enum rule : std::size_t { public_requests, private_requests };

/// venue_protocol::make_request.
result<wire_request> make_request(const venue_call&);

/// Whether this step of find_order or cancel_order still looks for the order in the list.
bool looks_through_list(const venue_call&);

}  // namespace drover::exchanges::coinbase::advanced
