#include "tenants/accounts/account_statements_postgres.hpp"

#include "tenants/accounts/account_rows_postgres.hpp"

namespace drover::tenants::account_statements {
namespace {

/// What decision_facts hold; the row is locked by the statement that selects them.
const std::string facts_columns =
    "a.user_id, a.status, a.credential_version, coalesce(a.error_message, ''), "
    "coalesce((SELECT d.username FROM users d "
    "WHERE d.id = CASE a.status WHEN 'REJECTED' THEN a.rejected_by ELSE a.approved_by END), ''), "
    "coalesce(a.probe_problem, ''), a.waived_version IS NOT DISTINCT FROM a.credential_version";

const std::string returning = " RETURNING " + account_columns();

const std::string with_credentials =
    "SELECT " + runnable_columns() +
    " FROM user_exchanges a JOIN users u ON u.id = a.user_id JOIN user_data_keys k ON k.user_id = a.user_id ";
const std::string runnable_from =
    with_credentials + "WHERE a.status = 'APPROVED' AND a.is_active AND a.deleted_at IS NULL AND u.status = 'active'";

}  // namespace

const statement reserve_id{"accounts_reserve_id", "SELECT nextval(pg_get_serial_sequence('user_exchanges', 'id'))"};

const statement find_data_key{"accounts_find_data_key",
                              "SELECT dek_id, wrapped FROM user_data_keys WHERE user_id = $1"};

const statement ensure_data_key{"accounts_ensure_data_key",
                                "INSERT INTO user_data_keys (user_id, dek_id, wrapped) VALUES ($1, $2, $3) "
                                "ON CONFLICT (user_id) DO NOTHING"};

const statement insert{
    "accounts_insert",
    "INSERT INTO user_exchanges AS a (user_id, id, exchange_name, label, api_key_mask, key_fingerprint, "
    "api_key, api_secret, passphrase, credential_version, region) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)" +
        returning};

const statement list{"accounts_list", "SELECT " + account_columns() +
                                          " FROM user_exchanges a WHERE a.user_id = $1 AND a.id > $2 "
                                          "AND a.deleted_at IS NULL ORDER BY a.id LIMIT $3"};

const statement get{"accounts_get", "SELECT " + account_columns() +
                                        " FROM user_exchanges a WHERE a.user_id = $1 AND a.id = $2 "
                                        "AND a.deleted_at IS NULL"};

const statement update_label{"accounts_update_label",
                             "UPDATE user_exchanges a SET label = coalesce($3, label), updated_at = now() "
                             "WHERE a.user_id = $1 AND a.id = $2 AND a.deleted_at IS NULL" +
                                 returning};

const statement lock_own{"accounts_lock_own", "SELECT " + facts_columns +
                                                  " FROM user_exchanges a WHERE a.user_id = $1 AND a.id = $2 "
                                                  "AND a.deleted_at IS NULL FOR UPDATE OF a"};

const statement replace_credentials{
    "accounts_replace_credentials",
    "UPDATE user_exchanges a SET api_key_mask = $3, key_fingerprint = $4, api_key = $5, api_secret = $6, "
    "passphrase = $7, credential_version = $8, region = $9, "
    "probe_at = NULL, probe_problem = NULL, may_read = NULL, may_trade = NULL, may_withdraw = NULL, address_bound = NULL, "
    "clock_offset_ms = NULL, waived_version = NULL, waived_by = NULL, status = 'PENDING', is_active = false, error_message = NULL, "
    "reviewed_version = NULL, approved_by = NULL, approved_at = NULL, rejected_by = NULL, rejected_at = NULL, "
    "updated_at = now() "
    "WHERE a.user_id = $1 AND a.id = $2 AND a.credential_version = $8 - 1 AND a.deleted_at IS NULL" +
        returning};

const statement set_active{"accounts_set_active",
                           "UPDATE user_exchanges a SET is_active = $3, updated_at = now() "
                           "WHERE a.user_id = $1 AND a.id = $2 AND a.deleted_at IS NULL "
                           "AND (NOT $3 OR a.status = 'APPROVED')" +
                               returning};

const statement remove{"accounts_remove",
                       "UPDATE user_exchanges a SET api_key = NULL, api_secret = NULL, passphrase = NULL, "
                       "key_fingerprint = NULL, is_active = false, deleted_at = now(), updated_at = now() "
                       "WHERE a.user_id = $1 AND a.id = $2 AND a.deleted_at IS NULL RETURNING a.id"};

const statement list_for_admin{"accounts_list_for_admin",
                               "SELECT " + account_columns() +
                                   ", u.username, u.email FROM user_exchanges a JOIN users u ON u.id = a.user_id "
                                   "WHERE ($1::text IS NULL OR a.status = $1) AND a.id > $2 AND a.deleted_at IS NULL "
                                   "ORDER BY a.id LIMIT $3"};

const statement lock_for_decision{
    "accounts_lock_for_decision",
    "SELECT " + facts_columns + " FROM user_exchanges a WHERE a.id = $1 AND a.deleted_at IS NULL FOR UPDATE OF a"};

const statement approve{"accounts_approve",
                        "UPDATE user_exchanges a SET status = 'APPROVED', is_active = true, error_message = NULL, "
                        "reviewed_version = $3, approved_by = $2, approved_at = now(), updated_at = now() "
                        "WHERE a.id = $1 AND a.status = 'PENDING' AND a.credential_version = $3 "
                        "AND a.deleted_at IS NULL" +
                            returning};

const statement reject{"accounts_reject",
                       "UPDATE user_exchanges a SET status = 'REJECTED', is_active = false, error_message = $3, "
                       "rejected_by = $2, rejected_at = now(), updated_at = now() "
                       "WHERE a.id = $1 AND a.status <> 'REJECTED' AND a.deleted_at IS NULL" +
                           returning};

/// Nobody's change: updated_at stays, and bots go on.
const statement store_probe{"accounts_store_probe",
                            "UPDATE user_exchanges SET probe_at = to_timestamp($2::bigint / 1000000.0), probe_problem = $3, "
                            "may_read = $4::boolean, may_trade = $5::boolean, may_withdraw = $6::boolean, address_bound = $7::boolean, "
                            "clock_offset_ms = $8::integer WHERE id = $1"};
const statement suspend{"accounts_suspend",
                        "UPDATE user_exchanges SET is_active = false, error_message = $2, updated_at = now(), "
                        "reviewed_version = NULL, approved_by = NULL, approved_at = NULL, status = 'PENDING' WHERE id = $1"};
const statement forgive{"accounts_forgive",
                        "UPDATE user_exchanges SET error_message = $2, updated_at = now() WHERE id = $1 AND status = 'PENDING'"};
const statement list_due_probes{"accounts_due_probes",
                                "SELECT id FROM user_exchanges WHERE deleted_at IS NULL AND status <> 'REJECTED' "
                                "AND (probe_at IS NULL OR probe_at < to_timestamp($1::bigint / 1000000.0)) "
                                "ORDER BY probe_at NULLS FIRST, id LIMIT $2"};
const statement waive{"accounts_waive",
                      "UPDATE user_exchanges a SET waived_version = $3, waived_by = $2, updated_at = now(), "
                      "probe_problem = CASE WHEN may_withdraw AND may_read IS NOT false AND may_trade IS NOT false THEN NULL ELSE probe_problem END, "
                      "error_message = CASE WHEN may_withdraw AND may_read IS NOT false AND may_trade IS NOT false AND status = 'PENDING' "
                      "THEN NULL ELSE error_message END "
                      "WHERE a.id = $1 AND a.credential_version = $3 AND a.deleted_at IS NULL" +
                          returning};

const statement load_runnable{"accounts_load_runnable", runnable_from + " ORDER BY a.id"};
const statement load_credentials{"accounts_load_credentials", with_credentials + "WHERE a.id = $1 AND a.deleted_at IS NULL"};
const statement load_runnable_one{"accounts_load_runnable_one", runnable_from + " AND a.id = $1"};

}  // namespace drover::tenants::account_statements
