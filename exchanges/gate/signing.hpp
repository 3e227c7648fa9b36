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

/// The WebSocket API's `spot.login`: HMAC-SHA512 over "api", the channel, the (empty) parameters and seconds, a line each. It
/// opens the session for calls such as `spot.order_place`; subscriptions are signed one by one (make_channel_auth).
std::string make_login_frame(const credentials&, const signing_context&);

}  // namespace drover::exchanges::gate
