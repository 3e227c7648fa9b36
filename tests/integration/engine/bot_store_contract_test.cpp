#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "engine/bots/bot_store.hpp"
#include "tenants/errors.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

class BotStore : public ::testing::TestWithParam<std::string> {
 protected:
  BotStore() {
    if (auto* stored = dynamic_cast<test::postgres_backend*>(accounts.get())) {
      pool = make_database(stored->stored.config(2), system_clock());
      store = make_postgres_bot_store(*pool);
    } else {
      store = make_memory_bot_store(accounts->time, {[this](account_id id) { return std::optional(accounts->user_of(id)); }});
    }
    account = accounts->add_account();
    user = accounts->user_of(account);
  }
  template <class T>
  T run(task<T> t) {
    return drover::test::run(io, std::move(t));
  }
  new_bot wanted(const std::string& symbol, desired_state desired = desired_state::running) const {
    return {.user = user,
            .account = account,
            .name = "one",
            .strategy = "grid",
            .parameters = R"({"symbol": "BTC/USDT"})",
            .symbol = symbol,
            .desired = desired,
            .resume = resume_contract::cancel_and_wait};
  }
  result<bot> create(const std::string& symbol, desired_state desired = desired_state::running, int limit = 100) {
    return run(store->create(wanted(symbol, desired), limit));
  }
  bot_id add(const std::string& symbol, desired_state desired = desired_state::running) { return create(symbol, desired).value().id; }
  std::size_t runnable() { return run(store->load_runnable(account)).value().size(); }
  /// The accounts of the backends do not trade: what a stop leaves to do is only kept for those that do.
  void let_trade() {
    auto* stored = dynamic_cast<test::postgres_backend*>(accounts.get());
    if (stored != nullptr)
      stored->stored.sql("UPDATE user_exchanges SET status = 'APPROVED', reviewed_version = credential_version, is_active = true");
  }

  std::unique_ptr<test::journal_backend> accounts = test::make_backend(GetParam());
  asio::io_context io{1};
  std::unique_ptr<database> pool;
  std::unique_ptr<bot_store> store;
  account_id account;
  user_id user;
};

TEST_P(BotStore, KeepsWhatItWasGiven) {
  auto made = create("BTC/USDT");
  ASSERT_TRUE(made) << made.error().to_string();
  auto found = run(store->get(user, made->id));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->account, account);
  EXPECT_EQ(found->user, user);
  EXPECT_EQ(found->name, "one");
  EXPECT_EQ(found->strategy, "grid");
  EXPECT_EQ(found->parameters, R"({"symbol": "BTC/USDT"})");
  EXPECT_EQ(found->symbol, "BTC/USDT");
  EXPECT_EQ(found->desired, desired_state::running);
  EXPECT_EQ(found->resume, resume_contract::cancel_and_wait);
  EXPECT_FALSE(found->at_rest);
}

TEST_P(BotStore, OneLiveBotForEachAccountAndMarket) {
  const auto first = add("BTC/USDT");
  auto second = create("BTC/USDT");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, make_error_code(bot_errc::market_taken));
  EXPECT_NE(second.error().detail.find("BTC/USDT"), std::string::npos);
  add("ETH/USDT");
  const auto resting = add("BTC/USDT", desired_state::stopped);
  auto started = run(store->set_desired(user, resting, desired_state::running));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, make_error_code(bot_errc::market_taken));
  ASSERT_TRUE(run(store->set_desired(user, first, desired_state::stopped)));
  EXPECT_TRUE(run(store->set_desired(user, resting, desired_state::running)));
}

TEST_P(BotStore, OtherUsersSeeAndChangeNothing) {
  const auto id = add("BTC/USDT");
  const auto stranger = accounts->user_of(accounts->add_account());
  const auto is_hidden = [](const auto& outcome) { return !outcome && outcome.error().code == make_error_code(tenant_errc::not_found); };
  EXPECT_TRUE(is_hidden(run(store->get(stranger, id))));
  EXPECT_TRUE(is_hidden(run(store->update(stranger, id, {.name = "mine", .parameters = {}, .resume = {}}))));
  EXPECT_TRUE(is_hidden(run(store->set_desired(stranger, id, desired_state::stopped))));
  EXPECT_TRUE(is_hidden(run(store->remove(stranger, id))));
  EXPECT_TRUE(run(store->list(stranger, {}))->empty());
  auto foreign = wanted("ETH/USDT");
  foreign.user = stranger;
  EXPECT_TRUE(is_hidden(run(store->create(foreign, 100))));
}

TEST_P(BotStore, TheLimitCountsTheUsersBots) {
  add("BTC/USDT");
  const auto second = add("ETH/USDT", desired_state::stopped);
  auto third = create("XRP/USDT", desired_state::running, 2);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, make_error_code(bot_errc::too_many));
  ASSERT_TRUE(run(store->remove(user, second)));
  EXPECT_TRUE(create("XRP/USDT", desired_state::running, 2));
}

TEST_P(BotStore, ListsByIdWithFilters) {
  const auto first = add("BTC/USDT"), second = add("ETH/USDT");
  auto all = run(store->list(user, {})).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, first);
  EXPECT_EQ(run(store->list(user, {.limit = 1, .after_id = first.value})).value().at(0).id, second);
  EXPECT_TRUE(run(store->list(user, {.account = account_id(account.value + 1000)}))->empty());
  EXPECT_TRUE(run(store->list(user, {.strategy = "dca"}))->empty());
  EXPECT_EQ(run(store->list(user, {.account = account, .strategy = "grid"}))->size(), 2u);
}

TEST_P(BotStore, AStoppedBotIsRunnableUntilItIsAtRest) {
  let_trade();
  const auto id = add("BTC/USDT");
  add("ETH/USDT", desired_state::stopped);
  EXPECT_EQ(runnable(), 1u);
  ASSERT_TRUE(run(store->set_desired(user, id, desired_state::stopped)));
  EXPECT_EQ(runnable(), 1u);
  ASSERT_TRUE(run(store->mark_at_rest(id, "two orders were left")));
  EXPECT_EQ(runnable(), 0u);
  EXPECT_EQ(run(store->get(user, id))->reason, "two orders were left");
  ASSERT_TRUE(run(store->set_desired(user, id, desired_state::running)));
  ASSERT_TRUE(run(store->mark_at_rest(id, "too late")));
  EXPECT_EQ(runnable(), 1u);
  EXPECT_EQ(run(store->get(user, id))->reason, "");
}

TEST_P(BotStore, ADeletedBotIsGoneForItsUserAndStillClosed) {
  let_trade();
  const auto id = add("BTC/USDT");
  ASSERT_TRUE(run(store->remove(user, id)));
  EXPECT_FALSE(run(store->get(user, id)));
  EXPECT_TRUE(run(store->list(user, {}))->empty());
  auto left = run(store->load_runnable()).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].desired, desired_state::stopped);
  ASSERT_TRUE(run(store->mark_at_rest(id, "")));
  EXPECT_EQ(runnable(), 0u);
  EXPECT_TRUE(create("BTC/USDT"));
}

TEST_P(BotStore, AFinishedBotIsStoppedWithItsReason) {
  const auto id = add("BTC/USDT");
  ASSERT_TRUE(run(store->finish(id, "all bought")));
  auto found = run(store->get(user, id)).value();
  EXPECT_EQ(found.desired, desired_state::stopped);
  EXPECT_TRUE(found.at_rest);
  EXPECT_EQ(found.reason, "all bought");
}

TEST_P(BotStore, DefaultsGoOnlyToAccountsThatNeverHadABot) {
  const auto other = accounts->add_account(), once = accounts->add_account();
  add("BTC/USDT");
  auto gone = wanted("BTC/USDT");
  gone.account = once;
  gone.user = accounts->user_of(once);
  const auto removed = run(store->create(gone, 10)).value().id;
  ASSERT_TRUE(run(store->remove(gone.user, removed)));
  std::vector<account_owner> owners{{account, user}, {other, accounts->user_of(other)}, {once, gone.user}};
  auto added = run(store->add_default_bots({"grid", R"({"levels": 3})", "BTC/USDT"}, owners));
  ASSERT_TRUE(added) << added.error().to_string();
  ASSERT_EQ(added->size(), 1u);
  EXPECT_EQ(added->front().account, other);
  EXPECT_EQ(added->front().user, accounts->user_of(other));
  EXPECT_EQ(added->front().desired, desired_state::running);
  EXPECT_EQ(added->front().symbol, "BTC/USDT");
  EXPECT_TRUE(run(store->add_default_bots({"grid", "{}", "BTC/USDT"}, owners))->empty());
}

TEST_P(BotStore, ChangesKeepWhatIsNotNamed) {
  const auto id = add("BTC/USDT");
  auto changed = run(store->update(user, id, {.name = "two", .parameters = {}, .resume = resume_contract::flatten}));
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->name, "two");
  EXPECT_EQ(changed->resume, resume_contract::flatten);
  EXPECT_EQ(changed->parameters, R"({"symbol": "BTC/USDT"})");
}

INSTANTIATE_TEST_SUITE_P(Backends, BotStore, ::testing::Values("memory", "postgres"));

TEST(BotStorePostgres, ChangesAreAuditedInTheirTransaction) {
  test::postgres_backend accounts;
  auto pool = make_database(accounts.stored.config(1), system_clock());
  auto store = make_postgres_bot_store(*pool);
  asio::io_context io{1};
  const auto account = accounts.add_account();
  const auto user = accounts.user_of(account);
  new_bot fresh{.user = user, .account = account, .name = "n", .strategy = "grid", .parameters = "{}", .symbol = "BTC/USDT"};
  const auto id = drover::test::run(io, store->create(fresh, 10)).value().id;
  ASSERT_TRUE(drover::test::run(io, store->set_desired(user, id, desired_state::running)));
  ASSERT_TRUE(drover::test::run(io, store->set_desired(user, id, desired_state::running)));
  ASSERT_TRUE(drover::test::run(io, store->update(user, id, {.name = "m", .parameters = {}, .resume = {}})));
  ASSERT_TRUE(drover::test::run(io, store->remove(user, id)));
  EXPECT_EQ(accounts.stored.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit_events WHERE object = 'bot:" +
                                std::to_string(id.value) + "'"),
            "bot.create bot.start bot.update bot.delete");
}

TEST(BotStorePostgres, BotsFromBeforeTheyWereEntitiesKeepTheirState) {
  test::postgres_backend accounts;
  auto pool = make_database(accounts.stored.config(1), system_clock());
  auto store = make_postgres_bot_store(*pool);
  asio::io_context io{1};
  const auto account = accounts.add_account();
  const auto user = accounts.user_of(account);
  accounts.stored.sql("INSERT INTO bots (account_id, user_id, state) VALUES (" + std::to_string(account.value) + ", " +
                      std::to_string(user.value) + ", '{\"held\":1}')");
  EXPECT_TRUE(drover::test::run(io, store->load_runnable())->empty());
  auto added = drover::test::run(io, store->add_default_bots({"grid", "{}", "BTC/USDT"}, {{account, user}}));
  ASSERT_EQ(added->size(), 1u);
  EXPECT_EQ(drover::test::run(io, accounts.journal().load_strategy_state(added->front().id)).value(), "{\"held\":1}");
  EXPECT_EQ(drover::test::run(io, store->load_runnable(account))->size(), 1u);
}

}  // namespace
}  // namespace drover::engine
