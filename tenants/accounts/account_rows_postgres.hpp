#pragma once

#include <string>

#include "tenants/accounts/account.hpp"
#include "tenants/postgres_calls_detail.hpp"

/// Between rows of user_exchanges and accounts.
namespace drover::tenants {

/// Columns of an account, of table or alias `a`; read by account_of() from `first` on.
std::string account_columns();
inline constexpr int account_column_count = 11;
/// Of a pqxx::row or a read_row.
template <class Row>
account account_of(const Row&, int first = 0);

/// account_columns() and what the sealed credentials need, of `a` joined to user_data_keys `k`.
std::string runnable_columns();
runnable_account runnable_of(const pqxx::row&);

}  // namespace drover::tenants
