#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "base/migrations.hpp"
#include "base/json.hpp"

namespace drover::app {
namespace {

int report_failure(const error& e) {
  const bool not_owner = e.code == db_errc::permission_denied;
  fmt::print(stderr, "engine migrate: {}{}\n", e.to_string(),
             not_owner ? "; set database.owner_url to the owner of the tables (engine db roles makes one)" : "");
  const bool outside = e.code == db_errc::unavailable || e.code == migration_errc::busy;
  return outside ? exit_unavailable : exit_failed;
}

}  // namespace

int run_migrate_up(const global_options& options) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  auto applied = migrate_up(s->owner_database, s->migrations_folder);
  if (!applied) return report_failure(applied.error());
  if (options.output == "json")
    fmt::print("{}\n", json{{"applied", *applied}}.dump());
  else if (*applied == 0)
    fmt::print("the database is up to date\n");
  else
    fmt::print("applied {} migration(s)\n", *applied);
  return exit_ok;
}

int run_migrate_status(const global_options& options) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  auto states = migration_status(s->owner_database, s->migrations_folder);
  if (!states) return report_failure(states.error());
  json rows = json::array();
  for (const auto& state : *states) {
    rows.push_back({{"version", state.file.version}, {"name", state.file.name}, {"applied", state.applied}, {"applied_at", state.applied_at}});
    if (options.output != "json")
      fmt::print("{:04} {:<32} {}\n", state.file.version, state.file.name,
                 state.applied ? "applied " + state.applied_at : std::string("missing"));
  }
  if (options.output == "json") fmt::print("{}\n", rows.dump(2));
  return exit_ok;
}

}  // namespace drover::app
