#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"
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
const statement select_users{"users_list", "SELECT " + user_columns + " FROM users ORDER BY id"};
const statement update_password{"users_set_password",
                                "UPDATE users SET password_hash = $2, epoch = epoch + 1, updated_at = now() "
                                "WHERE id = $1 RETURNING id"};
const statement update_status{"users_set_status",
                              "UPDATE users SET status = $2, epoch = epoch + 1, updated_at = now() "
                              "WHERE username = $1 RETURNING " +
                                  user_columns};
const statement update_login{"users_record_login", "UPDATE users SET last_login_at = now() WHERE id = $1 RETURNING id"};
const statement update_epoch{"users_end_sessions",
                             "UPDATE users SET epoch = epoch + 1, updated_at = now() WHERE id = $1 RETURNING id"};
const statement select_facts{"users_auth_facts", "SELECT id, role, status, epoch FROM users"};
const statement select_facts_of{"users_auth_facts_of", "SELECT id, role, status, epoch FROM users WHERE id = $1"};

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

user_auth_facts facts_of(const pqxx::row& row) {
  return {.id = user_id(integer_of(row[0])),
          .role = role_of(row[1]),
          .status = status_of(row[2]),
          .epoch = integer_of(row[3])};
}

std::string object_of(user_id id) {
  return "user:" + std::to_string(id.value);
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

class postgres_user_store final : public user_store {
public:
  explicit postgres_user_store(database& db) : db_(db) {}

  task<result<user>> create(new_user fresh) override {
    if (!is_username(fresh.username))
      co_return fail(tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -");
    auto job = [fresh = std::move(fresh)](pqxx::connection_base& connection) {
      pqxx::work tx(connection);
      auto rows = execute(tx, insert_user, fresh.username, fresh.email, fresh.password_hash,
                          std::string(to_string(fresh.role)));
      auto created = user_of(rows[0]);
      insert_audit_event(tx, {.actor = {},
                              .action = "user.create",
                              .object = object_of(created.id),
                              .detail = std::string(to_string(fresh.role)) + " " + created.username});
      tx.commit();
      return created;
    };
    auto outcome = co_await db_.run("users_create", std::move(job));
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

  task<result<void>> set_password(user_id id, std::string password_hash) override {
    auto job = [id, hash = std::move(password_hash)](pqxx::connection_base& connection) {
      return change(connection, update_password, id, "user.set_password", hash);
    };
    auto outcome = co_await db_.run("users_set_password", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<user>> set_status(std::string username, user_status status, user_id actor) override {
    auto job = [username = std::move(username), status, actor](pqxx::connection_base& connection) -> result<user> {
      pqxx::work tx(connection);
      auto rows = execute(tx, update_status, username, std::string(to_string(status)));
      if (rows.empty()) return fail(tenant_errc::not_found);
      auto changed = user_of(rows[0]);
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

  task<result<void>> record_login(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) { return change(connection, update_login, id, "user.login"); };
    auto outcome = co_await db_.run("users_record_login", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<void>> end_sessions(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      return change(connection, update_epoch, id, "user.end_sessions");
    };
    auto outcome = co_await db_.run("users_end_sessions", std::move(job));
    co_return from_job(std::move(outcome));
  }

  task<result<std::vector<user_auth_facts>>> load_auth_facts() override {
    auto job = [](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, select_facts);
      std::vector<user_auth_facts> facts;
      facts.reserve(rows.size());
      for (const auto& row : rows) facts.push_back(facts_of(row));
      return facts;
    };
    auto outcome = co_await db_.run("users_auth_facts", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::optional<user_auth_facts>>> load_auth_facts(user_id id) override {
    auto job = [id](pqxx::connection_base& connection) {
      pqxx::nontransaction tx(connection);
      auto rows = execute(tx, select_facts_of, id.value);
      std::optional<user_auth_facts> facts;
      if (!rows.empty()) facts = facts_of(rows[0]);
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
