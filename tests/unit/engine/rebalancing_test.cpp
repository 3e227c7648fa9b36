#include "engine/strategies/rebalancing.hpp"

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using strings = std::vector<std::string>;

decimal share_of(strategy_market& m, std::int64_t price) {
  const auto base = (m.free("BTC") + m.balance("BTC").locked) * decimal(price);
  return decimal::divide(base, base + m.free("USDT") + m.balance("USDT").locked);
}

TEST(Rebalancing, TradesBackToTheTargetWhenTheBandIsLeft) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5","band":"0.05"})");
  m.set_free("BTC", decimal(100));
  m.start();
  m.tick(decimal(100));
  EXPECT_TRUE(m.log.empty());
  m.tick(decimal(110));
  EXPECT_TRUE(m.log.empty()) << "still inside the band";
  m.tick(decimal(130));
  EXPECT_EQ(m.placed, 1);
  EXPECT_LT((share_of(m, 130) - "0.5"_dec).abs(), "0.001"_dec);
  m.pass(60s);
  m.tick(decimal(90));
  EXPECT_EQ(m.placed, 2);
  EXPECT_LT((share_of(m, 90) - "0.5"_dec).abs(), "0.001"_dec);
}

TEST(Rebalancing, RestsAfterATrade) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5","band":"0.01","rest_s":30})");
  m.start();
  m.tick(decimal(100));
  ASSERT_EQ(m.placed, 1);
  m.tick(decimal(200));
  m.pass(29s);
  EXPECT_EQ(m.placed, 1);
  m.pass(1s);
  EXPECT_EQ(m.placed, 2);
}

TEST(Rebalancing, LooksOnceAnInterval) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5","band":"0.01","trigger":"interval","interval_s":600})");
  m.set_free("BTC", decimal(100));
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(200));
  m.pass(599s);
  EXPECT_EQ(m.placed, 0);
  m.pass(1s);
  EXPECT_EQ(m.placed, 1);
}

TEST(Rebalancing, SmallDifferencesAreLeft) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5","band":"0.01","min_trade":"500"})");
  m.set_free("BTC", decimal(100));
  m.start();
  m.tick(decimal(105));
  EXPECT_TRUE(m.log.empty());
  m.tick(decimal(120));
  EXPECT_EQ(m.placed, 1);
}

TEST(Rebalancing, ATradeThatIsNotDoneIsGivenUp) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5","band":"0.01","execution":"limit","reprice_s":3600})");
  m.start();
  m.tick(decimal(100));
  EXPECT_EQ(m.log, strings{"buy limit_maker 50 @ 99.99 rebalance"});
  m.pass(600s);
  EXPECT_EQ(m.log.back(), "cancel rebalance");
}

TEST(Rebalancing, RefusalsAreAnsweredWithAPause) {
  strategy_market m(make_rebalancing, R"({"target_share":"0.5"})");
  m.refuse = 2;
  m.start();
  m.tick(decimal(100));
  for (int i = 0; i < 5; ++i) m.tick(decimal(100));
  EXPECT_EQ(m.log.size(), 1u);
  m.pass(5s);
  EXPECT_EQ(m.log.size(), 2u);
  m.pass(10s);
  EXPECT_EQ(m.placed, 1);
}

TEST(Rebalancing, RestartsChangeNothing) {
  const auto rich = [](strategy_market& m) {
    m.set_free("BTC", "0.16"_dec);
    m.part = "0.00004"_dec;
  };
  expect_restarts_change_nothing(make_rebalancing,
                                 R"({"target_share":"0.5","band":"0.0001","min_trade":"0","rest_s":5})", 1s, rich);
  expect_restarts_change_nothing(
      make_rebalancing,
      R"({"target_share":"0.51","band":"0.0002","min_trade":"0","rest_s":5,"execution":"limit","reprice_s":4})", 1s,
      rich);
}

TEST(RebalancingParameters, RefusalsNameTheField) {
  auto made = make_rebalancing(R"({"target_share":"1.5"})", "");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().detail.find("target_share must be a decimal number"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
