#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "app/cli/hidden_input.hpp"
#include "app/cli/operator_client.hpp"
#include "app/cli/run_task.hpp"
#include "base/random.hpp"
#include "crypto/passwords.hpp"
#include "tenants/errors.hpp"
#include "tenants/users/second_factor_store.hpp"
#include "tenants/users/user_store.hpp"
#include "base/json.hpp"

namespace drover::app {
namespace {

/// One database and one store for the length of a command.
struct session {
  asio::io_context io{1};
  std::unique_ptr<database> db;
  std::unique_ptr<tenants::user_store> users;

  explicit session(const settings& s) {
    auto config = s.database;
    config.connections = 1;
    db = make_database(config, system_clock());
    users = tenants::make_postgres_user_store(*db);
  }
};

template <class T>
result<T> wait(session& s, task<result<T>> work) {
  return run_task(s.io, std::move(work));
}

int report(const error& e) {
  fmt::print(stderr, "engine user: {}\n", describe(e));
  const bool outside = e.code == tenants::tenant_errc::unavailable || e.code == tenants::tenant_errc::overloaded;
  return outside ? exit_unavailable : exit_failed;
}

result<std::string> hash_from_input(bool from_stdin) {
  auto password = read_hidden_line("Password: ", "--password-stdin", from_stdin);
  if (!password) return fail(errc::malformed, "no password was given");
  auto acceptable = crypto::check_password_rules(*password);
  if (!acceptable) return std::unexpected(acceptable.error());
  return crypto::hash_password(*password, system_random());
}

json to_json(const tenants::user& u) {
  return {{"id", u.id.value},
          {"username", u.username},
          {"email", u.email},
          {"role", tenants::to_string(u.role)},
          {"status", tenants::to_string(u.status)},
          {"created_at", to_rfc3339(u.created_at)}};
}

void print_user(const global_options& options, const tenants::user& u, std::string_view verb) {
  if (options.output == "json")
    fmt::print("{}\n", to_json(u).dump());
  else
    fmt::print("{} {} '{}' (id {}, {})\n", verb, tenants::to_string(u.role), u.username, u.id.value, tenants::to_string(u.status));
}

}  // namespace

int run_user_create(const global_options& options, const user_command& command, bool admin) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  auto hash = hash_from_input(command.password_stdin);
  if (!hash) return report(hash.error());
  session db(*s);
  tenants::new_user fresh{command.username, command.email, *hash, admin ? tenants::role::admin : tenants::role::tenant};
  auto created = wait(db, db.users->create(fresh));
  if (!created) return report(created.error());
  print_user(options, *created, "created");
  return exit_ok;
}

int run_user_list(const global_options& options) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  session db(*s);
  auto users = wait(db, db.users->list());
  if (!users) return report(users.error());
  json rows = json::array();
  for (const auto& u : *users) {
    rows.push_back(to_json(u));
    if (options.output != "json")
      fmt::print("{:>8} {:<32} {:<8} {:<8} {}\n", u.id.value, u.username, tenants::to_string(u.role), tenants::to_string(u.status), u.email);
  }
  if (options.output == "json") fmt::print("{}\n", rows.dump(2));
  return exit_ok;
}

int run_user_set_password(const global_options& options, const user_command& command) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  auto hash = hash_from_input(command.password_stdin);
  if (!hash) return report(hash.error());
  session db(*s);
  auto found = wait(db, db.users->find_login(command.username));
  if (!found) return report(found.error());
  if (!*found) return report(error(tenants::tenant_errc::not_found, "no user is named '" + command.username + "'"));
  auto changed = wait(db, db.users->set_password((*found)->user.id, *hash));
  if (!changed) return report(changed.error());
  print_user(options, (*found)->user, "changed the password of");
  return exit_ok;
}

/// The secret goes from the engine to this terminal over the operator's socket, and nowhere else.
int run_user_bootstrap(const global_options& options) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  const auto made = call_operator(*s, "bootstrap");
  if (!made) return report_call(made.error());
  if (options.output == "json") {
    fmt::print("{}\n", json{{"secret", made->at("secret")}, {"expires_in", made->at("expires_in")}}.dump());
    return exit_ok;
  }
  fmt::print("{}\n", made->at("secret").get<std::string>());
  fmt::print(stderr, "good once, for {} minutes: POST /client/bootstrap with secret, username and password\n",
             made->at("expires_in").get<std::int64_t>() / 60);
  return exit_ok;
}

int run_user_reset_second_factor(const global_options& options, const user_command& command) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  session db(*s);
  auto found = wait(db, db.users->find_login(command.username));
  if (!found) return report(found.error());
  if (!*found) return report(error(tenants::tenant_errc::not_found, "no user is named '" + command.username + "'"));
  const auto factors = tenants::make_postgres_second_factor_store(*db.db);
  auto removed = wait(db, factors->remove((*found)->user.id, user_id{}));
  if (!removed && removed.error().code == tenants::tenant_errc::not_found)
    return report(error(tenants::tenant_errc::not_found, "'" + command.username + "' has no second factor"));
  if (!removed) return report(removed.error());
  print_user(options, (*found)->user, "reset the second factor of");
  return exit_ok;
}

int run_user_ban(const global_options& options, const user_command& command, bool ban) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  session db(*s);
  const auto status = ban ? tenants::user_status::banned : tenants::user_status::active;
  auto changed = wait(db, db.users->set_status(command.username, status, user_id{}));
  if (!changed) return report(changed.error());
  print_user(options, *changed, ban ? "banned" : "unbanned");
  return exit_ok;
}

}  // namespace drover::app
