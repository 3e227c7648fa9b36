#pragma once

#include "base/transport.hpp"
#include "exchanges/coinbase/names.hpp"
#include "exchanges/protocol/operation.hpp"

/// Bytes of Coinbase Exchange → canonical values. All functions take any bytes; none throws. One thread.
namespace drover::exchanges::coinbase::institutional {

/// venue_protocol::read_answer.
result<venue_reply> read_answer(const venue_call&, const client_response&);

/// What a refusal's message means.
error read_refusal(operation, const client_response&);

}  // namespace drover::exchanges::coinbase::institutional
