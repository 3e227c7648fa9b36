#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>

#include "base/random.hpp"
#include "engine/bots/bot_manager.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/fake_exchange.hpp"
#include "tests/support/postgres.hpp"

namespace drover::engine {
namespace {

using test::fake_exchange;

/// Manager, stores and journal on a real database; only the exchange is not real.
class BotsOnPostgres : public ::testing::Test {
 protected:
  BotsOnPostgres() {
    venues.emplace("paper", std::make_unique<fake_exchange>(io.get_executor(), system_clock()));
    store.sql("INSERT INTO users (username, password_hash, role) VALUES ('admin', 'x', 'admin'), ('alice', 'x', 'tenant')");
    config.strategy_parameters = R"({"levels":3,"spacing":"0.01","order_notional":"60"})";
  }
  ~BotsOnPostgres() override {
    if (manager) drain();
  }

  static task<tenants::probe_outcome> probe(std::string, secret, secret, secret) {
    co_return tenants::probe_outcome{.accepted = true, .reason = {}, .unavailable = false};
  }
  user_id user(const std::string& name) const {
    return user_id(std::stoll(store.sql("SELECT id FROM users WHERE username = '" + name + "'")));
  }
  account_id connect_and_approve(const std::string& key) {
    tenants::exchange_catalogue catalogue{.is_known = [](const std::string&) { return true; },
                                          .needs_passphrase = [](const std::string&) { return false; },
                                          .names = {"paper"}};
    tenants::account_service service(*accounts, keyring, catalogue, probe);
    tenants::account_request request{"paper", secret(key), secret("secret-of-" + key), secret(), "label"};
    auto made = test::run(io, service.create(user("alice"), std::move(request)));
    if (!made) throw std::runtime_error(made.error().to_string());
    auto approved = test::run(io, accounts->approve(user("admin"), made->id, std::nullopt, ""));
    if (!approved) throw std::runtime_error(approved.error().to_string());
    venue().set_balance(std::to_string(made->id.value), "USDT", decimal(10'000));
    return made->id;
  }
  fake_exchange& venue() { return static_cast<fake_exchange&>(*venues.at("paper")); }

  void start() {
    bot_manager_parts parts{.executor = io.get_executor(),
                            .timers = *timers,
                            .random = random,
                            .wall = system_clock(),
                            .accounts = *accounts,
                            .bots = *bots,
                            .keyring = keyring,
                            .journal = *journal,
                            .exchanges = venues,
                            .board = board,
                            .counters = counters,
                            .on_earnings = [this](const earnings_event& e) { earned.push_back(e); },
                            .engine_name = "test"};
    manager = std::make_unique<bot_manager>(config, std::move(parts));
    manager->start();
  }
  /// Runs the engine until it is so, or too long.
  bool until(const std::function<bool()>& condition) {
    constexpr nanoseconds patience = 20s;
    const auto end = system_clock().now() + patience;
    while (!condition() && system_clock().now() < end) {
      if (io.stopped()) io.restart();
      io.run_one_for(std::chrono::milliseconds(10));
    }
    return condition();
  }
  void drain() {
    test::run(io, manager->drain());
    manager.reset();
  }
  bool is(account_id id, bot_state state) const {
    auto found = board.find(id);
    return found && found->state == state;
  }
  std::size_t open_orders(account_id id) { return venue().open_orders(std::to_string(id.value)).size(); }
  std::string sql(const std::string& text) const { return store.sql(text); }

  test::test_database store;
  asio::io_context io{1};
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  seeded_random random{11};
  crypto::keyring keyring{crypto::master_key::generate(random), random};
  std::unique_ptr<database> db = make_database(store.config(), system_clock());
  std::unique_ptr<tenants::account_store> accounts = tenants::make_postgres_account_store(*db);
  std::unique_ptr<bot_store> bots = make_postgres_bot_store(*db);
  std::unique_ptr<order_journal> journal = make_postgres_order_journal(io.get_executor(), *db);
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues;
  bots_config config;
  bot_board board;
  order_counters counters;
  std::vector<earnings_event> earned;
  std::unique_ptr<bot_manager> manager;
};

TEST_F(BotsOnPostgres, EarningsOfTheSocketAreThoseOfTheBooksAcrossARestart) {
  const auto id = connect_and_approve("key-one-1111");
  start();
  ASSERT_TRUE(until([&] { return is(id, bot_state::running); }));
  venue().set_price(60'000);
  ASSERT_TRUE(until([&] { return open_orders(id) == 3; }));
  venue().set_price(59'600);
  ASSERT_TRUE(until([&] { return sql("SELECT count(*) FROM fills") == "1" && open_orders(id) == 3; }));
  drain();
  EXPECT_EQ(open_orders(id), 3u);
  const int placed = venue().account(std::to_string(id.value)).placed;

  start();
  ASSERT_TRUE(until([&] { return is(id, bot_state::running); }));
  venue().set_price(59'601);
  venue().set_price(60'400);
  ASSERT_TRUE(until([&] { return earned.size() == 1; }));
  ASSERT_TRUE(until([&] { return open_orders(id) == 3; }));
  EXPECT_EQ(venue().account(std::to_string(id.value)).placed, placed + 1);
  EXPECT_EQ(sql("SELECT trim_scale(sum(amount)) FROM earnings"), earned[0].amount.to_string());
  EXPECT_EQ(earned[0].total, earned[0].amount);
  EXPECT_EQ(sql("SELECT count(*) FROM order_intents"), std::to_string(placed + 1));
}

TEST_F(BotsOnPostgres, SwitchingOffStopsAndCancels) {
  const auto id = connect_and_approve("key-two-2222");
  start();
  ASSERT_TRUE(until([&] { return is(id, bot_state::running); }));
  venue().set_price(60'000);
  ASSERT_TRUE(until([&] { return open_orders(id) == 3; }));
  ASSERT_TRUE(test::run(io, accounts->set_active(user("alice"), id, false)));
  manager->account_changed(id);
  ASSERT_TRUE(until([&] { return !board.find(id); }));
  EXPECT_EQ(open_orders(id), 0u);
}

}  // namespace
}  // namespace drover::engine
