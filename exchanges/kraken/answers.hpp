#pragma once

#include "base/transport.hpp"
#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::kraken {

/// venue_protocol::read_answer.
result<venue_reply> read_venue_answer(const venue_call&, const client_response&, const instrument_table&);

}  // namespace drover::exchanges::kraken
