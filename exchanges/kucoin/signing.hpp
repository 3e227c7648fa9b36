#pragma once

#include <string_view>

#include "exchanges/protocol/wire_request.hpp"
#include "base/transport.hpp"

namespace drover::exchanges::kucoin {

/// Base64 HMAC-SHA256 over timestamp, method, path with the query as it reads (not encoded), and body; the passphrase travels as
/// its own HMAC (documentation "Authentication"). Orders get the time they are good for.
/// exchange_errc::bad_credentials when key, secret or passphrase is missing.
result<client_request> sign_request(wire_request, const credentials* keys, const signing_context&, std::string_view key_version);

}  // namespace drover::exchanges::kucoin
