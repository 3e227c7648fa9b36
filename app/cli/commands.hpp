#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_codes.hpp"
#include "app/settings.hpp"
#include "exchanges/paper/paper_server.hpp"

namespace drover::app {

/// Numbers of users, accounts and bots are from 1 to this.
constexpr std::int64_t largest_id = std::numeric_limits<std::int64_t>::max();

/// Options that every command understands.
struct global_options {
  std::optional<std::filesystem::path> config_file;
  std::vector<config_override> overrides;
  /// "table", "json", or "csv" where can_print_csv() of main.cpp says so.
  std::string output = "table";
};

/// Each command prints data to standard output, messages to standard error, and answers its exit code.
int run_serve(const global_options&, const std::string& ready_file);
int run_check_config(const global_options&, bool show);
int run_migrate_up(const global_options&);
int run_migrate_status(const global_options&);
int run_version(const global_options&);

struct user_command {
  std::string username, email;
  bool password_stdin = false;
};
int run_user_create(const global_options&, const user_command&, bool admin);
int run_user_list(const global_options&);
int run_user_set_password(const global_options&, const user_command&);
int run_user_ban(const global_options&, const user_command&, bool ban);
int run_user_bootstrap(const global_options&);
int run_user_reset_second_factor(const global_options&, const user_command&);

struct paper_command {
  exchanges::paper::paper_config config;
  /// JSON {"http": "http://…", "pid": N} is written here once it listens; empty = not.
  std::string ready_file;
};
int run_paper(const global_options&, const paper_command&);

/// Reads the settings or prints all problems and answers nothing (exit 78).
std::optional<settings> load_settings(const global_options&);

}  // namespace drover::app
