#include "app/engine_process.hpp"

#include <malloc.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <ranges>

#include "app/engine_parts.hpp"
#include "app/fatal_signals.hpp"
#include "app/process_hardening.hpp"
#include "app/signals.hpp"
#include "app/start_checks.hpp"
#include "app/version.hpp"
#include "base/run_on.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

constexpr nanoseconds start_poll_interval = 500ms;
constexpr nanoseconds start_settle_time = 2s;
constexpr nanoseconds web_stop_limit = 5s;
constexpr nanoseconds forget_interval = std::chrono::minutes(15);
constexpr nanoseconds token_use_interval = 30s;
constexpr nanoseconds spool_stop_limit = 3s;
/// What it was doing when it failed is only found again by a new process.
constexpr restart_limits never_restarted{.intensity = 0};

template <class Tag>
std::optional<strong_id<Tag>> parse_id(std::string_view text) {
  std::int64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return strong_id<Tag>(value);
}

}  // namespace

/// A bot found its key refused: the account is taken back to review, so that the next start does not try it again.
task<void> engine_parts::look_at_key(account_id id) {
  auto seen = co_await account_service->probe({}, id);
  if (!seen) log().warn("a refused key could not be looked at again", {{"account", id}, {"err", seen.error()}});
}

task<void> engine_parts::refresh_user(user_id user) {
  auto done = co_await directory->refresh(user);
  if (!done) log().error("a changed user could not be read", {{"user", user}, {"err", done.error()}});
}

task<void> engine_parts::reload_users() {
  auto done = co_await directory->load();
  if (!done) log().error("the users could not be read", {{"err", done.error()}});
}

/// What is used all the time must not write all the time.
task<void> engine_parts::note_token_use() {
  for (;;) {
    co_await sleep_for(*web_timers, token_use_interval);
    auto tokens = directory->take_used_tokens();
    auto keys = directory->take_used_keys();
    result<void> noted;
    if (!tokens.empty()) noted = co_await users->touch_api_tokens(std::move(tokens));
    if (noted && !keys.empty()) noted = co_await users->touch_public_keys(std::move(keys));
    if (!noted) log().warn("when API tokens and public keys were used is not noted", {{"err", noted.error()}});
  }
}

/// What was locked and killed stays so, from the first order and the first request on. Tokens are checked from memory: the first
/// request must find every user there.
task<result<void>> engine_parts::load_rules(task<result<void>> load_controls) {
  auto known = co_await directory->load();
  if (!known) co_return known;
  auto held = co_await std::move(load_controls);
  co_return held;
}

void engine_parts::on_notification(std::string_view channel, std::string_view payload) {
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

void engine_parts::build_listener() {
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
void engine_parts::open_for_business() {
  trades = true;
  web_services->start("database listener", {}, [this] { return listener->run(); });
  web_services->start("database reader", {}, [this] { return reader->run(); });
  web_services->start("key probes", {}, [this] { return key_probes->run(); });
  web_services->start("audit heads", {}, [this] { return audit_sealer->run(); });
  web_services->start("use of API tokens", {}, [this] { return note_token_use(); });
  web_services->start("invitations", {}, [this] {
    return copy->run_invitations(*web_timers, [this](user_id user) { return server->is_connected(user); });
  });
  web_services->start("idempotency keys", {}, [this] { return forget_old_keys(); });
  web_scope->spawn("engine lock", follow_lock());
  web_scope->spawn("return start memory", return_start_memory());
  web_scope->spawn("finish a rotation of keys", operator_work->finish_rotation());
  asio::post(trading.get_executor(), [this] { begin_trading(); });
}

/// PostgreSQL was away at the start. Nobody can log in meanwhile, so the threads for hashing are free.
task<void> engine_parts::enter_later() {
  const auto load = [this] { return load_rules(run_on(trading.get_executor(), kill_switch->load())); };
  auto entered = co_await gate->enter_later(*hashing, random, load);
  if (!entered) co_return stop_because(entered.error());
  log().info("PostgreSQL has come; the engine goes to work");
  open_for_business();
}

task<void> engine_parts::follow_lock() {
  auto why = co_await gate->watch();
  stop_because(std::move(why));
}

void engine_parts::stop_because(error why) {
  log().error("the engine may not go on", {{"err", why}});
  exit_status = exit_code_of(why);
  kill(getpid(), SIGTERM);
}

void engine_parts::begin_trading() {
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
task<void> engine_parts::return_start_memory() {
  while (!manager->first_load_done()) co_await sleep_for(*web_timers, start_poll_interval);
  co_await sleep_for(*web_timers, start_settle_time);
  auto trimmed = co_await hashing->run_job([] { malloc_trim(0); });
  if (!trimmed) log().warn("memory of the start was not returned", {{"err", trimmed.error()}});
}

/// Those that are left over after a full batch go with the next one.
task<void> engine_parts::forget_old_keys() {
  for (;;) {
    auto removed = co_await idempotency->prune();
    if (!removed) log().warn("old idempotency keys were not removed", {{"err", removed.error()}});
    co_await sleep_for(*web_timers, forget_interval);
  }
}

engine_process::engine_process(settings s, settings_reader reread)
    : parts_(std::make_unique<engine_parts>(std::move(s), std::move(reread))) {}
engine_process::~engine_process() = default;

result<void> engine_process::start(std::vector<crypto::master_key> masters, token_keys tokens) {
  auto& p = *parts_;
  p.keyring = std::make_unique<crypto::keyring>(std::exchange(masters, {}), p.random);
  p.gate = std::make_unique<database_gate>(p.config, *p.keyring, *p.web_timers);
  auto entered = p.gate->enter();
  if (!entered && !is_away(entered.error())) return entered;

  p.build_stores(std::move(tokens));
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
  p.build_operator_socket();
  p.build_broker();

  if (entered) entered = wait_for(p.load_rules(p.kill_switch->load()), "users, locks and kills");
  if (!entered && !is_away(entered.error())) return entered;
  auto reachable = p.operator_socket->open();
  if (!reachable) return reachable;
  auto broking = p.broker->open();
  if (!broking) return broking;
  auto listening = p.server->start();
  if (!listening) return listening;
  p.operator_socket->start();
  p.broker->start();
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
bool engine_process::wants_sealing() const { return parts_->sealing && parts_->exit_status == exit_ok; }

task<void> engine_parts::stop_trading() {
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

task<void> engine_parts::stop_web() {
  co_await operator_socket->stop();
  co_await server->stop(web_stop_limit);
  co_await web_services->stop();
  if (trades) co_await sign_last_head();
  web_scope->stop();
  co_await web_scope->join();
  watch->stop_web_heart();
}

/// A trail at rest is signed to its end.
task<void> engine_parts::sign_last_head() {
  auto done = co_await audit_sealer->sign_now();
  if (!done) log().warn("the end of the audit trail is not signed", {{"err", done.error()}});
}

/// Outside in: readiness off, the broker, trading drained (pages see it happen), then the web.
task<void> engine_parts::stop_all() {
  server->set_draining();
  stops = true;
  auto broker_done = broker->stop();
  co_await run_on(web.get_executor(), std::move(broker_done));
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
  notify_supervisor(p.sealing ? "STATUS=Sealing" : "STOPPING=1");
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
  blame_no_strategy();
  p.turns.mark().end_in_order();
  log().info("engine stopped");
  return p.exit_status;
}

}  // namespace drover::app
