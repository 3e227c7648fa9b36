#pragma once

#include <string>
#include <vector>

#include "tenants/errors.hpp"
#include "tenants/users/invitation.hpp"

namespace pqxx {
class transaction_base;
}

/// The statements of invitations, inside the caller's transaction.
namespace drover::tenants::invitation_rows {

invitation insert(pqxx::transaction_base&, const new_invitation&);
std::vector<invitation> list(pqxx::transaction_base&, int limit);
bool is_open(pqxx::transaction_base&, const std::string& code_hash);
/// invitation_refused when it is not open any more.
result<void> take(pqxx::transaction_base&, const std::string& code_hash, user_id by);
/// not_found; revoked or used ones stay as they are.
result<void> revoke(pqxx::transaction_base&, std::int64_t id, user_id by);

}  // namespace drover::tenants::invitation_rows
