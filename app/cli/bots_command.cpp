#include "app/cli/bots_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.hpp"
#include "app/cli/api_lists.hpp"
#include "app/cli/rows_output.hpp"

namespace drover::app {
namespace {

struct bots_options {
  api_options api;
  list_options list;
  std::int64_t id = 0;
  std::vector<std::int64_t> ids;
  std::int64_t account = 0;
  std::string state, strategy, name, symbol;
};

constexpr std::array bot_columns{
    row_column{"id", "/id"},          row_column{"account", "/account_id"}, row_column{"name", "/name"},
    row_column{"strategy", "/strategy"}, row_column{"symbol", "/symbol"},      row_column{"desired", "/desired"},
    row_column{"state", "/status/state"}, row_column{"orders", "/status/open_orders"}, row_column{"reason", "/status/reason"}};
constexpr std::array more_columns{
    row_column{"resume", "/resume"}, row_column{"restarts", "/status/restarts"}, row_column{"since", "/status/since"},
    row_column{"created", "/created_at"}, row_column{"parameters", "/parameters"}};
constexpr std::array check_columns{row_column{"check", "/check"}, row_column{"ok", "/ok"}, row_column{"detail", "/detail"},
                                   row_column{"what to do", "/what_to_do"}};

std::string path_of(std::int64_t id, std::string_view rest = {}) {
  return "/api/bots/" + std::to_string(id) + std::string(rest);
}

int run_list(const global_options& global, const bots_options& given) {
  auto client = api_client::open(given.api);
  if (!client) return report(client.error());
  query_text filter;
  if (given.account > 0) filter.add("account", std::to_string(given.account));
  filter.add("state", given.state).add("strategy", given.strategy);
  auto rows = fetch_all(*client, "/api/bots", std::move(filter), given.list);
  if (!rows) return report(rows.error());
  print_rows(*rows, bot_columns, global.output);
  return exit_ok;
}

int run_show(const global_options& global, const bots_options& given) {
  auto bot = call_api(given.api, "GET", path_of(given.id));
  if (!bot) return report(bot.error());
  std::vector<row_column> columns(bot_columns.begin(), bot_columns.end());
  columns.insert(columns.end(), more_columns.begin(), more_columns.end());
  print_row(*bot, columns, global.output);
  return exit_ok;
}

/// Each in its turn; the first that is refused ends it.
int run_switch(const global_options& global, const bots_options& given, std::string_view verb) {
  auto client = api_client::open(given.api);
  if (!client) return report(client.error());
  json changed = json::array();
  for (const auto id : given.ids) {
    auto bot = client->call_json("POST", path_of(id, verb));
    if (!bot) {
      auto failure = std::move(bot.error());
      failure.message = "bot " + std::to_string(id) + ": " + failure.message;
      return report(failure);
    }
    changed.push_back(std::move(*bot));
  }
  print_rows(changed, bot_columns, global.output);
  return exit_ok;
}

int run_clone(const global_options& global, const bots_options& given) {
  json wanted = json::object();
  if (given.account > 0) wanted["account_id"] = given.account;
  if (!given.name.empty()) wanted["name"] = given.name;
  if (!given.symbol.empty()) wanted["symbol"] = given.symbol;
  auto copy = call_api(given.api, "POST", path_of(given.id, "/clone"), wanted.dump());
  if (!copy) return report(copy.error());
  print_rows(json::array({*copy}), bot_columns, global.output);
  return exit_ok;
}

int run_diagnose(const global_options& global, const bots_options& given) {
  auto diagnosis = call_api(given.api, "GET", path_of(given.id, "/diagnosis"));
  if (!diagnosis) return report(diagnosis.error());
  if (global.output == "json") {
    fmt::print("{}\n", diagnosis->dump(2));
    return exit_ok;
  }
  auto& checks = diagnosis->at("checks");
  for (auto& c : checks) {
    const auto& ok = c.at("ok");
    c["ok"] = ok.is_null() ? "?" : ok.get<bool>() ? "yes" : "NO";
  }
  print_rows(checks, check_columns, global.output);
  return exit_ok;
}

}  // namespace

void add_bots_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto given = std::make_shared<bots_options>();
  const auto choose = [&chosen](CLI::App* command, std::function<int()> action) {
    command->callback([&chosen, action = std::move(action)] { chosen = action; });
  };
  auto* bots = app.add_subcommand("bots", "Bots of the running engine: list, start, pause, stop, clone, diagnose")->require_subcommand(1);
  bots->footer("Examples:\n  engine bots list --token-file token -o csv\n  engine bots stop 3 4 --url https://drover.example");
  add_api_options(*bots, given->api);
  const auto with_id = [&](const char* name, const char* help) {
    auto* command = bots->add_subcommand(name, help);
    command->add_option("id", given->id, "Number of the bot")->required()->check(CLI::Range(std::int64_t{1}, largest_id));
    return command;
  };

  auto* list = bots->add_subcommand("list", "Your bots, by number");
  list->add_option("--account", given->account, "Only of this account")->check(CLI::Range(std::int64_t{1}, largest_id));
  list->add_option("--state", given->state, "Only in this state: running, stopped, quarantined …");
  list->add_option("--strategy", given->strategy, "Only of this kind");
  add_list_options(*list, given->list);
  choose(list, [given, &global] { return run_list(global, *given); });
  choose(with_id("show", "One bot with its parameters"), [given, &global] { return run_show(global, *given); });
  choose(with_id("diagnose", "Why a bot does not trade: what must hold for it, in order"), [given, &global] { return run_diagnose(global, *given); });

  auto* clone = with_id("clone", "Make a stopped copy of a bot");
  clone->add_option("--account", given->account, "On this account instead")->check(CLI::Range(std::int64_t{1}, largest_id));
  clone->add_option("--name", given->name, "Name of the copy");
  clone->add_option("--symbol", given->symbol, "On this market instead: ETH/USDT");
  choose(clone, [given, &global] { return run_clone(global, *given); });

  const auto with_ids = [&](const char* name, const char* help) {
    auto* command = bots->add_subcommand(name, help);
    command->add_option("ids", given->ids, "Numbers of the bots")->required()->check(CLI::Range(std::int64_t{1}, largest_id));
    const std::string verb = std::string("/") + name;
    choose(command, [given, &global, verb] { return run_switch(global, *given, verb); });
  };
  with_ids("start", "Let bots trade");
  with_ids("pause", "No new orders; resting ones stay and are followed");
  with_ids("stop", "End bots as their resume contract says");
}

}  // namespace drover::app
