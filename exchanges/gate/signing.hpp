#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::gate {

/// APIv4 signature of a request: HMAC-SHA512 over method, path, query, SHA-512 of the body and seconds.
client_request sign_request(wire_request, const credentials* keys, const signing_context&);

/// The "auth" member of a private subscription, as JSON.
std::string make_channel_auth(std::string_view channel, std::string_view event, std::int64_t time_s, const credentials&);

}  // namespace drover::exchanges::gate
