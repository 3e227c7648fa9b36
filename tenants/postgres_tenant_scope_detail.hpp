#pragma once

#include <pqxx/pqxx>

#include "base/ids.hpp"
#include "tenants/postgres_calls_detail.hpp"

/// Included by *_postgres.cpp only.
namespace drover::tenants {

/// The transaction is on behalf of one user from here on, within the wall of row-level security: whatever its
/// statements ask for, other users' rows are not there (docs/DATABASE_ROLES.md). Ends with the transaction, which must
/// be a real one (pqxx::work, pqxx::read_transaction): of a pqxx::nontransaction it would end at once.
inline void act_for(pqxx::transaction_base& tx, user_id user) {
  static const statement scope{
      "act_for_tenant", "SELECT set_config('role', 'drover_tenant', true), set_config('drover.user_id', $1, true)"};
  execute(tx, scope, std::to_string(user.value));
}

}  // namespace drover::tenants
