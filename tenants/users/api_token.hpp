#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"

namespace drover::tenants {

/// What the holder of an API token may do; each includes those before it, and none more than its user.
enum class token_scope {
  /// Look.
  read,
  /// Change bots, orders, accounts' labels and switches, rooms, limits.
  write,
  /// What administrators do.
  admin,
};
/// "read", "write", "admin".
std::string_view to_string(token_scope);
std::optional<token_scope> parse_token_scope(std::string_view);

inline constexpr std::size_t api_tokens_per_user = 20;
inline constexpr std::size_t addresses_per_token = 16;

/// A token for programs. The token itself is shown once and stored as its hash.
struct api_token {
  std::int64_t id = 0;
  user_id user;
  std::string name;
  token_scope scope = token_scope::read;
  wall_time created_at, expires_at;
  /// Addresses and networks ("192.0.2.1", "2001:db8::/32") that it works from; none: from everywhere.
  std::vector<std::string> addresses;
  std::optional<wall_time> last_used_at;
};

struct new_api_token {
  user_id user;
  std::string name;
  token_scope scope = token_scope::read;
  /// SHA-256 of the secret part, hex.
  std::string hash;
  wall_time created_at, expires_at;
  std::vector<std::string> addresses;
};

/// A token that authorises, as the directory keeps it.
struct api_token_facts {
  std::int64_t id = 0;
  std::string hash;
  token_scope scope = token_scope::read;
  wall_time expires_at;
  std::vector<std::string> addresses;
  friend bool operator==(const api_token_facts&, const api_token_facts&) = default;
};

/// "eng_<user>_<token>_<40 hex digits><8 hex digits of CRC-32C>": found by whoever scans for leaked secrets, and
/// mistyped ones are told apart without a look at anything.
struct api_token_text {
  user_id user;
  std::int64_t id = 0;
  std::string_view secret_part;
};
secret write_api_token(user_id, std::int64_t id, std::string_view secret_part);
std::optional<api_token_text> read_api_token(std::string_view);
bool looks_like_api_token(std::string_view);
/// As it is stored.
std::string hash_token_secret(std::string_view secret_part);

/// An address, or a network with its length.
bool is_network(std::string_view);
/// An address that cannot be read is in none.
bool is_in(std::string_view network, std::string_view address);

}  // namespace drover::tenants
