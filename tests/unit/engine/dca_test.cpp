#include "engine/strategies/dca.hpp"

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using strings = std::vector<std::string>;

std::string refusal_of(const std::string& parameters) {
  auto made = make_dca(parameters, "");
  return made ? "accepted" : made.error().detail;
}

TEST(Dca, BuysTheSameWorthAtEachInterval) {
  strategy_market m(make_dca, R"({"order_notional":"20","interval_s":3600})");
  m.start();
  m.tick(decimal(100));
  EXPECT_EQ(m.log, strings{"buy limit 0.2 @ 100.21 entry"});
  m.pass(3599s);
  EXPECT_EQ(m.placed, 1);
  m.pass(1s);
  m.pass(7200s);
  EXPECT_EQ(m.placed, 4);
}

TEST(Dca, IntervalsThatPassedAreNotMadeUpFor) {
  strategy_market m(make_dca, R"({"interval_s":3600})");
  m.start();
  m.tick(decimal(100));
  const auto state = m.state();
  m.now = m.now + 10h;
  m.crash(state);
  m.tick(decimal(100));
  EXPECT_EQ(m.placed, 2);
}

TEST(Dca, SafetyOrdersFollowAFallAndProfitIsTakenAboveTheAverage) {
  strategy_market m(
      make_dca,
      R"({"order_notional":"20","safety_orders":2,"safety_step":"0.1","safety_scale":"2","take_profit":"0.05"})");
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(91));
  EXPECT_EQ(m.placed, 1);
  m.tick(decimal(89));
  EXPECT_EQ(m.placed, 2);
  m.tick(decimal(79));
  EXPECT_EQ(m.placed, 3);
  m.tick(decimal(50));
  EXPECT_EQ(m.placed, 3) << "there are only two safety orders";
  const auto average = decimal::divide(m.position.cost, m.position.quantity);
  m.tick(average * "1.04"_dec);
  EXPECT_EQ(m.count(exchanges::side::sell), 0);
  m.tick((average * "1.06"_dec).round_to_places(2, rounding::up));
  EXPECT_TRUE(m.position.quantity.is_zero());
  EXPECT_GT(m.position.realised_profit, decimal(2));
  m.tick(decimal(20));
  EXPECT_EQ(m.placed, 4) << "a new round begins with the next interval";
}

TEST(Dca, FinishesWhenTheTotalIsReached) {
  strategy_market m(make_dca, R"({"order_notional":"20","interval_s":60,"max_total":"50"})");
  m.start();
  m.tick(decimal(100));
  m.pass(600s);
  EXPECT_LE(m.position.cost, decimal(50));
  EXPECT_GE(m.position.cost, decimal(49));
  EXPECT_NE(m.finished_because.find("max_total is reached: the position cost 49.9"), std::string::npos)
      << m.finished_because;
}

TEST(Dca, SellsOff) {
  strategy_market m(make_dca, R"({"side":"sell","order_notional":"20","interval_s":60,"max_total":"100"})");
  m.set_free("BTC", decimal(3));
  m.start();
  m.tick(decimal(100));
  m.pass(600s);
  EXPECT_FALSE(m.finished_because.empty());
  EXPECT_LE(m.free("BTC"), "2.01"_dec);
}

TEST(Dca, WithoutMoneyNothingIsAskedForAndNothingPilesUp) {
  strategy_market m(make_dca, R"({"order_notional":"20","interval_s":60})");
  m.set_free("USDT", decimal(1));
  m.start();
  m.tick(decimal(100));
  m.pass(6000s);
  EXPECT_TRUE(m.log.empty());
  m.set_free("USDT", decimal(1000));
  m.tick(decimal(100));
  EXPECT_LE(m.position.cost, decimal(41));
}

TEST(Dca, WhatTheStateForgotIsFoundInTheBooks) {
  strategy_market m(make_dca, R"({"order_notional":"20","interval_s":60})");
  m.start();
  const auto state = m.state();
  m.tick(decimal(100));
  m.crash(state);
  m.tick(decimal(100));
  EXPECT_EQ(m.placed, 1) << "the first order was bought twice";
  const auto later = m.state();
  m.pass(60s);
  ASSERT_EQ(m.placed, 2);
  m.crash(later);
  m.tick(decimal(100));
  EXPECT_EQ(m.placed, 2) << "the interval's order was bought twice";
}

TEST(Dca, RefusalsArePausesAndStraysAreCancelled) {
  strategy_market m(make_dca, R"({"interval_s":600})");
  live_order stray{.id = {},
                   .tag = "buy:3",
                   .side = exchanges::side::buy,
                   .price = decimal(5),
                   .quantity = decimal(1),
                   .filled_quantity = {},
                   .state = intent_state::accepted,
                   .cancel_requested = false};
  stray.id.bytes[0] = 9;
  m.orders.push_back(stray);
  m.refuse = 1;
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(100));
  EXPECT_EQ(m.log, (strings{"cancel buy:3", "buy limit 0.2 @ 100.21 entry"}));
  m.pass(5s);
  EXPECT_EQ(m.placed, 1);
}

TEST(Dca, RestartsChangeNothing) {
  expect_restarts_change_nothing(make_dca, R"({"order_notional":"100","interval_s":60})", 1s);
  expect_restarts_change_nothing(
      make_dca,
      R"({"order_notional":"100","interval_s":60,"take_profit":"0.0005","safety_orders":5,"safety_step":"0.0003"})",
      1s);
  expect_restarts_change_nothing(make_dca,
                                 R"({"order_notional":"150","interval_s":30,"execution":"limit","reprice_s":3})", 1s);
}

TEST(Dca, CrashesWithAnOldStateBuyNothingTwice) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    strategy_market m(make_dca, R"({"order_notional":"100","interval_s":60})");
    EXPECT_GT(play_through_crashes(m, seed), 50);
    // 1,524 seconds: 26 orders of 100.
    EXPECT_LE(m.bought * decimal(61'500), decimal(2'620)) << seed;
    EXPECT_GE(m.bought * decimal(62'000), decimal(2'300)) << seed;
  }
}

TEST(Dca, MaxTotalHoldsThroughCrashes) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    strategy_market m(make_dca, R"({"order_notional":"100","interval_s":20,"max_total":"1000"})");
    play_through_crashes(m, seed);
    EXPECT_LE(m.position.cost, decimal(1'000)) << seed;
    EXPECT_GE(m.position.cost, decimal(900)) << seed;
  }
}

TEST(DcaParameters, RefusalsNameTheField) {
  EXPECT_NE(refusal_of(R"({"order_notional":"-1"})").find("order_notional"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"interval_s":1})").find("interval_s must be a whole number from 10"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"side":"sell","take_profit":"0.1"})").find("take_profit"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"side":"sell","safety_orders":1})").find("safety_orders"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"order_notional":"20","max_total":"10"})").find("max_total"), std::string::npos);
  strategy_market m(make_dca, R"({"order_notional":"3"})");
  m.start();
  m.tick(decimal(100));
  EXPECT_NE(m.stopped_because.find("order_notional is too small"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
