#include "tenants/users/invitation_rows_postgres.hpp"

#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants::invitation_rows {
namespace {

const std::string columns = "id, note, created_by, " + microseconds_of("created_at") + ", " +
                            microseconds_of("expires_at") + ", " + microseconds_of("revoked_at") + ", " +
                            microseconds_of("used_at") + ", used_by";
const std::string open_ones = "used_at IS NULL AND revoked_at IS NULL AND expires_at > now()";

const statement insert_sql{"user_invitations_insert",
                           "INSERT INTO user_invitations (code_hash, note, created_by, created_at, expires_at) VALUES "
                           "($1, $2, $3, to_timestamp($4::bigint / 1000000.0), to_timestamp($5::bigint / 1000000.0)) "
                           "RETURNING " +
                               columns};
const statement list_sql{"user_invitations_list",
                         "SELECT " + columns + " FROM user_invitations ORDER BY id DESC LIMIT $1"};
const statement is_open_sql{"user_invitations_is_open",
                            "SELECT id FROM user_invitations WHERE code_hash = $1 AND " + open_ones};
const statement take_sql{"user_invitations_take",
                         "UPDATE user_invitations SET used_at = now(), used_by = $2 WHERE code_hash = $1 AND " +
                             open_ones + " RETURNING id"};
const statement revoke_sql{"user_invitations_revoke",
                           "UPDATE user_invitations SET revoked_at = now() WHERE id = $1 AND used_at IS NULL AND "
                           "revoked_at IS NULL RETURNING id"};

std::string object_of(std::int64_t id) {
  return "invitation:" + std::to_string(id);
}

invitation invitation_of(const pqxx::row& row) {
  return {.id = integer_of(row[0]),
          .note = text_of(row[1]),
          .created_by = user_id(integer_of(row[2])),
          .created_at = time_of(row[3]),
          .expires_at = time_of(row[4]),
          .revoked_at = optional_time_of(row[5]),
          .used_at = optional_time_of(row[6]),
          .used_by = user_id(row[7].is_null() ? 0 : integer_of(row[7]))};
}

}  // namespace

invitation insert(pqxx::transaction_base& tx, const new_invitation& fresh) {
  auto rows = execute(tx, insert_sql, fresh.code_hash, fresh.note, fresh.created_by.value,
                      to_microseconds(fresh.created_at), to_microseconds(fresh.expires_at));
  auto made = invitation_of(rows[0]);
  insert_audit_event(
      tx, {.actor = fresh.created_by, .action = "user.invite", .object = object_of(made.id), .detail = made.note});
  return made;
}

std::vector<invitation> list(pqxx::transaction_base& tx, int limit) {
  std::vector<invitation> all;
  for (const auto& row : execute(tx, list_sql, limit)) all.push_back(invitation_of(row));
  return all;
}

bool is_open(pqxx::transaction_base& tx, const std::string& code_hash) {
  return !execute(tx, is_open_sql, code_hash).empty();
}

result<void> take(pqxx::transaction_base& tx, const std::string& code_hash, user_id by) {
  if (execute(tx, take_sql, code_hash, by.value).empty()) return fail(tenant_errc::invitation_refused);
  return {};
}

result<void> revoke(pqxx::transaction_base& tx, std::int64_t id, user_id by) {
  if (execute(tx, revoke_sql, id).empty()) return fail(tenant_errc::not_found);
  insert_audit_event(tx, {.actor = by, .action = "user.revoke_invitation", .object = object_of(id), .detail = {}});
  return {};
}

}  // namespace drover::tenants::invitation_rows
