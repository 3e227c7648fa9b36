#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace drover::crypto {

enum class token_errc {
  /// Not a token of ours, altered, or signed by an unknown key.
  invalid = 1,
  /// Genuine but past its life.
  expired,
  /// Genuine, but the session, or all of the user's, were ended since.
  revoked,
};
std::error_code make_error_code(token_errc);

/// How a token is written. Both say the same, are signed with the same keys and are good in the same places.
enum class token_form {
  /// base64url("user_id:timestamp:signature").
  three_fields,
  /// RFC 7519, always HS256: what other programs read.
  jwt,
};

struct token_claims {
  user_id user;
  wall_time issued_at;
  /// Of a verified token; of a parsed one only what it says itself, if anything.
  wall_time expires_at;
  std::string key_id;
  /// 16 hex digits.
  std::string session_id;
  token_form form = token_form::three_fields;
};

/// Bearer tokens: base64url("user_id:timestamp:signature"), signature = "<key id>.<session id>.<HMAC-SHA256,
/// base64url>" over "drover-token-v1" and all fields and the user's epoch, length-prefixed (SPEC B6); or JSON Web Tokens
/// with the claims iss, aud, sub, sid, iat, exp and epoch, under keys derived from the same ones. Any thread.
class token_signer {
public:
  /// `keys`: key id → at least 32 bytes; `active` signs new tokens.
  token_signer(std::map<std::string, secret> keys, std::string active, seconds life);
  ~token_signer();

  /// From here on these keys count and no others: tokens of a key that is gone are invalid at once. Throws as the
  /// constructor does and then leaves everything as it was.
  void take_up(std::map<std::string, secret> keys, std::string active);
  bool knows(std::string_view key_id) const;

  /// `life`: shorter than usual. Only a JWT says so itself; who verifies the other form must know.
  std::string make_token(user_id, std::int64_t epoch, std::string_view session_id, wall_time now,
                         token_form = token_form::three_fields, seconds life = seconds::max()) const;
  /// The claims before the signature is checked: the caller looks the user's epoch up by them.
  result<token_claims> parse(std::string_view token) const;
  /// Checks signature (constant time) and life.
  result<token_claims> verify(std::string_view token, std::int64_t epoch, wall_time now) const;
  seconds life() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::crypto

template <>
struct std::is_error_code_enum<drover::crypto::token_errc> : std::true_type {};
