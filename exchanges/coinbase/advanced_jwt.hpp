#pragma once

#include <string>
#include <string_view>

#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::coinbase {

/// The JSON web token of one request: `uri` is "GET api.coinbase.com/api/v3/brokerage/accounts", empty for a WebSocket
/// subscription. Valid for two minutes. EC secrets (PEM) make ES256 tokens, base64 secrets EdDSA ones.
/// exchange_errc::bad_credentials when the secret is neither.
result<std::string> make_jwt(const credentials&, std::string_view uri, const signing_context&);

/// Method, host and path as the token names them; `base_url` may carry a path prefix.
std::string make_uri_claim(std::string_view method, std::string_view base_url, std::string_view path);

}  // namespace drover::exchanges::coinbase
