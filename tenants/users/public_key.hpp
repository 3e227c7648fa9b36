#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// Living ones; and all that a user ever registered, for none of them comes again.
inline constexpr std::size_t public_keys_per_user = 20, public_keys_ever = 1000;

/// An Ed25519 key that a user's sockets are opened with (seed 002).
struct public_key {
  std::int64_t id = 0;
  user_id user;
  /// 64 hex digits, lower case; nobody else's, whether revoked or not.
  std::string key;
  std::string name;
  wall_time created_at;
  /// To the minute or so.
  std::optional<wall_time> last_used_at, revoked_at;
};

struct new_public_key {
  user_id user;
  std::string key, name;
  wall_time created_at;
};

struct public_key_page {
  /// 1 to 200.
  int limit = 50;
  std::int64_t after_id = 0;
  /// Only those that are revoked, or are not.
  std::optional<bool> revoked;
};

/// A living key, as the directory keeps it.
struct public_key_facts {
  std::int64_t id = 0;
  std::string key;
  friend bool operator==(const public_key_facts&, const public_key_facts&) = default;
};

/// What the holder of a key signs to register it in a session.
std::string make_key_registration(user_id, std::string_view session_id, std::string_view key);

}  // namespace drover::tenants
