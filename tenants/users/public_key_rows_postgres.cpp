#include "tenants/users/public_key_rows_postgres.hpp"

#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants::public_key_rows {
namespace {

const std::string columns = "id, user_id, key, name, " + microseconds_of("created_at") + ", " +
                            microseconds_of("last_used_at") + ", " + microseconds_of("revoked_at");
const statement insert_sql{
    "public_keys_insert",
    "INSERT INTO user_public_keys (user_id, key, name, created_at) "
    "SELECT $1, $2, $3, to_timestamp($4::bigint / 1000000.0) FROM (SELECT count(*) AS ever, "
    "count(*) FILTER (WHERE revoked_at IS NULL) AS living FROM user_public_keys WHERE user_id = $1) AS has "
    "WHERE has.living < " +
        std::to_string(public_keys_per_user) + " AND has.ever < " + std::to_string(public_keys_ever) + " RETURNING " +
        columns};
const statement list_sql{"public_keys_list",
                         "SELECT " + columns +
                             " FROM user_public_keys WHERE user_id = $1 AND id > $2 AND "
                             "($4::boolean IS NULL OR (revoked_at IS NOT NULL) = $4) ORDER BY id LIMIT $3"};
const statement revoke_sql{
    "public_keys_revoke",
    "UPDATE user_public_keys SET revoked_at = now() WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL "
    "RETURNING key"};
const statement touch_sql{
    "public_keys_touch",
    "UPDATE user_public_keys SET last_used_at = greatest(last_used_at, to_timestamp($2::bigint / 1000000.0)) "
    "WHERE id = $1"};
const std::string facts_query = "SELECT user_id, id, key FROM user_public_keys WHERE revoked_at IS NULL ";
const statement facts_sql{"public_keys_facts", facts_query + "ORDER BY user_id, id"};
const statement facts_of_sql{"public_keys_facts_of", facts_query + "AND user_id = $1 ORDER BY id"};

public_key key_of(const pqxx::row& row) {
  return {.id = integer_of(row[0]),
          .user = user_id(integer_of(row[1])),
          .key = text_of(row[2]),
          .name = text_of(row[3]),
          .created_at = time_of(row[4]),
          .last_used_at = optional_time_of(row[5]),
          .revoked_at = optional_time_of(row[6])};
}

std::multimap<user_id, public_key_facts> facts_of(const pqxx::result& rows) {
  std::multimap<user_id, public_key_facts> out;
  for (const auto& row : rows)
    out.emplace(user_id(integer_of(row[0])), public_key_facts{integer_of(row[1]), text_of(row[2])});
  return out;
}

void record(pqxx::transaction_base& tx, user_id user, const char* action, const std::string& detail) {
  insert_audit_event(
      tx, {.actor = user, .action = action, .object = "user:" + std::to_string(user.value), .detail = detail});
}

}  // namespace

result<public_key> insert(pqxx::transaction_base& tx, const new_public_key& fresh) {
  auto rows = execute(tx, insert_sql, fresh.user.value, fresh.key, fresh.name, to_microseconds(fresh.created_at));
  if (rows.empty()) return fail(tenant_errc::invalid, "public_key: there are as many as may be; revoke one first");
  auto made = key_of(rows[0]);
  record(tx, fresh.user, "user.register_public_key", std::to_string(made.id) + " " + made.key);
  return made;
}

std::vector<public_key> list(pqxx::transaction_base& tx, user_id user, const public_key_page& page) {
  std::vector<public_key> all;
  const char* revoked = !page.revoked ? nullptr : *page.revoked ? "true" : "false";
  for (const auto& row : execute(tx, list_sql, user.value, page.after_id, page.limit, revoked))
    all.push_back(key_of(row));
  return all;
}

result<void> revoke(pqxx::transaction_base& tx, user_id user, std::int64_t id) {
  auto rows = execute(tx, revoke_sql, user.value, id);
  if (rows.empty()) return fail(tenant_errc::not_found);
  record(tx, user, "user.revoke_public_key", std::to_string(id) + " " + text_of(rows[0][0]));
  return {};
}

void touch(pqxx::transaction_base& tx, std::int64_t id, wall_time at) {
  execute(tx, touch_sql, id, to_microseconds(at));
}

std::multimap<user_id, public_key_facts> load_facts(pqxx::transaction_base& tx) {
  return facts_of(execute(tx, facts_sql));
}

std::multimap<user_id, public_key_facts> load_facts(pqxx::transaction_base& tx, user_id user) {
  return facts_of(execute(tx, facts_of_sql, user.value));
}

}  // namespace drover::tenants::public_key_rows
