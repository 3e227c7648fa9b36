#pragma once

#include <map>
#include <vector>

#include "tenants/errors.hpp"
#include "tenants/users/public_key.hpp"

namespace pqxx {
class transaction_base;
}

/// The statements of public keys, inside the caller's transaction, which has locked the user's row for changes.
namespace drover::tenants::public_key_rows {

/// invalid: the user has as many as they may have. A key that is taken breaks a constraint.
result<public_key> insert(pqxx::transaction_base&, const new_public_key&);
std::vector<public_key> list(pqxx::transaction_base&, user_id, const public_key_page&);
result<void> revoke(pqxx::transaction_base&, user_id, std::int64_t id);
void touch(pqxx::transaction_base&, std::int64_t id, wall_time);
/// Of everybody, or of one user; those that are not revoked, by id.
std::multimap<user_id, public_key_facts> load_facts(pqxx::transaction_base&);
std::multimap<user_id, public_key_facts> load_facts(pqxx::transaction_base&, user_id);

}  // namespace drover::tenants::public_key_rows
