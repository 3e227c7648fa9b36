#include "tenants/users/public_key.hpp"

#include <fmt/core.h>

namespace drover::tenants {

std::string make_key_registration(user_id user, std::string_view session_id, std::string_view key) {
  return fmt::format("drover-key-registration-v1\n{}\n{}\n{}", user.value, session_id, key);
}

}  // namespace drover::tenants
