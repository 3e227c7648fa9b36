#pragma once

#include "tenants/users/user.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

/// id, username, email, role, status and times.
void write_user(json_writer&, const tenants::user&);
/// Into an object that is begun.
void write_user_members(json_writer&, const tenants::user&);

}  // namespace drover::web::api
