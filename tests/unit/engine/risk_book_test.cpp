#include "engine/orders/risk_book.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

exchanges::instrument market() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.tick_size = "0.01"_dec;
  i.lot_size = "0.001"_dec;
  i.min_quantity = "0.001"_dec;
  i.max_quantity = 1000;
  return i;
}

class RiskBook : public ::testing::Test {
 protected:
  log_capture quiet;
  test::manual_clock time;
  entry_gate gate;
  risk_limits of_account = no_limits, of_engine = no_limits;
  std::unique_ptr<risk_book> book;
  int told = 0;
  const account_id first{7}, second{8};

  void make() {
    book = std::make_unique<risk_book>(of_account, of_engine, gate, [this] { ++told; });
  }
  /// Empty when it passes.
  std::string judge(risk_book::seat& seat, decimal price, decimal quantity, risk_state own = {}) {
    exchanges::order_request r;
    r.symbol = "BTC/USDT";
    r.price = price;
    r.quantity = quantity;
    own.mid_price = 100;
    auto done = seat.admit(r, market(), own, time.now());
    return done ? std::string() : done.error().detail;
  }
  const halt* halted(account_id account) { return gate.find({user_id(1), account, "paper", bot_id(1)}); }
};

TEST_F(RiskBook, OpenOrdersOfAllDesksOfAnAccountCount) {
  of_account.max_open_orders = 3;
  make();
  auto a = book->take_seat(first, "USDT"), b = book->take_seat(first, "USDT"), other = book->take_seat(second, "USDT");
  a->update(2, 0);
  b->update(1, 0);
  EXPECT_EQ(judge(*a, 100, 1, {.open_orders = 2}), "max_open_orders: 4 against a limit of 3");
  EXPECT_EQ(judge(*other, 100, 1), "");
  b.reset();
  EXPECT_EQ(judge(*a, 100, 1, {.open_orders = 2}), "");
}

TEST_F(RiskBook, LimitsOfTheEngineCountEverybodyAndSaySo) {
  of_engine.max_open_orders = 2;
  of_engine.max_order_notional = 500;
  make();
  auto a = book->take_seat(first, "USDT"), b = book->take_seat(second, "USDT");
  a->update(1, 0);
  b->update(1, 0);
  EXPECT_EQ(judge(*a, 100, 1, {.open_orders = 1}), "engine's max_open_orders: 3 against a limit of 2");
  EXPECT_EQ(judge(*a, 100, 6), "engine's max_order_notional: 600 against a limit of 500");
}

TEST_F(RiskBook, PositionsOfAnAccountAddUpForEachQuoteAsset) {
  of_account.max_position_notional = 1000;
  make();
  auto btc = book->take_seat(first, "USDT"), eth = book->take_seat(first, "USDT"), euro = book->take_seat(first, "EUR");
  eth->update(0, 800);
  EXPECT_EQ(judge(*btc, 100, 3), "max_position_notional: 1100 against a limit of 1000");
  EXPECT_EQ(judge(*btc, 100, 2), "");
  EXPECT_EQ(judge(*euro, 100, 10), "");
  eth->update(0, 0);
  EXPECT_EQ(judge(*btc, 100, 10), "");
}

TEST_F(RiskBook, TheOrderRateIsTheAccountsAndARefusedOrderDoesNotCount) {
  of_account.max_orders_per_minute = 2;
  of_account.max_order_notional = 1000;
  make();
  auto a = book->take_seat(first, "USDT"), b = book->take_seat(first, "USDT");
  EXPECT_EQ(judge(*a, 100, 1), "");
  EXPECT_NE(judge(*a, 100, 100), "");
  EXPECT_EQ(judge(*b, 100, 1), "");
  EXPECT_EQ(judge(*a, 100, 1), "max_orders_per_minute: 3 against a limit of 2");
  time.advance(1min);
  EXPECT_EQ(judge(*a, 100, 1), "");
}

TEST_F(RiskBook, ALoweredRateCountsTheOrdersOfTheLastMinute) {
  of_account.max_orders_per_minute = 5;
  make();
  auto a = book->take_seat(first, "USDT");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(judge(*a, 100, 1), "");
  book->set({first, false, {.max_orders_per_minute = 2}});
  EXPECT_EQ(judge(*a, 100, 1), "max_orders_per_minute: 3 against a limit of 2");
  time.advance(1min);
  EXPECT_EQ(judge(*a, 100, 1), "");
  EXPECT_EQ(judge(*a, 100, 1), "");
  EXPECT_NE(judge(*a, 100, 1), "");
}

TEST_F(RiskBook, WhatAnAdministratorSetReplacesTheConfigurationAndAnOwnerOnlyTightens) {
  of_account.max_open_orders = 10;
  make();
  book->set({first, false, {.max_open_orders = 20}});
  EXPECT_EQ(book->limits_of(first).max_open_orders, 20);
  EXPECT_EQ(book->limits_of(second).max_open_orders, 10);
  book->set({first, true, {.max_open_orders = 5}});
  EXPECT_EQ(book->limits_of(first).max_open_orders, 5);
  EXPECT_EQ(book->allowed_to(first).max_open_orders, 20);
  // The administrator tightened afterwards.
  book->set({first, false, {.max_open_orders = 3}});
  EXPECT_EQ(book->limits_of(first).max_open_orders, 3);
  book->set({first, true, {}});
  EXPECT_EQ(book->limits_of(first).max_open_orders, 3);
}

TEST_F(RiskBook, FindsWhatWouldLoosenALimit) {
  risk_limits allowed = no_limits;
  allowed.max_open_orders = 10;
  allowed.max_daily_loss = 100;
  EXPECT_FALSE(find_looser({.max_open_orders = 10, .price_collar = "0.5"_dec}, allowed));
  EXPECT_EQ(find_looser({.max_open_orders = 11}, allowed)->first, "max_open_orders");
  EXPECT_EQ(find_looser({.max_daily_loss = decimal(0)}, allowed)->second, "100") << "0 is no limit, hence looser";
}

TEST_F(RiskBook, ADailyLossHaltsTheAccountUntilTheNextDay) {
  of_account.max_daily_loss = 100;
  make();
  auto a = book->take_seat(first, "USDT");
  a->add_realised(decimal(-60));
  EXPECT_EQ(halted(first), nullptr);
  a->add_realised(decimal(20));
  a->add_realised(decimal(-60));
  ASSERT_NE(halted(first), nullptr);
  EXPECT_EQ(halted(first)->reason.find("max_daily_loss: 100 USDT lost today against a limit of 100"), 0u) << halted(first)->reason;
  EXPECT_EQ(halted(second), nullptr);
  EXPECT_EQ(told, 1);
  a->add_realised(decimal(-1));
  EXPECT_EQ(told, 1);
  book->start_day();
  EXPECT_EQ(halted(first), nullptr);
  EXPECT_TRUE(book->today(first).empty());
}

TEST_F(RiskBook, LossesCountForEachQuoteAssetAndForTheEngine) {
  of_account.max_daily_loss = 100;
  of_engine.max_daily_loss = 150;
  make();
  auto a = book->take_seat(first, "USDT"), b = book->take_seat(first, "EUR"), c = book->take_seat(second, "USDT");
  a->add_realised(decimal(-80));
  b->add_realised(decimal(-80));
  EXPECT_EQ(halted(first), nullptr);
  c->add_realised(decimal(-80));
  ASSERT_NE(halted(account_id(99)), nullptr);
  EXPECT_EQ(halted(account_id(99))->reason.find("engine's max_daily_loss: 160 USDT"), 0u);
  book->clear_loss({});
  EXPECT_EQ(halted(second), nullptr);
}

TEST_F(RiskBook, TodaysBooksHaltAtTheStartAndALooserLimitLetsGo) {
  of_account.max_daily_loss = 100;
  make();
  book->load({{second, false, {.max_daily_loss = decimal(500)}}}, {{first, "USDT", decimal(-120)}, {second, "USDT", decimal(-120)}});
  EXPECT_NE(halted(first), nullptr);
  EXPECT_EQ(halted(second), nullptr);
  book->set({first, false, {.max_daily_loss = decimal(200)}});
  EXPECT_EQ(halted(first), nullptr);
  book->set({second, true, {.max_daily_loss = decimal(50)}});
  EXPECT_NE(halted(second), nullptr);
  book->clear_loss(second);
  EXPECT_EQ(halted(second), nullptr);
}

TEST(UtcMidnight, IsTheBeginningOfTheDay) {
  const auto day = wall_time::from_ms(86'400'000LL * 20'000);
  EXPECT_EQ(utc_midnight(day), day);
  EXPECT_EQ(utc_midnight(day + 23h + 59min), day);
  EXPECT_EQ(utc_midnight(wall_time::from_ms(-1)), wall_time::from_ms(-86'400'000));
}

TEST_F(RiskBook, OtherDefaultsHoldFromNowOnWhereNothingElseWasSet) {
  make();
  auto seat = book->take_seat(first, "USDT"), other = book->take_seat(second, "USDT");
  book->set({second, false, {.max_order_notional = decimal(500)}});
  seat->add_realised(decimal(-20));
  of_account.max_order_notional = 50;
  of_account.max_daily_loss = 10;
  book->set_defaults(of_account, of_engine);
  EXPECT_NE(judge(*seat, 100, 1).find("max_order_notional"), std::string::npos);
  EXPECT_EQ(judge(*other, 100, 1), "");
  EXPECT_EQ(gate.size(), 1u) << "what was lost today counts against the new limit";
  of_account.max_daily_loss = 30;
  book->set_defaults(of_account, of_engine);
  EXPECT_EQ(gate.size(), 0u);
  of_engine.max_order_notional = 40;
  book->set_defaults(of_account, of_engine);
  EXPECT_NE(judge(*other, 100, 1).find("engine's max_order_notional"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
