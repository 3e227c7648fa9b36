#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/users/api_token_rows_postgres.hpp"
#include "tenants/users/auth_facts_rows_postgres.hpp"
#include "tenants/users/invitation_rows_postgres.hpp"
#include "tenants/users/public_key_rows_postgres.hpp"
#include "tenants/users/session_rows_postgres.hpp"
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
const statement update_email{"users_set_email",
                             "UPDATE users SET email = $2, updated_at = now() WHERE id = $1 RETURNING " + user_columns};
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

user user_of(const pqxx::row& row) {
  return {.id = user_id(integer_of(row[0])),
          .username = text_of(row[1]),
          .email = text_of(row[2]),
          .role = auth_facts_rows::to_role(view_of(row[3])),
          .status = auth_facts_rows::to_status(view_of(row[4])),
          .epoch = integer_of(row[5]),
          .created_at = time_of(row[6]),
          .last_login_at = optional_time_of(row[7])};
}

std::string object_of(user_id id) {
  return "user:" + std::to_string(id.value);
}

/// What authorises is read at one moment.
using snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

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

  task<result<user>> set_email(user_id id, std::string email) override {
    auto job = [id, email = std::move(email)](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      auto rows = execute(tx, update_email, id.value, email);
      if (rows.empty()) return fail(tenant_errc::not_found);
      insert_audit_event(tx, {.actor = id, .action = "user.set_email", .object = object_of(id), .detail = {}});
      auto changed = user_of(rows[0]);
      tx.commit();
      return changed;
    };
    auto outcome = co_await db_.run("users_set_email", std::move(job));
    co_return from_job(std::move(outcome));
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
      pqxx::work tx(connection);
      auto opened = session_rows::open(tx, fresh, epoch);
      if (opened) tx.commit();
      return opened;
    };
    auto outcome = co_await db_.run("users_open_session", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<session>>> list_sessions(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return session_rows::list(tx, id);
    };
    auto outcome = co_await db_.run("users_list_sessions", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<renewed_session>> renew_session(session_renewal wanted) override {
    auto job = [wanted = std::move(wanted)](pqxx::connection_base& connection) -> result<renewed_session> {
      pqxx::work tx(connection);
      auto [renewed, is_change] = session_rows::renew(tx, wanted);
      const auto who = execute(tx, select_user, wanted.user.value);
      if (is_change) tx.commit();
      if (!renewed) return std::unexpected(renewed.error());
      return renewed_session{user_of(who[0]), std::move(*renewed)};
    };
    auto outcome = co_await db_.run("users_renew_session", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> end_session(user_id id, std::string session_id) override {
    auto job = [id, session_id = std::move(session_id)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      auto ended = session_rows::end(tx, id, session_id);
      if (ended) tx.commit();
      return ended;
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
      if (!auth_facts_rows::count_change(tx, fresh.user)) return fail(tenant_errc::not_found);
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
      if (!auth_facts_rows::count_change(tx, user)) return fail(tenant_errc::not_found);
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

  task<result<public_key>> create_public_key(new_public_key fresh) override {
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) -> result<public_key> {
      pqxx::work tx(connection);
      if (!auth_facts_rows::count_change(tx, fresh.user)) return fail(tenant_errc::not_found);
      auto made = public_key_rows::insert(tx, fresh);
      if (made) tx.commit();
      return made;
    };
    auto outcome = co_await db_.run("users_create_public_key", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<public_key>>> list_public_keys(user_id id, public_key_page page) override {
    auto job = [id, page](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      return public_key_rows::list(tx, id, page);
    };
    auto outcome = co_await db_.run("users_list_public_keys", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<void>> revoke_public_key(user_id user, std::int64_t id) override {
    auto job = [user, id](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      if (!auth_facts_rows::count_change(tx, user)) return fail(tenant_errc::not_found);
      auto revoked = public_key_rows::revoke(tx, user, id);
      if (revoked) tx.commit();
      return revoked;
    };
    auto outcome = co_await db_.run("users_revoke_public_key", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> touch_public_keys(std::vector<std::pair<std::int64_t, wall_time>> used) override {
    auto job = [used = std::move(used)](pqxx::connection_base& connection) -> result<void> {
      pqxx::work tx(connection);
      for (const auto& [id, at] : used) public_key_rows::touch(tx, id, at);
      tx.commit();
      return {};
    };
    auto outcome = co_await db_.run("users_touch_public_keys", std::move(job));
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
      return auth_facts_rows::load(tx);
    };
    auto outcome = co_await db_.run("users_auth_facts", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      snapshot tx(connection);
      return auth_facts_rows::load(tx, id);
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
