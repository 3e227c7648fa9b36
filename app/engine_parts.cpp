#include "app/engine_parts.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <csignal>

#include "app/bot_reports.hpp"
#include "app/connection_health.hpp"
#include "app/credential_probe.hpp"
#include "app/exchange_catalogue.hpp"
#include "app/exchange_limits.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/thread_meters.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

/// The journal books fills one batch after the other.
constexpr std::size_t fill_connections = 1;
constexpr std::size_t spool_threads = 1;
constexpr std::size_t spool_queue_limit = 64;
/// One note is written after the other.
constexpr std::size_t note_queue_limit = 4;

database_config with_connections(database_config config, std::size_t connections) {
  config.connections = connections;
  return config;
}

}  // namespace

engine_parts::engine_parts(settings s, settings_reader r) : config(std::move(s)), reload(std::move(r), [this](const settings& fresh) { adopt(fresh); }) {
  add_kill_signals(signals);
}

void engine_parts::build_stores(token_keys tokens) {
  const auto life = std::chrono::duration_cast<seconds>(config.security.token_life);
  signer = std::make_unique<crypto::token_signer>(std::move(tokens.keys), tokens.active, life);
  hashing = std::make_unique<worker_pool>("hashing", config.security.hashing_threads, config.security.hashing_queue);
  spool_workers = std::make_unique<worker_pool>("spool", spool_threads, spool_queue_limit);
  note_worker = std::make_unique<worker_pool>("notes", 1, note_queue_limit);
  web_db = make_database(config.database, wall);
  trading_db = make_database(with_connections(config.database, config.trading_connections), wall);
  fills_db = make_database(with_connections(config.database, fill_connections), wall);
  reader = make_postgres_reader(config.database, *web_timers);
  users = tenants::make_postgres_user_store(*web_db);
  accounts = tenants::make_postgres_account_store(*web_db, reader.get());
  trading_accounts = tenants::make_postgres_account_store(*trading_db);
  earnings = tenants::make_postgres_earnings_store(*web_db);
  audit = tenants::make_postgres_audit_store(*web_db);
  audit_sealer = std::make_unique<tenants::audit_sealer>(tenants::audit_sealer_parts{
      .db = *web_db, .timers = *web_timers, .keys = *keyring, .files = system_files(), .worker = *note_worker, .folder = config.state_folder});
  idempotency = tenants::make_postgres_idempotency_store(*web_db);
  bots = engine::make_postgres_bot_store(*web_db);
  trading_bots = engine::make_postgres_bot_store(*trading_db);
  controls = engine::make_postgres_control_store(*trading_db);
  journal = engine::make_postgres_order_journal(trading.get_executor(), *trading_db, fills_db.get());
  web_journal = engine::make_postgres_order_journal(web.get_executor(), *web_db);
  history = engine::make_postgres_history_store(*web_db);
  directory = std::make_unique<tenants::user_directory>(*users, *signer, wall);
  if (config.legacy_tokens.accepted) directory->accept(crypto::plain_tokens(std::move(*config.legacy_tokens.key), life));
  config.legacy_tokens.key.reset();
}

result<void> engine_parts::build_venues() {
  transports = std::make_unique<venue_transports>(trading.get_executor(), *trading_timers);
  exchanges::raw_recorder_config spool;
  spool.folder = config.raw.folder;
  spool.spool_limit_bytes = config.raw.size_limit_bytes();
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

void engine_parts::build_services() {
  hasher = std::make_unique<tenants::password_hasher>(*hashing, random);
  second_factors = tenants::make_postgres_second_factor_store(*web_db);
  second_factor = std::make_unique<tenants::second_factor_service>(*second_factors, *accounts, *keyring, wall, random);
  login = std::make_unique<tenants::login_service>(
      tenants::login_parts{*users, *directory, *signer, *hasher, attempts, *second_factor, wall, random, std::chrono::duration_cast<seconds>(config.security.refresh_life)});
  registration = std::make_unique<tenants::registration_service>(*users, *hasher, attempts, wall, random, config.registration);
  account_service = std::make_unique<tenants::account_service>(
      *accounts, *keyring, make_exchange_catalogue(config.exchanges),
      make_credential_probe(trading.get_executor(), venues, config.exchanges, wall));
  key_probes = std::make_unique<tenants::key_probes>(*account_service, *web_timers, config.security.key_probe_interval);
  proposal_rows = tenants::make_postgres_proposal_store(*web_db);
  proposals = std::make_unique<tenants::proposal_service>(*proposal_rows, wall, config.four_eyes);
  bot_service = std::make_unique<engine::bot_service>(*bots, config.bots.bots_per_user);
}

void engine_parts::build_manager() {
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
  p.on_key_refused = [this](account_id id) {
    asio::post(web.get_executor(), [this, id] {
      if (web_scope) web_scope->spawn("look at a key", look_at_key(id));
    });
  };
  copy->listen_to(p);
  risk = std::make_unique<engine::risk_book>(config.bots.orders.limits, config.bots.engine_limits, entries, [this] { manager->heed_gate(); });
  p.gate = &entries;
  p.risk = risk.get();
  manager = std::make_unique<engine::bot_manager>(config.bots, std::move(p));
}

/// `config` keeps what it was but for the one value that this thread reads: the parts' copies are what counts.
void engine_parts::adopt(const settings& fresh) {
  set_log_level(fresh.log.level);
  config.shutdown_limit = fresh.shutdown_limit;
  if (fresh.security.token_keys) take_up_token_keys(*fresh.security.token_keys);
  asio::post(web.get_executor(), [this, wanted = fresh.web, mode = fresh.registration, four_eyes = fresh.four_eyes, bots_per_user = fresh.bots.bots_per_user] {
    server->adopt(wanted);
    registration->set_mode(mode);
    proposals->set_mode(four_eyes);
    bot_service->set_limit(bots_per_user);
  });
  asio::post(trading.get_executor(), [this, wanted = fresh.bots, raw = fresh.raw] {
    manager->adopt(wanted);
    risk->set_defaults(wanted.orders.limits, wanted.engine_limits);
    recorder->set_bounds(raw.size_limit_bytes(), static_cast<int>(raw.retention_days));
  });
}

/// Tokens of a key that is gone are refused from here on; the first key signs.
void engine_parts::take_up_token_keys(const secret& text) {
  auto tokens = parse_token_keys(text);
  if (!tokens) return log().error("the token keys stay as they were", {{"err", tokens.error()}});
  const auto count = tokens->keys.size();
  signer->take_up(std::move(tokens->keys), tokens->active);
  log().info("token keys are read anew", {{"signs", tokens->active}, {"keys", count}});
}

void engine_parts::build_control() {
  control_note = std::make_unique<engine::control_note>(system_files(), config.state_folder, *note_worker);
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
      .knows_exchange = [this](const std::string& name) { return account_service->catalogue().is_known(name); },
      .note = control_note.get()});
  kill_switch->recall(control_note->recall());
}

void engine_parts::build_web() {
  web::web_parts p{.executor = web.get_executor(),
                   .timers = *web_timers,
                   .random = random,
                   .wall = wall,
                   .users = *users,
                   .directory = *directory,
                   .login = *login,
                   .registration = *registration,
                   .second_factor = *second_factor,
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
                   .proposals = proposals.get(),
                   .master_key = [this] { return keyring->master_key_id(); },
                   .audit = audit.get(),
                   .trading = trading.get_executor(),
                   .idempotency = idempotency.get()};
  server = web::make_web_server(config.web, std::move(p));
  board.on_change([this](const engine::bot_status& status) { server->publish(status); });
}

/// A part that is beyond help takes the process down in order: the next one begins with what the journal and the spool hold.
void engine_parts::build_supervisors() {
  const auto give_up = [this](std::string_view service, std::string_view reason) {
    log().error("the engine cannot go on and stops", {{"service", service}, {"err", reason}});
    exit_status = exit_failed;
    kill(getpid(), SIGTERM);
  };
  trading_services = std::make_unique<service_supervisor>(trading.get_executor(), *trading_timers, random, give_up);
  web_services = std::make_unique<service_supervisor>(web.get_executor(), *web_timers, random, give_up);
}

void engine_parts::build_watch() {
  watch = std::make_unique<process_watch>(process_watch_parts{.trading = trading.get_executor(),
                                                              .web = web.get_executor(),
                                                              .trading_timers = *trading_timers,
                                                              .web_timers = *web_timers,
                                                              .writer_progress = [this] { return recorder->progress(); },
                                                              .is_ready = [this] { return manager->first_load_done(); },
                                                              .status = [this] { return describe(); },
                                                              .turns = &turns.mark()});
}

void engine_parts::build_operator_socket() {
  rotation = std::make_unique<tenants::key_rotation>(*web_db, *keyring);
  operator_work = std::make_unique<operator_calls>(operator_parts{.config = config,
                                                                  .keys = *keyring,
                                                                  .rotation = *rotation,
                                                                  .workers = *hashing,
                                                                  .timers = *web_timers,
                                                                  .random = random,
                                                                  .registration = *registration,
                                                                  .proposals = *proposals,
                                                                  .seal = [this] {
                                                                    sealing = true;
                                                                    kill(getpid(), SIGTERM);
                                                                  }});
  operator_socket = net::make_local_server(web.get_executor(), *web_timers, config.operator_socket,
                                           [this](net::local_call call) { return operator_work->answer(std::move(call)); });
}

void engine_parts::build_broker() {
  broker = std::make_unique<broker_services>(broker_service_parts{.config = config,
                                                                  .web = web.get_executor(),
                                                                  .timers = *web_timers,
                                                                  .trading = trading.get_executor(),
                                                                  .random = random,
                                                                  .keyring = *keyring,
                                                                  .db = *web_db,
                                                                  .accounts = *accounts,
                                                                  .audit = *audit,
                                                                  .venues = venues,
                                                                  .gate = entries,
                                                                  .is_locked_down = [this] { return kill_switch->is_locked_down(); },
                                                                  .is_open = [this] { return trades && !stops; }});
}

/// For `systemctl status`.
std::string engine_parts::describe() const {
  std::string bots_by_state;
  for (const auto& [state, count] : board.counts())
    bots_by_state += (bots_by_state.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(to_string(state));
  if (bots_by_state.empty()) bots_by_state = "none";
  return (manager->first_load_done() ? "Trading; bots: " : "Starting; bots: ") + bots_by_state;
}

}  // namespace drover::app
