#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tenants/users/user_store.hpp"

namespace pqxx {
class transaction_base;
}

/// What authorises, inside the caller's transaction, which reads it all at one moment.
namespace drover::tenants::auth_facts_rows {

/// Locks the user's row and counts the change that follows; false: there is no such user.
bool count_change(pqxx::transaction_base&, user_id);
std::vector<user_auth_facts> load(pqxx::transaction_base&);
std::optional<user_auth_facts> load(pqxx::transaction_base&, user_id);
/// Of the columns of the same names.
role to_role(std::string_view);
/// Anything that is not plainly active may not act.
user_status to_status(std::string_view);

}  // namespace drover::tenants::auth_facts_rows
