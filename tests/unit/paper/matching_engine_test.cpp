#include "exchanges/paper/matching_engine.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {
namespace {

using test::small_market;
using namespace drover::literals;

TEST(MatchingEngine, EarlierOrderAtThePriceFillsFirst) {
  small_market m;
  const auto first = m.place(m.limit(m.alice, side::sell, "1", "100")).order;
  const auto second = m.place(m.limit(m.alice, side::sell, "1", "100")).order;
  const auto taker = m.place(m.limit(m.bob, side::buy, "1.5", "100"));
  EXPECT_EQ(first->status, order_status::filled);
  EXPECT_EQ(second->status, order_status::partially_filled);
  EXPECT_EQ(second->filled_quantity, "0.5"_dec);
  EXPECT_EQ(taker.fills.size(), 2u);
  EXPECT_LT(taker.fills[0].trade_id, taker.fills[1].trade_id);
}

TEST(MatchingEngine, BetterPriceFillsFirstAtTheMakersPrice) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "101"));
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  const auto taker = m.place(m.limit(m.bob, side::buy, "2", "105"));
  ASSERT_EQ(taker.fills.size(), 2u);
  EXPECT_EQ(taker.fills[0].price, decimal(100));
  EXPECT_EQ(taker.fills[1].price, decimal(101));
}

TEST(MatchingEngine, FeesAreTakenFromTheReceivedAsset) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "2", "100"));
  m.place(m.limit(m.bob, side::buy, "2", "100"));
  EXPECT_EQ(m.free(m.alice, m.quote), "100199.8");
  EXPECT_EQ(m.free(m.alice, m.base), "8");
  EXPECT_EQ(m.free(m.bob, m.base), "11.996");
  EXPECT_EQ(m.free(m.bob, m.quote), "99800");
  EXPECT_EQ(m.locked(m.alice, m.base), "0");
  EXPECT_EQ(m.locked(m.bob, m.quote), "0");
}

TEST(MatchingEngine, RestingOrderLocksAndCancelUnlocks) {
  small_market m;
  const auto o = m.place(m.limit(m.bob, side::buy, "1", "100")).order;
  EXPECT_EQ(m.locked(m.bob, m.quote), "100");
  EXPECT_EQ(m.engine.cancel(m.alice, o->number, m.now), nullptr) << "somebody else's order";
  ASSERT_NE(m.engine.cancel(m.bob, o->number, m.now), nullptr);
  EXPECT_EQ(o->status, order_status::cancelled);
  EXPECT_EQ(m.free(m.bob, m.quote), "100000");
  EXPECT_TRUE(m.engine.book(m.btc).bids.levels().empty());
  EXPECT_EQ(m.engine.cancel(m.bob, o->number, m.now), nullptr) << "cancelled twice";
}

TEST(MatchingEngine, BuyerGetsBackWhatTheBetterPriceSaved) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "90"));
  m.place(m.limit(m.bob, side::buy, "2", "100"));
  EXPECT_EQ(m.free(m.bob, m.quote), "99810");
  EXPECT_EQ(m.locked(m.bob, m.quote), "100");
}

TEST(MatchingEngine, ImmediateOrCancelExpiresWithTheRest) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  auto t = m.limit(m.bob, side::buy, "3", "100");
  t.tif = time_in_force::ioc;
  const auto o = m.place(t).order;
  EXPECT_EQ(o->status, order_status::expired);
  EXPECT_EQ(o->filled_quantity, decimal(1));
  EXPECT_EQ(m.locked(m.bob, m.quote), "0");
}

TEST(MatchingEngine, FillOrKillTradesWholeOrNotAtAll) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  auto t = m.limit(m.bob, side::buy, "1.001", "100");
  t.tif = time_in_force::fok;
  EXPECT_EQ(m.place(t).order->filled_quantity, decimal(0));
  t = m.limit(m.bob, side::buy, "1", "100");
  t.tif = time_in_force::fok;
  EXPECT_EQ(m.place(t).order->status, order_status::filled);
}

TEST(MatchingEngine, PostOnlyIsRefusedWhenItWouldMatch) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  auto t = m.limit(m.bob, side::buy, "1", "100");
  t.type = order_type::limit_maker;
  EXPECT_EQ(m.refused(t), refusal::would_match);
  t.price = "99.99"_dec;
  EXPECT_EQ(m.place(t).order->status, order_status::open);
}

TEST(MatchingEngine, OwnRestingOrderExpiresInsteadOfTrading) {
  small_market m;
  const auto own = m.place(m.limit(m.bob, side::sell, "1", "100")).order;
  const auto other = m.place(m.limit(m.alice, side::sell, "1", "100")).order;
  m.place(m.limit(m.bob, side::buy, "1", "100"));
  EXPECT_EQ(own->status, order_status::expired);
  EXPECT_TRUE(own->expired_in_match);
  EXPECT_EQ(other->status, order_status::filled);
  EXPECT_EQ(m.locked(m.bob, m.base), "0");
}

TEST(MatchingEngine, MarketOrderByQuoteSpendsAtMostTheAmount) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  m.place(m.limit(m.alice, side::sell, "1", "110"));
  auto t = m.market(m.bob, side::buy, "0");
  t.quote_quantity = decimal(150);
  const auto placed = m.place(t);
  EXPECT_EQ(placed.order->status, order_status::filled);
  EXPECT_EQ(placed.order->quantity, "1.454"_dec);
  EXPECT_EQ(placed.order->filled_notional, "149.94"_dec);
  EXPECT_EQ(m.events.lines[m.events.lines.size() - 4], "traded o3 0.454@110 taker");
}

TEST(MatchingEngine, MarketOrderExpiresWithWhatTheBookCannotGive) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  const auto o = m.place(m.market(m.bob, side::buy, "2")).order;
  EXPECT_EQ(o->status, order_status::expired);
  EXPECT_EQ(o->filled_quantity, decimal(1));
}

TEST(MatchingEngine, RefusalsChangeNothing) {
  small_market m;
  EXPECT_EQ(m.refused(m.limit(m.bob, side::buy, "1", "100.001")), refusal::price_filter);
  EXPECT_EQ(m.refused(m.limit(m.bob, side::buy, "0.0001", "100")), refusal::lot_size);
  EXPECT_EQ(m.refused(m.limit(m.bob, side::buy, "0.049", "100")), refusal::min_notional);
  EXPECT_EQ(m.refused(m.limit(m.bob, side::sell, "10.001", "100")), refusal::insufficient_funds);
  EXPECT_EQ(m.refused(m.limit(m.bob, side::buy, "1", "100000.01")), refusal::insufficient_funds);
  m.engine.set_trading(false);
  EXPECT_EQ(m.refused(m.limit(m.bob, side::buy, "1", "100")), refusal::market_closed);
  EXPECT_TRUE(m.events.lines.empty());
  EXPECT_TRUE(m.engine.account(m.bob).orders.empty());
}

TEST(MatchingEngine, ClientIdIsUniqueAmongOpenOrdersOnly) {
  small_market m;
  auto t = m.limit(m.bob, side::buy, "1", "100");
  const auto first = m.place(t).order->number;
  EXPECT_EQ(m.refused(t), refusal::duplicate_client_id);
  m.engine.cancel(m.bob, first, m.now);
  const auto second = m.place(t).order->number;
  EXPECT_GT(second, first);
  EXPECT_EQ(m.engine.find_order(m.bob, t.client_id)->number, second);
}

TEST(MatchingEngine, EventsComeInOrder) {
  small_market m;
  m.place(m.limit(m.alice, side::sell, "1", "100"));
  m.events.lines.clear();
  m.place(m.limit(m.bob, side::buy, "1", "100"));
  const std::vector<std::string> expected{"accepted o2", "traded o2 1@100 taker", "traded o1 1@100 maker", "balances 0", "balances 1"};
  EXPECT_EQ(m.events.lines, expected);
}

TEST(MatchingEngine, HouseQuoteThatCrossesAnOrderTradesWithItFirst) {
  small_market m;
  const auto o = m.place(m.limit(m.bob, side::buy, "1", "100")).order;
  m.engine.set_house_level(m.btc, side::sell, "99"_dec, "0.4"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, "0.4"_dec);
  EXPECT_EQ(m.engine.account(m.bob).fills.back().price, decimal(100));
  EXPECT_EQ(m.engine.book(m.btc).asks.best(), nullptr) << "all of the quote was traded";
}

TEST(MatchingEngine, PrintedTradeFillsBehindTheQueueThatWasAhead) {
  small_market m;
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "3"_dec, m.now);
  const auto o = m.place(m.limit(m.bob, side::buy, "2", "100")).order;
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "5"_dec, m.now);
  m.engine.print_trade(m.btc, side::sell, "100"_dec, "2.5"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, decimal(0));
  m.engine.print_trade(m.btc, side::sell, "100"_dec, "1.5"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, decimal(1));
  EXPECT_TRUE(m.engine.account(m.bob).fills.back().maker);
}

TEST(MatchingEngine, CancelledQuoteBehindAnOrderDoesNotMoveItForward) {
  small_market m;
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "3"_dec, m.now);
  const auto o = m.place(m.limit(m.bob, side::buy, "2", "100")).order;
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "5"_dec, m.now);
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "3"_dec, m.now);
  m.engine.print_trade(m.btc, side::sell, "100"_dec, "3"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, decimal(0));
  m.engine.print_trade(m.btc, side::sell, "100"_dec, "0.5"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, "0.5"_dec);
}

TEST(MatchingEngine, PrintedTradeThroughThePriceFillsWhateverTheQueue) {
  small_market m;
  m.engine.set_house_level(m.btc, side::buy, "100"_dec, "3"_dec, m.now);
  const auto o = m.place(m.limit(m.bob, side::buy, "2", "100")).order;
  m.engine.print_trade(m.btc, side::sell, "99.99"_dec, "0.7"_dec, m.now);
  EXPECT_EQ(o->filled_quantity, "0.7"_dec);
  EXPECT_EQ(m.engine.account(m.bob).fills.back().price, decimal(100));
}

TEST(MatchingEngine, SweepFillsWholeOrdersAndLeavesTheHouse) {
  small_market m;
  m.engine.set_house_level(m.btc, side::sell, "101"_dec, "1"_dec, m.now);
  const auto near = m.place(m.limit(m.bob, side::sell, "7", "102")).order;
  const auto far = m.place(m.limit(m.bob, side::sell, "1", "103.01")).order;
  m.engine.sweep_accounts(m.btc, side::buy, "103"_dec, m.now);
  EXPECT_EQ(near->status, order_status::filled);
  EXPECT_EQ(far->status, order_status::open);
  EXPECT_EQ(m.engine.book(m.btc).asks.best()->house_total, decimal(1));
}

TEST(MatchingEngine, NoMoneyIsMadeOrLost) {
  small_market m;
  seeded_random random(7);
  for (int i = 0; i < 2'000; ++i) {
    const auto who = random.below(2) == 0 ? m.alice : m.bob;
    order_ticket t = m.limit(who, random.below(2) == 0 ? side::buy : side::sell, "1", "100");
    t.price = decimal(static_cast<std::int64_t>(95 + random.below(10)));
    t.quantity = decimal::divide(decimal(static_cast<std::int64_t>(60 + random.below(500))), decimal(1'000));
    t.tif = random.below(5) == 0 ? time_in_force::ioc : time_in_force::gtc;
    (void)m.engine.place(t, m.now);
    const auto& open = m.engine.account(who).open_orders;
    if (open.size() > 8) m.engine.cancel(who, open[random.below(open.size())], m.now);
  }
  ASSERT_GT(m.events.trades.size(), 100u);
  for (const auto asset : {m.base, m.quote}) {
    decimal sum = m.engine.collected_fees()[to_index(asset)];
    for (const auto who : {m.alice, m.bob})
      for (const auto& h : m.engine.account(who).balances.holdings()) {
        EXPECT_FALSE(h.free.is_negative());
        EXPECT_FALSE(h.locked.is_negative());
        if (h.asset == asset) sum += h.free + h.locked;
      }
    EXPECT_EQ(sum, asset == m.base ? decimal(20) : decimal(200'000));
  }
}

TEST(MatchingEngine, HistoryLimitForgetsTheOldestFinishedOrders) {
  test::recording_of_events events;
  matching_engine engine({.history_limit = 3}, events);
  const auto btc = engine.add_instrument(test::make_btc());
  const auto who = engine.open_account();
  engine.credit(who, engine.quote_asset(btc), decimal(1'000));
  for (int i = 0; i < 5; ++i) {
    auto placed = engine.place({.account = who, .instrument = btc, .price = decimal(10), .quantity = decimal(1), .client_id = "c" + std::to_string(i)},
                               wall_time{});
    ASSERT_TRUE(placed);
    engine.cancel(who, placed->order->number, wall_time{});
  }
  EXPECT_EQ(engine.account(who).orders.size(), 3u);
  EXPECT_EQ(engine.find_order(who, "c0"), nullptr);
  EXPECT_NE(engine.find_order(who, "c4"), nullptr);
}

}  // namespace
}  // namespace drover::exchanges::paper
