#pragma once

#include "tenants/postgres_calls_detail.hpp"

/// The SQL of the account store. Statements of a tenant take the tenant first.
namespace drover::tenants::account_statements {

extern const statement reserve_id, find_data_key, ensure_data_key;
extern const statement insert, list, get, update_label, lock_own, replace_credentials, set_active, remove;
extern const statement list_for_admin, lock_for_decision, approve, reject;
extern const statement load_runnable, load_runnable_one, load_credentials;
extern const statement store_probe, suspend, forgive, list_due_probes, waive;

}  // namespace drover::tenants::account_statements
