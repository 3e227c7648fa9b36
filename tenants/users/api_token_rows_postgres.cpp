#include "tenants/users/api_token_rows_postgres.hpp"

#include <sstream>

#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants::api_token_rows {
namespace {

const std::string columns = "id, user_id, name, scope, " + microseconds_of("created_at") + ", " +
                            microseconds_of("expires_at") + ", addresses, " + microseconds_of("last_used_at");
const statement insert_sql{
    "api_tokens_insert",
    "INSERT INTO user_api_tokens (user_id, name, scope, hash, created_at, expires_at, addresses) "
    "SELECT $1, $2, $3, $4, to_timestamp($5::bigint / 1000000.0), "
    "to_timestamp($6::bigint / 1000000.0), $7 WHERE (SELECT count(*) FROM user_api_tokens WHERE "
    "user_id = $1 AND expires_at > now()) < " +
        std::to_string(api_tokens_per_user) + " RETURNING " + columns};
/// Of those that have expired the newest stay to be seen.
const statement drop_expired_sql{
    "api_tokens_drop_expired",
    "DELETE FROM user_api_tokens WHERE user_id = $1 AND expires_at <= now() AND id NOT IN (SELECT id FROM "
    "user_api_tokens WHERE user_id = $1 AND expires_at <= now() ORDER BY id DESC LIMIT " +
        std::to_string(api_tokens_per_user) + ")"};
const statement list_sql{"api_tokens_list",
                         "SELECT " + columns + " FROM user_api_tokens WHERE user_id = $1 ORDER BY id"};
const statement revoke_sql{"api_tokens_revoke",
                           "DELETE FROM user_api_tokens WHERE user_id = $1 AND id = $2 RETURNING name"};
const statement touch_sql{"api_tokens_touch",
                          "UPDATE user_api_tokens SET last_used_at = greatest(last_used_at, "
                          "to_timestamp($2::bigint / 1000000.0)) WHERE id = $1"};
const std::string facts_query = "SELECT user_id, id, hash, scope, " + microseconds_of("expires_at") +
                                ", addresses FROM user_api_tokens WHERE expires_at > now() ";
const statement facts_sql{"api_tokens_facts", facts_query + "ORDER BY user_id, id"};
const statement facts_of_sql{"api_tokens_facts_of", facts_query + "AND user_id = $1 ORDER BY id"};

std::string object_of(user_id user) {
  return "user:" + std::to_string(user.value);
}

std::vector<std::string> split(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::vector<std::string> out;
  for (std::string word; words >> word;) out.push_back(word);
  return out;
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

token_scope scope_of(const pqxx::field& f) {
  return parse_token_scope(view_of(f)).value_or(token_scope::read);
}

api_token token_of(const pqxx::row& row) {
  return {.id = integer_of(row[0]),
          .user = user_id(integer_of(row[1])),
          .name = text_of(row[2]),
          .scope = scope_of(row[3]),
          .created_at = time_of(row[4]),
          .expires_at = time_of(row[5]),
          .addresses = split(view_of(row[6])),
          .last_used_at = optional_time_of(row[7])};
}

std::multimap<user_id, api_token_facts> facts_of(const pqxx::result& rows) {
  std::multimap<user_id, api_token_facts> out;
  for (const auto& row : rows)
    out.emplace(user_id(integer_of(row[0])), api_token_facts{.id = integer_of(row[1]),
                                                             .hash = text_of(row[2]),
                                                             .scope = scope_of(row[3]),
                                                             .expires_at = time_of(row[4]),
                                                             .addresses = split(view_of(row[5]))});
  return out;
}

}  // namespace

result<api_token> insert(pqxx::transaction_base& tx, const new_api_token& fresh) {
  execute(tx, drop_expired_sql, fresh.user.value);
  auto rows = execute(tx, insert_sql, fresh.user.value, fresh.name, std::string(to_string(fresh.scope)), fresh.hash,
                      to_microseconds(fresh.created_at), to_microseconds(fresh.expires_at), join(fresh.addresses));
  if (rows.empty())
    return fail(tenant_errc::invalid,
                "name: there are " + std::to_string(api_tokens_per_user) + " tokens; revoke one first");
  auto made = token_of(rows[0]);
  insert_audit_event(tx,
                     {.actor = fresh.user,
                      .action = "user.create_api_token",
                      .object = object_of(fresh.user),
                      .detail = std::to_string(made.id) + " " + std::string(to_string(made.scope)) + " " + made.name});
  return made;
}

std::vector<api_token> list(pqxx::transaction_base& tx, user_id user) {
  std::vector<api_token> all;
  for (const auto& row : execute(tx, list_sql, user.value)) all.push_back(token_of(row));
  return all;
}

result<void> revoke(pqxx::transaction_base& tx, user_id user, std::int64_t id) {
  auto rows = execute(tx, revoke_sql, user.value, id);
  if (rows.empty()) return fail(tenant_errc::not_found);
  insert_audit_event(tx, {.actor = user,
                          .action = "user.revoke_api_token",
                          .object = object_of(user),
                          .detail = std::to_string(id) + " " + text_of(rows[0][0])});
  return {};
}

void touch(pqxx::transaction_base& tx, std::int64_t id, wall_time at) {
  execute(tx, touch_sql, id, to_microseconds(at));
}

std::multimap<user_id, api_token_facts> load_facts(pqxx::transaction_base& tx) {
  return facts_of(execute(tx, facts_sql));
}

std::multimap<user_id, api_token_facts> load_facts(pqxx::transaction_base& tx, user_id user) {
  return facts_of(execute(tx, facts_of_sql, user.value));
}

}  // namespace drover::tenants::api_token_rows
