#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// One more, and the oldest ends (SEC-28).
inline constexpr std::size_t sessions_per_user = 10;

/// What a login opened. It lives as long as its token, or until it is ended.
struct session {
  user_id user;
  /// 16 hex digits, chosen by us; new at each login.
  std::string id;
  /// When the password was entered.
  wall_time created_at, expires_at;
  /// Where from, and what the client calls itself: printable ASCII, cut to a limit.
  std::string address, client;
};

/// 16 hex digits, lower case.
bool is_session_id(std::string_view);
/// What a stranger sent, as it may be stored and shown: printable ASCII, at most `limit` characters.
std::string to_printable(std::string_view, std::size_t limit);

}  // namespace drover::tenants
