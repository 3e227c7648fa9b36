#include "app/cli/control_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.hpp"
#include "app/cli/rows_output.hpp"

namespace drover::app {
namespace {

constexpr int largest_count = 1'000'000;

struct control_options {
  api_options api;
  std::int64_t bot = 0, account = 0, user = 0;
  std::string exchange, reason, id, lock;
  bool all = false, active = false;
  /// Of `risk set`, by member of the API; empty: not given.
  std::string max_order_notional, max_position_notional, max_daily_loss, price_collar;
  std::optional<int> max_open_orders, max_orders_per_minute;
};
using options_ptr = std::shared_ptr<control_options>;

constexpr std::array kill_columns{row_column{"id", "/id"},           row_column{"verb", "/verb"},          row_column{"scope", "/scope/type"},
                                  row_column{"of", "/of"},           row_column{"state", "/state"},        row_column{"asked at", "/asked_at"},
                                  row_column{"saved", "/saved"},     row_column{"survives restart", "/survives_restart"}, row_column{"bots", "/receipt/bots"},  row_column{"cancelled", "/receipt/orders_cancelled"},
                                  row_column{"open", "/receipt/orders_open"}, row_column{"complete", "/receipt/complete"}, row_column{"reason", "/reason"}};
constexpr std::array residual_columns{row_column{"account", "/account_id"},  row_column{"bot", "/bot_id"},          row_column{"exchange", "/exchange"},
                                      row_column{"symbol", "/symbol"},       row_column{"open", "/open_orders"},    row_column{"position", "/position"},
                                      row_column{"notional", "/notional"},   row_column{"problem", "/problem"}};
constexpr std::array lock_columns{row_column{"lock", "/name"}, row_column{"locked", "/locked"}, row_column{"since", "/changed_at"},
                                  row_column{"saved", "/saved"}, row_column{"survives restart", "/survives_restart"}, row_column{"reason", "/reason"}};
constexpr std::array limit_columns{row_column{"limit", "/limit"}, row_column{"in force", "/in_force"}, row_column{"allowed", "/allowed"},
                                   row_column{"by admin", "/set_by_admin"}, row_column{"by owner", "/set_by_owner"}};
constexpr std::array day_columns{row_column{"asset", "/asset"}, row_column{"realised today", "/realised"}, row_column{"halted", "/halted"}};
constexpr std::array limit_names{"max_order_notional", "max_open_orders", "max_position_notional", "max_daily_loss", "price_collar", "max_orders_per_minute"};

json with_target(json kill) {
  const auto& scope = kill.at("scope");
  kill["of"] = scope.at("id").is_null() ? scope.at("exchange") : scope.at("id");
  return kill;
}

/// The receipt, and below it what is left.
int print_kill(const global_options& global, const json& kill) {
  if (global.output == "json") {
    fmt::print("{}\n", kill.dump(2));
    return exit_ok;
  }
  print_rows(json::array({with_target(kill)}), kill_columns, global.output);
  const auto& residual = kill.at("receipt").at("residual");
  if (residual.empty()) return exit_ok;
  fmt::print("\n");
  print_rows(residual, residual_columns, global.output);
  return exit_ok;
}

int run_kill(const global_options& global, const control_options& given, std::string_view verb) {
  json wanted{{"verb", verb}};
  if (given.bot > 0) wanted.update({{"scope", "bot"}, {"id", given.bot}});
  if (given.account > 0) wanted.update({{"scope", "account"}, {"id", given.account}});
  if (given.user > 0) wanted.update({{"scope", "user"}, {"id", given.user}});
  if (!given.exchange.empty()) wanted.update({{"scope", "exchange"}, {"exchange", given.exchange}});
  if (given.all) wanted.update({{"scope", "all"}});
  if (!given.reason.empty()) wanted["reason"] = given.reason;
  auto kill = call_api(given.api, "POST", "/api/kill", wanted.dump());
  return kill ? print_kill(global, *kill) : report(kill.error());
}

int run_list_kills(const global_options& global, const control_options& given) {
  auto found = call_api(given.api, "GET", given.active ? "/api/kill?active=true" : "/api/kill");
  if (!found) return report(found.error());
  json rows = json::array();
  for (const auto& kill : found->at("items")) rows.push_back(with_target(kill));
  print_rows(rows, kill_columns, global.output);
  return exit_ok;
}

int run_show_kill(const global_options& global, const control_options& given) {
  auto kill = call_api(given.api, "GET", "/api/kill/" + given.id);
  return kill ? print_kill(global, *kill) : report(kill.error());
}

int run_release_kill(const global_options& global, const control_options& given) {
  auto kill = call_api(given.api, "POST", "/api/kill/" + given.id + "/release");
  return kill ? print_kill(global, *kill) : report(kill.error());
}

/// It was not done: another administrator has to agree.
int tell_proposal(const global_options& global, const json& proposal) {
  if (global.output == "json") fmt::print("{}\n", proposal.dump(2));
  fmt::print(stderr, "engine: proposed as number {}; it is done when another administrator confirms that (page \"Approvals\", docs/ACCOUNTS.md)\n",
             proposal.at("id").get<std::int64_t>());
  return exit_failed;
}

int run_lock(const global_options& global, const control_options& given, const std::string& path) {
  const auto body = given.reason.empty() ? std::string() : json{{"reason", given.reason}}.dump();
  auto state = call_api(given.api, "POST", path, body);
  if (!state) return report(state.error());
  if (state->contains("digest")) return tell_proposal(global, *state);
  print_rows(json::array({*state}), lock_columns, global.output);
  return exit_ok;
}

int run_list_locks(const global_options& global, const control_options& given) {
  auto states = call_api(given.api, "GET", "/admin/locks");
  if (!states) return report(states.error());
  print_rows(states->at("items"), lock_columns, global.output);
  return exit_ok;
}

std::string limits_path(const control_options& given) {
  return given.account > 0 ? "/api/accounts/" + std::to_string(given.account) + "/risk" : "/admin/risk";
}

int print_limits(const global_options& global, const json& limits) {
  if (global.output == "json") {
    fmt::print("{}\n", limits.dump(2));
    return exit_ok;
  }
  json rows = json::array();
  for (const auto* name : limit_names) {
    json row{{"limit", name}};
    for (const auto* layer : {"in_force", "allowed", "set_by_admin", "set_by_owner"}) row[layer] = limits.at(layer).at(name);
    rows.push_back(std::move(row));
  }
  print_rows(rows, limit_columns, global.output);
  if (limits.at("today").empty()) return exit_ok;
  fmt::print("\n");
  print_rows(limits.at("today"), day_columns, global.output);
  return exit_ok;
}

int run_show_limits(const global_options& global, const control_options& given) {
  auto limits = call_api(given.api, "GET", limits_path(given));
  return limits ? print_limits(global, *limits) : report(limits.error());
}

/// What the caller set before and did not name now stays: the API replaces all of it at once.
int run_set_limits(const global_options& global, const control_options& given) {
  auto client = api_client::open(given.api);
  if (!client) return report(client.error());
  auto user = client->call_json("GET", "/api/user");
  if (!user) return report(user.error());
  auto before = client->call_json("GET", limits_path(given));
  if (!before) return report(before.error());
  json wanted = before->at(user->at("role") == "admin" ? "set_by_admin" : "set_by_owner");
  // "none" takes a limit back to what holds without it.
  const auto put = [&wanted](const char* name, const std::string& value) {
    if (value == "none") wanted[name] = nullptr;
    if (value != "none" && !value.empty()) wanted[name] = value;
  };
  put("max_order_notional", given.max_order_notional);
  put("max_position_notional", given.max_position_notional);
  put("max_daily_loss", given.max_daily_loss);
  put("price_collar", given.price_collar);
  if (given.max_open_orders) wanted["max_open_orders"] = *given.max_open_orders;
  if (given.max_orders_per_minute) wanted["max_orders_per_minute"] = *given.max_orders_per_minute;
  auto limits = client->call_json("PUT", limits_path(given), wanted.dump());
  return limits ? print_limits(global, *limits) : report(limits.error());
}

int run_clear_loss(const global_options& global, const control_options& given) {
  const auto path = given.account > 0 ? "/admin/accounts/" + std::to_string(given.account) + "/risk/clear" : std::string("/admin/risk/clear");
  auto limits = call_api(given.api, "POST", path);
  return limits ? print_limits(global, *limits) : report(limits.error());
}

using chooser = std::function<void(CLI::App*, std::function<int()>)>;

void add_kill_commands(CLI::App& app, const global_options& global, const options_ptr& given, const chooser& choose) {
  auto* kill = app.add_subcommand("kill", "Emergency stop: halt new orders, cancel resting ones, or close positions, in a scope")->require_subcommand(1);
  kill->footer("It holds, over restarts, until it is released.\nExamples:\n  engine kill cancel --all --reason \"wrong prices\"\n"
               "  engine kill halt --account 17\n  engine kill release 01932f0e-…");
  add_api_options(*kill, given->api);
  const std::array verbs{std::pair("halt", "No new orders"), std::pair("cancel", "No new orders, and resting ones are cancelled"),
                         std::pair("flatten", "No new orders, resting ones are cancelled, positions are closed")};
  for (const auto& [name, help] : verbs) {
    auto* command = kill->add_subcommand(name, help);
    auto* scope = command->add_option_group("scope")->require_option(1);
    const auto range = CLI::Range(std::int64_t{1}, largest_id);
    scope->add_option("--bot", given->bot, "Number of a bot")->check(range);
    scope->add_option("--account", given->account, "Number of an account")->check(range);
    scope->add_option("--user", given->user, "Number of a user")->check(range);
    scope->add_option("--exchange", given->exchange, "Name of an exchange (administrators)");
    scope->add_flag("--all", given->all, "Everything (administrators)");
    command->add_option("--reason", given->reason, "Shown to the users whose bots it stops");
    choose(command, [given, &global, verb = std::string(name)] { return run_kill(global, *given, verb); });
  }
  auto* list = kill->add_subcommand("list", "Stops, newest first");
  list->add_flag("--active", given->active, "Only those that are not released");
  choose(list, [given, &global] { return run_list_kills(global, *given); });
  auto* show = kill->add_subcommand("show", "One stop with its receipt as of now");
  show->add_option("id", given->id, "Its id")->required();
  choose(show, [given, &global] { return run_show_kill(global, *given); });
  auto* release = kill->add_subcommand("release", "End a stop: bots go on");
  release->add_option("id", given->id, "Its id")->required();
  choose(release, [given, &global] { return run_release_kill(global, *given); });
}

void add_lock_commands(CLI::App& app, const global_options& global, const options_ptr& given, const chooser& choose) {
  for (const std::string verb : {"lock", "unlock"}) {
    auto* command = app.add_subcommand(verb, verb == "lock" ? "Lock trading, or logins, of the whole engine" : "Lift a lock");
    command->add_option("what", given->lock, "trading or login")->required()->check(CLI::IsMember({"trading", "login"}));
    command->add_option("--reason", given->reason, "Shown to those whom it concerns");
    add_api_options(*command, given->api);
    choose(command, [given, &global, verb] { return run_lock(global, *given, "/admin/" + given->lock + "/" + verb); });
  }
  auto* lockdown = app.add_subcommand("lockdown", "No trading, no logins, and the API for administrators only");
  lockdown->add_option("--reason", given->reason, "For the audit trail");
  add_api_options(*lockdown, given->api);
  choose(lockdown, [given, &global] { return run_lock(global, *given, "/admin/lockdown"); });
  auto* release = app.add_subcommand("release", "End a lockdown");
  add_api_options(*release, given->api);
  choose(release, [given, &global] { return run_lock(global, *given, "/admin/release"); });
  auto* locks = app.add_subcommand("locks", "Which locks hold");
  add_api_options(*locks, given->api);
  choose(locks, [given, &global] { return run_list_locks(global, *given); });
}

void add_risk_commands(CLI::App& app, const global_options& global, const options_ptr& given, const chooser& choose) {
  auto* risk = app.add_subcommand("risk", "Risk limits of an account, or (administrators) of the whole engine")->require_subcommand(1);
  risk->footer("Examples:\n  engine risk show --account 17\n  engine risk set --account 17 --max-daily-loss 100\n  engine risk clear --account 17");
  add_api_options(*risk, given->api);
  const auto with_account = [&](const char* name, const char* help) {
    auto* command = risk->add_subcommand(name, help);
    command->add_option("--account", given->account, "Number of the account; left out: the whole engine")->check(CLI::Range(std::int64_t{1}, largest_id));
    return command;
  };
  choose(with_account("show", "Limits, who set them, and what was realised today"), [given, &global] { return run_show_limits(global, *given); });
  auto* set = with_account("set", "Set limits; an owner may only tighten his own. 0 = no limit, none = not set any more");
  set->add_option("--max-order-notional", given->max_order_notional, "Largest order, in the quote asset");
  set->add_option("--max-open-orders", given->max_open_orders, "Open orders")->check(CLI::Range(0, largest_count));
  set->add_option("--max-position-notional", given->max_position_notional, "Largest position of all markets together");
  set->add_option("--max-daily-loss", given->max_daily_loss, "Largest realised loss of a UTC day");
  set->add_option("--price-collar", given->price_collar, "Farthest limit price from the market, as a share");
  set->add_option("--max-orders-per-minute", given->max_orders_per_minute, "Orders per minute")->check(CLI::Range(0, largest_count));
  choose(set, [given, &global] { return run_set_limits(global, *given); });
  choose(with_account("clear", "Today's losses count no more: entries go on (administrators)"), [given, &global] { return run_clear_loss(global, *given); });
}

}  // namespace

void add_control_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto given = std::make_shared<control_options>();
  const chooser choose = [&chosen](CLI::App* command, std::function<int()> action) {
    command->callback([&chosen, action = std::move(action)] { chosen = action; });
  };
  add_kill_commands(app, global, given, choose);
  add_lock_commands(app, global, given, choose);
  add_risk_commands(app, global, given, choose);
}

}  // namespace drover::app
