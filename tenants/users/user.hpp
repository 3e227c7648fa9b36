#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

enum class role { tenant, admin };
enum class user_status { active, banned };

struct user {
  user_id id;
  /// 3–32 characters [a-z0-9_.-], unique, lower case.
  std::string username;
  std::string email;
  tenants::role role = role::tenant;
  user_status status = user_status::active;
  /// Counted up to end all of the user's sessions at once.
  std::int64_t epoch = 1;
  wall_time created_at;
  std::optional<wall_time> last_login_at;
};

/// "tenant", "admin".
std::string_view to_string(role);
/// "active", "banned".
std::string_view to_string(user_status);
/// 3–32 characters [a-z0-9_.-].
bool is_username(std::string_view);
/// A name as it was typed, as it is stored: ASCII letters in lower case.
std::string to_username(std::string typed);

}  // namespace drover::tenants
