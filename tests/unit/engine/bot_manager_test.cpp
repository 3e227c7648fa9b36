#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

TEST(BotManager, StartsWhatIsApprovedAndTradesUntilTheUserEarns) {
  bot_world w;
  const auto approved = w.connect_and_approve(1, "key-one-1111");
  const auto pending = w.connect(2, "key-two-2222");
  w.start();
  EXPECT_EQ(w.state(approved), bot_state::running);
  EXPECT_EQ(w.reason(approved), "Trading");
  EXPECT_FALSE(w.board.find(pending));
  EXPECT_TRUE(w.manager->first_load_done());
  for (const int mid : {60'000, 59'600, 60'400, 59'600, 60'400}) {
    w.price(mid);
    w.pass(300ms);
  }
  ASSERT_FALSE(w.earned.empty());
  EXPECT_EQ(w.earned.back().user, user_id(1));
  EXPECT_EQ(w.earned.back().asset, "USDT");
  EXPECT_GT(w.earned.back().total, decimal());
  EXPECT_EQ(w.board.find(approved)->open_orders, 3);
  EXPECT_GE(w.counters.snapshot().filled, 4u);
}

TEST(BotManager, StartsABotWithinASecondOfItsApproval) {
  bot_world w;
  w.start();
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
}

TEST(BotManager, SwitchingOffCancelsAndStopsWithinASecond) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  ASSERT_EQ(w.open_orders(id), 3u);
  w.switch_active(1, id, false);
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(w.open_orders(id), 0u);
  EXPECT_EQ(w.manager->size(), 0u);
  const int placed = w.venue().account(w.label(id)).placed;
  w.price(55'000);
  EXPECT_EQ(w.venue().account(w.label(id)).placed, placed);
  w.switch_active(1, id, true);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
}

TEST(BotManager, BanningAUserStopsHisBotsAndNoOthers) {
  bot_world w;
  const auto banned = w.connect_and_approve(1, "key-one-1111");
  const auto other = w.connect_and_approve(2, "key-two-2222");
  w.start();
  w.price(60'000);
  w.banned.insert(1);
  w.manager->reload();
  w.pass(1s);
  EXPECT_FALSE(w.board.find(banned));
  EXPECT_EQ(w.open_orders(banned), 0u);
  EXPECT_EQ(w.state(other), bot_state::running);
  EXPECT_EQ(w.open_orders(other), 3u);
}

TEST(BotManager, DeletingAnAccountStopsItsBot) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  ASSERT_TRUE(test::run(w.io, w.accounts->remove(user_id(1), id)));
  w.tell(id);
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(w.open_orders(id), 0u);
}

TEST(BotManager, FindsChangesByItselfAtTheRefreshInterval) {
  bot_world w;
  w.start();
  const auto id = w.connect(1, "key-one-1111");
  auto held_back = std::move(w.manager);
  w.approve(id);
  w.manager = std::move(held_back);
  w.pass(w.config.refresh_interval + 1s);
  EXPECT_EQ(w.state(id), bot_state::running);
}

TEST(BotManager, NewCredentialsRestartTheBotWithTheNewKey) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  tenants::account_service::change change;
  change.credentials = tenants::account_request{"paper", secret("key-new-9999"), secret("another-secret"), secret(), "label"};
  ASSERT_TRUE(test::run(w.io, w.service->update(user_id(1), id, std::move(change))));
  w.approve(id);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
  EXPECT_EQ(w.venue().account(w.label(id)).keys, (std::vector<std::string>{"key-one-1111", "key-new-9999"}));
  w.price(60'001);
  EXPECT_EQ(w.open_orders(id), 3u);
}

TEST(BotManager, DatesOrdersByTheClockOfTheExchangeWhenItsOwnIsWrong) {
  bot_world w;
  w.venue().offset = -3'600'000ms;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.price(60'000);
  w.start();
  w.price(60'000);
  const auto open = test::run(w.io, w.journal->load_open(id)).value();
  ASSERT_FALSE(open.empty());
  const auto& intent = open.front().intent;
  EXPECT_LE(intent.created_at, w.clock.wall_now() - 1h);
  EXPECT_LT(intent.dead_after, w.clock.wall_now() - 59min);
}

TEST(BotManager, ADrainLeavesOrdersAndTheNextEngineTakesThemUp) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  w.price(59'600);
  ASSERT_EQ(w.open_orders(id), 3u);
  w.drain();
  EXPECT_EQ(w.open_orders(id), 3u);
  EXPECT_FALSE(w.board.find(id));
  const int placed = w.venue().account(w.label(id)).placed;
  w.start();
  w.price(59'600);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
  EXPECT_EQ(w.venue().account(w.label(id)).placed, placed);
  w.price(60'400);
  w.pass(1s);
  ASSERT_EQ(w.earned.size(), 1u);
  EXPECT_GT(w.earned[0].amount, decimal());
}

TEST(BotManager, FillsOfTheTimeBetweenTwoEnginesAreEarnedOnce) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  w.price(59'600);
  w.drain();
  w.venue().set_price(60'400);
  w.settle();
  w.start();
  w.pass(1s);
  ASSERT_EQ(w.earned.size(), 1u);
  w.price(60'400);
  w.pass(1s);
  EXPECT_EQ(w.earned.size(), 1u);
  EXPECT_EQ(w.open_orders(id), 3u);
}

TEST(BotManager, ARefusedKeyIsQuarantinedUntilTheAccountChanges) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.venue().fail_with(w.label(id), error(exchanges::exchange_errc::bad_credentials, "API-key invalid"));
  w.start();
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("API-key invalid"), std::string::npos);
  w.pass(10min);
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  w.venue().fail_with(w.label(id), std::nullopt);
  w.clock.advance(1s);
  w.switch_active(1, id, false);
  w.pass(1s);
  w.switch_active(1, id, true);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
}

TEST(BotManager, SwitchingOffAlsoCancelsWhatAQuarantinedBotLeft) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  for (int i = 0; i < 10'000; ++i) w.venue().emit(w.label(id), exchanges::stream_opened{});
  w.settle();
  ASSERT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_EQ(w.open_orders(id), 3u);
  w.switch_active(1, id, false);
  w.pass(1s);
  EXPECT_EQ(w.open_orders(id), 0u);
  EXPECT_FALSE(w.board.find(id));
}

TEST(BotManager, SwitchingOffAtTheVeryStartLeavesNothing) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.make_manager();
  w.manager->start();
  w.io.restart();
  for (int step = 0; step < 12; ++step) w.io.poll_one();
  w.switch_active(1, id, false);
  w.pass(1s);
  w.price(60'000);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(w.venue().account(w.label(id)).placed, 0);
}

TEST(BotManager, ABotWhoseAccountAnotherEngineTookStopsAndSaysSo) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  ASSERT_TRUE(test::run(w.io, w.journal->acquire_lease(id, "other engine")));
  w.price(59'600);
  w.pass(2s);
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("Another engine"), std::string::npos);
}

TEST(BotManager, AnExchangeThatIsAwayIsTriedAgainUntilItIsBack) {
  bot_world w;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.venue().fail_with(w.label(id), error(exchanges::exchange_errc::maintenance, "upgrade"));
  w.start();
  w.pass(2min);
  EXPECT_EQ(w.state(id), bot_state::backing_off);
  EXPECT_NE(w.reason(id).find("upgrade"), std::string::npos);
  w.venue().fail_with(w.label(id), std::nullopt);
  w.pass(w.config.backoff_ceiling);
  EXPECT_EQ(w.state(id), bot_state::running);
}

TEST(BotManager, AnUnknownExchangeIsQuarantinedWithItsName) {
  bot_world w;
  const auto id = w.connect(1, "key-one-1111", "nowhere");
  w.approve(id);
  w.start();
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("'nowhere'"), std::string::npos);
  w.switch_active(1, id, false);
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
}

TEST(BotManager, WrongParametersAreQuarantinedWithTheField) {
  auto config = bot_world::fast_config();
  config.strategy_parameters = R"({"levels":0})";
  bot_world w(config);
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("levels"), std::string::npos);
}

TEST(BotManager, AStrategyThatCannotGoOnSaysWhy) {
  auto config = bot_world::fast_config();
  config.strategy_parameters = R"({"order_notional":"1"})";
  bot_world w(config);
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_NE(w.reason(id).find("order_notional is too small"), std::string::npos);
}

TEST(BotManager, AThousandBotsStartAFewAtATime) {
  auto config = bot_world::fast_config();
  config.concurrent_starts = 16;
  std::map<account_id, bot_state> last;
  int reconciling = 0, most = 0;
  bot_world w(config);
  std::vector<account_id> ids;
  for (int i = 1; i <= 1000; ++i) ids.push_back(w.connect_and_approve(i, "key-" + std::to_string(100'000 + i)));
  w.board.on_change([&](const bot_status& s) {
    if (last[s.account] == bot_state::reconciling) --reconciling;
    if (s.state == bot_state::reconciling) ++reconciling;
    last[s.account] = s.state;
    most = std::max(most, reconciling);
  });
  w.start();
  w.pass(1s);
  EXPECT_EQ(w.board.counts(), (std::map<bot_state, std::int64_t>{{bot_state::running, 1000}}));
  EXPECT_LE(most, 16);
  EXPECT_TRUE(w.manager->first_load_done());
}

TEST(BotManager, AccountsWithOpenOrdersStartFirstThenThoseWithAPosition) {
  auto config = bot_world::fast_config();
  config.concurrent_starts = 1;
  bot_world w(config);
  std::vector<account_id> ids;
  for (int i = 1; i <= 30; ++i) ids.push_back(w.connect_and_approve(i, "key-" + std::to_string(100'000 + i)));
  // What an engine before this one left behind.
  auto epoch = [&w](account_id id) { return *test::run(w.io, w.journal->acquire_lease(id, "before")); };
  auto intend = [&](account_id id, uuid order) {
    order_intent intent;
    intent.id = order;
    intent.user = user_id(id.value);
    intent.account = id;
    intent.symbol = "BTC/USDT";
    intent.side = exchanges::side::buy;
    intent.quantity = decimal(1);
    intent.price = decimal(1'000);
    const auto held = epoch(id);
    ASSERT_TRUE(test::run(w.io, w.journal->append_intent(intent, held)));
  };
  const auto open = ids[25], holds = ids[12];
  intend(open, make_uuid_v7(w.clock, w.random));
  const auto bought = make_uuid_v7(w.clock, w.random);
  intend(holds, bought);
  exchanges::fill fill;
  fill.symbol = "BTC/USDT";
  fill.trade_id = "1";
  fill.side = exchanges::side::buy;
  fill.price = decimal(1'000);
  fill.quantity = decimal(1);
  auto instrument = test::run(w.io, w.venue().find_instrument("BTC/USDT"));
  ASSERT_TRUE(test::run(w.io, w.journal->record_fill(user_id(holds.value), holds, bought, **instrument, fill)));
  ASSERT_TRUE(test::run(w.io, w.journal->record_status(bought, exchanges::order_status::filled, decimal(1), "v1", epoch(holds))));

  std::vector<account_id> order;
  w.board.on_change([&](const bot_status& s) {
    if (s.state == bot_state::reconciling) order.push_back(s.account);
  });
  w.start();
  w.pass(10s);
  ASSERT_GE(order.size(), 30u);
  EXPECT_EQ(order[0], open);
  EXPECT_EQ(order[1], holds);
  EXPECT_EQ(order[2], ids[0]);
}

/// Answers errors while `away`.
class failing_store final : public tenants::account_store {
 public:
  explicit failing_store(tenants::account_store& real) : real_(real) {}
  bool away = true;
  int asked = 0;

  task<result<std::vector<tenants::runnable_account>>> load_runnable() override {
    ++asked;
    if (away) co_return fail(db_errc::unavailable, "no connection");
    auto rows = co_await real_.load_runnable();
    co_return rows;
  }
  task<result<std::optional<tenants::runnable_account>>> load_runnable(account_id id) override {
    ++asked;
    if (away) co_return fail(db_errc::unavailable, "no connection");
    auto row = co_await real_.load_runnable(id);
    co_return row;
  }
  task<result<account_id>> reserve_id() override { return real_.reserve_id(); }
  task<result<std::optional<data_key_row>>> find_data_key(user_id u) override { return real_.find_data_key(u); }
  task<result<data_key_row>> ensure_data_key(user_id u, data_key_row r) override { return real_.ensure_data_key(u, std::move(r)); }
  task<result<void>> report_credentials(account_id a, std::string f, std::string d) override { return real_.report_credentials(a, std::move(f), std::move(d)); }
  task<result<tenants::account>> create(tenants::new_account a, tenants::sealed_credentials c) override { return real_.create(std::move(a), std::move(c)); }
  task<result<std::vector<tenants::account>>> list(user_id u, tenants::account_page p) override { return real_.list(u, p); }
  task<result<tenants::account>> get(user_id u, account_id a) override { return real_.get(u, a); }
  task<result<tenants::account>> update(user_id u, account_id a, tenants::account_patch p) override { return real_.update(u, a, std::move(p)); }
  task<result<tenants::account>> replace_credentials(user_id u, account_id a, tenants::replacement r, tenants::sealed_credentials c) override {
    return real_.replace_credentials(u, a, std::move(r), std::move(c));
  }
  task<result<tenants::account>> record_probe(account_id a, std::int64_t v, tenants::account_probe p) override { return real_.record_probe(a, v, std::move(p)); }
  task<result<std::vector<account_id>>> list_due_probes(wall_time t, int n) override { return real_.list_due_probes(t, n); }
  task<result<tenants::account>> waive_withdrawals(user_id u, account_id a, std::int64_t v) override { return real_.waive_withdrawals(u, a, v); }
  task<result<tenants::runnable_account>> load_credentials(account_id a) override { return real_.load_credentials(a); }
  task<result<tenants::account>> set_active(user_id u, account_id a, bool on) override { return real_.set_active(u, a, on); }
  task<result<void>> remove(user_id u, account_id a) override { return real_.remove(u, a); }
  task<result<std::vector<tenants::pending_account>>> list_for_admin(std::optional<tenants::account_status> s, tenants::account_page p) override {
    return real_.list_for_admin(s, p);
  }
  task<result<tenants::account>> approve(user_id u, account_id a, std::optional<std::int64_t> v, std::string m) override {
    return real_.approve(u, a, v, std::move(m));
  }
  task<result<tenants::account>> reject(user_id u, account_id a, std::string r) override { return real_.reject(u, a, std::move(r)); }

 private:
  tenants::account_store& real_;
};

TEST(BotManager, KeepsTryingWhileTheDatabaseIsAway) {
  bot_world w;
  failing_store store(*w.accounts);
  w.store = &store;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  log_capture lines;
  w.start();
  w.pass(30s);
  EXPECT_FALSE(w.manager->first_load_done());
  EXPECT_GT(store.asked, 3);
  EXPECT_LT(store.asked, 60);
  EXPECT_NE(lines.text().find("running bots go on"), std::string::npos);
  store.away = false;
  w.pass(10s);
  EXPECT_EQ(w.state(id), bot_state::running);
  store.away = true;
  w.manager->reload();
  w.pass(5s);
  w.price(60'000);
  EXPECT_EQ(w.state(id), bot_state::running);
  EXPECT_EQ(w.open_orders(id), 3u);
  w.drain();
}

TEST(BotManager, LogsOrderStatisticsAtItsInterval) {
  bot_world w;
  w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  log_capture lines;
  w.pass(w.config.statistics_interval + 1s);
  EXPECT_NE(lines.text().find("placed=3"), std::string::npos) << lines.text();
  EXPECT_NE(lines.text().find("running:1"), std::string::npos);
  EXPECT_NE(lines.text().find("recent_error_ratio=0"), std::string::npos);
  EXPECT_NE(lines.text().find("accepted=3 unknown=0"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
