#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::binance {

/// `timestamp=…&<params>&recvWindow=…&signature=…`: HMAC-SHA256, lower-case hex, over everything before the signature exactly
/// as it is sent (query or form body).
std::string sign_params(const secret& api_secret, std::string_view params, std::int64_t timestamp_ms,
                        milliseconds receive_window);

/// The request with its parameters in query or form body, signed where it is private.
result<client_request> sign_request(wire_request, const credentials* keys, const signing_context&);

/// The WebSocket API's `userDataStream.subscribe.signature`; its payload is the parameters sorted by name, not encoded.
std::string make_subscribe_frame(const credentials&, std::string_view request_id, std::int64_t timestamp_ms,
                                 milliseconds receive_window);
std::string make_unsubscribe_frame(std::string_view request_id, std::int64_t subscription_id);

}  // namespace drover::exchanges::binance
