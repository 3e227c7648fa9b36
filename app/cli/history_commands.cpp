#include "app/cli/history_commands.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/api_lists.hpp"
#include "app/cli/rows_output.hpp"

namespace drover::app {
namespace {

struct history_options {
  api_options api;
  list_options list;
  std::int64_t account = 0, bot = 0, user = 0;
  std::string symbol, side, state, order, from, to;
  bool open = false, oldest_first = false;
};

constexpr std::array order_columns{
    row_column{"id", "/id"},       row_column{"created", "/created_at"}, row_column{"account", "/account_id"}, row_column{"bot", "/bot_id"},
    row_column{"symbol", "/symbol"}, row_column{"side", "/side"},        row_column{"type", "/type"},        row_column{"price", "/price"},
    row_column{"quantity", "/quantity"}, row_column{"filled", "/filled_quantity"}, row_column{"state", "/state"},
    row_column{"status", "/status"}, row_column{"reason", "/reason"}};
constexpr std::array fill_columns{
    row_column{"id", "/id"},     row_column{"at", "/at"},       row_column{"account", "/account_id"},  row_column{"bot", "/bot_id"},
    row_column{"symbol", "/symbol"}, row_column{"side", "/side"}, row_column{"price", "/price"},       row_column{"quantity", "/quantity"},
    row_column{"fee", "/fee"},   row_column{"in", "/fee_asset"}, row_column{"realised", "/realised"},  row_column{"order", "/order_id"}};
constexpr std::array position_columns{
    row_column{"account", "/account_id"}, row_column{"exchange", "/exchange_name"}, row_column{"symbol", "/symbol"},
    row_column{"quantity", "/quantity"},  row_column{"average", "/average_price"},  row_column{"price", "/price"},
    row_column{"age ms", "/price_age_ms"}, row_column{"unrealised", "/unrealised"}, row_column{"realised", "/realised"}};

/// A list of the API and how it is printed.
struct history_list {
  std::string path;
  std::span<const row_column> columns;
  /// What ?sort= goes by; empty: it cannot be sorted.
  std::string sort_key;
};

query_text filter_of(const history_options& given, const history_list& list) {
  query_text query;
  const auto add_id = [&](std::string_view name, std::int64_t id) {
    if (id > 0) query.add(name, std::to_string(id));
  };
  add_id("account_id", given.account);
  add_id("bot_id", given.bot);
  add_id("user_id", given.user);
  query.add("symbol", given.symbol).add("side", given.side).add("state", given.state).add("order_id", given.order);
  query.add("from", given.from).add("to", given.to);
  if (given.open) query.add("open", "true");
  if (given.oldest_first) query.add("sort", list.sort_key);
  return query;
}

int run_list(const global_options& global, const history_options& given, const history_list& list) {
  auto client = api_client::open(given.api);
  if (!client) return report(client.error());
  auto filter = filter_of(given, list);
  if (global.output == "csv") {
    auto csv = fetch_csv(*client, list.path, std::move(filter), given.list);
    if (!csv) return report(csv.error());
    fmt::print("{}", *csv);
    return exit_ok;
  }
  auto rows = fetch_all(*client, list.path, std::move(filter), given.list);
  if (!rows) return report(rows.error());
  print_rows(*rows, list.columns, global.output);
  return exit_ok;
}

void add_id_option(CLI::App& command, const char* name, std::int64_t& out, const char* help) {
  command.add_option(name, out, help)->check(CLI::Range(std::int64_t{1}, largest_id));
}

}  // namespace

void add_history_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto given = std::make_shared<history_options>();
  const auto add_group = [&](const char* name, const char* help, history_list what) {
    auto* group = app.add_subcommand(name, help)->require_subcommand(1);
    add_api_options(*group, given->api);
    auto* list = group->add_subcommand("list", help);
    add_id_option(*list, "--account", given->account, "Only of this account");
    add_id_option(*list, "--user", given->user, "Of this user; administrators only");
    list->add_option("--symbol", given->symbol, "Only of this market: BTC/USDT");
    add_list_options(*list, given->list);
    list->callback([given, &global, &chosen, what = std::move(what)] {
      chosen = [given, &global, what] { return run_list(global, *given, what); };
    });
    return list;
  };
  const auto with_past = [&](CLI::App* list) {
    add_id_option(*list, "--bot", given->bot, "Only of this bot");
    list->add_option("--side", given->side, "buy or sell");
    list->add_option("--from", given->from, "From this time on: 2026-01-31T00:00:00Z");
    list->add_option("--to", given->to, "Before this time");
    list->add_flag("--oldest-first", given->oldest_first, "Default: newest first");
    return list;
  };
  auto* orders = with_past(add_group("orders", "Orders of your bots", {"/api/orders", order_columns, "created_at"}));
  orders->add_option("--state", given->state, "intended, accepted, unknown, refused, not_placed, closed, or external: not placed by the engine");
  auto* fills = with_past(add_group("fills", "Trades of your accounts", {"/api/fills", fill_columns, "at"}));
  fills->add_option("--order", given->order, "Only of this order");
  auto* positions = add_group("positions", "What your accounts hold because of their bots", {"/api/positions", position_columns, ""});
  positions->add_flag("--open", given->open, "Only those with a quantity");
}

}  // namespace drover::app
