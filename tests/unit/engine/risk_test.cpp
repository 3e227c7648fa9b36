#include "engine/orders/risk.hpp"

#include <gtest/gtest.h>

namespace drover::engine {
namespace {

exchanges::instrument btc() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.tick_size = "0.01"_dec;
  i.lot_size = "0.001"_dec;
  i.min_quantity = "0.001"_dec;
  i.max_quantity = 100;
  i.min_notional = 5;
  return i;
}

exchanges::order_request buy(decimal price, decimal quantity) {
  exchanges::order_request r;
  r.symbol = "BTC/USDT";
  r.price = price;
  r.quantity = quantity;
  return r;
}

class RiskCheck : public ::testing::Test {
 protected:
  risk_limits limits;
  risk_state state{.mid_price = 100, .entries_blocked_because = {}};

  /// Empty when the order passes, otherwise the reason.
  std::string judge(const exchanges::order_request& order) {
    risk_check check(limits);
    auto done = check.check(order, btc(), state, steady_time{});
    return done ? std::string() : done.error().detail;
  }
};

TEST_F(RiskCheck, PassesAnOrdinaryOrder) { EXPECT_EQ(judge(buy(100, 1)), ""); }

TEST_F(RiskCheck, RefusesWhatTheInstrumentRefuses) {
  EXPECT_NE(judge(buy("100.001"_dec, 1)), "");
  EXPECT_NE(judge(buy(100, "1.0001"_dec)), "");
  EXPECT_NE(judge(buy(100, 0)), "");
  EXPECT_NE(judge(buy(0, 1)), "");
  EXPECT_NE(judge(buy(-1, 1)), "");
  EXPECT_NE(judge(buy(100, 101)), "");
  EXPECT_NE(judge(buy(1, 1)), "");
}

TEST_F(RiskCheck, RefusesASuspendedInstrument) {
  auto halted = btc();
  halted.trading = false;
  risk_check check(limits);
  EXPECT_FALSE(check.check(buy(100, 1), halted, state, steady_time{}));
}

TEST_F(RiskCheck, RefusesAboveTheNotional) {
  limits.max_order_notional = 100;
  EXPECT_EQ(judge(buy(100, 1)), "");
  EXPECT_NE(judge(buy("100.01"_dec, 1)).find("max_order_notional"), std::string::npos);
}

TEST_F(RiskCheck, AnOverflowIsALimitNotACrash) {
  limits.max_order_notional = 0;
  EXPECT_NE(judge(buy(decimal::literal("100000000000000000000"), 100)), "");
}

TEST_F(RiskCheck, ValuesAMarketOrderAtTheMidPrice) {
  auto order = buy(0, 1);
  order.type = exchanges::order_type::market;
  limits.max_order_notional = 99;
  EXPECT_NE(judge(order), "");
  limits.max_order_notional = 100;
  EXPECT_EQ(judge(order), "");
  state.mid_price = 0;
  EXPECT_NE(judge(order), "");
}

TEST_F(RiskCheck, CountsPositionAndRestingBuys) {
  limits.max_position_notional = 1000;
  state.position_quantity = 5;
  state.resting_buy_quantity = 4;
  EXPECT_EQ(judge(buy(100, 1)), "");
  EXPECT_NE(judge(buy(100, "1.001"_dec)), "");
  auto sell = buy(100, 2);
  sell.side = exchanges::side::sell;
  EXPECT_EQ(judge(sell), "");
}

TEST_F(RiskCheck, KeepsThePriceInTheCollar) {
  limits.price_collar = "0.1"_dec;
  EXPECT_EQ(judge(buy(90, 1)), "");
  EXPECT_EQ(judge(buy(110, 1)), "");
  EXPECT_NE(judge(buy("110.01"_dec, 1)), "");
  EXPECT_NE(judge(buy("89.99"_dec, 1)), "");
  state.mid_price = 0;
  EXPECT_NE(judge(buy(100, 1)), "");
}

TEST_F(RiskCheck, BoundsOpenOrders) {
  limits.max_open_orders = 2;
  state.open_orders = 1;
  EXPECT_EQ(judge(buy(100, 1)), "");
  state.open_orders = 2;
  EXPECT_NE(judge(buy(100, 1)), "");
}

TEST_F(RiskCheck, SaysWhyEntriesAreBlocked) {
  state.entries_allowed = false;
  state.entries_blocked_because = "draining";
  EXPECT_EQ(judge(buy(100, 1)), "draining");
}

TEST_F(RiskCheck, TheOrderRateIsASlidingMinute) {
  limits.max_orders_per_minute = 3;
  risk_check check(limits);
  auto at = [&](int s) { return check.check(buy(100, 1), btc(), state, steady_time{seconds(s)}).has_value(); };
  EXPECT_TRUE(at(0));
  EXPECT_TRUE(at(10));
  EXPECT_TRUE(at(20));
  EXPECT_FALSE(at(59));
  EXPECT_TRUE(at(60));
  EXPECT_FALSE(at(69));
  EXPECT_TRUE(at(70));
  EXPECT_TRUE(at(200));
  EXPECT_TRUE(at(201));
  EXPECT_TRUE(at(202));
  EXPECT_FALSE(at(203));
}

TEST_F(RiskCheck, ARefusedOrderDoesNotCountTowardsTheRate) {
  limits.max_orders_per_minute = 1;
  risk_check check(limits);
  EXPECT_FALSE(check.check(buy(100, 0), btc(), state, steady_time{}));
  EXPECT_TRUE(check.check(buy(100, 1), btc(), state, steady_time{}));
}

}  // namespace
}  // namespace drover::engine
