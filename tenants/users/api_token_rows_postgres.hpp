#pragma once

#include <map>
#include <utility>
#include <vector>

#include "tenants/errors.hpp"
#include "tenants/users/api_token.hpp"

namespace pqxx {
class transaction_base;
}

/// The statements of API tokens, inside the caller's transaction, which has locked the user's row.
namespace drover::tenants::api_token_rows {

/// invalid: the user has as many as they may have. Of those that have expired as many stay.
result<api_token> insert(pqxx::transaction_base&, const new_api_token&);
std::vector<api_token> list(pqxx::transaction_base&, user_id);
result<void> revoke(pqxx::transaction_base&, user_id, std::int64_t id);
void touch(pqxx::transaction_base&, std::int64_t id, wall_time);
/// Of everybody, or of one user; those that have not expired, by id.
std::multimap<user_id, api_token_facts> load_facts(pqxx::transaction_base&);
std::multimap<user_id, api_token_facts> load_facts(pqxx::transaction_base&, user_id);

}  // namespace drover::tenants::api_token_rows
