#include <algorithm>

#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/users/api_token_rows_postgres.hpp"
#include "tenants/users/invitation_rows_postgres.hpp"
#include "tenants/users/user_store.hpp"

namespace drover::tenants {
namespace {

const std::string user_columns = "id, username, email, role, status, epoch, " + microseconds_of("created_at") + ", " +
                                 microseconds_of("last_login_at");
constexpr int password_hash_column = 8;

const statement insert_user{
    "users_insert",
    "INSERT INTO users (username, email, password_hash, role) VALUES ($1, $2, $3, $4) RETURNING " + user_columns};
const statement select_login{"users_find_login",
                             "SELECT " + user_columns + ", password_hash FROM users WHERE username = $1"};
const statement select_user{"users_get", "SELECT " + user_columns + " FROM users WHERE id = $1"};
const statement select_page{"users_page",
                            "SELECT " + user_columns + " FROM users WHERE id > $1 ORDER BY id LIMIT $2"};
/// In the order of ids, so that two who change administrators wait for each other.
const statement lock_admins{"users_lock_admins",
                            "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR UPDATE"};
const statement select_has_admin{"users_has_admin",
                                 "SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND status = 'active')"};
constexpr const char* lock_users_sql = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
const statement select_users{"users_list", "SELECT " + user_columns + " FROM users ORDER BY id"};
const statement update_password{"users_set_password",
                                "UPDATE users SET password_hash = $2, epoch = epoch + 1, updated_at = now() "
                                "WHERE id = $1 RETURNING id"};
const statement update_hash{"users_upgrade_password",
                            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"};
const statement update_role{"users_set_role",
                            "UPDATE users SET role = $2, epoch = epoch + 1, updated_at = now() "
                            "WHERE id = $1 AND role <> $2 RETURNING " +
                                user_columns};
const statement update_status{"users_set_status",
                              "UPDATE users SET status = $2, epoch = epoch + 1, updated_at = now() "
                              "WHERE username = $1 RETURNING " +
                                  user_columns};
const statement update_epoch{"users_end_sessions",
                             "UPDATE users SET epoch = epoch + 1, updated_at = now() WHERE id = $1 RETURNING id"};
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
const std::string session_columns = "user_id, id, " + microseconds_of("created_at") + ", " +
                                    microseconds_of("expires_at") +
                                    ", address, client, family_hash, refresh_hash, previous_id, " +
                                    microseconds_of("previous_until");
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
const statement count_change{"users_count_change",
                             "UPDATE users SET auth_version = auth_version + 1 WHERE id = $1 RETURNING id"};

const std::string facts_query = "SELECT u.id, u.role, u.status, u.epoch, u.auth_version, s.id, " +
                                microseconds_of("s.expires_at") + ", " + microseconds_of("s.created_at") +
                                ", s.family_hash IS NOT NULL, "
                                "CASE WHEN s.previous_until > now() THEN s.previous_id END, " +
                                microseconds_of("s.previous_until") +
                                " FROM users u LEFT JOIN user_sessions s ON s.user_id = u.id AND s.expires_at > now() ";
const statement select_facts{"users_auth_facts", facts_query + "ORDER BY u.id, s.id"};
const statement select_facts_of{"users_auth_facts_of", facts_query + "WHERE u.id = $1 ORDER BY s.id"};

role role_of(const pqxx::field& f) {
  return view_of(f) == "admin" ? role::admin : role::tenant;
}
/// Anything that is not plainly active may not act.
user_status status_of(const pqxx::field& f) {
  return view_of(f) == "active" ? user_status::active : user_status::banned;
}

user user_of(const pqxx::row& row) {
  return {.id = user_id(integer_of(row[0])),
          .username = text_of(row[1]),
          .email = text_of(row[2]),
          .role = role_of(row[3]),
          .status = status_of(row[4]),
          .epoch = integer_of(row[5]),
          .created_at = time_of(row[6]),
          .last_login_at = optional_time_of(row[7])};
}

/// One entry per user from one row per session, users together.
std::vector<user_auth_facts> facts_of(const pqxx::result& rows) {
  std::vector<user_auth_facts> all;
  for (const auto& row : rows) {
    const user_id id(integer_of(row[0]));
    if (all.empty() || all.back().id != id)
      all.push_back({.id = id,
                     .role = role_of(row[1]),
                     .status = status_of(row[2]),
                     .epoch = integer_of(row[3]),
                     .version = integer_of(row[4]),
                     .sessions = {},
                     .api_tokens = {}});
    if (row[5].is_null()) continue;
    auto& sessions = all.back().sessions;
    sessions.push_back({text_of(row[5]), time_of(row[6]), time_of(row[7]), boolean_of(row[8])});
    if (!row[9].is_null())
      sessions.push_back({text_of(row[9]), time_of(row[10]), time_of(row[7]), boolean_of(row[8])});
  }
  for (auto& facts : all) std::ranges::sort(facts.sessions, {}, &session_facts::id);
  return all;
}

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

std::int64_t to_microseconds(wall_time t) {
  return std::chrono::duration_cast<std::chrono::microseconds>(t.since_epoch).count();
}

std::string object_of(user_id id) {
  return "user:" + std::to_string(id.value);
}

/// What authorises is read at one moment.
using snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

void add_api_tokens(std::vector<user_auth_facts>& users, std::multimap<user_id, api_token_facts> tokens) {
  for (auto& facts : users) {
    const auto [from, to] = tokens.equal_range(facts.id);
    for (auto at = from; at != to; ++at) facts.api_tokens.push_back(std::move(at->second));
  }
}

/// A change of one user by id: statement, audit row, commit; not_found when no row was there.
result<void> change(pqxx::connection_base& connection, const statement& s, user_id id, const char* action,
                    const auto&... arguments) {
  pqxx::work tx(connection);
  if (execute(tx, s, id.value, arguments...).empty()) return fail(tenant_errc::not_found);
  insert_audit_event(tx, {.actor = id, .action = action, .object = object_of(id), .detail = {}});
  tx.commit();
  return {};
}

/// The row, its invitation and the audit.
result<user> insert(pqxx::transaction_base& tx, const new_user& fresh) {
  auto rows = execute(tx, insert_user, fresh.username, fresh.email, fresh.password_hash,
                      std::string(to_string(fresh.role)));
  auto created = user_of(rows[0]);
  if (!fresh.invitation.empty())
    if (auto taken = invitation_rows::take(tx, fresh.invitation, created.id); !taken)
      return std::unexpected(taken.error());
  insert_audit_event(tx, {.actor = {},
                          .action = "user.create",
                          .object = object_of(created.id),
                          .detail = std::string(to_string(fresh.role)) + " " + created.username});
  return created;
}

/// Whether nobody would administrate without this one. Keeps others from changing that until the transaction ends.
bool is_last_admin(pqxx::transaction_base& tx, user_id id) {
  const auto admins = execute(tx, lock_admins);
  return admins.size() == 1 && integer_of(admins[0][0]) == id.value;
}

/// A token that never was locks nobody's row.
result<renewed_session> renew(pqxx::connection_base& connection, const session_renewal& wanted) {
  const auto user = wanted.user.value;
  pqxx::work tx(connection);
  if (!boolean_of(execute(tx, select_family, user, wanted.family_hash)[0][0])) return fail(tenant_errc::refresh_refused);
  if (execute(tx, count_change, user).empty()) return fail(tenant_errc::refresh_refused);
  const auto renewed = execute(tx, update_family, user, wanted.family_hash, wanted.used_hash, wanted.fresh_id,
                               wanted.fresh_hash, to_microseconds(wanted.at + renewal_overlap));
  if (!renewed.empty()) {
    renewed_session done{user_of(execute(tx, select_user, user)[0]), session_of(renewed[0])};
    tx.commit();
    return done;
  }
  const auto ended = execute(tx, delete_family, user, wanted.family_hash);
  if (ended.empty()) return fail(tenant_errc::refresh_refused);
  insert_audit_event(tx, {.actor = wanted.user,
                          .action = "user.refresh_token_reused",
                          .object = object_of(wanted.user),
                          .detail = "session " + text_of(ended[0][0]) + " ended, from " + wanted.address});
  tx.commit();
  return fail(tenant_errc::refresh_reused);
}

bool is_banning(user_status status) {
  return status == user_status::banned;
}

class postgres_user_store final : public user_store {
public:
  explicit postgres_user_store(database& db) : db_(db) {}

  task<result<user>> create(new_user fresh) override {
    if (!is_username(fresh.username))
      co_return fail(tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -");
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      auto created = insert(tx, fresh);
      if (created) tx.commit();
      return created;
    };
    auto outcome = co_await db_.run("users_create", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<user>> create_first_admin(new_user fresh) override {
    fresh.role = role::admin;
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      tx.exec0(lock_users_sql);
      if (boolean_of(execute(tx, select_has_admin)[0][0]))
        return fail(tenant_errc::bootstrap_refused, "there is an administrator already");
      auto created = insert(tx, fresh);
      if (created) tx.commit();
      return created;
    };
    auto outcome = co_await db_.run("users_create_first_admin", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<bool>> has_admin() override {
    auto job = [](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return boolean_of(execute(tx, select_has_admin)[0][0]);
    };
    auto outcome = co_await db_.run("users_has_admin", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<login_record>>> find_login(std::string username) override {
    auto job = [username = std::move(username)](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, select_login, username);
      std::optional<login_record> found;
      if (!rows.empty())
        found.emplace(login_record{.user = user_of(rows[0]), .password_hash = text_of(rows[0][password_hash_column])});
      return found;
    };
    auto outcome = co_await db_.run("users_find_login", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<user>> get(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) -> result<user> {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, select_user, id.value);
      if (rows.empty()) return fail(tenant_errc::not_found);
      return user_of(rows[0]);
    };
    auto outcome = co_await db_.run("users_get", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<user>>> list() override {
    auto job = [](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, select_users);
      std::vector<user> users;
      users.reserve(rows.size());
      for (const auto& row : rows) users.push_back(user_of(row));
      return users;
    };
    auto outcome = co_await db_.run("users_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<user>>> list_page(user_id after, int limit) override {
    auto job = [after, limit](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      std::vector<user> page;
      for (const auto& row : execute(tx, select_page, after.value, limit)) page.push_back(user_of(row));
      return page;
    };
    auto outcome = co_await db_.run("users_page", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> set_password(user_id id, std::string password_hash) override {
    auto job = [id, hash = std::move(password_hash)](pqxx::connection_base& connection) {
      return change(connection, update_password, id, "user.set_password", hash);
    };
    auto outcome = co_await db_.run("users_set_password", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> upgrade_password(user_id id, std::string before, std::string password_hash) override {
    auto job = [id, before = std::move(before), hash = std::move(password_hash)](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      execute(tx, update_hash, id.value, before, hash);
      return true;
    };
    auto outcome = co_await db_.run("users_upgrade_password", std::move(job));
    if (!outcome) co_return std::unexpected(from_database_error(outcome.error()));
    co_return result<void>();
  }

  task<result<user>> set_role(user_id id, tenants::role role, user_id actor) override {
    auto job = [id, role, actor](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      if (role != role::admin && is_last_admin(tx, id)) return fail(tenant_errc::last_admin);
      auto rows = execute(tx, update_role, id.value, std::string(to_string(role)));
      if (rows.empty()) {
        rows = execute(tx, select_user, id.value);
        if (rows.empty()) return fail(tenant_errc::not_found);
        return user_of(rows[0]);
      }
      auto changed = user_of(rows[0]);
      insert_audit_event(tx, {.actor = actor,
                              .action = "user.set_role",
                              .object = object_of(id),
                              .detail = changed.username + " is " + std::string(to_string(role))});
      tx.commit();
      return changed;
    };
    auto outcome = co_await db_.run("users_set_role", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<user>> set_status(std::string username, user_status status, user_id actor) override {
    auto job = [username = std::move(username), status, actor](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      if (is_banning(status)) execute(tx, lock_admins);
      auto rows = execute(tx, update_status, username, std::string(to_string(status)));
      if (rows.empty()) return fail(tenant_errc::not_found);
      auto changed = user_of(rows[0]);
      if (changed.role == role::admin && actor.valid() && is_banning(status) &&
          !boolean_of(execute(tx, select_has_admin)[0][0]))
        return fail(tenant_errc::last_admin);
      insert_audit_event(tx, {.actor = actor,
                              .action = status == user_status::banned ? "user.ban" : "user.unban",
                              .object = object_of(changed.id),
                              .detail = changed.username});
      tx.commit();
      return changed;
    };
    auto outcome = co_await db_.run("users_set_status", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> open_session(session fresh, std::int64_t epoch) override {
    auto job = [fresh = std::move(fresh), epoch](pqxx::connection_base& connection) -> result<void> {
      const auto created = to_microseconds(fresh.created_at);
      pqxx::work tx(connection);
      if (execute(tx, update_login, fresh.user.value, created, epoch).empty()) return fail(tenant_errc::bad_login);
      execute(tx, delete_old_sessions, fresh.user.value);
      execute(tx, insert_session, fresh.user.value, fresh.id, created, to_microseconds(fresh.expires_at), fresh.address,
              fresh.client, null_if_empty(fresh.family_hash), null_if_empty(fresh.refresh_hash));
      insert_audit_event(tx, {.actor = fresh.user,
                              .action = "user.login",
                              .object = object_of(fresh.user),
                              .detail = "session " + fresh.id + " from " + fresh.address});
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("users_open_session", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<session>>> list_sessions(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      std::vector<session> sessions;
      for (const auto& row : execute(tx, select_sessions, id.value)) sessions.push_back(session_of(row));
      return sessions;
    };
    auto outcome = co_await db_.run("users_list_sessions", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<renewed_session>> renew_session(session_renewal wanted) override {
    auto job = [wanted = std::move(wanted)](pqxx::connection_base& connection) {
      return renew(connection, wanted);
    };
    auto outcome = co_await db_.run("users_renew_session", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> end_session(user_id id, std::string session_id) override {
    auto job = [id, session_id = std::move(session_id)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      // The user's row first, as a login does.
      if (execute(tx, count_change, id.value).empty()) return fail(tenant_errc::not_found);
      if (execute(tx, delete_session, id.value, session_id).empty()) return fail(tenant_errc::not_found);
      insert_audit_event(tx, {.actor = id,
                              .action = "user.end_session",
                              .object = object_of(id),
                              .detail = "session " + session_id});
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("users_end_session", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> end_sessions(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      return change(connection, update_epoch, id, "user.end_sessions");
    };
    auto outcome = co_await db_.run("users_end_sessions", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<api_token>> create_api_token(new_api_token fresh) override {
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) -> result<api_token> {
      pqxx::work tx(connection);
      if (execute(tx, count_change, fresh.user.value).empty()) return fail(tenant_errc::not_found);
      auto made = api_token_rows::insert(tx, fresh);
      if (made) tx.commit();
      return made;
    };
    auto outcome = co_await db_.run("users_create_api_token", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<api_token>>> list_api_tokens(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return api_token_rows::list(tx, id);
    };
    auto outcome = co_await db_.run("users_list_api_tokens", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> revoke_api_token(user_id user, std::int64_t id) override {
    auto job = [user, id](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (execute(tx, count_change, user.value).empty()) return fail(tenant_errc::not_found);
      auto revoked = api_token_rows::revoke(tx, user, id);
      if (revoked) tx.commit();
      return revoked;
    };
    auto outcome = co_await db_.run("users_revoke_api_token", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> touch_api_tokens(std::vector<std::pair<std::int64_t, wall_time>> used) override {
    auto job = [used = std::move(used)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      for (const auto& [id, at] : used) api_token_rows::touch(tx, id, at);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("users_touch_api_tokens", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<invitation>> create_invitation(new_invitation fresh) override {
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      auto made = invitation_rows::insert(tx, fresh);
      tx.commit();
      return made;
    };
    auto outcome = co_await db_.run("users_create_invitation", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<invitation>>> list_invitations(int limit) override {
    auto job = [limit](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return invitation_rows::list(tx, limit);
    };
    auto outcome = co_await db_.run("users_list_invitations", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> revoke_invitation(std::int64_t id, user_id actor) override {
    auto job = [id, actor](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      auto revoked = invitation_rows::revoke(tx, id, actor);
      if (revoked) tx.commit();
      return revoked;
    };
    auto outcome = co_await db_.run("users_revoke_invitation", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<bool>> is_invitation_open(std::string code_hash) override {
    auto job = [code_hash = std::move(code_hash)](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return invitation_rows::is_open(tx, code_hash);
    };
    auto outcome = co_await db_.run("users_find_invitation", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<user_auth_facts>>> load_auth_facts() override {
    auto job = [](pqxx::connection_base& connection) {
      snapshot tx(connection);
      auto all = facts_of(execute(tx, select_facts));
      add_api_tokens(all, api_token_rows::load_facts(tx));
      return all;
    };
    auto outcome = co_await db_.run("users_auth_facts", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      snapshot tx(connection);
      auto found = facts_of(execute(tx, select_facts_of, id.value));
      add_api_tokens(found, api_token_rows::load_facts(tx, id));
      std::optional<user_auth_facts> facts;
      if (!found.empty()) facts = std::move(found.front());
      return facts;
    };
    auto outcome = co_await db_.run("users_auth_facts_of", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<user_store> make_postgres_user_store(database& db) {
  return std::make_unique<postgres_user_store>(db);
}

}  // namespace drover::tenants
