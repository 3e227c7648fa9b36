#include "engine/strategies/trailing_stop.hpp"

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using strings = std::vector<std::string>;

TEST(TrailingStop, SellsWhenThePriceFallsFromItsHighest) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","max_slippage":"0.01"})");
  m.set_free("BTC", decimal(2));
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(150));
  m.tick("135.2"_dec);
  EXPECT_TRUE(m.log.empty());
  m.tick(decimal(134));
  ASSERT_EQ(m.log.size(), 2u);
  EXPECT_EQ(m.log[0], "sell limit 2 @ 132.66 exit");
  EXPECT_EQ(m.finished_because, "sold 2 BTC after the price fell from 149.99");
}

TEST(TrailingStop, TheHighestSurvivesARestart) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1"})");
  m.set_free("BTC", decimal(2));
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(150));
  m.crash(m.state());
  m.tick(decimal(134));
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(TrailingStop, ProtectsOnlyTheQuantityAndWaitsForItsActivation) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","quantity":"0.5","activation_price":"120"})");
  m.set_free("BTC", decimal(2));
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(50));
  EXPECT_TRUE(m.log.empty()) << "not active yet";
  m.tick(decimal(121));
  m.tick(decimal(100));
  EXPECT_EQ(m.free("BTC"), "1.5"_dec);
}

TEST(TrailingStop, BuysFirstAndSellsWhatItBought) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","entry_notional":"100","entry_limit":"100"})");
  m.set_free("BTC", decimal(7));
  m.fee_share = "0.001"_dec;
  m.start();
  m.tick(decimal(110));
  EXPECT_TRUE(m.log.empty()) << "above the limit of the entry";
  m.tick("99.9"_dec);
  EXPECT_EQ(m.placed, 1);
  m.tick(decimal(80));
  EXPECT_FALSE(m.finished_because.empty());
  EXPECT_EQ(m.free("BTC"), decimal(7));
}

/// Stopped with its position closed and started again: the coins that are there were never its own.
TEST(TrailingStop, SellsNothingThatTheBotsEndHasSold) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","entry_notional":"100"})");
  m.set_free("BTC", decimal(7));
  m.start();
  m.tick(decimal(100));
  ASSERT_EQ(m.placed, 1);
  const auto bought = m.position.quantity;
  m.set_free("BTC", m.free("BTC") - bought);
  m.position = {};
  m.tick(decimal(80));
  EXPECT_EQ(m.placed, 1);
  EXPECT_EQ(m.free("BTC"), decimal(7));
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(TrailingStop, SellsInPartsUntilNothingIsLeft) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1"})");
  m.set_free("BTC", decimal(2));
  m.part = "0.7"_dec;
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(80));
  EXPECT_TRUE(m.free("BTC").is_zero());
  EXPECT_EQ(m.placed, 3);
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(TrailingStop, ACrashWhileSellingSellsNothingTwice) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","quantity":"1"})");
  m.set_free("BTC", decimal(2));
  m.start();
  m.tick(decimal(100));
  const auto state = m.state();
  m.tick(decimal(80));
  ASSERT_EQ(m.free("BTC"), decimal(1));
  m.stopped_because = m.finished_because = "";
  m.crash(state);
  m.tick(decimal(70));
  EXPECT_EQ(m.free("BTC"), decimal(1));
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(TrailingStop, BeginsAgainAfterAPause) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1","entry_notional":"100","rearm":true,"rearm_pause_s":60})");
  m.start();
  m.tick(decimal(100));
  m.tick(decimal(80));
  EXPECT_EQ(m.placed, 2);
  m.pass(59s);
  EXPECT_EQ(m.placed, 2);
  m.pass(1s);
  EXPECT_EQ(m.placed, 3);
  EXPECT_TRUE(m.finished_because.empty());
}

TEST(TrailingStop, StopsWhenThereIsNothingToProtect) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1"})");
  m.start();
  m.tick(decimal(100));
  EXPECT_NE(m.stopped_because.find("nothing to protect"), std::string::npos) << m.stopped_because;
}

TEST(TrailingStop, RefusedSalesAreTriedAgainAfterAPause) {
  strategy_market m(make_trailing_stop, R"({"trail":"0.1"})");
  m.set_free("BTC", decimal(2));
  m.start();
  m.tick(decimal(100));
  m.refuse = 1;
  m.tick(decimal(80));
  m.tick(decimal(79));
  EXPECT_EQ(m.log.size(), 1u);
  m.pass(5s);
  EXPECT_FALSE(m.finished_because.empty());
}

TEST(TrailingStop, RestartsChangeNothing) {
  expect_restarts_change_nothing(make_trailing_stop,
                                 R"({"trail":"0.0003","entry_notional":"300","rearm":true,"rearm_pause_s":20})", 1s);
}

TEST(TrailingStop, CrashesWithAnOldStateSellNothingTwice) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    strategy_market m(make_trailing_stop, R"({"trail":"0.002","quantity":"0.02"})");
    m.set_free("BTC", decimal(1));
    play_through_crashes(m, seed);
    EXPECT_FALSE(m.finished_because.empty()) << seed;
    EXPECT_LE(m.sold, "0.02"_dec) << seed;
    EXPECT_GE(m.sold, "0.0199"_dec) << seed;
  }
}

TEST(TrailingStopParameters, RefusalsNameTheField) {
  const auto refusal = [](const char* p) {
    auto made = make_trailing_stop(p, "");
    return made ? std::string("accepted") : made.error().detail;
  };
  EXPECT_NE(refusal(R"({"quantity":"1","entry_notional":"1"})").find("quantity"), std::string::npos);
  EXPECT_NE(refusal(R"({"entry_limit":"1"})").find("entry_limit needs entry_notional"), std::string::npos);
  EXPECT_NE(refusal(R"({"quantity":"0"})").find("quantity must be positive"), std::string::npos);
  EXPECT_NE(refusal(R"({"trail":"1"})").find("trail"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
