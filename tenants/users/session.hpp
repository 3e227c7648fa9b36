#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// One more, and the oldest ends (SEC-28).
inline constexpr std::size_t sessions_per_user = 10;

/// Life of a token of a session that is renewed (SEC-20).
inline constexpr seconds renewed_token_life{900};

/// What a login opened. It lives as long as its token, or with a refresh token as long as that is renewed in time; or until
/// it is ended.
struct session {
  user_id user;
  /// 16 hex digits, chosen by us; new at each login and renewal.
  std::string id;
  /// When the password was entered.
  wall_time created_at, expires_at;
  /// Where from, and what the client calls itself: printable ASCII, cut to a limit.
  std::string address, client;
  /// Of the refresh token's parts, hex; empty: there is none.
  std::string family_hash{}, refresh_hash{};
  /// What it was called before the last renewal, and until when that is good.
  std::string previous_id{};
  std::optional<wall_time> previous_until{};

  bool is_renewable() const { return !family_hash.empty(); }
};

/// 16 hex digits, lower case.
bool is_session_id(std::string_view);
/// What a stranger sent, as it may be stored and shown: printable ASCII, at most `limit` characters.
std::string to_printable(std::string_view, std::size_t limit);

}  // namespace drover::tenants
