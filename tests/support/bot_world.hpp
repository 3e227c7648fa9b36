#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "crypto/keyring.hpp"
#include "engine/bots/bot_manager.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/fake_exchange.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::test {

/// Everything a bot manager needs, in memory and on a manual clock. One thread.
class bot_world {
 public:
  explicit bot_world(engine::bots_config c = fast_config()) : config(std::move(c)) {
    exchanges_.emplace("paper", std::make_unique<fake_exchange>(io.get_executor(), clock));
    accounts = tenants::make_memory_account_store(
        clock, {.is_active = [this](user_id u) { return !banned.contains(u.value); },
                .username = [](user_id u) { return "user" + std::to_string(u.value); }});
    tenants::exchange_catalogue catalogue{.is_known = [](const std::string&) { return true; },
                                          .needs_passphrase = [](const std::string&) { return false; },
                                          .names = {"paper"}};
    service = std::make_unique<tenants::account_service>(*accounts, keyring, catalogue, probe);
    store = accounts.get();
    bots = engine::make_memory_bot_store(clock, {[this](account_id id) { return owner_of(id); }});
  }
  ~bot_world() {
    if (manager) drain();
  }

  static engine::bots_config fast_config() {
    engine::bots_config c;
    c.strategy_parameters = R"({"levels":3,"spacing":"0.01","order_notional":"60"})";
    return c;
  }
  static task<tenants::probe_outcome> probe(std::string, secret, secret, secret) {
    co_return tenants::probe_outcome{.accepted = true, .reason = {}, .unavailable = false};
  }

  fake_exchange& venue() { return static_cast<fake_exchange&>(*exchanges_.at("paper")); }

  /// A connected account with money at the exchange, still pending.
  account_id connect(std::int64_t user, const std::string& key, const std::string& exchange_name = "paper") {
    tenants::account_request request{exchange_name, secret(key), secret("secret-of-" + key), secret(), "label"};
    auto made = run(io, service->create(user_id(user), std::move(request)));
    if (!made) throw std::runtime_error(made.error().to_string());
    owners_[made->id] = user_id(user);
    venue().set_balance(label(made->id), "USDT", decimal(10'000));
    return made->id;
  }
  void approve(account_id id) {
    auto done = run(io, store_call_approve(id));
    if (!done) throw std::runtime_error(done.error().to_string());
    tell(id);
  }
  account_id connect_and_approve(std::int64_t user, const std::string& key) {
    const auto id = connect(user, key);
    approve(id);
    return id;
  }
  void switch_active(std::int64_t user, account_id id, bool on) {
    auto done = run(io, accounts->set_active(user_id(user), id, on));
    if (!done) throw std::runtime_error(done.error().to_string());
    tell(id);
  }
  void tell(account_id id) {
    if (manager) manager->account_changed(id);
  }

  /// A bot of the account beside its default one, running.
  bot_id add_bot(account_id account, const std::string& symbol, const std::string& strategy = "grid", const std::string& more = "",
                 engine::resume_contract contract = engine::resume_contract::resume) {
    const std::string parameters = R"({"symbol":")" + symbol + R"(","levels":3,"spacing":"0.01","order_notional":"60")" + more + "}";
    engine::new_bot fresh{.user = *owner_of(account), .account = account, .name = symbol, .strategy = strategy,
                          .parameters = parameters, .symbol = symbol, .desired = engine::desired_state::running, .resume = contract};
    auto made = run(io, bots->create(std::move(fresh), 100));
    if (!made) throw std::runtime_error(made.error().to_string());
    tell(account);
    return made->id;
  }
  /// The default one where there is no other.
  bot_id bot_of(account_id account) { return run(io, bots->list(*owner_of(account), {.account = account})).value().front().id; }
  void want(bot_id id, engine::desired_state desired) {
    clock.advance(1ms);
    const auto status = board.find(id);
    const auto account = status ? status->account : account_of(id);
    auto done = run(io, bots->set_desired(*owner_of(account), id, desired));
    if (!done) throw std::runtime_error(done.error().to_string());
    tell(account);
    settle();
  }

  void make_manager(engine::strategy_meters meters = {}) {
    engine::bot_manager_parts parts{.executor = io.get_executor(),
                                    .timers = timers,
                                    .random = random,
                                    .wall = clock,
                                    .accounts = *store,
                                    .bots = *bots,
                                    .keyring = keyring,
                                    .journal = *journal,
                                    .exchanges = exchanges_,
                                    .board = board,
                                    .counters = counters,
                                    .on_earnings = [this](const engine::earnings_event& e) { earned.push_back(e); },
                                    .engine_name = "test",
                                    .find_kind = find_kind,
                                    .on_signal_verdict =
                                        [this](bot_id id, const engine::signal_verdict& v, const uuid& order) {
                                          verdicts.emplace_back(id, v);
                                          if (on_verdict) on_verdict(id, v, order);
                                        },
                                    .on_fill = on_fill,
                                    .meters = meters,
                                     .gate = &gate,
                                     .risk = &risk};
    manager = std::make_unique<engine::bot_manager>(config, std::move(parts));
  }
  void start() {
    if (!manager) make_manager();
    manager->start();
    settle();
  }
  /// Runs whatever can run now.
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }
  /// Lets virtual time pass, timer by timer.
  void pass(nanoseconds d) {
    const auto end = clock.now() + d;
    settle();
    while (timers.advance_to_next(end - clock.now())) settle();
    settle();
  }
  void price(std::int64_t mid) {
    venue().set_price(mid);
    settle();
  }
  void drain() {
    bool done = false;
    asio::co_spawn(io, manager->drain(), [&done](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
      done = true;
    });
    for (int step = 0; step < 1000 && !done; ++step) pass(100ms);
    if (!done) throw std::runtime_error("the drain did not end");
    manager.reset();
  }

  static std::string label(account_id id) { return std::to_string(id.value); }
  engine::bot_state state(bot_id id) const {
    auto found = board.find(id);
    return found ? found->state : engine::bot_state::off;
  }
  std::string reason(bot_id id) const {
    auto found = board.find(id);
    return found ? found->reason : "";
  }
  engine::bot_state state(account_id id) const {
    auto found = board.find(id);
    return found ? found->state : engine::bot_state::off;
  }
  std::string reason(account_id id) const {
    auto found = board.find(id);
    return found ? found->reason : "";
  }
  std::size_t open_orders(account_id id) { return venue().open_orders(label(id)).size(); }

  engine::bots_config config;
  asio::io_context io{1};
  manual_clock clock;
  manual_timers timers{clock};
  seeded_random random{7};
  crypto::keyring keyring{crypto::master_key::generate(random), random};
  std::set<std::int64_t> banned;
  std::unique_ptr<engine::order_journal> journal = engine::make_memory_order_journal(clock);
  engine::entry_gate gate;
  engine::risk_book risk{config.orders.limits, config.engine_limits, gate, [this] { if (manager) manager->heed_gate(); }};
  engine::bot_board board;
  engine::order_counters counters;
  std::vector<engine::earnings_event> earned;
  std::unique_ptr<tenants::account_store> accounts;
  std::unique_ptr<tenants::account_service> service;
  /// What the manager reads: `accounts`, unless a test puts something in between.
  tenants::account_store* store = nullptr;
  std::unique_ptr<engine::bot_store> bots;
  std::vector<std::pair<bot_id, engine::signal_verdict>> verdicts;
  /// What the manager is given when it is made.
  std::function<void(bot_id, const engine::signal_verdict&, const uuid& order)> on_verdict;
  std::function<void(bot_id, account_id, const engine::booked_fill&)> on_fill;
  const engine::strategy_kind* (*find_kind)(std::string_view) = engine::find_strategy_kind;
  std::unique_ptr<engine::bot_manager> manager;

 private:
  std::optional<user_id> owner_of(account_id id) const {
    auto at = owners_.find(id);
    if (at == owners_.end()) return std::nullopt;
    return at->second;
  }
  account_id account_of(bot_id id) {
    for (const auto& [account, user] : owners_)
      for (const auto& row : run(io, bots->list(user, {.account = account})).value())
        if (row.id == id) return account;
    throw std::runtime_error("there is no such bot");
  }
  task<result<tenants::account>> store_call_approve(account_id id) {
    const user_id admin(999'999);
    auto reviewed = co_await accounts->get(owners_.at(id), id);
    if (!reviewed) co_return std::unexpected(reviewed.error());
    std::string message;
    auto done = co_await accounts->approve(admin, id, reviewed->credential_version, std::move(message));
    co_return done;
  }
  std::map<std::string, std::unique_ptr<exchanges::exchange>> exchanges_;
  std::map<account_id, user_id> owners_;
};

}  // namespace drover::test
