// The strategies inside a bot: its timers, its order desk, its journal; the bot manager of the bot tests.
#include <gtest/gtest.h>

#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

bots_config config_of(const std::string& strategy, const std::string& parameters) {
  auto c = bot_world::fast_config();
  c.strategy = strategy;
  c.strategy_parameters = parameters;
  return c;
}

TEST(StrategyBots, DcaBuysAtItsIntervalsAndNotTwiceAfterARestart) {
  bot_world w(config_of("dca", R"({"order_notional":"60","interval_s":60})"));
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  w.pass(1s);
  EXPECT_EQ(w.venue().account(w.label(id)).fills.size(), 1u);
  w.pass(60s);
  EXPECT_EQ(w.venue().account(w.label(id)).fills.size(), 2u);
  w.drain();
  w.start();
  w.price(60'000);
  w.pass(5s);
  EXPECT_EQ(w.state(id), bot_state::running) << w.reason(id);
  EXPECT_EQ(w.venue().account(w.label(id)).fills.size(), 2u);
  w.pass(60s);
  EXPECT_EQ(w.venue().account(w.label(id)).fills.size(), 3u);
}

TEST(StrategyBots, TwapFinishesWithItsReason) {
  bot_world w(config_of("twap", R"({"total_quantity":"0.004","duration_s":40,"slices":4})"));
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  for (int i = 0; i < 60; ++i) {
    w.price(60'000);
    w.pass(1s);
  }
  EXPECT_EQ(w.venue().account(w.label(id)).fills.size(), 4u);
  const auto row = test::run(w.io, w.bots->get(user_id(1), w.bot_of(id))).value();
  EXPECT_EQ(row.desired, desired_state::stopped);
  EXPECT_NE(row.reason.find("all slices are traded: bought 0.004 BTC"), std::string::npos) << row.reason;
}

TEST(StrategyBots, MarketMakingRenewsItsQuotes) {
  bot_world w(
      config_of("market_making", R"({"bid_spread":"0.01","ask_spread":"0.01","order_notional":"60","refresh_s":10})"));
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.venue().set_balance(w.label(id), "BTC", decimal(1));
  w.start();
  w.price(60'000);
  w.pass(1s);
  ASSERT_EQ(w.open_orders(id), 2u);
  w.price(60'300);
  w.pass(11s);
  const auto orders = w.venue().open_orders(w.label(id));
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(std::max(orders[0].price, orders[1].price), decimal(60'903));
}

}  // namespace
}  // namespace drover::engine
