#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace drover::exchanges::paper::coinbase {

/// What a JSON web token of Advanced Trade says; nothing of it is believed before the signature is checked.
struct token_claims {
  /// "kid" of the header.
  std::string key_name;
  std::string algorithm;
  std::string subject;
  /// "uri", or the only one of "uris"; empty on WebSockets.
  std::string uri;
  wall_time not_before, expires;
  /// What was signed, and the signature's bytes.
  std::string signed_text, signature;
};
/// Nothing for what is not a token.
std::optional<token_claims> read_token(std::string_view);

}  // namespace drover::exchanges::paper::coinbase
