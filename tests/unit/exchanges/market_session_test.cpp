#include "exchanges/runtime/market_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using lines = std::vector<std::string>;

/// Subscriptions of trades; the venue refuses a request as a whole when it names one of `bad`, and does not say which.
struct moody_venue : test::runtime_fixture {
  explicit moody_venue(lines symbols) {
    protocol->habits.message_interval = 100ms;
    build();
    for (auto& s : symbols)
      subscriptions.push_back(venue->subscribe_trades(s, [this](const auto& t) {
        if (t) heard.push_back(t->symbol);
      }));
    settle();
  }
  /// Answers what was sent since the last time, and gives the session a second.
  void answer_all(const lines& bad, std::size_t on = 0) {
    for (; answered < line(on).sent.size(); ++answered) {
      const auto w = test::words(line(on).sent[answered]);
      const bool spoiled =
          std::ranges::any_of(bad, [&](const auto& b) { return line(on).sent[answered].find(b) != std::string::npos; });
      line(on).push((spoiled ? "no " : "ok ") + w[1]);
    }
    advance(1s);
  }
  const lines& sent(std::size_t on = 0) { return line(on).sent; }
  std::size_t answered = 0;
  lines heard;
};

TEST(MarketSession, FindsTheBadTopicOfARefusedRequestByHalves) {
  moody_venue f({"A/X", "B/X", "C/X", "D/X"});
  for (int i = 0; i < 5; ++i) f.answer_all({"C/X"});
  EXPECT_EQ(f.sent(), (lines{"sub 1 trades:A/X trades:B/X trades:C/X trades:D/X", "sub 2 trades:A/X trades:B/X",
                             "sub 3 trades:C/X trades:D/X", "sub 4 trades:C/X", "sub 5 trades:D/X"}));
  EXPECT_EQ(f.venue->get_health().connection.reason, "the exchange refuses market data of C/X trades (exchange: refused by the exchange: no)");
  EXPECT_EQ(f.sockets.lines.size(), 1u) << "the connection lives";
}

TEST(MarketSession, WhatTheVenueDoesNotStreamIsNeverAskedFor) {
  moody_venue f({"A/X"});
  f.subscriptions.push_back(f.venue->subscribe_candles("A/X", candle_interval::d1, [](const auto&) {}));
  f.answer_all({});
  EXPECT_EQ(f.sent(), (lines{"sub 1 trades:A/X"}));
  EXPECT_EQ(f.venue->get_health().connection.reason,
            "the exchange refuses market data of A/X candles (exchange: the exchange has no such function: the exchange has no such stream)");
  f.subscriptions.pop_back();
  f.settle();
  EXPECT_EQ(f.venue->get_health().connection.reason, "");
}

TEST(MarketSession, RecordedMarketsAreListenedToFromTheStartToTheEnd) {
  test::runtime_fixture f;
  f.config.recorded = {.symbols = {"A/X", "B/X"}, .channels = {market_channel::trades, market_channel::candles}};
  f.build();
  f.venue->start();
  f.settle();
  f.advance(5s);
  std::string asked;
  for (const auto& frame : f.line(0).sent) asked += frame + "\n";
  for (const auto* topic : {"trades:A/X", "trades:B/X", "candles:A/X", "candles:B/X"}) EXPECT_NE(asked.find(topic), asked.npos) << asked;
}

TEST(MarketSession, ARefusedTopicIsTriedAloneAndEverMoreSeldom) {
  moody_venue f({"A/X", "B/X"});
  for (int i = 0; i < 2; ++i) f.answer_all({"B/X"});
  ASSERT_EQ(f.sent().size(), 3u);
  for (const auto pause : {30s, 60s, 120s, 240s, 300s, 300s}) {
    const auto before = f.sent().size();
    f.advance(pause - 2s);
    EXPECT_EQ(f.sent().size(), before) << pause.count();
    f.advance(3s);
    ASSERT_EQ(f.sent().size(), before + 1) << pause.count();
    EXPECT_NE(f.sent().back().find(" trades:B/X"), std::string::npos);
    f.answer_all({"B/X"});
  }
  f.advance(300s);
  f.answer_all({});
  EXPECT_EQ(f.venue->get_health().connection.reason, "") << "the venue has taken it after all";
}

TEST(MarketSession, WhoIsNamedIsRefusedAndTheOthersAskedAgainTogether) {
  moody_venue f({"A/X", "B/X", "C/X"});
  f.line().push("blame 1 B/X");
  f.advance(1s);
  EXPECT_EQ(f.sent(), (lines{"sub 1 trades:A/X trades:B/X trades:C/X", "sub 2 trades:A/X trades:C/X"}));
  EXPECT_NE(f.venue->get_health().connection.reason.find("B/X"), std::string::npos);
}

TEST(MarketSession, ARefusalThatNamesNothingIsOfWhatWasAskedLast) {
  moody_venue f({"A/X", "B/X"});
  f.line().push("no");
  f.advance(1s);
  EXPECT_EQ(f.sent(), (lines{"sub 1 trades:A/X trades:B/X", "sub 2 trades:A/X", "sub 3 trades:B/X"}));
  EXPECT_EQ(f.sockets.lines.size(), 1u);
}

TEST(MarketSession, TopicsThatWereForgottenInAnAnswerAreAskedAgainOnTheSameConnection) {
  moody_venue f({"A/X", "B/X", "C/X"});
  f.line().push("gone B/X");
  f.line().push("fine A/X");
  f.advance(11s);
  EXPECT_EQ(f.sent().size(), 1u) << "one is left, and waits as long as one that was refused";
  f.advance(20s);
  EXPECT_EQ(f.sent().back(), "sub 2 trades:B/X");
  f.line().push("no 2");
  f.advance(10s);
  EXPECT_EQ(f.sent().back(), "sub 3 trades:C/X");
  EXPECT_EQ(f.sockets.lines.size(), 1u);
}

TEST(MarketSession, AConnectionThatAnswersNothingIsLeftAndTheRequestDivided) {
  moody_venue f({"A/X", "B/X"});
  f.line().push("ask");
  f.advance(15s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_EQ(f.line(1).sent, (lines{"sub 2 trades:A/X", "sub 3 trades:B/X"}));
  f.line(1).push("ok 2");
  f.line(1).push("ok 3");
  f.advance(15s);
  EXPECT_EQ(f.sockets.lines.size(), 2u);
}

TEST(MarketSession, NoTopicIsToBlameForADeadConnection) {
  moody_venue f({"A/X", "B/X"});
  f.advance(15s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_EQ(f.line(1).sent, lines{"sub 2 trades:A/X trades:B/X"});
}

TEST(MarketSession, ARefusedTopicKeepsItsPauseOverANewConnection) {
  moody_venue f({"A/X", "B/X"});
  for (int i = 0; i < 3; ++i) f.answer_all({"B/X"});
  f.line().cut();
  f.advance(5s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_EQ(f.line(1).sent, lines{"sub 4 trades:A/X"});
  f.subscriptions.pop_back();
  f.advance(60s);
  EXPECT_EQ(f.line(1).sent.size(), 1u) << "nobody wants the refused one any more";
  EXPECT_EQ(f.venue->get_health().connection.reason, "");
}

}  // namespace
}  // namespace drover::exchanges
