#include "app/cli/venue_command.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/cli/venue_json.hpp"
#include "app/exit_codes.hpp"
#include "base/random.hpp"
#include "exchanges/call_arguments.hpp"
#include "exchanges/registry.hpp"

namespace drover::app {
namespace {

using namespace exchanges;

constexpr std::size_t input_limit_bytes = 64 * 1024 * 1024;
/// Names beside the operations: what travels on the WebSockets.
constexpr std::string_view stream_login_op = "stream_login", private_login = "private_login", market_subscription = "market_subscription",
                           market_frame = "market_frame", private_frame = "private_frame";

struct venue_options_given {
  std::string venue, op, arguments = "{}", base_url, region = "live";
  std::vector<std::string> options, headers;
  std::int64_t at_ms = 0, nonce = 0;
  std::string random_hex;
  int status = 200;
  bool list = false;
};

int complain(std::string_view what) {
  fmt::print(stderr, "engine venue: {}\n", what);
  return exit_usage;
}

/// Standard input to its end; nothing when it is longer than the limit.
std::optional<secret> read_input() {
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const auto got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    if (text.size() + static_cast<std::size_t>(got) > input_limit_bytes) return std::nullopt;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  secret out(text);
  wipe_memory(text.data(), text.size());
  return out;
}

/// {"api_key","api_secret","passphrase"}.
result<credentials> read_credentials() {
  auto input = read_input();
  if (!input) return fail(errc::io, "standard input cannot be read or is too long");
  auto given = parse_json(input->reveal());
  const std::string expected =
      R"(credentials are expected on standard input as JSON: {"api_key":"…","api_secret":"…","passphrase":"…"})";
  if (!given || !given->is_object()) return fail(errc::malformed, expected);
  credentials out;
  for (const auto& [name, value] : given->items()) {
    if (!value.is_string()) return fail(errc::malformed, expected);
    auto& text = value.get_ref<std::string&>();
    if (name == "api_key")
      out.api_key = secret(text);
    else if (name == "api_secret")
      out.api_secret = secret(text);
    else if (name == "passphrase")
      out.passphrase = secret(text);
    else
      return fail(errc::malformed, "unknown member \"" + name + "\"; " + expected);
    wipe_memory(text.data(), text.size());
  }
  if (out.api_key.empty() || out.api_secret.empty()) return fail(errc::malformed, expected);
  return out;
}

result<std::unique_ptr<venue_protocol>> open_protocol(const venue_options_given& given) {
  venue_options options;
  for (const auto& text : given.options) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(errc::malformed, "--option takes NAME=VALUE, not \"" + text + "\"");
    options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return make_protocol(given.venue, options, given.region == "testnet" ? venue_region::testnet : venue_region::live);
}

result<venue_urls> urls_of(const venue_protocol& protocol, const venue_options_given& given) {
  if (given.region == "live") return protocol.traits().live;
  if (!protocol.traits().testnet) return fail(errc::not_found, "the exchange has no test network");
  return *protocol.traits().testnet;
}

json arguments_of_stream(std::string_view name) {
  if (name == stream_login_op || name == private_login) return json::array({"validity_window_ms"});
  if (name == market_subscription) return json::array({"channel", "symbol", "interval"});
  return json::array();
}

int print_list() {
  auto out = json::array();
  for (auto op : all_operations())
    out.push_back(
        {{"op", to_string(op)}, {"private", is_private(op)}, {"write", is_write(op)}, {"arguments", arguments_of(op)}});
  for (auto name : {stream_login_op, private_login, market_subscription, market_frame, private_frame})
    out.push_back({{"op", name},
                   {"private", name == stream_login_op || name == private_login || name == private_frame},
                   {"write", false},
                   {"arguments", arguments_of_stream(name)}});
  fmt::print("{}\n", out.dump(2));
  return exit_ok;
}

int print_venues() {
  auto out = json::array();
  for (const auto* t : known_venues()) {
    json rules = json::array();
    for (const auto& r : t->rules)
      rules.push_back({{"name", r.name},
                       {"limit", r.limit},
                       {"window_ms", std::chrono::duration_cast<milliseconds>(r.window).count()}});
    out.push_back({{"venue", t->name},
                   {"passphrase", t->has_passphrase},
                   {"testnet", t->testnet.has_value()},
                   {"dead_man", t->has_dead_man},
                   {"rest", t->live.rest},
                   {"rules", rules}});
  }
  fmt::print("{}\n", out.dump(2));
  return exit_ok;
}

signing_context make_context(const venue_options_given& given, std::string_view base_url, milliseconds window) {
  signing_context context;
  context.server_now = given.at_ms > 0 ? wall_time::from_ms(given.at_ms) : system_clock().wall_now();
  context.validity_window = window;
  context.nonce = given.nonce > 0 ? given.nonce : context.server_now.ms();
  context.random_hex = given.random_hex.empty() ? system_random().hex(16) : given.random_hex;
  context.base_url = base_url;
  return context;
}

std::string trim_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// What both logins are made from.
struct login_input {
  credentials keys;
  signing_context context;
  std::string url;
};

result<login_input> read_login_input(const venue_options_given& given, const venue_urls& urls) {
  auto arguments = parse_json(given.arguments);
  if (!arguments) return fail(errc::malformed, "--json: " + arguments.error().detail);
  // server_time has no arguments but those that every operation takes.
  auto call = read_venue_call(operation::server_time, *arguments);
  if (!call) return std::unexpected(std::move(call.error()));
  auto keys = read_credentials();
  if (!keys) return std::unexpected(std::move(keys.error()));
  return login_input{std::move(*keys), make_context(given, urls.rest, call->validity_window),
                     given.base_url.empty() ? std::string(urls.private_stream) : trim_slash(given.base_url)};
}

int print_stream_login(const venue_protocol& protocol, const venue_options_given& given, const venue_urls& urls) {
  auto input = read_login_input(given, urls);
  if (!input) return complain(input.error().detail);
  auto login = make_stream_login(protocol, input->url, input->keys, input->context);
  if (!login) return complain(login.error().to_string());
  fmt::print("{}\n", nlohmann::ordered_json{{"url", login->url}, {"frame", nlohmann::ordered_json::parse(login->frame)}}.dump(2));
  return exit_ok;
}

int print_login(const venue_protocol& protocol, const venue_options_given& given, const venue_urls& urls) {
  auto input = read_login_input(given, urls);
  if (!input) return complain(input.error().detail);
  auto wire = protocol.make_private_wire();
  wire->open();
  auto frames = json::array();
  for (int stage = 0; stage < wire->stages(); ++stage) {
    auto made = wire->make_frames(stage, input->keys, nullptr, input->context);
    if (!made) return complain(made.error().to_string());
    for (auto& f : *made) frames.push_back(std::move(f));
  }
  fmt::print("{}\n", json{{"url", wire->make_url(input->url, nullptr)}, {"frames", frames}}.dump(2));
  return exit_ok;
}

int print_subscription(const venue_protocol& protocol, const venue_options_given& given, const venue_urls& urls) {
  auto arguments = parse_json(given.arguments);
  if (!arguments || !arguments->is_object())
    return complain(R"(--json takes {"channel":"ticker","symbol":"BTC/USDT","interval":"1m"})");
  market_topic topic;
  const auto channel = arguments->value("channel", std::string("ticker"));
  const auto known = parse_market_channel(channel);
  if (!known) return complain("channel: ticker, trades, book or candles is expected");
  topic.channel = *known;
  auto interval = parse_candle_interval(arguments->value("interval", std::string("1m")));
  if (!interval) return complain(interval.error().detail);
  topic.interval = *interval;
  topic.symbol = arguments->value("symbol", std::string("BTC/USDT"));
  auto wire = protocol.make_market_wire();
  auto frames = wire->open();
  frames.push_back(wire->make_subscription(true, std::span(&topic, 1), 1));
  fmt::print("{}\n", json{{"url", urls.market_stream}, {"frames", frames}}.dump(2));
  return exit_ok;
}

int run_sign(const venue_options_given& given) {
  if (given.list) return print_list();
  auto protocol = open_protocol(given);
  if (!protocol) return complain(protocol.error().detail);
  auto urls = urls_of(**protocol, given);
  if (!urls) return complain(urls.error().detail);
  if (given.op == stream_login_op) return print_stream_login(**protocol, given, *urls);
  if (given.op == private_login) return print_login(**protocol, given, *urls);
  if (given.op == market_subscription) return print_subscription(**protocol, given, *urls);
  auto op = parse_operation(given.op);
  if (!op) return complain(op.error().detail);
  auto arguments = parse_json(given.arguments);
  if (!arguments) return complain("--json: " + arguments.error().detail);
  auto call = read_venue_call(*op, *arguments);
  if (!call) return complain(call.error().detail);
  auto request = (*protocol)->make_request(*call);
  if (!request) return complain(request.error().to_string());
  std::optional<credentials> keys;
  if (request->is_private) {
    auto read = read_credentials();
    if (!read) return complain(read.error().detail);
    keys = std::move(*read);
  }
  const auto base = given.base_url.empty() ? std::string(urls->rest) : trim_slash(given.base_url);
  auto sent =
      (*protocol)->sign(std::move(*request), keys ? &*keys : nullptr, make_context(given, base, call->validity_window));
  if (!sent) return complain(sent.error().to_string());
  auto headers = nlohmann::ordered_json::object();
  for (const auto& [name, value] : sent->headers) headers[name] = value;
  fmt::print(
      "{}\n",
      nlohmann::ordered_json{{"method", sent->method}, {"url", sent->url}, {"headers", headers}, {"body", sent->body}}
          .dump(2));
  return exit_ok;
}

/// Collects what a frame says.
class frame_printer final : public market_events, public private_events {
public:
  json events = json::array();

  void on_ticker(book_ticker t) override { tell("ticker", to_json(t)); }
  void on_trade(public_trade t) override { tell("trade", to_json(t)); }
  void on_book(book_update b) override { tell("book", to_json(b)); }
  void on_candle(candle c, bool closed) override {
    auto value = to_json(c);
    value["closed"] = closed;
    tell("candle", std::move(value));
  }
  void on_answer(std::int64_t id, std::optional<error> refusal) override {
    tell("answer", {{"id", id}, {"error", refusal ? to_json(*refusal) : json()}});
  }
  void on_topic_answer(const market_topic& t, std::optional<error> refusal) override {
    tell("answer",
         {{"channel", to_string(t.channel)}, {"symbol", t.symbol}, {"error", refusal ? to_json(*refusal) : json()}});
  }
  void on_blame(std::int64_t id, const market_topic& t, std::optional<error> refusal) override {
    tell("blame", {{"id", id}, {"channel", to_string(t.channel)}, {"symbol", t.symbol}, {"error", refusal ? to_json(*refusal) : json()}});
  }
  void on_refusal(error e) override { tell("refusal", to_json(e)); }
  void on_stage_done() override { tell("stage_done", json::object()); }
  void on_refused(error e) override { tell("refused", to_json(e)); }
  void on_order(order_event e) override {
    auto value = to_json(e.order);
    if (e.fill) value["fill"] = to_json(*e.fill);
    tell("order", std::move(value));
  }
  void on_fill(fill_event e) override { tell("fill", to_json(e.fill)); }
  void on_balances(balance_event e) override {
    auto list = json::array();
    for (const auto& b : e.balances) list.push_back(to_json(b));
    tell("balances", std::move(list));
  }
  void on_pong() override { tell("pong", json::object()); }
  void on_reply_wanted(std::string frame) override { tell("reply", {{"frame", std::move(frame)}}); }
  void on_broken(std::string reason) override { tell("broken", {{"reason", std::move(reason)}}); }

private:
  void tell(std::string_view event, json value) { events.push_back({{"event", event}, {"value", std::move(value)}}); }
};

int parse_frame(const venue_protocol& protocol, bool market, std::string_view frame) {
  frame_printer out;
  const instrument_table table;
  result<void> read;
  if (market) {
    auto wire = protocol.make_market_wire();
    wire->open();
    read = wire->read(frame, table, out);
  } else {
    auto wire = protocol.make_private_wire();
    wire->open();
    read = wire->read(frame, table, out);
  }
  json said{{"events", std::move(out.events)}};
  if (!read) said["error"] = to_json(read.error());
  fmt::print("{}\n", said.dump(2));
  return read ? exit_ok : exit_failed;
}

int run_parse(const venue_options_given& given) {
  if (given.list) return print_list();
  auto protocol = open_protocol(given);
  if (!protocol) return complain(protocol.error().detail);
  const bool frame = given.op == market_frame || given.op == private_frame;
  auto op = frame ? result<operation>(operation::server_time) : parse_operation(given.op);
  if (!op) return complain(op.error().detail);
  auto arguments = parse_json(given.arguments);
  if (!arguments) return complain("--json: " + arguments.error().detail);
  auto call = read_venue_call(*op, *arguments);
  if (!call) return complain(call.error().detail);
  auto input = read_input();
  if (!input) return complain("standard input cannot be read or is too long");
  if (frame) return parse_frame(**protocol, given.op == market_frame, input->reveal());
  client_response answer;
  answer.status = given.status;
  answer.body = std::string(input->reveal());
  for (const auto& text : given.headers) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) return complain("--header takes 'Name: value'");
    auto value = text.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    answer.headers.emplace_back(text.substr(0, colon), value);
  }
  const instrument_table table;
  auto reply = (*protocol)->read_answer(*call, answer, table);
  if (!reply) {
    fmt::print("{}\n", json{{"error", to_json(reply.error())}}.dump(2));
    const auto unreadable = reply.error().code == make_error_code(exchange_errc::protocol) ||
                            reply.error().code == make_error_code(exchange_errc::unknown_outcome);
    return unreadable ? exit_failed : exit_ok;
  }
  json out{{"answer", to_json(reply->answer)}};
  // More to be asked before the answer is whole: its request.
  if (reply->next)
    if (auto request = (*protocol)->make_request(*reply->next))
      out["next"] = {{"method", request->method},
                     {"path", request->path},
                     {"query", request->query.encoded()},
                     {"body", request->json}};
  fmt::print("{}\n", out.dump(2));
  return exit_ok;
}

void add_common(CLI::App* command, const std::shared_ptr<venue_options_given>& given) {
  command->add_option("--venue", given->venue, "binance, bybit, okx, … (engine venue list)");
  command->add_option("--op", given->op, "Operation; --list names them");
  command->add_option("--json", given->arguments, "Arguments of the operation, a JSON object")->capture_default_str();
  command->add_option("--option", given->options, "NAME=VALUE as under exchanges[].options, repeatable");
  command->add_flag("--list", given->list, "List the operations and their arguments");
}

/// Both commands need a venue and an operation unless they only list.
int run_checked(const venue_options_given& given, int (*run)(const venue_options_given&)) {
  if (!given.list && (given.venue.empty() || given.op.empty()))
    return complain("--venue and --op are required (or --list)");
  return run(given);
}

}  // namespace

void add_venue_commands(CLI::App& app, std::function<int()>& chosen) {
  auto given = std::make_shared<venue_options_given>();
  auto* venue =
      app.add_subcommand("venue", "Show what would be sent to an exchange and what its answers mean; no network")
          ->require_subcommand(1);
  auto* sign =
      venue->add_subcommand("sign", "Print the request of an operation; credentials as JSON on standard input");
  add_common(sign, given);
  sign->add_option("--at", given->at_ms, "The exchange's clock, milliseconds since 1970; default: now");
  sign->add_option("--nonce", given->nonce, "Nonce, where the exchange wants one; default: --at");
  sign->add_option("--random", given->random_hex, "32 hex digits in place of randomness (token nonces)");
  sign->add_option("--base-url", given->base_url, "Another address than the exchange's own");
  sign->add_option("--region", given->region, "live or testnet")
      ->check(CLI::IsMember({"live", "testnet"}))
      ->capture_default_str();
  sign->footer(
      "Example:\n  echo '{\"api_key\":\"k\",\"api_secret\":\"s\"}' | engine venue sign --venue binance --op "
      "create_order \\\n"
      "    --json "
      "'{\"symbol\":\"BTC/USDT\",\"side\":\"buy\",\"type\":\"limit\",\"quantity\":\"0.001\",\"price\":\"60000\"}' --at "
      "1700000000123");
  sign->callback([given, &chosen] { chosen = [given] { return run_checked(*given, run_sign); }; });

  auto* parse = venue->add_subcommand("parse", "Turn an answer or frame on standard input into canonical JSON");
  add_common(parse, given);
  parse->add_option("--status", given->status, "HTTP status of the answer")->capture_default_str();
  parse->add_option("--header", given->headers, "'Name: value' of the answer, repeatable");
  parse->footer("Example:\n  engine venue parse --venue kraken --op balances < answer.json");
  parse->callback([given, &chosen] { chosen = [given] { return run_checked(*given, run_parse); }; });

  auto* list = venue->add_subcommand("list", "List the exchanges with their limits");
  list->callback([&chosen] { chosen = print_venues; });
}

}  // namespace drover::app
