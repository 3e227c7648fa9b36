#include "app/engine_process.hpp"

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <ranges>

#include "app/bot_reports.hpp"
#include "app/copy_services.hpp"
#include "app/credential_probe.hpp"
#include "app/connection_health.hpp"
#include "app/database_gate.hpp"
#include "app/exchange_limits.hpp"
#include "app/exit_codes.hpp"
#include "app/io_thread.hpp"
#include "app/fatal_signals.hpp"
#include "app/market_facts.hpp"
#include "app/process_hardening.hpp"
#include "app/process_watch.hpp"
#include "app/raw_services.hpp"
#include "app/signals.hpp"
#include "app/start_checks.hpp"
#include "app/venue_transports.hpp"
#include "app/version.hpp"
#include "base/thread_meters.hpp"
#include "base/files.hpp"
#include "base/offload.hpp"
#include "base/postgres_reader.hpp"
#include "base/run_on.hpp"
#include "base/service_supervisor.hpp"
#include "base/task_scope.hpp"
#include "engine/bots/bot_service.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "tenants/users/login_service.hpp"
#include "tenants/users/user_directory.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

constexpr nanoseconds start_poll_interval = 500ms;
constexpr nanoseconds start_settle_time = 2s;
constexpr nanoseconds web_stop_limit = 5s;
constexpr nanoseconds spool_stop_limit = 3s;
/// What it was doing when it failed is only found again by a new process.
constexpr restart_limits never_restarted{.intensity = 0};
/// The journal books fills one batch after the other.
constexpr std::size_t fill_connections = 1;
constexpr std::size_t spool_threads = 1;
constexpr std::size_t spool_queue_limit = 64;

database_config with_connections(database_config config, std::size_t connections) {
  config.connections = connections;
  return config;
}

template <class Tag>
std::optional<strong_id<Tag>> parse_id(std::string_view text) {
  std::int64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return strong_id<Tag>(value);
}

}  // namespace

/// Members in the order of construction: each part only knows those above it, and dies before them.
struct engine_process::parts {
  parts(settings s, settings_reader r) : config(std::move(s)), reload(std::move(r)) {
    add_kill_signals(signals);
  }

  settings config;
  configuration_reload reload;
  turn_mark_file turns{config.state_folder};
  const drover::clock& wall = system_clock();
  random_source& random = system_random();
  asio::io_context control{1};
  /// From the very start: a signal that comes early is not lost.
  asio::signal_set signals{control, SIGINT, SIGTERM, SIGHUP};

  io_thread trading{"trading"};
  io_thread web{"web"};
  std::unique_ptr<timer_queue> trading_timers = make_timer_queue(trading.get_executor(), wall);
  std::unique_ptr<timer_queue> web_timers = make_timer_queue(web.get_executor(), wall);

  std::unique_ptr<crypto::keyring> keyring;
  std::unique_ptr<database_gate> gate;
  std::unique_ptr<crypto::token_signer> signer;
  std::unique_ptr<worker_pool> hashing;
  std::unique_ptr<worker_pool> spool_workers;
  std::unique_ptr<database> web_db;
  std::unique_ptr<database> trading_db;
  std::unique_ptr<database> fills_db;
  std::unique_ptr<postgres_reader> reader;

  std::unique_ptr<tenants::user_store> users;
  std::unique_ptr<tenants::account_store> accounts;
  std::unique_ptr<tenants::account_store> trading_accounts;
  std::unique_ptr<tenants::earnings_store> earnings;
  std::unique_ptr<engine::bot_store> bots;
  std::unique_ptr<engine::bot_store> trading_bots;
  std::unique_ptr<engine::order_journal> journal;
  std::unique_ptr<engine::order_journal> web_journal;
  std::unique_ptr<engine::history_store> history;
  std::unique_ptr<tenants::user_directory> directory;

  std::unique_ptr<venue_transports> transports;
  std::unique_ptr<exchanges::spooling_raw_recorder> recorder;
  exchange_map venues;
  std::unique_ptr<raw_services> raw_tables;
  std::unique_ptr<engine::price_watch> prices;

  std::unique_ptr<engine::control_store> controls;

  engine::bot_board board;
  engine::order_counters counters;
  engine::entry_gate entries;
  std::unique_ptr<engine::risk_book> risk;
  std::unique_ptr<tenants::login_service> login;
  std::unique_ptr<tenants::account_service> account_service;
  std::unique_ptr<engine::bot_service> bot_service;
  std::unique_ptr<copy_services> copy;
  std::unique_ptr<engine::bot_manager> manager;
  std::unique_ptr<engine::trading_control> kill_switch;
  std::unique_ptr<web::web_server> server;
  std::unique_ptr<database_listener> listener;
  std::unique_ptr<service_supervisor> trading_services;
  std::unique_ptr<service_supervisor> web_services;
  std::unique_ptr<task_scope> web_scope;
  /// What the process answers when it stops by itself.
  std::atomic<int> exit_status = exit_ok;
  std::atomic<bool> trades = false;
  std::unique_ptr<process_watch> watch;

  void build_stores(token_keys);
  result<void> build_venues();
  void build_services();
  void build_manager();
  void build_control();
  void build_web();
  void build_listener();
  void open_for_business();
  task<void> enter_later();
  task<void> follow_lock();
  void stop_because(error);
  void begin_trading();
  void build_supervisors();
  void build_watch();
  std::string describe() const;
  task<void> refresh_user(user_id);
  task<void> reload_users();
  task<result<void>> load_rules(task<result<void>> controls);
  void on_notification(std::string_view channel, std::string_view payload);
  task<void> return_start_memory();
  task<void> stop_trading();
  task<void> stop_web();
  task<void> stop_all();
};

void engine_process::parts::build_stores(token_keys tokens) {
  const auto life = std::chrono::duration_cast<seconds>(config.security.token_life);
  signer = std::make_unique<crypto::token_signer>(std::move(tokens.keys), tokens.active, life);
  hashing = std::make_unique<worker_pool>("hashing", config.security.hashing_threads, config.security.hashing_queue);
  spool_workers = std::make_unique<worker_pool>("spool", spool_threads, spool_queue_limit);
  web_db = make_database(config.database, wall);
  trading_db = make_database(with_connections(config.database, config.trading_connections), wall);
  fills_db = make_database(with_connections(config.database, fill_connections), wall);
  reader = make_postgres_reader(config.database, *web_timers);
  users = tenants::make_postgres_user_store(*web_db);
  accounts = tenants::make_postgres_account_store(*web_db, reader.get());
  trading_accounts = tenants::make_postgres_account_store(*trading_db);
  earnings = tenants::make_postgres_earnings_store(*web_db);
  bots = engine::make_postgres_bot_store(*web_db);
  trading_bots = engine::make_postgres_bot_store(*trading_db);
  controls = engine::make_postgres_control_store(*trading_db);
  journal = engine::make_postgres_order_journal(trading.get_executor(), *trading_db, fills_db.get());
  web_journal = engine::make_postgres_order_journal(web.get_executor(), *web_db);
  history = engine::make_postgres_history_store(*web_db);
  directory = std::make_unique<tenants::user_directory>(*users, *signer, wall);
}

result<void> engine_process::parts::build_venues() {
  transports = std::make_unique<venue_transports>(trading.get_executor(), *trading_timers);
  exchanges::raw_recorder_config spool;
  spool.folder = config.raw.folder;
  spool.spool_limit_bytes = static_cast<std::uint64_t>(config.raw.size_limit_mib) * 1024 * 1024;
  spool.retention_days = static_cast<int>(config.raw.retention_days);
  auto opened = exchanges::make_raw_recorder(trading.get_executor(), *trading_timers, system_files(), *trading_db,
                                             *spool_workers, spool);
  if (!opened) return fail(errc::io, "raw.folder cannot be used: " + opened.error().detail);
  recorder = std::move(*opened);
  for (const auto& venue : config.exchanges) {
    auto clients = transports->get(venue.ca_file);
    if (!clients) return fail(errc::io, "exchange " + venue.name + ": ca_file: " + clients.error().detail);
    auto made = exchanges::make_exchange(venue, {trading.get_executor(), *trading_timers, random, *(*clients)->http,
                                                 *(*clients)->websockets, *recorder});
    if (!made) return std::unexpected(made.error());
    venues.emplace(venue.name, std::move(*made));
  }
  raw_tables = std::make_unique<raw_services>(config, *trading_timers, [this](const std::string& name) -> exchanges::exchange* {
    const auto found = venues.find(name);
    return found == venues.end() ? nullptr : found->second.get();
  });
  prices = std::make_unique<engine::price_watch>(venues, *trading_timers);
  return {};
}

void engine_process::parts::build_services() {
  login = std::make_unique<tenants::login_service>(*users, *signer, *hashing, wall, random,
                                                   tenants::login_service::limits{});
  tenants::exchange_catalogue catalogue;
  for (const auto& venue : config.exchanges) catalogue.names.push_back(venue.name);
  catalogue.is_known = [this](const std::string& name) { return venues.contains(name); };
  catalogue.needs_passphrase = [this](const std::string& name) {
    const auto venue = venues.find(name);
    return venue != venues.end() && venue->second->traits().has_passphrase;
  };
  account_service = std::make_unique<tenants::account_service>(
      *accounts, *keyring, std::move(catalogue),
      make_credential_probe(trading.get_executor(), venues, config.exchanges));
  bot_service = std::make_unique<engine::bot_service>(*bots, config.bots.bots_per_user);
}

void engine_process::parts::build_manager() {
  copy = std::make_unique<copy_services>(config, trading.get_executor(), *trading_timers, *web_db, board, [this] { return manager.get(); });
  engine::bot_manager_parts p{trading.get_executor(),
                              *trading_timers,
                              random,
                              wall,
                              *trading_accounts,
                              *trading_bots,
                              *keyring,
                              *journal,
                              venues,
                              board,
                              counters,
                              [this](const engine::earnings_event& e) { server->publish(e); },
                              config.engine_name};
  p.meters = {&turns.mark(), thread_processor_time, allocated_bytes};
  copy->listen_to(p);
  risk = std::make_unique<engine::risk_book>(config.bots.orders.limits, config.bots.engine_limits, entries, [this] { manager->heed_gate(); });
  p.gate = &entries;
  p.risk = risk.get();
  manager = std::make_unique<engine::bot_manager>(config.bots, std::move(p));
}

void engine_process::parts::build_control() {
  kill_switch = std::make_unique<engine::trading_control>(engine::control_parts{
      .executor = trading.get_executor(),
      .timers = *trading_timers,
      .random = random,
      .wall = wall,
      .store = *controls,
      .gate = entries,
      .risk = *risk,
      .bots = *manager,
      .board = board,
      .knows_exchange = [this](const std::string& name) { return venues.contains(name); }});
}

void engine_process::parts::build_web() {
  web::web_parts p{.executor = web.get_executor(),
                   .timers = *web_timers,
                   .random = random,
                   .wall = wall,
                   .users = *users,
                   .directory = *directory,
                   .login = *login,
                   .accounts = *account_service,
                   .earnings = *earnings,
                   .journal = web_journal.get(),
                   .board = board,
                   .counters = counters,
                   .readiness = {{"database", [this] { return gate->problem(); }},
                                 {"bots", [this] { return manager->first_load_done() ? "" : "bots are starting"; }}},
                   .version = version,
                   .revision = revision,
                   .limits = make_limits_source(trading.get_executor(), web.get_executor(), {venues, *manager, *recorder, wall}),
                   .health = make_health_source(trading.get_executor(), web.get_executor(), *manager),
                   .bots = bot_service.get(),
                   .rooms = &copy->rooms(),
                   .reports = make_reports_source(trading.get_executor(), web.get_executor(), *manager),
                   .history = history.get(),
                   .prices = make_prices_source(trading.get_executor(), web.get_executor(), *prices),
                   .external_orders = make_external_orders_source(trading.get_executor(), web.get_executor(), *manager),
                   .stale = [this] { return !gate->problem().empty(); },
                   .control = kill_switch.get(),
                   .trading = trading.get_executor()};
  server = web::make_web_server(config.web, std::move(p));
  board.on_change([this](const engine::bot_status& status) { server->publish(status); });
}

task<void> engine_process::parts::refresh_user(user_id user) {
  auto done = co_await directory->refresh(user);
  if (!done) log().error("a changed user could not be read", {{"user", user}, {"err", done.error()}});
}

task<void> engine_process::parts::reload_users() {
  auto done = co_await directory->load();
  if (!done) log().error("the users could not be read", {{"err", done.error()}});
}

/// What was locked and killed stays so, from the first order and the first request on. Tokens are checked from memory: the first
/// request must find every user there.
task<result<void>> engine_process::parts::load_rules(task<result<void>> controls) {
  auto users = co_await directory->load();
  if (!users) co_return users;
  auto held = co_await std::move(controls);
  co_return held;
}

void engine_process::parts::on_notification(std::string_view channel, std::string_view payload) {
  if (channel == "users_changed") {
    auto user = parse_id<struct user_tag>(payload);
    if (user) web_scope->spawn("refresh user", refresh_user(*user));
    return;
  }
  if (channel == "rooms_changed") {
    auto room = parse_id<struct engine::room_tag>(payload);
    if (room) asio::post(trading.get_executor(), [this, id = *room] { copy->fan_out().room_changed(id); });
    return;
  }
  // Of accounts and of bots alike.
  auto account = parse_id<struct account_tag>(payload);
  if (!account) return;
  asio::post(trading.get_executor(), [this, id = *account] {
    manager->account_changed(id);
    copy->fan_out().account_changed(id);
  });
}

void engine_process::parts::build_listener() {
  listener = make_database_listener(
      config.database, *web_timers, {"accounts_changed", "bots_changed", "rooms_changed", "users_changed"},
      [this](std::string_view channel, std::string_view payload) { on_notification(channel, payload); },
      [this] {
        gate->set_problem({});
        web_scope->spawn("reload users", reload_users());
        asio::post(trading.get_executor(), [this] {
          manager->reload();
          copy->fan_out().reload();
        });
      },
      [this](const std::string& why) { gate->set_problem("PostgreSQL does not answer: " + why); });
}

/// The database has let us in and the users are known.
void engine_process::parts::open_for_business() {
  trades = true;
  web_services->start("database listener", {}, [this] { return listener->run(); });
  web_services->start("database reader", {}, [this] { return reader->run(); });
  web_services->start("invitations", {}, [this] {
    return copy->run_invitations(*web_timers, [this](user_id user) { return server->is_connected(user); });
  });
  web_scope->spawn("engine lock", follow_lock());
  web_scope->spawn("return start memory", return_start_memory());
  asio::post(trading.get_executor(), [this] { begin_trading(); });
}

/// PostgreSQL was away at the start. Nobody can log in meanwhile, so the threads for hashing are free.
task<void> engine_process::parts::enter_later() {
  const auto load = [this] { return load_rules(run_on(trading.get_executor(), kill_switch->load())); };
  auto entered = co_await gate->enter_later(*hashing, random, load);
  if (!entered) co_return stop_because(entered.error());
  log().info("PostgreSQL has come; the engine goes to work");
  open_for_business();
}

task<void> engine_process::parts::follow_lock() {
  auto why = co_await gate->watch();
  stop_because(std::move(why));
}

void engine_process::parts::stop_because(error why) {
  log().error("the engine may not go on", {{"err", why}});
  exit_status = exit_code_of(why);
  kill(getpid(), SIGTERM);
}

/// For `systemctl status`.
std::string engine_process::parts::describe() const {
  std::string bots_by_state;
  for (const auto& [state, count] : board.counts())
    bots_by_state += (bots_by_state.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(to_string(state));
  if (bots_by_state.empty()) bots_by_state = "none";
  return (manager->first_load_done() ? "Trading; bots: " : "Starting; bots: ") + bots_by_state;
}

/// A part that is beyond help takes the process down in order: the next one begins with what the journal and the spool hold.
void engine_process::parts::build_supervisors() {
  const auto give_up = [this](std::string_view service, std::string_view reason) {
    log().error("the engine cannot go on and stops", {{"service", service}, {"err", reason}});
    exit_status = exit_failed;
    kill(getpid(), SIGTERM);
  };
  trading_services = std::make_unique<service_supervisor>(trading.get_executor(), *trading_timers, random, give_up);
  web_services = std::make_unique<service_supervisor>(web.get_executor(), *web_timers, random, give_up);
}

void engine_process::parts::build_watch() {
  watch = std::make_unique<process_watch>(process_watch_parts{.trading = trading.get_executor(),
                                                              .web = web.get_executor(),
                                                              .trading_timers = *trading_timers,
                                                              .web_timers = *web_timers,
                                                              .writer_progress = [this] { return recorder->progress(); },
                                                              .is_ready = [this] { return manager->first_load_done(); },
                                                              .status = [this] { return describe(); },
                                                              .turns = &turns.mark()});
}

void engine_process::parts::begin_trading() {
  blame_strategies_of_this_thread(turns.mark());
  trading_services->start(
      "raw recorder", never_restarted, [this] { return recorder->run(); }, [this] { return recorder->stop(spool_stop_limit); });
  trading_services->start("compile raw records", {}, [this] { return raw_tables->run_compiler(); });
  trading_services->start("fill gaps", {}, [this] { return raw_tables->run_backfiller(); });
  for (auto& [name, venue] : venues) venue->start();
  kill_switch->start();
  copy->fan_out().start();
  manager->start();
}

/// Starting thousands of bots at once needs memory that running them does not; the allocator keeps it unless asked.
task<void> engine_process::parts::return_start_memory() {
  while (!manager->first_load_done()) co_await sleep_for(*web_timers, start_poll_interval);
  co_await sleep_for(*web_timers, start_settle_time);
  auto trimmed = co_await hashing->run_job([] { malloc_trim(0); });
  if (!trimmed) log().warn("memory of the start was not returned", {{"err", trimmed.error()}});
}

engine_process::engine_process(settings s, settings_reader reread)
    : parts_(std::make_unique<parts>(std::move(s), std::move(reread))) {}
engine_process::~engine_process() = default;

result<void> engine_process::start() {
  auto& p = *parts_;
  auto keys = read_keys(p.config.security);
  if (!keys) return std::unexpected(keys.error());
  p.keyring = std::make_unique<crypto::keyring>(std::move(keys->master), p.random);
  p.gate = std::make_unique<database_gate>(p.config, *p.keyring, *p.web_timers);
  auto entered = p.gate->enter();
  if (!entered && !is_away(entered.error())) return entered;

  p.build_stores(std::move(keys->tokens));
  auto venues = p.build_venues();
  if (!venues) return venues;
  p.build_services();
  p.build_manager();
  p.build_control();
  p.build_web();
  p.build_supervisors();
  p.web_scope = std::make_unique<task_scope>(p.web.get_executor(), "web");
  p.build_listener();
  p.build_watch();

  if (entered) entered = wait_for(p.load_rules(p.kill_switch->load()), "users, locks and kills");
  if (!entered && !is_away(entered.error())) return entered;
  auto listening = p.server->start();
  if (!listening) return listening;
  if (entered) {
    p.open_for_business();
  } else {
    log().warn("PostgreSQL is away; the engine listens and waits for it", {{"err", entered.error()}});
    p.gate->set_problem(entered.error().detail);
    p.web_scope->spawn("wait for the database", p.enter_later());
  }
  p.watch->start();
  p.trading.start();
  p.web.start();
  log().info("engine started", {{"address", p.config.web.server.address}, {"port", p.server->port()}, {"version", version}, {"exchanges", p.venues.size()}});
  return {};
}

std::uint16_t engine_process::port() const { return parts_->server->port(); }

task<void> engine_process::parts::stop_trading() {
  if (!trades) {
    co_await kill_switch->stop();
    co_return watch->stop_trading_heart();
  }
  co_await manager->drain();
  co_await copy->fan_out().drain();
  co_await kill_switch->stop();
  for (auto& [name, venue] : venues | std::views::reverse) co_await venue->stop();
  co_await trading_services->stop();
  watch->stop_trading_heart();
}

task<void> engine_process::parts::stop_web() {
  co_await server->stop(web_stop_limit);
  co_await web_services->stop();
  web_scope->stop();
  co_await web_scope->join();
  watch->stop_web_heart();
}

/// Outside in: readiness off, trading drained (pages see it happen), then the web.
task<void> engine_process::parts::stop_all() {
  server->set_draining();
  auto trading_done = stop_trading();
  co_await run_on(trading.get_executor(), std::move(trading_done));
  auto web_done = stop_web();
  co_await run_on(web.get_executor(), std::move(web_done));
}

int engine_process::run_until_stopped() {
  auto& p = *parts_;
  auto& control = p.control;
  const auto timers = make_timer_queue(control.get_executor(), p.wall);
  task_scope watching(control.get_executor(), "watch");
  watching.spawn("watch", p.watch->run(*timers));
  task_scope scope(control.get_executor(), "main");
  scope.spawn("signals", run_signals(p.signals, p.reload, p.trading.get_executor(), *p.kill_switch));
  while (scope.size() > 0) control.run_one();
  log().info("stopping: no new orders from here on");
  notify_supervisor("STOPPING=1");
  p.watch->begin_stopping();
  scope.spawn("stop", p.stop_all());
  const auto deadline = p.wall.now() + p.config.shutdown_limit;
  while (scope.size() > 0 && p.wall.now() < deadline) control.run_one_for(deadline - p.wall.now());
  if (scope.size() > 0) {
    // Parts are still in use by their threads, so nothing can be taken down any more; the journal knows what was under way.
    log().error("shutdown did not end in time; ending at once");
    std::_Exit(exit_failed);
  }
  watching.stop();
  while (watching.size() > 0) control.run_one();
  p.trading.stop();
  p.web.stop();
  p.turns.mark().end_in_order();
  log().info("engine stopped");
  return p.exit_status;
}

}  // namespace drover::app
