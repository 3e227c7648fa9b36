#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "tenants/users/session.hpp"
#include "tenants/users/user.hpp"

namespace drover::tenants {

/// Bytes behind each of the two secret parts.
inline constexpr std::size_t refresh_part_bytes = 20;
/// How long what a session was called before its last renewal is still good: for calls under way, and for sockets to
/// send the new token.
inline constexpr seconds renewal_overlap{60};

/// "engr_<user>_<family>_<use><checksum>": what a session is renewed with, once. `family` stays as long as the session
/// and tells a used one from one that never was; `use` is new each time. Both are stored as hashes.
struct refresh_token_text {
  user_id user;
  std::string_view family, use;
};
secret write_refresh_token(user_id, std::string_view family, std::string_view use);
std::optional<refresh_token_text> read_refresh_token(std::string_view);

/// A refresh token that somebody uses, and what is to take its place.
struct session_renewal {
  user_id user;
  std::string family_hash, used_hash;
  /// Of the session from here on.
  std::string fresh_id, fresh_hash;
  wall_time at;
  /// Where the call came from.
  std::string address;
};

struct renewed_session {
  tenants::user user;
  tenants::session session;
};

}  // namespace drover::tenants
