#pragma once

#include <string>
#include <string_view>

namespace drover::exchanges::gate {

/// "BTC/USDT" → "BTC_USDT".
std::string to_pair(std::string_view symbol);
/// "BTC_USDT" → "BTC/USDT".
std::string to_symbol(std::string_view pair);

/// The venue's `text`: "t-" and at most 28 characters of [0-9A-Za-z_.-]. 32 hex digits become "t-" and the 22 base64url characters of
/// their 16 bytes; anything else passes unchanged.
std::string to_text(std::string_view client_order_id);
/// The way back. Texts that no client chose ("apiv4", "web") are no ids: empty.
std::string to_client_order_id(std::string_view text);

}  // namespace drover::exchanges::gate
