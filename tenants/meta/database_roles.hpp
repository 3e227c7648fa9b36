#pragma once

#include <string>

#include "base/error.hpp"
#include "base/postgres.hpp"

namespace drover::tenants {

/// The login of the engine must not be able to change its own record: no superuser, nobody who bypasses row security,
/// makes roles or owns the tables, but a member of drover_app and drover_tenant. db_errc::permission_denied, saying
/// what is wrong and which setting and command put it right. Blocking. Other errors are db_errc.
result<void> check_login(const database_config&);

/// SQL that a superuser runs once (in any database but the engine's, with psql): makes the groups, the login that
/// `engine_url` names as their member, the one of `owner_url` as the owner of the database and of what the other one
/// owned before. errc::malformed when the two do not name a login each and one database.
result<std::string> make_roles_sql(const std::string& engine_url, const std::string& owner_url);

}  // namespace drover::tenants
