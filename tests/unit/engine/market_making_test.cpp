#include "engine/strategies/market_making.hpp"

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using strings = std::vector<std::string>;
using exchanges::side;

std::string refusal_of(const std::string& parameters) {
  auto made = make_market_making(parameters, "");
  return made ? "accepted" : made.error().detail;
}

constexpr const char* plain =
    R"({"bid_spread":"0.01","ask_spread":"0.01","order_notional":"50","refresh_s":10,"tolerance":"0.001"})";

TEST(MarketMaking, QuotesBothSidesPostOnly) {
  strategy_market m(make_market_making, plain);
  m.set_free("BTC", decimal(1));
  m.start();
  m.tick(decimal(100));
  EXPECT_EQ(m.log, (strings{"buy limit_maker 0.50505 @ 99 bid:0", "sell limit_maker 0.49504 @ 101 ask:0"}));
}

TEST(MarketMaking, RenewsOnlyWhatMovedAndOnlyAtTheRefresh) {
  strategy_market m(make_market_making, plain);
  m.set_free("BTC", decimal(1));
  m.start();
  m.tick(decimal(100));
  m.tick("100.05"_dec);
  m.pass(10s);
  EXPECT_EQ(m.placed, 2) << "within the tolerance";
  m.tick("100.5"_dec);
  EXPECT_EQ(m.placed, 2);
  m.pass(10s);
  EXPECT_EQ(m.placed, 4);
  EXPECT_EQ(m.orders.size(), 2u);
}

TEST(MarketMaking, AFilledQuoteComesBackAtTheRefresh) {
  strategy_market m(make_market_making, plain);
  m.set_free("BTC", decimal(1));
  m.start();
  m.tick(decimal(100));
  m.tick("98.9"_dec);
  EXPECT_EQ(m.count(side::buy), 0);
  m.pass(10s);
  EXPECT_EQ(m.count(side::buy), 1);
  EXPECT_EQ(m.count(side::sell), 1);
}

TEST(MarketMaking, LevelsStandApartAndShareTheMoney) {
  strategy_market m(
      make_market_making,
      R"({"bid_spread":"0.01","ask_spread":"0.01","levels":3,"level_spacing":"0.01","order_notional":"50"})");
  m.set_free("USDT", decimal(120));
  m.start();
  m.tick(decimal(100));
  EXPECT_EQ(m.count(side::sell), 0) << "nothing to sell";
  EXPECT_EQ(m.count(side::buy), 3);
  EXPECT_LE(m.balance("USDT").locked, decimal(120));
}

TEST(MarketMaking, SizesLeanTowardsTheTargetShare) {
  strategy_market m(
      make_market_making,
      R"({"bid_spread":"0.01","ask_spread":"0.01","order_notional":"50","target_base_share":"0.5","inventory_range":"0.2"})");
  m.set_free("USDT", decimal(6000));
  m.set_free("BTC", decimal(40));
  m.start();
  m.tick(decimal(100));
  ASSERT_EQ(m.orders.size(), 2u);
  EXPECT_EQ(m.orders[0].quantity, "0.75757"_dec) << "too little of the base asset: bids grow by half";
  EXPECT_EQ(m.orders[1].quantity, "0.24752"_dec);
  strategy_market full(make_market_making,
                       R"({"order_notional":"50","target_base_share":"0.5","inventory_range":"0.2"})");
  full.set_free("USDT", decimal(1000));
  full.set_free("BTC", decimal(90));
  full.start();
  full.tick(decimal(100));
  EXPECT_EQ(full.count(side::buy), 0);
  EXPECT_EQ(full.count(side::sell), 1);
}

TEST(MarketMaking, NeverCrossesItselfOnARecordedMarket) {
  strategy_market m(
      make_market_making,
      R"({"bid_spread":"0.0001","ask_spread":"0.0001","levels":2,"level_spacing":"0.0001","order_notional":"50","refresh_s":1,"tolerance":"0","min_spread":"0.00005"})");
  m.set_free("BTC", decimal(1));
  m.start();
  for (const auto& [bid, ask] : recorded_prices()) {
    m.pass(1s);
    m.tick(bid, ask);
    for (const auto& b : m.orders)
      for (const auto& a : m.orders)
        if (b.side == side::buy && a.side == side::sell) ASSERT_LT(b.price, a.price);
  }
  EXPECT_GT(m.fills, 20);
}

TEST(MarketMaking, AQuoteTooNearIsCancelledAtOnce) {
  strategy_market m(make_market_making, R"({"bid_spread":"0.01","ask_spread":"0.01","min_spread":"0.005"})");
  m.start();
  m.tick(decimal(100));
  m.tick("99.4"_dec);
  EXPECT_EQ(m.log.back(), "cancel bid:0");
}

TEST(MarketMaking, RefusalsArePauses) {
  strategy_market m(make_market_making, plain);
  m.refuse = 1;
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(100));
  EXPECT_EQ(m.placed, 0);
  m.pass(10s);
  EXPECT_EQ(m.placed, 1);
}

TEST(MarketMaking, RestartsChangeNothing) {
  const auto rich = [](strategy_market& m) { m.set_free("BTC", decimal(1)); };
  expect_restarts_change_nothing(
      make_market_making,
      R"({"bid_spread":"0.0001","ask_spread":"0.0001","order_notional":"150","refresh_s":5,"tolerance":"0.00005"})", 1s,
      rich);
  expect_restarts_change_nothing(
      make_market_making,
      R"({"bid_spread":"0.0001","ask_spread":"0.0002","levels":3,"level_spacing":"0.0001","order_notional":"100","refresh_s":7,"tolerance":"0.00002","target_base_share":"0.8"})",
      1s, rich);
}

TEST(MarketMakingParameters, RefusalsNameTheField) {
  EXPECT_NE(refusal_of(R"({"min_spread":"0.1"})").find("min_spread"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"tolerance":"0.1"})").find("tolerance"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"levels":20,"level_spacing":"0.1"})").find("level_spacing"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"levels":21})").find("levels must be a whole number from 1 to 20"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
