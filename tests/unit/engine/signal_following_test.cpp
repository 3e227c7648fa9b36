#include "engine/strategies/signal_following.hpp"

#include <nlohmann/json.hpp>

#include "tests/unit/engine/strategy_market.hpp"

namespace drover::engine {
namespace {

using exchanges::side;

struct follower : strategy_market {
  explicit follower(const std::string& parameters) : strategy_market(make_signal_following, parameters) {
    start();
    tick(decimal(100));
  }
  signal_verdict hear(const std::string& id, side s, decimal quantity, decimal price = decimal(100), seconds age = 0s) {
    signal({.id = id,
            .source = "room:12",
            .side = s,
            .quantity = quantity,
            .price = price,
            .sender_equity = decimal(1000),
            .at = now - age});
    if (verdicts.empty()) throw std::runtime_error("no verdict");
    return verdicts.back();
  }
};

TEST(SignalFollowing, FollowsAShareOfTheSendersQuantity) {
  follower f(R"({"sizing":"ratio","ratio":"0.5"})");
  const auto verdict = f.hear("a", side::buy, decimal(1));
  EXPECT_EQ(verdict.outcome, signal_outcome::taken);
  EXPECT_EQ(verdict.quantity, "0.5"_dec);
  EXPECT_EQ(verdict.tag, "signal:a");
  EXPECT_EQ(f.position.quantity, "0.5"_dec);
  f.hear("b", side::sell, decimal(1));
  EXPECT_TRUE(f.position.quantity.is_zero());
}

/// A bot that was stopped with its position closed, and started again: the coins that are there are somebody else's.
TEST(SignalFollowing, SellsNothingThatTheBotsEndHasSold) {
  follower f(R"({"sizing":"ratio","ratio":"1"})");
  ASSERT_EQ(f.hear("a", side::buy, decimal(1)).outcome, signal_outcome::taken);
  f.position = {};
  const auto verdict = f.hear("b", side::sell, decimal(1));
  EXPECT_EQ(verdict.outcome, signal_outcome::skipped);
  EXPECT_NE(verdict.reason.find("nothing is held"), std::string::npos) << verdict.reason;
  EXPECT_EQ(f.hear("c", side::buy, decimal(1)).outcome, signal_outcome::taken);
  EXPECT_EQ(f.hear("d", side::sell, decimal(2)).quantity, decimal(1));
}

TEST(SignalFollowing, SizesByWorthAndByAFixedWorth) {
  follower by_worth(R"({"sizing":"equity"})");
  EXPECT_EQ(by_worth.hear("a", side::buy, "0.1"_dec).quantity, decimal(1)) << "ten times as rich as the sender";
  follower fixed(R"({"sizing":"fixed","order_notional":"30"})");
  EXPECT_EQ(fixed.hear("a", side::buy, decimal(9)).quantity, "0.3"_dec);
}

TEST(SignalFollowing, RemaindersAreCarriedExactlyAndNetted) {
  follower f(R"({"sizing":"ratio","ratio":"1"})");
  EXPECT_EQ(f.hear("a", side::buy, "0.020000000000000001"_dec).outcome, signal_outcome::carried);
  EXPECT_EQ(f.hear("b", side::buy, "0.02"_dec).outcome, signal_outcome::carried);
  const auto taken = f.hear("c", side::buy, "0.020003"_dec);
  EXPECT_EQ(taken.outcome, signal_outcome::taken);
  EXPECT_EQ(taken.quantity, "0.06"_dec);
  EXPECT_EQ(json::parse(f.state())["own"]["carried"], "0.000003000000000001");
  EXPECT_EQ(f.hear("d", side::sell, "0.02"_dec).outcome, signal_outcome::carried);
  EXPECT_EQ(json::parse(f.state())["own"]["carried"], "-0.019996999999999999");
  EXPECT_EQ(f.hear("e", side::buy, "0.02"_dec).outcome, signal_outcome::carried);
}

TEST(SignalFollowing, GuardsNameTheirReason) {
  follower f(R"({"sizing":"ratio","max_age_s":10,"max_slippage":"0.01","source":"room:12"})");
  EXPECT_NE(f.hear("old", side::buy, decimal(1), decimal(100), 11s).reason.find("staleness guard"), std::string::npos);
  EXPECT_NE(f.hear("dear", side::buy, decimal(1), decimal(98)).reason.find("slippage guard"), std::string::npos);
  EXPECT_NE(f.hear("short", side::sell, decimal(1)).reason.find("nothing is held"), std::string::npos);
  f.signal({.id = "other",
            .source = "room:13",
            .side = side::buy,
            .quantity = decimal(1),
            .price = decimal(100),
            .sender_equity = {},
            .at = f.now});
  EXPECT_NE(f.verdicts.back().reason.find("source"), std::string::npos);
  EXPECT_EQ(f.placed, 0);
}

TEST(SignalFollowing, ASignalIsFollowedOnceOverRestartsToo) {
  follower f(R"({"sizing":"ratio"})");
  f.hear("a", side::buy, decimal(1));
  EXPECT_EQ(f.hear("a", side::buy, decimal(1)).reason, "it was seen before");
  f.crash(f.state());
  EXPECT_EQ(f.hear("a", side::buy, decimal(1)).outcome, signal_outcome::skipped);
  EXPECT_EQ(f.position.quantity, decimal(1));
}

TEST(SignalFollowing, RemembersABoundedNumberOfIds) {
  follower f(R"({"sizing":"ratio"})");
  for (int i = 0; i < 1000; ++i) f.hear(std::to_string(i) + std::string(90, 'x'), side::buy, "0.00001"_dec);
  EXPECT_LE(json::parse(f.state())["own"]["seen"].size(), signal_following::remembered_signals);
  EXPECT_EQ(f.hear(std::string(200, 'x'), side::buy, decimal(1)).outcome, signal_outcome::skipped);
  f.crash(f.state());
}

TEST(SignalFollowing, ThePositionIsBounded) {
  follower f(R"({"sizing":"ratio","max_position_notional":"150"})");
  f.hear("a", side::buy, decimal(1));
  EXPECT_LT(f.hear("b", side::buy, decimal(1)).quantity, "0.5"_dec);
  EXPECT_EQ(f.hear("c", side::buy, decimal(1)).outcome, signal_outcome::skipped);
}

TEST(SignalFollowing, DriftShowsWhatWasNotFollowed) {
  follower f(R"({"sizing":"ratio"})");
  f.hear("a", side::buy, decimal(1));
  EXPECT_EQ(json::parse(f.state())["own"]["drift"], "0");
  f.hear("b", side::buy, decimal(1), decimal(90));
  EXPECT_EQ(json::parse(f.state())["own"]["drift"], "0.5");
}

TEST(SignalFollowing, ARefusalPausesAndTheReceiptSaysSo) {
  follower f(R"({"sizing":"ratio"})");
  f.refuse = 1;
  f.hear("a", side::buy, decimal(1));
  EXPECT_NE(f.hear("b", side::buy, decimal(1)).reason.find("refused"), std::string::npos);
  f.pass(5s);
  EXPECT_EQ(f.hear("c", side::buy, decimal(1)).outcome, signal_outcome::taken);
}

TEST(SignalFollowing, RestartsChangeNothing) {
  std::vector<std::vector<std::string>> logs;
  for (const bool restarts : {false, true}) {
    strategy_market m(make_signal_following, R"({"sizing":"ratio","ratio":"0.01"})");
    m.restarts_always = restarts;
    m.part = "0.003"_dec;
    m.start();
    int n = 0;
    for (const auto& [bid, ask] : recorded_prices()) {
      m.pass(1s);
      m.tick(bid, ask);
      if (++n % 5 != 0) continue;
      const auto quantity = decimal::divide(decimal(n % 37), decimal(70));
      m.signal({.id = std::to_string(n),
                .source = "room:1",
                .side = n % 3 == 0 ? side::sell : side::buy,
                .quantity = quantity,
                .price = bid,
                .sender_equity = {},
                .at = m.now});
    }
    EXPECT_GT(m.fills, 50);
    for (const auto& v : m.verdicts) m.log.push_back(v.signal_id + " " + v.quantity.to_string() + " " + v.reason);
    logs.push_back(m.log);
  }
  EXPECT_EQ(logs[0], logs[1]);
}

}  // namespace
}  // namespace drover::engine
