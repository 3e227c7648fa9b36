#pragma once

#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::mexc {

/// Everything goes into the query, also of POST; HMAC-SHA256 of it in lower-case hex closes it.
client_request sign_request(wire_request, const credentials* keys, const signing_context&);

}  // namespace drover::exchanges::mexc
