#include "exchanges/paper/market_generator.hpp"

#include <gtest/gtest.h>

#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {
namespace {

using test::small_market;
using namespace drover::literals;

std::string walk(std::uint64_t seed) {
  small_market m;
  market_generator generator(m.engine, {}, seed);
  generator.add(m.btc, decimal(60'000), m.now);
  std::string out;
  for (int i = 0; i < 200; ++i) {
    generator.step(m.btc, m.now);
    out += generator.mid(m.btc).to_string() + " ";
  }
  for (const auto& t : m.events.trades) out += t.price.to_string() + "x" + t.quantity.to_string() + " ";
  return out;
}

TEST(MarketGenerator, EqualSeedsMakeEqualMarkets) {
  EXPECT_EQ(walk(5), walk(5));
  EXPECT_NE(walk(5), walk(6));
}

TEST(MarketGenerator, BookNeverCrossesAndStaysDeep) {
  small_market m;
  market_generator generator(m.engine, {.step_basis_points = 20}, 3);
  generator.add(m.btc, decimal(60'000), m.now);
  for (int i = 0; i < 500; ++i) {
    generator.step(m.btc, m.now);
    const auto& book = m.engine.book(m.btc);
    ASSERT_NE(book.bids.best(), nullptr);
    ASSERT_NE(book.asks.best(), nullptr);
    ASSERT_LT(book.bids.best()->price, book.asks.best()->price);
    ASSERT_GE(book.bids.levels().size(), 15u);
  }
  EXPECT_GT(m.events.trades.size(), 50u);
}

TEST(MarketGenerator, RestingOrderFillsInPartsWhenTheMarketComes) {
  small_market m;
  market_generator generator(m.engine, {.step_basis_points = 10}, 11);
  generator.add(m.btc, decimal(60'000), m.now);
  const auto o = m.place(m.limit(m.bob, side::sell, "9", "60050")).order;
  for (int i = 0; i < 3'000 && !is_terminal(o->status); ++i) generator.step(m.btc, m.now);
  EXPECT_GT(m.engine.account(m.bob).fills.size(), 1u);
  for (const auto& f : m.engine.account(m.bob).fills) EXPECT_TRUE(f.maker);
}

TEST(MarketGenerator, SetMidFillsEveryOrderInBetween) {
  small_market m;
  market_generator generator(m.engine, {}, 1);
  generator.add(m.btc, decimal(1'000), m.now);
  const auto passed = m.place(m.limit(m.alice, side::sell, "10", "1010")).order;
  const auto beyond = m.place(m.limit(m.bob, side::sell, "1", "1100")).order;
  generator.set_mid(m.btc, decimal(1'050), m.now);
  EXPECT_EQ(passed->status, order_status::filled);
  EXPECT_EQ(beyond->status, order_status::open);
  EXPECT_GT(m.engine.book(m.btc).bids.best()->price, decimal(1'040));
  const auto bid = m.place(m.limit(m.bob, side::buy, "10", "1000")).order;
  generator.set_mid(m.btc, decimal(990), m.now);
  EXPECT_EQ(bid->status, order_status::filled);
}

}  // namespace
}  // namespace drover::exchanges::paper
