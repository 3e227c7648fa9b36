#pragma once

#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::kraken {

/// Base64 HMAC-SHA512, keyed with the decoded secret, over path and SHA-256 of nonce and body (documentation "Spot REST
/// authentication"). The nonce becomes the body's first parameter; AddOrder gets the deadline of the validity window.
/// exchange_errc::bad_credentials when there is no key or the secret is not base64.
result<client_request> sign_request(wire_request, const credentials* keys, const signing_context&);

}  // namespace drover::exchanges::kraken
