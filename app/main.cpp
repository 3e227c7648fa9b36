#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>

#include "app/cli/audit_command.hpp"
#include "app/cli/backtest_command.hpp"
#include "app/cli/backup_command.hpp"
#include "app/cli/bots_command.hpp"
#include "app/cli/broker_command.hpp"
#include "app/cli/commands.hpp"
#include "app/cli/control_command.hpp"
#include "app/cli/db_command.hpp"
#include "app/cli/history_commands.hpp"
#include "app/cli/key_command.hpp"
#include "app/cli/raw_command.hpp"
#include "app/cli/secrets_command.hpp"
#include "app/cli/venue_command.hpp"

namespace {

using namespace drover::app;

struct command_line {
  global_options global;
  std::vector<std::string> sets;
  std::function<int()> chosen;
  std::string ready_file;
  bool show = false, check_config_flag = false, version_flag = false;
  user_command user;
  paper_command paper;
};

void choose(CLI::App* command, command_line& line, std::function<int()> action) {
  command->callback([&line, action = std::move(action)] { line.chosen = action; });
}

void add_user_commands(CLI::App& app, command_line& line) {
  auto* user = app.add_subcommand("user", "Create, list, ban and unban users")->require_subcommand(1);
  auto with_name = [&](const char* name, const char* help) {
    auto* command = user->add_subcommand(name, help);
    command->add_option("username", line.user.username, "3-32 characters a-z 0-9 _ . -")->required();
    return command;
  };
  auto with_password = [&](CLI::App* command) {
    command->add_flag("--password-stdin", line.user.password_stdin, "Read the password from the first line of standard input");
    return command;
  };
  for (bool admin : {true, false}) {
    auto* create = with_password(with_name(admin ? "create-admin" : "create", admin ? "Create an administrator" : "Create a tenant"));
    create->add_option("--email", line.user.email, "Address for notifications");
    choose(create, line, [&line, admin] { return run_user_create(line.global, line.user, admin); });
  }
  choose(user->add_subcommand("list", "List all users"), line, [&line] { return run_user_list(line.global); });
  choose(with_password(with_name("set-password", "Set a new password; ends all of the user's sessions")), line,
         [&line] { return run_user_set_password(line.global, line.user); });
  choose(with_name("ban", "Stop the user's bots, close the sockets, refuse the tokens"), line,
         [&line] { return run_user_ban(line.global, line.user, true); });
  choose(user->add_subcommand("bootstrap", "A secret, good once, to make the first administrator with"), line,
         [&line] { return run_user_bootstrap(line.global); });
  choose(with_name("reset-second-factor", "Let the user log in without a code: the app and the recovery codes are lost"), line,
         [&line] { return run_user_reset_second_factor(line.global, line.user); });
  choose(with_name("unban", "Let the user in again"), line, [&line] { return run_user_ban(line.global, line.user, false); });
}

void add_paper_command(CLI::App& app, command_line& line) {
  auto* paper = app.add_subcommand("paper", "Run a simulated exchange that speaks the protocols of real venues over HTTP and WebSocket");
  auto& config = line.paper.config;
  paper->add_option("--address", config.address, "Address to listen on")->capture_default_str();
  paper->add_option("--port", config.port, "Port to listen on; 0 takes a free one")->capture_default_str();
  paper->add_option("--venue", config.venues, "The venue at the root path (default binance); all are under /<venue>. Repeatable");
  paper->add_flag("--port-per-venue", config.port_per_venue, "Serve only the venues named by --venue, each at the root of a port of its own");
  auto* certificate = paper->add_option("--tls-cert", config.tls_certificate_file, "PEM certificate chain: serve https and wss")->check(CLI::ExistingFile);
  auto* key = paper->add_option("--tls-key", config.tls_key_file, "PEM private key of the certificate")->check(CLI::ExistingFile);
  certificate->needs(key);
  key->needs(certificate);
  paper->add_option("--instrument", config.instruments, "BASE/QUOTE=price, repeatable")->capture_default_str();
  paper->add_option("--seed", config.seed, "Seed of the price generator")->capture_default_str();
  paper->add_option_function<int>("--step-ms", [&config](int ms) { config.step_interval = drover::milliseconds(ms); },
                                  "Milliseconds between moves of the generated market")
      ->check(CLI::Range(1, 60000));
  paper->add_option("--step-bps", config.step_basis_points, "Size of a move in basis points")->capture_default_str();
  paper->add_option("--recording", config.recordings, "Replay these recordings (.gz) instead, in order")->check(CLI::ExistingFile);
  paper->add_option("--speed", config.speed, "Speed of the replay; 0 = as fast as possible")->capture_default_str();
  paper->add_flag("--limits,!--no-limits", config.enforce_limits, "Enforce request weights and order rates (default) or not");
  paper->add_option("--state", config.state_file, "Keep accounts, orders and trades in this file across restarts");
  paper->add_option("--control-token-file", config.control_token_file, "Bearer token that /paper/ control calls must carry")->check(CLI::ExistingFile);
  paper->add_option("--ready-file", line.paper.ready_file, "Write {\"http\",\"pid\",\"venues\"} here once it listens");
  choose(paper, line, [&line] { return run_paper(line.global, line.paper); });
}

void add_commands(CLI::App& app, command_line& line) {
  auto* serve = app.add_subcommand("serve", "Run the engine in the foreground");
  serve->add_option("--ready-file", line.ready_file, "Write {\"http\",\"pid\"} here once it listens");
  choose(serve, line, [&line] { return run_serve(line.global, line.ready_file); });

  auto* migrate = app.add_subcommand("migrate", "Bring the database schema up to date (default: up)");
  migrate->callback([&line] {
    if (!line.chosen) line.chosen = [&line] { return run_migrate_up(line.global); };
  });
  choose(migrate->add_subcommand("up", "Apply what is missing"), line, [&line] { return run_migrate_up(line.global); });
  choose(migrate->add_subcommand("status", "List migrations"), line, [&line] { return run_migrate_status(line.global); });

  add_db_commands(app, line.global, line.chosen);

  auto* check = app.add_subcommand("check-config", "Check the configuration, report all problems, exit 78 if there are any");
  check->add_flag("--show", line.show, "Also list every key with value, origin and meaning");
  choose(check, line, [&line] { return run_check_config(line.global, line.show); });

  add_key_commands(app, line.global, line.chosen);
  add_audit_commands(app, line.global, line.chosen);
  add_backup_commands(app, line.global, line.chosen);
  add_broker_commands(app, line.global, line.chosen);
  add_secrets_commands(app, line.global, line.chosen);
  add_user_commands(app, line);
  add_paper_command(app, line);
  add_bots_commands(app, line.global, line.chosen);
  add_history_commands(app, line.global, line.chosen);
  add_control_commands(app, line.global, line.chosen);
  add_backtest_command(app, line.global, line.chosen);
  add_venue_commands(app, line.chosen);
  add_raw_commands(app, line.global, line.chosen);
  choose(app.add_subcommand("version", "Print version, revision and compiler"), line, [&line] { return run_version(line.global); });
}

bool read_overrides(command_line& line) {
  for (const auto& text : line.sets) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      fmt::print(stderr, "engine: --set takes KEY=VALUE, for example --set web.port=8080, not '{}'\n", text);
      return false;
    }
    line.global.overrides.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return true;
}

bool can_print_csv(const CLI::App& app) {
  return std::ranges::any_of(std::array{"bots", "orders", "fills", "positions", "secrets"}, [&](const char* name) { return app.got_subcommand(name); });
}

int run(int argc, char** argv) {
  command_line line;
  CLI::App app("Drover runs trading bots for many users in one process.", "engine");
  app.footer("Examples:\n  engine check-config -c /etc/engine/config.yaml\n  engine migrate -c config.yaml\n"
             "  engine user create-admin root --password-stdin < password.txt\n  engine serve -c config.yaml");
  app.set_help_all_flag("--help-all", "Help of all commands");
  app.fallthrough();
  app.add_option("-c,--config", line.global.config_file, "config.yaml (default /etc/engine/config.yaml when it exists)");
  app.add_option("--set", line.sets, "Override one key: --set web.port=8080 (repeatable)");
  app.add_option("-o,--output", line.global.output, "table or json; of lists of the API also csv")->check(CLI::IsMember({"table", "json", "csv"}))->capture_default_str();
  app.add_flag("--check-config", line.check_config_flag, "Same as the command check-config");
  app.add_flag("--version", line.version_flag, "Same as the command version");
  add_commands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_ok : exit_usage;
  }
  if (line.global.output == "csv" && !can_print_csv(app)) {
    fmt::print(stderr, "engine: this command prints a table or json, not csv\n");
    return exit_usage;
  }
  if (!read_overrides(line)) return exit_usage;
  if (!line.global.config_file && std::filesystem::exists("/etc/engine/config.yaml"))
    line.global.config_file = "/etc/engine/config.yaml";
  if (line.check_config_flag) return run_check_config(line.global, false);
  if (line.version_flag) return run_version(line.global);
  if (!line.chosen) {
    fmt::print(stderr, "{}", app.help());
    return exit_usage;
  }
  return line.chosen();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "engine: {}\n", e.what());
    return exit_failed;
  }
}
