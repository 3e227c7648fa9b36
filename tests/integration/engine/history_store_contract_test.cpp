#include "engine/history/history_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <set>
#include <string>

#include "tenants/errors.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine {
namespace {

using exchanges::order_status;
using exchanges::side;
using tenants::tenant_errc;

/// What a journal wrote, read back; two users with an account each.
class HistoryStore : public ::testing::TestWithParam<std::string> {
 protected:
  HistoryStore() {
    if (auto* stored = dynamic_cast<test::postgres_backend*>(backend.get())) {
      pool = make_database(stored->stored.config(2), system_clock());
      store = make_postgres_history_store(*pool);
    } else {
      auto& memory = dynamic_cast<test::memory_backend&>(*backend);
      store = make_memory_history_store(
          memory.rows, {[this](account_id a) { return std::optional(memory_history_accounts::row{backend->user_of(a), "paper"}); }});
    }
    account = backend->add_account();
    other = backend->add_account();
    user = backend->user_of(account);
    bot = backend->add_bot(account);
    epoch = run(backend->journal().acquire_lease(account, "one")).value();
  }

  template <class T>
  T run(task<T> t) {
    return drover::test::run(backend->io, std::move(t));
  }
  /// A new order of the account, one second after the one before.
  uuid add(std::function<void(order_intent&)> change = {}) {
    backend->time.advance(1s);
    auto intent = backend->make_intent(account);
    intent.bot = bot;
    if (change) change(intent);
    const auto id = intent.id;
    const auto lease = intent.account == account ? epoch : run(backend->journal().acquire_lease(intent.account, "one")).value();
    auto stored = run(backend->journal().append_intent(std::move(intent), lease));
    EXPECT_TRUE(stored) << stored.error().to_string();
    return id;
  }
  booked_fill fill(uuid order, const std::string& trade, decimal quantity, decimal price, side s = side::buy) {
    auto f = test::make_fill(trade, s, quantity, price, decimal());
    f.at = backend->time.wall_now();
    return run(backend->journal().record_fill(user, account, order, test::make_instrument(), f)).value();
  }
  std::vector<uuid> ids(order_filter filter, order_page page = {}) {
    auto found = run(store->orders(user, filter, page));
    EXPECT_TRUE(found) << found.error().to_string();
    std::vector<uuid> out;
    for (const auto& r : *found) out.push_back(r.order.intent.id);
    return out;
  }
  order_record get(uuid id) { return run(store->get_order(user, id)).value(); }

  std::unique_ptr<test::journal_backend> backend = test::make_backend(GetParam());
  std::unique_ptr<database> pool;
  std::unique_ptr<history_store> store;
  account_id account, other;
  user_id user;
  bot_id bot;
  std::int64_t epoch = 0;
};

TEST_P(HistoryStore, AnOrderKeepsWhatItWasMadeOf) {
  const auto id = add([](order_intent& i) { i.price = decimal::literal("60000.12"); });
  const auto found = get(id);
  EXPECT_EQ(found.order.intent.account, account);
  EXPECT_EQ(found.order.intent.bot, bot);
  EXPECT_EQ(found.order.intent.symbol, "BTC/USDT");
  EXPECT_EQ(found.order.intent.price, decimal::literal("60000.12"));
  EXPECT_EQ(found.order.state, intent_state::intended);
  EXPECT_FALSE(found.times.accepted_at);
  EXPECT_FALSE(found.times.unknown_at);
  EXPECT_FALSE(found.times.ended_at);
}

TEST_P(HistoryStore, TheTimesOfALifeAreKept) {
  auto& journal = backend->journal();
  const auto id = add();
  ASSERT_TRUE(run(journal.record_outcome(id, intent_state::unknown, "no answer", epoch)));
  auto seen = get(id);
  EXPECT_TRUE(seen.times.unknown_at);
  EXPECT_FALSE(seen.times.accepted_at);
  ASSERT_TRUE(run(journal.record_accepted(id, "V1", epoch)));
  seen = get(id);
  EXPECT_TRUE(seen.times.unknown_at);
  EXPECT_TRUE(seen.times.accepted_at);
  EXPECT_FALSE(seen.times.ended_at);
  ASSERT_TRUE(run(journal.record_status(id, order_status::cancelled, decimal(), "V1", epoch)));
  seen = get(id);
  EXPECT_EQ(seen.order.state, intent_state::closed);
  EXPECT_TRUE(seen.times.ended_at);
  // A trade that came late shows that there is more to it than was booked.
  ASSERT_TRUE(run(journal.record_status(id, order_status::cancelled, decimal(1), "V1", epoch)));
  seen = get(id);
  EXPECT_EQ(seen.order.state == intent_state::closed, seen.times.ended_at.has_value());
}

TEST_P(HistoryStore, WhenItWasSentIsStoredWithWhatComesNextAndTheFirstWordCounts) {
  auto& journal = backend->journal();
  const wall_time left{std::chrono::milliseconds(1'700'000'000'123)};
  const auto answered = add(), lost = add(), booked = add();
  EXPECT_FALSE(get(answered).times.sent_at);
  ASSERT_TRUE(run(journal.record_accepted(answered, "V1", epoch, left)));
  EXPECT_EQ(get(answered).times.sent_at, left);
  ASSERT_TRUE(run(journal.record_status(answered, order_status::open, decimal(), "V1", epoch, left + 1s)));
  EXPECT_EQ(get(answered).times.sent_at, left);
  ASSERT_TRUE(run(journal.record_outcome(lost, intent_state::unknown, "no answer", epoch, left)));
  // A later process does not know it any more.
  ASSERT_TRUE(run(journal.record_outcome(lost, intent_state::not_placed, "proved", epoch)));
  EXPECT_EQ(get(lost).times.sent_at, left);
  ASSERT_TRUE(run(journal.record_status(booked, order_status::cancelled, decimal(), "V3", epoch, left)));
  EXPECT_EQ(get(booked).times.sent_at, left);
}

TEST_P(HistoryStore, ARefusalEndsAnOrderThatNeverWas) {
  const auto id = add();
  ASSERT_TRUE(run(backend->journal().record_outcome(id, intent_state::refused, "too small", epoch)));
  const auto seen = get(id);
  EXPECT_TRUE(seen.times.ended_at);
  EXPECT_FALSE(seen.times.accepted_at);
  EXPECT_EQ(seen.order.reason, "too small");
}

TEST_P(HistoryStore, OrdersComeNewestFirstOrOldestFirst) {
  const auto a = add(), b = add(), c = add();
  EXPECT_EQ(ids({}), (std::vector{c, b, a}));
  EXPECT_EQ(ids({}, {.oldest_first = true}), (std::vector{a, b, c}));
}

TEST_P(HistoryStore, PagesOverInsertsRepeatNothingAndMissNothing) {
  std::set<uuid> before;
  for (int i = 0; i < 7; ++i) before.insert(add());
  std::set<uuid> seen;
  order_page page{.limit = 3};
  for (;;) {
    auto found = run(store->orders(user, {}, page)).value();
    for (const auto& r : found) EXPECT_TRUE(seen.insert(r.order.intent.id).second);
    if (found.size() < 3) break;
    page.after = order_place{found.back().order.intent.created_at, found.back().order.intent.id};
    add();
  }
  for (const auto& id : before) EXPECT_TRUE(seen.contains(id));
  EXPECT_EQ(seen.size(), before.size());
}

TEST_P(HistoryStore, OrdersOfOneMomentAreSplitBetweenPages) {
  const auto moment = backend->time.wall_now();
  for (int i = 0; i < 5; ++i) add([&](order_intent& o) { o.created_at = moment; });
  for (const bool oldest_first : {false, true}) {
    std::set<uuid> seen;
    order_page page{.oldest_first = oldest_first, .limit = 2};
    for (int pages = 0; pages < 3; ++pages) {
      auto found = run(store->orders(user, {}, page)).value();
      for (const auto& r : found) EXPECT_TRUE(seen.insert(r.order.intent.id).second);
      page.after = order_place{found.back().order.intent.created_at, found.back().order.intent.id};
    }
    EXPECT_EQ(seen.size(), 5u);
  }
}

TEST_P(HistoryStore, EachFilterOfOrdersLetsThroughWhatItNames) {
  const auto plain = add();
  const auto sell = add([](order_intent& i) { i.side = side::sell; });
  const auto eth = add([](order_intent& i) { i.symbol = "ETH/USDT"; });
  const auto second = backend->add_bot(account);
  const auto of_second = add([&](order_intent& i) { i.bot = second; });
  ASSERT_TRUE(run(backend->journal().record_outcome(eth, intent_state::refused, "no", epoch)));
  EXPECT_EQ(ids({.side = side::sell}), std::vector{sell});
  EXPECT_EQ(ids({.symbol = "ETH/USDT"}), std::vector{eth});
  EXPECT_EQ(ids({.bot = second}), std::vector{of_second});
  EXPECT_EQ(ids({.state = intent_state::refused}), std::vector{eth});
  EXPECT_EQ(ids({.account = account}).size(), 4u);
  EXPECT_TRUE(ids({.account = other}).empty());
  const auto at = get(sell).order.intent.created_at;
  EXPECT_EQ(ids({.to = at}), std::vector{plain});
  EXPECT_EQ(ids({.from = at}).size(), 3u);
  EXPECT_EQ(ids({.from = at, .to = at + 1ms}), std::vector{sell});
  EXPECT_EQ(ids({.symbol = "' OR 1=1 --"}), std::vector<uuid>{});
  EXPECT_EQ(run(store->count_orders(user, {})).value(), 4);
  EXPECT_EQ(run(store->count_orders(user, {.state = intent_state::refused})).value(), 1);
}

TEST_P(HistoryStore, OtherUsersRowsAreNotThere) {
  const auto id = add();
  fill(id, "t1", 1, 100);
  const auto stranger = backend->user_of(other);
  auto order = run(store->get_order(stranger, id));
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().code, make_error_code(tenant_errc::not_found));
  EXPECT_TRUE(run(store->orders(stranger, {.account = account}, {})).value().empty());
  EXPECT_TRUE(run(store->fills(stranger, {.order = id}, {})).value().empty());
  EXPECT_TRUE(run(store->positions(stranger, {.account = account}, {})).value().empty());
  EXPECT_EQ(run(store->count_orders(stranger, {})).value(), 0);
  EXPECT_EQ(run(store->count_fills(stranger, {})).value(), 0);
}

TEST_P(HistoryStore, FillsCarryTheirOrderBotAndBooks) {
  const auto id = add();
  fill(id, "t1", decimal::literal("0.5"), 100);
  backend->time.advance(1s);
  fill(id, "t2", decimal::literal("0.5"), 120, side::sell);
  const auto found = run(store->fills(user, {.order = id}, {})).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].fill.trade_id, "t2");
  EXPECT_EQ(found[0].realised, decimal(10));
  EXPECT_EQ(found[0].order, id);
  EXPECT_EQ(found[0].bot, bot);
  EXPECT_EQ(found[0].exchange_name, "paper");
  EXPECT_EQ(found[0].quote_asset, "USDT");
  EXPECT_EQ(found[1].fill.price, decimal(100));
  EXPECT_EQ(run(store->fills(user, {.bot = bot}, {.oldest_first = true})).value()[0].fill.trade_id, "t1");
  EXPECT_EQ(run(store->fills(user, {.side = side::sell}, {})).value().size(), 1u);
  EXPECT_TRUE(run(store->fills(user, {.symbol = "ETH/USDT"}, {})).value().empty());
  EXPECT_EQ(run(store->fills(user, {.from = found[0].fill.at}, {})).value().size(), 1u);
  EXPECT_EQ(run(store->fills(user, {.to = found[0].fill.at}, {})).value().size(), 1u);
  EXPECT_EQ(run(store->count_fills(user, {})).value(), 2);
}

TEST_P(HistoryStore, FillsOfOneMomentAreSplitBetweenPages) {
  const auto id = add();
  for (int i = 0; i < 5; ++i) fill(id, "t" + std::to_string(i), decimal::literal("0.1"), 100);
  for (const bool oldest_first : {false, true}) {
    std::set<std::int64_t> seen;
    fill_page page{.oldest_first = oldest_first, .limit = 2};
    for (int pages = 0; pages < 3; ++pages) {
      auto found = run(store->fills(user, {}, page)).value();
      for (const auto& f : found) EXPECT_TRUE(seen.insert(f.id.value).second);
      page.after = fill_place{found.back().fill.at, found.back().id};
    }
    EXPECT_EQ(seen.size(), 5u);
  }
}

TEST_P(HistoryStore, AFillOfSomebodyElsesOrderIsShownWithoutOne) {
  ASSERT_TRUE(run(backend->journal().record_fill(user, account, std::nullopt, test::make_instrument(),
                                                 test::make_fill("x1", side::buy, 1, 100, decimal()))));
  const auto found = run(store->fills(user, {}, {})).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(found[0].order);
  EXPECT_FALSE(found[0].bot.valid());
}

TEST_P(HistoryStore, PositionsAddUpToTheLastDigit) {
  const auto id = add([](order_intent& i) { i.quantity = 10; });
  fill(id, "t1", decimal::literal("0.3"), decimal::literal("100.01"));
  fill(id, "t2", decimal::literal("0.7"), decimal::literal("99.99"));
  auto found = run(store->positions(user, {}, {})).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].symbol, "BTC/USDT");
  EXPECT_EQ(found[0].base_asset, "BTC");
  EXPECT_EQ(found[0].quote_asset, "USDT");
  EXPECT_EQ(found[0].exchange_name, "paper");
  EXPECT_EQ(found[0].position.quantity, decimal(1));
  EXPECT_EQ(found[0].position.cost, decimal::literal("99.996"));
  EXPECT_EQ(average_price(found[0].position), decimal::literal("99.996"));
  EXPECT_EQ(unrealised_profit(found[0].position, 110), decimal::literal("10.004"));
  fill(id, "t3", 1, 110, side::sell);
  found = run(store->positions(user, {}, {})).value();
  EXPECT_EQ(found[0].position.realised_profit, decimal::literal("10.004"));
  EXPECT_FALSE(average_price(found[0].position));
  EXPECT_TRUE(run(store->positions(user, {.open_only = true}, {})).value().empty());
  EXPECT_TRUE(run(store->positions(user, {.symbol = "ETH/USDT"}, {})).value().empty());
  EXPECT_TRUE(run(store->positions(user, {}, {.after_account = account, .after_symbol = "BTC/USDT"})).value().empty());
  EXPECT_EQ(run(store->positions(user, {}, {.after_account = account, .after_symbol = "AAA/USDT"})).value().size(), 1u);
}

TEST_P(HistoryStore, DaysCountOrdersOfAllUsersAndTheirTrades) {
  const auto from = backend->time.wall_now();
  const auto bought = add(), refused = add(), doubtful = add();
  const auto lease = run(backend->journal().acquire_lease(other, "one")).value();
  auto foreign = backend->make_intent(other);
  ASSERT_TRUE(run(backend->journal().append_intent(foreign, lease)));
  ASSERT_TRUE(run(backend->journal().record_outcome(refused, intent_state::refused, "no", epoch)));
  ASSERT_TRUE(run(backend->journal().record_outcome(doubtful, intent_state::unknown, "no answer", epoch)));
  ASSERT_TRUE(run(backend->journal().record_accepted(doubtful, "V2", epoch)));
  fill(bought, "t1", decimal::literal("0.1"), decimal::literal("60000.5"));
  const auto days = run(store->order_days(from, from + std::chrono::days(1), 100)).value();
  ASSERT_EQ(days.size(), 1u);
  EXPECT_EQ(days[0].exchange_name, "paper");
  EXPECT_EQ(days[0].symbol, "BTC/USDT");
  EXPECT_EQ(days[0].quote_asset, "USDT");
  EXPECT_EQ(days[0].orders(), 4);
  EXPECT_EQ(days[0].intended, 1);
  EXPECT_EQ(days[0].accepted, 2);
  EXPECT_EQ(days[0].refused, 1);
  EXPECT_EQ(days[0].errors, 2);
  EXPECT_EQ(days[0].fills, 1);
  EXPECT_EQ(days[0].volume, decimal::literal("6000.05"));
  EXPECT_TRUE(run(store->order_days(from - std::chrono::days(9), from - std::chrono::days(8), 100)).value().empty());
}

INSTANTIATE_TEST_SUITE_P(Both, HistoryStore, ::testing::Values("memory", "postgres"), [](const auto& i) { return i.param; });

}  // namespace
}  // namespace drover::engine
