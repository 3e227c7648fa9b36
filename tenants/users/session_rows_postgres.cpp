#include "tenants/users/session_rows_postgres.hpp"

#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/users/auth_facts_rows_postgres.hpp"

namespace drover::tenants::session_rows {
namespace {

/// Locks the user's row, so that two logins are one after the other.
const statement update_login{"users_login",
                             "UPDATE users SET last_login_at = to_timestamp($2::bigint / 1000000.0), "
                             "auth_version = auth_version + 1 WHERE id = $1 AND epoch = $3 AND status = 'active' "
                             "RETURNING id"};
const statement delete_old_sessions{
    "user_sessions_make_room",
    "DELETE FROM user_sessions WHERE user_id = $1 AND (expires_at <= now() OR id IN (SELECT id FROM user_sessions "
    "WHERE user_id = $1 AND expires_at > now() ORDER BY created_at DESC, id OFFSET " +
        std::to_string(sessions_per_user - 1) + "))"};
const statement insert_session{"user_sessions_insert",
                               "INSERT INTO user_sessions (user_id, id, created_at, expires_at, address, client, "
                               "family_hash, refresh_hash) VALUES "
                               "($1, $2, to_timestamp($3::bigint / 1000000.0), to_timestamp($4::bigint / 1000000.0), "
                               "$5, $6, $7, $8)"};
const std::string session_columns =
    "user_id, id, " + microseconds_of("created_at") + ", " + microseconds_of("expires_at") +
    ", address, client, family_hash, refresh_hash, previous_id, " + microseconds_of("previous_until");
const statement select_sessions{"user_sessions_list",
                                "SELECT " + session_columns +
                                    " FROM user_sessions WHERE user_id = $1 AND expires_at > now() "
                                    "ORDER BY created_at DESC, id"};
const statement delete_session{"user_sessions_end",
                               "DELETE FROM user_sessions WHERE user_id = $1 AND (id = $2 OR (previous_id = $2 AND "
                               "previous_until > now())) AND expires_at > now() RETURNING id"};
const statement select_family{
    "user_sessions_of_family",
    "SELECT EXISTS (SELECT FROM user_sessions WHERE user_id = $1 AND family_hash = $2 AND expires_at > now())"};
const statement update_family{
    "user_sessions_renew",
    "UPDATE user_sessions SET id = $4, refresh_hash = $5, previous_id = id, previous_until = "
    "least(expires_at, to_timestamp($6::bigint / 1000000.0)) WHERE user_id = $1 AND family_hash = $2 AND "
    "refresh_hash = $3 AND expires_at > now() RETURNING " +
        session_columns};
const statement delete_family{
    "user_sessions_end_family",
    "DELETE FROM user_sessions WHERE user_id = $1 AND family_hash = $2 AND expires_at > now() RETURNING id"};

session session_of(const pqxx::row& row) {
  return {.user = user_id(integer_of(row[0])),
          .id = text_of(row[1]),
          .created_at = time_of(row[2]),
          .expires_at = time_of(row[3]),
          .address = text_of(row[4]),
          .client = text_of(row[5]),
          .family_hash = text_of(row[6]),
          .refresh_hash = text_of(row[7]),
          .previous_id = text_of(row[8]),
          .previous_until = optional_time_of(row[9])};
}

void record(pqxx::transaction_base& tx, user_id user, const char* action, std::string detail) {
  insert_audit_event(
      tx,
      {.actor = user, .action = action, .object = "user:" + std::to_string(user.value), .detail = std::move(detail)});
}

}  // namespace

result<void> open(pqxx::transaction_base& tx, const session& fresh, std::int64_t epoch) {
  const auto created = to_microseconds(fresh.created_at);
  if (execute(tx, update_login, fresh.user.value, created, epoch).empty()) return fail(tenant_errc::bad_login);
  execute(tx, delete_old_sessions, fresh.user.value);
  execute(tx, insert_session, fresh.user.value, fresh.id, created, to_microseconds(fresh.expires_at), fresh.address,
          fresh.client, null_if_empty(fresh.family_hash), null_if_empty(fresh.refresh_hash));
  record(tx, fresh.user, "user.login", "session " + fresh.id + " from " + fresh.address);
  return {};
}

std::vector<session> list(pqxx::transaction_base& tx, user_id user) {
  std::vector<session> sessions;
  for (const auto& row : execute(tx, select_sessions, user.value)) sessions.push_back(session_of(row));
  return sessions;
}

result<void> end(pqxx::transaction_base& tx, user_id user, const std::string& session_id) {
  // The user's row first, as a login does.
  if (!auth_facts_rows::count_change(tx, user)) return fail(tenant_errc::not_found);
  if (execute(tx, delete_session, user.value, session_id).empty()) return fail(tenant_errc::not_found);
  record(tx, user, "user.end_session", "session " + session_id);
  return {};
}

/// A token that never was locks nobody's row.
renewal renew(pqxx::transaction_base& tx, const session_renewal& wanted) {
  const auto user = wanted.user.value;
  const bool known = boolean_of(execute(tx, select_family, user, wanted.family_hash)[0][0]);
  if (!known || !auth_facts_rows::count_change(tx, wanted.user)) return {fail(tenant_errc::refresh_refused)};
  const auto renewed = execute(tx, update_family, user, wanted.family_hash, wanted.used_hash, wanted.fresh_id,
                               wanted.fresh_hash, to_microseconds(wanted.at + renewal_overlap));
  if (!renewed.empty()) return {session_of(renewed[0]), true};
  const auto ended = execute(tx, delete_family, user, wanted.family_hash);
  if (ended.empty()) return {fail(tenant_errc::refresh_refused)};
  record(tx, wanted.user, "user.refresh_token_reused",
         "session " + text_of(ended[0][0]) + " ended, from " + wanted.address);
  return {fail(tenant_errc::refresh_reused), true};
}

}  // namespace drover::tenants::session_rows
