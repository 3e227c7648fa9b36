#pragma once

#include <memory>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/private_wire.hpp"

namespace drover::exchanges::coinbase {

std::unique_ptr<market_wire> make_advanced_market_wire();
std::unique_ptr<private_wire> make_advanced_private_wire();
std::unique_ptr<market_wire> make_exchange_market_wire();
std::unique_ptr<private_wire> make_exchange_private_wire();

/// HMAC-SHA256 of "timestamp + method + path + body" under the base64 secret, in base64: requests and subscriptions of
/// Coinbase Exchange. exchange_errc::bad_credentials when the secret is not base64.
result<std::string> sign_exchange_text(const secret& api_secret, std::string_view text);

}  // namespace drover::exchanges::coinbase
