#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// Lets one person register while registration is by invitation. The code is shown once and stored as its hash.
struct invitation {
  std::int64_t id = 0;
  /// Whom it is for, in the administrator's words.
  std::string note;
  user_id created_by;
  wall_time created_at, expires_at;
  std::optional<wall_time> revoked_at, used_at;
  /// Who registered with it.
  user_id used_by;
};

struct new_invitation {
  /// SHA-256 of the code, hex.
  std::string code_hash;
  std::string note;
  user_id created_by;
  wall_time created_at, expires_at;
};

}  // namespace drover::tenants
