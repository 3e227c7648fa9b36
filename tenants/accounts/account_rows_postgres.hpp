#pragma once

#include <string>

#include "tenants/accounts/account.hpp"
#include "tenants/accounts/account_store.hpp"
#include "tenants/postgres_calls_detail.hpp"

/// Between rows of user_exchanges and accounts.
namespace drover::tenants {

/// Columns of an account, of table or alias `a`; read by account_of() from `first` on.
std::string account_columns();
inline constexpr int account_column_count = 21;
/// Of a pqxx::row or a read_row.
template <class Row>
account account_of(const Row&, int first = 0);

/// The trail tells keys apart by their keyed hash. It is also the last word on which version is the newest (trail_checker).
std::string describe_credentials(const std::string& mask, const std::string& fingerprint, const sealed_credentials&);
void store_probe(pqxx::transaction_base&, account_id, const account_probe&);
/// One that is waiting to be approved, with its audit row.
account insert_account(pqxx::transaction_base&, const new_account&, const sealed_credentials&, user_id actor);

/// account_columns() and what the sealed credentials need, of `a` joined to user_data_keys `k`.
std::string runnable_columns();
runnable_account runnable_of(const pqxx::row&);

}  // namespace drover::tenants
