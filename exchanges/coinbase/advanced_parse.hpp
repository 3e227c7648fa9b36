#pragma once

#include "base/transport.hpp"
#include "exchanges/coinbase/names.hpp"
#include "exchanges/protocol/operation.hpp"

/// Bytes of Coinbase Advanced Trade → canonical values. All functions take any bytes; none throws. One thread.
namespace drover::exchanges::coinbase::advanced {

/// venue_protocol::read_answer.
result<venue_reply> read_answer(const venue_call&, const client_response&);

/// OPEN, FILLED, …; none for a word that is not known.
std::optional<order_status> parse_status(std::string_view word);

}  // namespace drover::exchanges::coinbase::advanced
