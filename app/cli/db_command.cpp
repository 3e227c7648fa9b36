#include "app/cli/db_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tenants/meta/database_roles.hpp"

namespace drover::app {
namespace {

int run_roles(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto sql = tenants::make_roles_sql(s->database.url, s->owner_database.url);
  if (!sql) {
    fmt::print(stderr, "engine db roles: {}\n", describe(sql.error()));
    return exit_config;
  }
  fmt::print("{}", *sql);
  return exit_ok;
}

}  // namespace

void add_db_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto* db = app.add_subcommand("db", "Prepare PostgreSQL for the engine")->require_subcommand(1);
  auto* roles = db->add_subcommand(
      "roles",
      "Print the SQL that makes the logins of database.url and database.owner_url, their groups and the "
      "database: engine db roles | psql -d postgres, as a superuser; may be run again");
  roles->callback([&global, &chosen] { chosen = [&global] { return run_roles(global); }; });
}

}  // namespace drover::app
