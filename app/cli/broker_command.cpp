#include "app/cli/broker_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/rows_output.hpp"
#include "app/cli/run_task.hpp"
#include "base/config.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "crypto/mac.hpp"
#include "net/line_server.hpp"
#include "tenants/broker/broker_client_store.hpp"
#include "tenants/errors.hpp"

namespace drover::app {
namespace {

constexpr const char* default_socket = "/run/engine/broker.sock";
constexpr const char* token_variable = "DROVER_BROKER_TOKEN";
constexpr std::size_t token_bytes = 32;

struct broker_options {
  std::string name;
  std::uint32_t uid = 0;
  std::vector<std::int64_t> accounts;
  std::vector<std::string> allowed;
  int calls_per_second = 10;
  // Of a call.
  std::string socket = default_socket, token_file, op, arguments = "{}";
  std::int64_t account = 0;
};
using options_ptr = std::shared_ptr<broker_options>;

constexpr std::array client_columns{row_column{"client", "/name"},
                                    row_column{"uid", "/uid"},
                                    row_column{"accounts", "/accounts"},
                                    row_column{"may reveal", "/may_reveal"},
                                    row_column{"calls/s", "/calls_per_second"},
                                    row_column{"since", "/created_at"}};

int give_up(const std::string& message, int code = exit_failed) {
  fmt::print(stderr, "engine broker: {}\n", message);
  return code;
}

int give_up(const error& e) {
  const bool outside = e.code == tenants::tenant_errc::unavailable || e.code == tenants::tenant_errc::overloaded;
  return give_up(describe(e), outside ? exit_unavailable : exit_failed);
}

/// The clients of the database that the settings name.
struct client_book {
  asio::io_context io{1};
  std::unique_ptr<database> db;
  std::unique_ptr<tenants::broker_client_store> clients;

  explicit client_book(database_config config) {
    config.connections = 1;
    db = make_database(config, system_clock());
    clients = tenants::make_postgres_broker_client_store(*db);
  }
};

json to_json(const tenants::broker_client& c) {
  json accounts = json::array();
  for (const auto id : c.accounts) accounts.push_back(id.value);
  return {{"name", c.name},
          {"uid", c.uid},
          {"accounts", std::move(accounts)},
          {"may_reveal", c.may_reveal},
          {"calls_per_second", c.calls_per_second},
          {"created_at", to_rfc3339(c.created_at)}};
}

int run_add(const global_options& global, const broker_options& o) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const secret token("brk_" + system_random().hex(token_bytes));
  tenants::new_broker_client fresh{.name = o.name,
                                   .uid = o.uid,
                                   .accounts = {},
                                   .may_reveal = !o.allowed.empty(),
                                   .calls_per_second = o.calls_per_second,
                                   .token_hash = to_hex(crypto::sha256(token.reveal()))};
  for (const auto id : o.accounts) fresh.accounts.emplace_back(id);
  client_book book(s->database);
  const auto made = run_task(book.io, book.clients->add(std::move(fresh)));
  if (!made) return give_up(made.error());
  if (global.output == "json") {
    auto out = to_json(*made);
    out["token"] = token.reveal();
    fmt::print("{}\n", out.dump());
    return exit_ok;
  }
  fmt::print("{}\n", token.reveal());
  fmt::print(stderr,
             "the token of '{}' for user {}; it is not shown again: keep it in a file of that user, mode 0600\n",
             made->name, made->uid);
  return exit_ok;
}

int run_list(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  client_book book(s->database);
  const auto clients = run_task(book.io, book.clients->list());
  if (!clients) return give_up(clients.error());
  json rows = json::array();
  for (const auto& c : *clients) rows.push_back(to_json(c));
  print_rows(rows, client_columns, global.output);
  return exit_ok;
}

int run_remove(const global_options& global, const broker_options& o) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  client_book book(s->database);
  const auto removed = run_task(book.io, book.clients->remove(o.name));
  if (!removed) return give_up(removed.error());
  fmt::print("removed '{}'; its token is worth nothing any more\n", o.name);
  return exit_ok;
}

result<secret> read_token(const broker_options& o) {
  if (!o.token_file.empty()) return read_secret_file(o.token_file);
  const auto all = process_environment();
  const auto found = all.find(token_variable);
  if (found == all.end())
    return fail(errc::not_found, std::string("no token: pass --token-file FILE or the environment ") + token_variable);
  return secret(found->second);
}

/// The token goes from where it is kept into the line, and both are wiped.
secret make_line(const json& call, const secret& token) {
  const auto head = call.dump();
  const std::string_view open = "{\"token\":", rest = std::string_view(head).substr(1);
  auto quoted = json(token.reveal()).dump(-1, ' ', false, json::error_handler_t::replace);
  auto line = secret::of_size(open.size() + quoted.size() + 1 + rest.size());
  auto at = std::ranges::copy(open, line.mutable_bytes().begin()).out;
  at = std::ranges::copy(quoted, at).out;
  *at++ = ',';
  std::ranges::copy(rest, at);
  wipe_memory(quoted.data(), quoted.size());
  return line;
}

int report_refusal(const json& answer) {
  const auto& why = answer.at("error");
  const auto code = why.value("code", std::string("internal"));
  const int exit_code = code == "sealed" || code == "unavailable" || code == "too_many"   ? exit_unavailable
                        : code == "denied" || code == "not_given" || code == "reveal_off" ? exit_no_permission
                                                                                          : exit_failed;
  return give_up(code + ": " + why.value("message", std::string()), exit_code);
}

int run_call(const broker_options& o, json call) {
  call["account"] = o.account;
  const auto token = read_token(o);
  if (!token) return give_up(token.error().detail, exit_no_permission);
  const auto answer = net::call_line(o.socket, make_line(call, *token));
  if (!answer) return give_up("cannot reach the broker: " + answer.error().detail, exit_unavailable);
  auto parsed = nlohmann::ordered_json::parse(answer->reveal(), nullptr, false);
  if (!parsed.is_object() || !parsed.contains("ok")) return give_up("the broker answers in words of its own");
  if (!parsed.at("ok").get<bool>()) return report_refusal(json(parsed));
  parsed.erase("ok");
  fmt::print("{}\n", parsed.dump(2));
  return exit_ok;
}

int run_sign(const broker_options& o) {
  auto arguments = parse_json(o.arguments);
  if (!arguments) return give_up("--json: " + arguments.error().detail, exit_usage);
  return run_call(o, {{"call", "sign"}, {"op", o.op}, {"arguments", std::move(*arguments)}});
}

int run_reveal(const broker_options& o) {
  return run_call(o, {{"call", "reveal"}});
}

void choose(CLI::App* command, std::function<int()>& chosen, std::function<int()> action) {
  command->callback([&chosen, action = std::move(action)] { chosen = action; });
}

void add_call_options(CLI::App* command, const options_ptr& o) {
  command->add_option("--socket", o->socket, "The broker's socket (broker.socket of its configuration)")
      ->capture_default_str();
  command->add_option("--token-file", o->token_file,
                      std::string("File (mode 0600) with the client's token; default: environment ") + token_variable);
  command->add_option("--account", o->account, "Number of the account")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, largest_id));
}

}  // namespace

void add_broker_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  const auto o = std::make_shared<broker_options>();
  auto* broker =
      app.add_subcommand("broker",
                         "The key broker: programs of this machine that may have requests signed, and a call of it")
          ->require_subcommand(1);
  auto* add = broker->add_subcommand("add", "Register a program and print its token, once");
  add->add_option("name", o->name, "1-32 characters a-z 0-9 _ . -")->required();
  add->add_option("--uid", o->uid, "User id that the program runs as")
      ->required()
      ->check(CLI::Range(std::uint32_t{0}, std::numeric_limits<std::uint32_t>::max() - 1));
  add->add_option("--accounts", o->accounts, "Numbers of the accounts that it may use")
      ->required()
      ->delimiter(',')
      ->check(CLI::Range(std::int64_t{1}, largest_id));
  add->add_option("--allow", o->allowed, "reveal: it may see the secrets themselves")->check(CLI::IsMember({"reveal"}));
  add->add_option("--rate", o->calls_per_second, "Calls a second")
      ->check(CLI::Range(1, tenants::broker_calls_per_second_limit))
      ->capture_default_str();
  add->footer("Example:\n  engine broker add reports --uid 1001 --accounts 17,18 -c /etc/engine/config.yaml");
  choose(add, chosen, [&global, o] { return run_add(global, *o); });
  choose(broker->add_subcommand("list", "The registered programs"), chosen, [&global] { return run_list(global); });
  auto* remove = broker->add_subcommand("remove", "Nothing is signed for it any more, from now on");
  remove->add_option("name", o->name, "Name of the client")->required();
  choose(remove, chosen, [&global, o] { return run_remove(global, *o); });

  auto* sign = broker->add_subcommand("sign", "Have a request signed by the running engine, and print it");
  add_call_options(sign, o);
  sign->add_option("--op", o->op, "Operation (engine venue sign --list)")->required();
  sign->add_option("--json", o->arguments, "Arguments of the operation, a JSON object")->capture_default_str();
  sign->footer(
      "Example:\n  engine broker sign --token-file ~/.broker --account 17 --op find_order --json "
      "'{\"symbol\":\"BTC/USDT\",\"venue_order_id\":\"1\"}'");
  choose(sign, chosen, [o] { return run_sign(*o); });
  auto* reveal =
      broker->add_subcommand("reveal", "Print the secrets of an account, where the operator lets this client");
  add_call_options(reveal, o);
  choose(reveal, chosen, [o] { return run_reveal(*o); });
}

}  // namespace drover::app
