#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::binance {

/// The signature of `payload`, not yet encoded for a URL. The form of the secret says which kind of key it is
/// (developers.binance.com, "API key types", "Request security"): a private key in PEM (Ed25519, or RSA with PKCS #1 v1.5 and
/// SHA-256), also run together on one line, gives base64; any other text is the secret of HMAC-SHA256 and gives lower-case hex.
/// exchange_errc::bad_credentials for PEM that is no such key.
result<std::string> make_signature(const secret& api_secret, std::string_view payload);

/// `timestamp=…&<params>&recvWindow=…&signature=…`: signed is everything before the signature exactly as it is sent (query or
/// form body). Errors of make_signature().
result<std::string> sign_params(const secret& api_secret, std::string_view params, std::int64_t timestamp_ms,
                                milliseconds receive_window);

/// The request with its parameters in query or form body, signed where it is private.
result<client_request> sign_request(wire_request, const credentials* keys, const signing_context&);

/// The WebSocket API's `userDataStream.subscribe.signature`, which takes every type of key and needs no `session.logon` before it;
/// its payload is the parameters sorted by name, not encoded. Errors of make_signature().
result<std::string> make_subscribe_frame(const credentials&, std::string_view request_id, std::int64_t timestamp_ms,
                                         milliseconds receive_window);
std::string make_unsubscribe_frame(std::string_view request_id, std::int64_t subscription_id);

}  // namespace drover::exchanges::binance
