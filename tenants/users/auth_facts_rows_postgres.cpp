#include "tenants/users/auth_facts_rows_postgres.hpp"

#include <algorithm>
#include <map>

#include "tenants/postgres_calls_detail.hpp"
#include "tenants/users/api_token_rows_postgres.hpp"
#include "tenants/users/public_key_rows_postgres.hpp"

namespace drover::tenants::auth_facts_rows {
namespace {

const statement count_change_sql{"users_count_change",
                                 "UPDATE users SET auth_version = auth_version + 1 WHERE id = $1 RETURNING id"};

const std::string facts_query = "SELECT u.id, u.role, u.status, u.epoch, u.auth_version, s.id, " +
                                microseconds_of("s.expires_at") + ", " + microseconds_of("s.created_at") +
                                ", s.family_hash IS NOT NULL, "
                                "CASE WHEN s.previous_until > now() THEN s.previous_id END, " +
                                microseconds_of("s.previous_until") +
                                " FROM users u LEFT JOIN user_sessions s ON s.user_id = u.id AND s.expires_at > now() ";
const statement select_facts{"users_auth_facts", facts_query + "ORDER BY u.id, s.id"};
const statement select_facts_of{"users_auth_facts_of", facts_query + "WHERE u.id = $1 ORDER BY s.id"};

/// One entry per user from one row per session, users together.
std::vector<user_auth_facts> facts_of(const pqxx::result& rows) {
  std::vector<user_auth_facts> all;
  for (const auto& row : rows) {
    const user_id id(integer_of(row[0]));
    if (all.empty() || all.back().id != id)
      all.push_back({.id = id,
                     .role = to_role(view_of(row[1])),
                     .status = to_status(view_of(row[2])),
                     .epoch = integer_of(row[3]),
                     .version = integer_of(row[4]),
                     .sessions = {},
                     .api_tokens = {}});
    if (row[5].is_null()) continue;
    auto& sessions = all.back().sessions;
    sessions.push_back({text_of(row[5]), time_of(row[6]), time_of(row[7]), boolean_of(row[8])});
    if (!row[9].is_null()) sessions.push_back({text_of(row[9]), time_of(row[10]), time_of(row[7]), boolean_of(row[8])});
  }
  for (auto& facts : all) std::ranges::sort(facts.sessions, {}, &session_facts::id);
  return all;
}

template <class T>
void add(std::vector<user_auth_facts>& users, std::vector<T> user_auth_facts::*member, std::multimap<user_id, T> rows) {
  for (auto& facts : users) {
    const auto [from, to] = rows.equal_range(facts.id);
    for (auto at = from; at != to; ++at) (facts.*member).push_back(std::move(at->second));
  }
}

}  // namespace

bool count_change(pqxx::transaction_base& tx, user_id user) {
  return !execute(tx, count_change_sql, user.value).empty();
}

std::vector<user_auth_facts> load(pqxx::transaction_base& tx) {
  auto all = facts_of(execute(tx, select_facts));
  add(all, &user_auth_facts::api_tokens, api_token_rows::load_facts(tx));
  add(all, &user_auth_facts::public_keys, public_key_rows::load_facts(tx));
  return all;
}

std::optional<user_auth_facts> load(pqxx::transaction_base& tx, user_id user) {
  auto found = facts_of(execute(tx, select_facts_of, user.value));
  add(found, &user_auth_facts::api_tokens, api_token_rows::load_facts(tx, user));
  add(found, &user_auth_facts::public_keys, public_key_rows::load_facts(tx, user));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

role to_role(std::string_view text) {
  return text == "admin" ? role::admin : role::tenant;
}

user_status to_status(std::string_view text) {
  return text == "active" ? user_status::active : user_status::banned;
}

}  // namespace drover::tenants::auth_facts_rows
