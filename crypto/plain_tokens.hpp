#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "crypto/tokens.hpp"

namespace drover::crypto {

/// Tokens of an older system whose users come over with its signing key: base64 or base64url of
/// "user_id:timestamp:signature", signature = HMAC-SHA256 of "user_id:timestamp" in lower-case hex. They name no
/// session and none of our keys. Any thread.
class plain_tokens {
public:
  /// Throws std::invalid_argument for an empty key.
  plain_tokens(secret key, seconds life);

  /// The claims, without key and session; token_errc::invalid or expired.
  result<token_claims> verify(std::string_view token, wall_time now) const;

private:
  secret key_;
  seconds life_;
};

}  // namespace drover::crypto
