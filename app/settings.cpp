#include "app/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "app/exchange_catalogue.hpp"
#include "base/json.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::app {
namespace {

void read_log(config_section s, log_config& out) {
  std::string level = "info";
  std::string format = "auto";
  s.get_choice("level", level, {"debug", "info", "warn", "error"}, "Least severe level that is written.");
  s.get_choice("format", format, {"auto", "human", "json", "journald"}, "auto: journald under systemd, human on a terminal, else json.");
  out.level = level == "debug"  ? log_level::debug
              : level == "warn" ? log_level::warn
              : level == "error" ? log_level::error
                                 : log_level::info;
  out.format = format == "human"      ? log_format::human
               : format == "json"     ? log_format::json
               : format == "journald" ? log_format::journald
                                      : log_format::automatic;
}

void read_database(config_section s, settings& out) {
  auto& db = out.database;
  s.get("url", db.url, "libpq connection string, e.g. \"host=/run/postgresql dbname=drover user=drover\".");
  std::string owner_url;
  s.get("owner_url", owner_url, "libpq connection string of the owner of the tables, for engine migrate and restore; default: url. engine db roles makes the roles.");
  s.get("connections", db.connections, 1, 64, "Connections for the web side.");
  s.get("trading_connections", out.trading_connections, 1, 64, "Connections for bots, orders and raw data.");
  s.get("queue_limit", db.queue_limit, 1, 1'000'000, "Statements that may wait for a connection.");
  s.get("statement_timeout", db.statement_timeout, 100ms, 10min, "Longest run of one statement.");
  s.get("lock_timeout", db.lock_timeout, 10ms, 1min, "Longest wait for a row lock.");
  s.get("queue_timeout", db.queue_timeout, 10ms, 1min, "Longest wait for a connection.");
  s.get("migrations_folder", out.migrations_folder, "Folder of the NNNN_name.sql files.");
  if (db.url.empty()) s.problem("url", "is required: set it to the libpq connection string of the database");
  out.owner_database = db;
  out.owner_database.connections = 1;
  if (!owner_url.empty()) out.owner_database.url = owner_url;
}

void read_security(config_section s, security_settings& out) {
  s.get_secret("master_key", out.master_key, &out.master_key_path, "Master keys, one a line, the current one first: 64 hex digits, or under a passphrase (engine key init --passphrase).");
  s.get_secret("token_keys", out.token_keys, "Token signing keys: lines \"<key id> <64 hex digits>\", the first one signs.");
  s.get("key_probe_interval", out.key_probe_interval, 1s, 7 * 24h, "Every stored key of an exchange is asked for its rights once in this time, also while its account does not trade.");
  s.get("token_life", out.token_life, 1min, 24h, "Life of a bearer token.");
  s.get("refresh_life", out.refresh_life, 1h, 366 * 24h, "How long a session with a refresh token goes on before the password is asked for again.");
  s.get("hashing_threads", out.hashing_threads, 1, 16, "Threads for password hashing.");
  s.get("hashing_queue", out.hashing_queue, 1, 10'000, "Logins that may wait for hashing; more answer 503.");
}

void read_auth(config_section s, settings& out) {
  std::string registration = "off";
  s.get_choice("registration", registration, {"open", "invite", "off"}, "Who may register: anybody, who has an invitation of an administrator, or nobody.");
  out.registration = registration == "open"     ? tenants::registration_mode::open
                     : registration == "invite" ? tenants::registration_mode::invite
                                                : tenants::registration_mode::off;
  s.get("legacy_tokens", out.legacy_tokens.accepted, "Whether tokens of an older system count: base64 of user_id:timestamp:signature under legacy_token_key.");
  s.get_secret("legacy_token_key", out.legacy_tokens.key, "The older system's signing key.");
  if (out.legacy_tokens.accepted && !out.legacy_tokens.key) s.problem("legacy_token_key", "is required where legacy_tokens is on: set legacy_token_key_file to a file with the older system's signing key");
  std::string four_eyes = "auto";
  s.get_choice("four_eyes", four_eyes, {"auto", "required", "off"}, "Whether another administrator must confirm new administrators, the end of a lockdown, keys that may withdraw and a new master key; auto: once there are two.");
  out.four_eyes = four_eyes == "required" ? tenants::four_eyes_mode::required
                  : four_eyes == "off"    ? tenants::four_eyes_mode::off
                                          : tenants::four_eyes_mode::automatic;
  s.get("confirm_after", out.web.confirm_after, 1s, 24h, "What a stolen token must not do (new exchange keys, approvals, roles, lockdown) asks for the password again when it was entered longer ago.");
}

void read_rate(config_section s, const char* key, rate_limit& out, std::string_view help) {
  auto r = s.section(key, help);
  r.get("per_second", out.per_second, 1, 10'000'000, "Requests per second in the long run.");
  r.get("burst", out.burst, 1, 10'000'000, "Requests at once.");
}

void read_web_limits(config_section s, web::web_limits& out) {
  s.get("enabled", out.enabled, "Whether requests are limited at all.");
  s.get("tracked_keys", out.tracked_keys, 16, 100'000'000, "Addresses and users remembered at once.");
  read_rate(s, "address", out.address, "Per address, before anybody is logged in.");
  read_rate(s, "login", out.login, "Logins per address.");
  read_rate(s, "sockets", out.sockets, "WebSockets opened per address.");
  read_rate(s, "user_read", out.user_read, "Reads per user.");
  read_rate(s, "user_write", out.user_write, "Writes per user.");
}

void read_web(config_section s, web::web_config& out) {
  auto& server = out.server;
  s.get("address", server.address, "Address to listen on.");
  s.get("port", server.port, 0, 65'535, "Port to listen on; 0 takes a free one and logs it.");
  s.get("page_folder", out.page_folder, "Folder of the built page.");
  s.get("allowed_origins", out.allowed_origins, "Web origins besides our own that may call the API and open WebSockets.");
  s.get("trusted_proxies", out.trusted_proxies, "Addresses of reverse proxies whose X-Forwarded-For is believed.");
  s.get("behind_tls_proxy", out.behind_tls_proxy, "A proxy in front speaks TLS: send Strict-Transport-Security.");
  s.get("unauthenticated_sockets_per_address", out.unauthenticated_sockets_per_address, 1, 1'000'000, "Sockets of one address that nobody has authenticated yet.");
  read_web_limits(s.section("limits", "Budgets of calls."), out.limits);
  s.get("connection_limit", server.connection_limit, 1, 1'000'000, "Open connections in all.");
  s.get("connections_per_address", server.connections_per_address, 1, 1'000'000, "Open connections from one address that is not a trusted proxy.");
  s.get("tls_certificate_file", server.tls_certificate_file, "PEM certificate chain; with tls_key_file turns TLS on.");
  s.get("tls_key_file", server.tls_key_file, "PEM private key.");
  s.get("websocket_auth_timeout", out.websocket_auth_timeout, 100ms, 1min, "A socket that has not authenticated by then is closed.");
  s.get("websocket_heartbeat", out.websocket_heartbeat, 1s, 10min, "Interval of heartbeat messages.");
  s.get("replay_limit", out.replay_limit, 1, 10'000, "Messages kept per user for resume.");
  s.get_choice("environment", out.environment, {"paper", "live"}, "Badge of the page.");
  s.get("login_locked", out.login_locked, "Refuse all logins.");
  server.proxies = out.trusted_proxies;
  if (server.tls_certificate_file.empty() != server.tls_key_file.empty())
    s.problem("tls_key_file", "tls_certificate_file and tls_key_file go together; set both or none");
}

void read_limits(config_section s, engine::risk_limits& out) {
  const decimal most(1'000'000'000'000);
  s.get("max_order_notional", out.max_order_notional, decimal(0), most, "Largest order in the quote asset; 0 = no limit.");
  s.get("max_open_orders", out.max_open_orders, 0, 10'000, "Open orders; 0 = no limit.");
  s.get("max_position_notional", out.max_position_notional, decimal(0), most, "Largest position of all markets together, in each quote asset; 0 = no limit.");
  s.get("max_daily_loss", out.max_daily_loss, decimal(0), most, "Largest realised loss of a UTC day in each quote asset; past it no new orders until the next day; 0 = no limit.");
  s.get("price_collar", out.price_collar, decimal(0), decimal(1), "Farthest limit price from the market as a share; 0 = no limit.");
  s.get("max_orders_per_minute", out.max_orders_per_minute, 0, 1'000'000, "Orders per minute; 0 = no limit.");
}

void read_bots(config_section s, engine::bots_config& out) {
  auto callback_memory_kib = static_cast<std::int64_t>(out.callback_budget.memory_bytes / 1024);
  s.get("refresh_interval", out.refresh_interval, 1s, 24h, "Full reload of the accounts, besides notifications.");
  std::vector<std::string> names;
  for (const auto& kind : engine::strategy_kinds()) names.emplace_back(kind.name);
  names.emplace_back();
  s.get_choice("strategy", out.strategy, names, "Strategy of the bot that an account gets which never had one; empty: it gets none.");
  s.get_json("parameters", out.strategy_parameters, "Parameters of that strategy (see GET /api/strategies).");
  s.get("restart_intensity", out.restart_intensity, 0, 1'000, "Restarts within restart_period before quarantine.");
  s.get("restart_period", out.restart_period, 1s, 24h, "See restart_intensity.");
  s.get("backoff_floor", out.backoff_floor, 10ms, 1h, "First wait before a restart.");
  s.get("backoff_ceiling", out.backoff_ceiling, 10ms, 24h, "Longest wait before a restart.");
  s.get("quarantine_probe_interval", out.quarantine_probe_interval, 0s, 24h, "A bot quarantined for its own faults is tried again once in this time; 0 = never.");
  s.get("drain_limit", out.drain_limit, 100ms, 1min, "How long shutdown waits for orders in flight.");
  std::string at_shutdown = "leave";
  s.get_choice("at_shutdown", at_shutdown, {"leave", "cancel", "contract"}, "Orders of bots when the engine stops: leave them, cancel them, or as each bot's stop contract says (nothing is sold).");
  out.at_shutdown = at_shutdown == "cancel"     ? engine::shutdown_orders::cancel
                    : at_shutdown == "contract" ? engine::shutdown_orders::by_contract
                                                : engine::shutdown_orders::leave;
  s.get("concurrent_starts", out.concurrent_starts, 1, 10'000, "Bots that reconcile at the same time.");
  s.get("bots_per_user", out.bots_per_user, 1, 100'000, "Bots that one user may have.");
  s.get("flatten_collar", out.flatten_collar, decimal(0), decimal(1), "How far from the best price a stopped bot's position may be closed, as a share of it.");
  s.get("mailbox_limit", out.mailbox_limit, 8, 1'000'000, "Events waiting for one bot.");
  s.get("callback_budget", out.callback_budget.time, 1ms, 10s, "Longest strategy call.");
  s.get("thread_share_percent", out.thread_share_percent, 1, 100, "How much of the trading thread one bot may take; past it its ticks and timers wait, and after 8 s it is quarantined.");
  s.get("callback_memory_kib", callback_memory_kib, 1, 1'048'576, "Memory that one strategy call may allocate.");
  out.callback_budget.memory_bytes = static_cast<std::uint64_t>(callback_memory_kib) * 1024;
  s.get("probe_interval", out.probe_interval, 0s, 24h, "Every bot's key is asked for its rights once in this time; 0 = never.");
  s.get("balance_interval", out.balance_interval, 0s, 24h, "Every account's balances are held against its trades once in this time; 0 = never.");
  s.get("statistics_interval", out.statistics_interval, 1s, 24h, "Order statistics in the log.");
  s.get("validity_window", out.orders.validity_window, 500ms, 60s, "The venue refuses an order that arrives later than this.");
  s.get("send_limit", out.orders.send_limit, 100ms, 60s, "An order that has not left by then after it was decided never leaves.");
  s.get("sweep_interval", out.orders.sweep_interval, 1s, 10min, "How often live orders are compared with the venue's lists.");
  s.get("venue_processing_bound", out.venue_processing_bound, 0ms, 10min, "How long a venue may take to execute a request after its validity has passed; 0 = what is known of it.");
  read_limits(s.section("limits", "Risk limits of each account, where nothing else was set for it."), out.orders.limits);
  read_limits(s.section("engine_limits", "Risk limits of all accounts together."), out.engine_limits);
  const auto* kind = engine::find_strategy_kind(out.strategy);
  if (kind == nullptr) return;
  auto made = kind->make(out.strategy_parameters, "");
  if (!made) s.problem("parameters", made.error().detail);
}

void read_broker(config_section s, settings& out) {
  s.get("socket", out.broker.socket, "Unix socket where other programs have requests signed; empty: there is none.");
  s.get("group", out.broker.group, "Group whose members may connect to it (mode 0660); empty: only the engine's user and root (0600).");
  if (!out.broker.socket.empty() && out.broker.socket == out.operator_socket) s.problem("socket", "is the operator's socket; name another file");
}

/// Scalars become text; what the venue makes of them is its own matter.
void read_options(config_section& s, exchanges::exchange_config& out) {
  std::string text = "{}";
  s.get_json("options", text, "What only this venue understands, e.g. {key_version: 3}.");
  const auto options = parse_json(text);
  if (!options || !options->is_object()) return s.problem("options", "must be a map");
  for (const auto& [name, value] : options->items()) {
    if (value.is_structured() || value.is_null()) s.problem("options", "'" + name + "' must be a plain value");
    else out.options[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

/// What the venue itself would refuse at the start is a problem of the configuration.
void check_venue(config_section& s, const exchanges::exchange_config& e) {
  const auto* traits = exchanges::find_venue(e.dialect);
  if (traits == nullptr) return;
  if (auto made = exchanges::make_protocol(e.dialect, e.options); !made) s.problem("options", made.error().detail);
  if (e.region == exchanges::venue_region::testnet && !traits->testnet && e.rest_url.empty())
    s.problem("region", e.dialect + " has no test network; set rest_url, stream_url and ws_api_url");
}

void read_recorded(config_section& s, exchanges::recorded_markets& out) {
  s.get("record_symbols", out.symbols, "Markets to listen to and record although no bot may trade there, e.g. [BTC/USDT].");
  std::vector<std::string> channels;
  for (const auto c : out.channels) channels.emplace_back(to_string(c));
  s.get("record_channels", channels, "What of them: ticker, trades, book, candles (of one minute).");
  if (out.symbols.size() > out.symbols_limit) s.problem("record_symbols", "are more than " + std::to_string(out.symbols_limit));
  for (const auto& symbol : out.symbols)
    if (symbol.find('/') == std::string::npos) s.problem("record_symbols", "'" + symbol + "' is not written as BTC/USDT");
  out.channels.clear();
  for (const auto& name : channels) {
    if (const auto channel = exchanges::parse_market_channel(name)) out.channels.push_back(*channel);
    else s.problem("record_channels", "'" + name + "' is none of ticker, trades, book, candles");
  }
}

void read_network(config_section& s, std::string_view key, exchanges::exchange_config& out, std::string_view help) {
  std::string network = "live";
  s.get_choice(key, network, {"live", "testnet"}, help);
  out.region = network == "testnet" ? exchanges::venue_region::testnet : exchanges::venue_region::live;
}

void read_addresses(config_section& s, exchanges::exchange_config& out) {
  s.get("rest_url", out.rest_url, "Base URL of REST, without path; default: the venue's.");
  s.get("stream_url", out.stream_url, "Base URL of market streams; default: the venue's.");
  s.get("ws_api_url", out.ws_api_url, "Base URL of private streams; default: the venue's.");
}

bool is_region_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !name.empty() && name.size() <= 32 && letters.find(name.front()) != name.npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == name.npos && name != tenants::default_region;
}

/// A venue like the exchange itself, elsewhere.
void read_region(config_section s, const exchanges::exchange_config& of, std::vector<exchanges::exchange_config>& out) {
  std::string name;
  s.get("name", name, "What accounts name it.");
  auto e = make_region(of, name);
  read_network(s, "network", e, "Which of the venue's own addresses are meant where none is given.");
  read_addresses(s, e);
  s.get("ca_file", e.ca_file, "PEM bundle instead of the exchange's.");
  if (!is_region_name(name)) s.problem("name", "must be 1 to 32 of a-z, 0-9, - and _, and not \"default\"");
  check_venue(s, e);
  out.push_back(std::move(e));
}

void read_exchange(config_section s, std::vector<exchanges::exchange_config>& out) {
  exchanges::exchange_config e;
  s.get("name", e.name, "What users name it.");
  s.get_choice("dialect", e.dialect, exchanges::known_dialects(), "Protocol it speaks.");
  read_network(s, "region", e, "Which of the venue's own addresses are meant where none is given.");
  read_addresses(s, e);
  read_options(s, e);
  s.get("ca_file", e.ca_file, "PEM bundle instead of the system's trust store.");
  s.get("request_timeout", e.request_timeout, 100ms, 2min, "Deadline of one request.");
  s.get("receive_window", e.receive_window, 500ms, 60s, "recvWindow of signed requests.");
  s.get("limit_percent", e.limit_percent, 1, 1'000'000'000, "Share of each published limit of the venue that this process uses.");
  s.get("source_addresses", e.source_addresses, "Local addresses to send from, each with its own share of the limits per address.");
  s.get("dead_man_after", e.dead_man_after, 0ms, 24h, "The venue cancels an account's orders when it has not heard from us for so long; 0 = off. Ignored where it cannot.");
  s.get("allow_unknown_permissions", e.allow_unknown_permissions, "Accept keys whose permission to withdraw cannot be read.");
  read_recorded(s, e.recorded);
  if (e.name.empty()) s.problem("name", "is required");
  if (e.name.find('@') != std::string::npos) s.problem("name", "must not contain @");
  if (e.dialect.empty()) s.problem("dialect", "is required");
  check_venue(s, e);
  std::vector<exchanges::exchange_config> regions;
  s.get_list("regions", [&](config_section r) { read_region(std::move(r), e, regions); }, "Other addresses of the venue that an account may choose instead.");
  out.push_back(std::move(e));
  std::ranges::move(regions, std::back_inserter(out));
}

std::string default_engine_name() {
  char host[HOST_NAME_MAX + 1] = {};
  if (gethostname(host, sizeof host - 1) != 0) return "engine";
  return host;
}

void check_exchanges(config_section& root, const std::vector<exchanges::exchange_config>& all) {
  std::set<std::string> names;
  for (const auto& e : all)
    if (!names.insert(e.name).second) root.problem("exchanges", "two exchanges are named '" + e.name + "'");
}

void read_all(config_section root, settings& out) {
  out.engine_name = default_engine_name();
  read_log(root.section("log", "Logging."), out.log);
  read_database(root.section("database", "PostgreSQL."), out);
  read_security(root.section("security", "Keys and logins."), out.security);
  read_auth(root.section("auth", "Users and their logins."), out);
  read_web(root.section("web", "HTTP, WebSocket and the page."), out.web);
  read_bots(root.section("bots", "Bots and their orders."), out.bots);
  auto raw = root.section("raw", "Record of everything that exchanges say.");
  raw.get("folder", out.raw.folder, "Folder of the spool.");
  raw.get("size_limit_mib", out.raw.size_limit_mib, 1, 10'000'000, "Largest spool; beyond it market data is dropped and marked as a gap.");
  raw.get("retention_days", out.raw.retention_days, 0, 100'000, "Days that raw records are kept in the database; 0 = for ever.");
  root.get("engine_name", out.engine_name, "Name of this process in leases and logs (default: host name).");
  root.get("state_folder", out.state_folder, "Folder of what this process must know after a crash; default: the folder that raw.folder is in.");
  if (out.state_folder.empty()) out.state_folder = std::filesystem::path(out.raw.folder).parent_path().string();
  root.get("operator_socket", out.operator_socket, "Unix socket for engine unseal, seal and key rotate; default: operator.sock in state_folder.");
  if (out.operator_socket.empty()) out.operator_socket = (std::filesystem::path(out.state_folder) / "operator.sock").string();
  read_broker(root.section("broker", "Key broker: signs requests for other programs of this machine."), out);
  root.get("shutdown_limit", out.shutdown_limit, 1s, 10min, "Longest shutdown.");
  root.get_list("exchanges", [&out](config_section s) { read_exchange(std::move(s), out.exchanges); }, "Venues that accounts may use.");
  check_exchanges(root, out.exchanges);
}

}  // namespace

settings_outcome read_settings(const std::optional<std::filesystem::path>& file,
                               const std::vector<config_override>& overrides) {
  settings_outcome outcome;
  outcome.report = read_config(file, process_environment(), overrides,
                               [&outcome](config_section root) { read_all(std::move(root), outcome.value); });
  return outcome;
}

}  // namespace drover::app
