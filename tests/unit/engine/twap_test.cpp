#include "engine/strategies/twap.hpp"

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

std::string refusal_of(const std::string& parameters) {
  auto made = make_twap(parameters, "");
  return made ? "accepted" : made.error().detail;
}

TEST(Twap, TradesEqualSlicesAtEqualDistancesAndFinishes) {
  strategy_market m(make_twap, R"({"total_quantity":"0.4","duration_s":400,"slices":4})");
  m.start();
  m.tick(decimal(100));
  ASSERT_EQ(m.log, std::vector<std::string>{"buy limit 0.1 @ 100.21 slice"});
  m.pass(99s);
  EXPECT_EQ(m.log.size(), 1u);
  m.pass(1s);
  EXPECT_EQ(m.position.quantity, "0.2"_dec);
  m.pass(200s);
  EXPECT_EQ(m.position.quantity, "0.4"_dec);
  EXPECT_EQ(m.finished_because, "all slices are traded: bought 0.4 BTC for 40.004 USDT");
}

TEST(Twap, SellsAWorth) {
  strategy_market m(make_twap, R"({"side":"sell","total_notional":"60","duration_s":60,"slices":3})");
  m.set_free("BTC", decimal(5));
  m.start();
  m.tick(decimal(100));
  m.pass(60s);
  EXPECT_GE(m.free("USDT"), decimal(10'059));
  EXPECT_LE(m.free("USDT"), decimal(10'060));
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(Twap, WaitsBeyondTheLimitAndGivesUpAfterTheOvertime) {
  strategy_market m(make_twap,
                    R"({"total_quantity":"1","duration_s":100,"slices":2,"limit_price":"90","overtime_s":50})");
  m.start();
  m.tick(decimal(100));
  m.pass(160s);
  EXPECT_TRUE(m.log.size() == 1 && m.placed == 0);
  EXPECT_NE(m.finished_because.find("beyond the limit"), std::string::npos) << m.finished_because;
}

TEST(Twap, MissedSlicesAreTradedAtOnceOrThePlanIsMoved) {
  for (const bool catch_up : {true, false}) {
    strategy_market m(make_twap, std::string(R"({"total_quantity":"1","duration_s":100,"slices":10,"catch_up":)") +
                                     (catch_up ? "true}" : "false}"));
    m.start();
    m.tick(decimal(100));
    const auto state = m.state();
    m.now = m.now + 55s;
    m.crash(state);
    m.tick(decimal(100));
    EXPECT_EQ(m.position.quantity, catch_up ? "0.6"_dec : "0.2"_dec);
    m.pass(200s);
    EXPECT_EQ(m.position.quantity, decimal(1));
  }
}

TEST(Twap, WaitingBeyondTheLimitKeepsNobodyBusy) {
  strategy_market m(make_twap,
                    R"({"total_quantity":"1","duration_s":100,"slices":10,"limit_price":"90","catch_up":false})");
  m.start();
  m.tick(decimal(100));
  m.pass(1000s);
  EXPECT_LT(m.calls, 100);
  m.tick(decimal(80));
  EXPECT_EQ(m.placed, 2) << "the slice that waited, and the one that was due meanwhile";
  m.pass(9s);
  EXPECT_EQ(m.placed, 2) << "the rest of the plan is moved";
}

TEST(Twap, BetweenSlicesItHearsNoTickers) {
  strategy_market m(make_twap, R"({"total_quantity":"1","duration_s":100,"slices":10})");
  m.start();
  m.tick(decimal(100));
  EXPECT_FALSE(m.get().wants_tick({}));
  m.pass(10s);
  EXPECT_EQ(m.placed, 2);
}

TEST(Twap, WhatTheStateForgotIsFoundInTheBooks) {
  strategy_market m(make_twap, R"({"total_quantity":"0.4","duration_s":400,"slices":4})");
  m.start();
  m.tick(decimal(100));
  const auto state = m.state();
  m.pass(100s);
  ASSERT_EQ(m.position.quantity, "0.2"_dec);
  m.crash(state);
  m.tick(decimal(100));
  EXPECT_EQ(m.position.quantity, "0.2"_dec) << "the second slice was bought twice";
  m.pass(300s);
  EXPECT_EQ(m.position.quantity, "0.4"_dec);
}

TEST(Twap, SoldCoinsThatTheBooksNeverHeldAreNotSoldTwice) {
  strategy_market m(make_twap, R"({"side":"sell","total_quantity":"0.4","duration_s":400,"slices":4})");
  m.set_free("BTC", decimal(1));
  m.start();
  m.tick(decimal(100));
  const auto state = m.state();
  m.pass(100s);
  ASSERT_EQ(m.free("BTC"), "0.8"_dec);
  m.crash(state);
  m.tick(decimal(100));
  m.pass(300s);
  EXPECT_EQ(m.free("BTC"), "0.6"_dec);
}

decimal trade_through_crashes(const std::string& side_name, const std::string& execution, std::uint64_t seed) {
  strategy_market m(make_twap, R"({"total_quantity":"0.05","duration_s":600,"slices":20,"side":")" + side_name +
                                   R"(","execution":")" + execution + R"(","reprice_s":2})");
  m.set_free("BTC", side_name == "sell" ? decimal(1) : decimal());
  EXPECT_GT(play_through_crashes(m, seed), 20);
  EXPECT_FALSE(m.finished_because.empty());
  return m.bought + m.sold;
}

TEST(Twap, CrashesWithAnOldStateTradeNothingTwice) {
  for (const char* side_name : {"buy", "sell"}) {
    for (const char* execution : {"market", "limit"}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto traded = trade_through_crashes(side_name, execution, seed);
        EXPECT_LE(traded, "0.0501"_dec) << side_name << " " << execution << " " << seed;
        EXPECT_GE(traded, "0.0495"_dec) << side_name << " " << execution << " " << seed;
      }
    }
  }
}

TEST(Twap, ALimitOrderFollowsThePriceAtItsPace) {
  strategy_market m(make_twap,
                    R"({"total_quantity":"1","duration_s":100,"slices":1,"execution":"limit","reprice_s":10})");
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(101));
  EXPECT_EQ(m.log, std::vector<std::string>{"buy limit_maker 1 @ 99.99 slice"});
  m.pass(10s);
  EXPECT_EQ(m.log.back(), "buy limit_maker 1 @ 100.99 slice");
  m.tick(decimal(90));
  EXPECT_EQ(m.position.quantity, decimal(1));
  m.tick(decimal(90));
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(Twap, RefusalsAreAnsweredWithALongerPause) {
  strategy_market m(make_twap, R"({"total_quantity":"1","duration_s":100,"slices":1})");
  m.refuse = 3;
  m.start();
  m.tick(decimal(100));
  for (int i = 0; i < 10; ++i) m.tick(decimal(100));
  EXPECT_EQ(m.log.size(), 1u);
  m.pass(5s);
  EXPECT_EQ(m.log.size(), 2u);
  m.pass(9s);
  EXPECT_EQ(m.log.size(), 2u);
  m.pass(1s);
  EXPECT_EQ(m.log.size(), 3u);
  m.pass(20s);
  EXPECT_EQ(m.position.quantity, decimal(1));
}

TEST(Twap, StopsWhenTheTotalIsBelowTheSmallestOrder) {
  strategy_market m(make_twap, R"({"total_notional":"3"})");
  m.start();
  m.tick(decimal(100));
  EXPECT_NE(m.stopped_because.find("total_notional is too small"), std::string::npos) << m.stopped_because;
}

TEST(Twap, RestartsChangeNothing) {
  expect_restarts_change_nothing(make_twap, R"({"total_quantity":"0.05","duration_s":1200,"slices":30})", 1s);
  expect_restarts_change_nothing(
      make_twap, R"({"total_notional":"2000","duration_s":1200,"slices":10,"execution":"limit","reprice_s":5})", 1s);
  expect_restarts_change_nothing(make_twap, R"({"side":"sell","total_quantity":"0.05","duration_s":1200,"slices":10})",
                                 1s, [](strategy_market& m) { m.set_free("BTC", decimal(1)); });
}

TEST(TwapParameters, RefusalsNameTheField) {
  EXPECT_NE(refusal_of("{}").find("total_quantity or total_notional"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"0"})").find("total_quantity"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","total_notional":"1"})").find("only one"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","slices":0})").find("slices must be a whole number from 1 to 10000"),
            std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","side":"both"})").find("side must be one of"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","catch_up":"maybe"})").find("catch_up must be true or false"),
            std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","speed":1})").find("speed is not a parameter of TWAP"),
            std::string::npos);
  EXPECT_NE(refusal_of(R"({"total_quantity":"1","symbol":"BTC"})").find("symbol must name an instrument"),
            std::string::npos);
  EXPECT_EQ(refusal_of(R"({"total_quantity":"1"})"), "accepted");
}

}  // namespace
}  // namespace drover::engine
