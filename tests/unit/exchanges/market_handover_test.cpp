#include "exchanges/runtime/market_handover.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using test::runtime_fixture;
using lines = std::vector<std::string>;

/// A connection that is renewed after an hour at the latest; what subscribers of everything hear.
struct long_day : runtime_fixture {
  explicit long_day(book_rules rules = {}) {
    protocol->habits.life_limit = 1h;
    protocol->habits.idle_limit = 24h;
    protocol->habits.answer_limit = 1h;
    protocol->rules = rules;
    on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
      if (c.op != operation::book) return std::nullopt;
      return venue_reply{book_snapshot{"BTC/USDT", {{decimal(1), decimal(1)}}, {}, 10}, {}};
    };
    build();
  }
  void hear_trades() {
    subscriptions.push_back(
        venue->subscribe_trades("BTC/USDT", [this](const auto& t) { heard.push_back(t ? t->trade_id : "stale"); }));
    settle();
    line().push("ok 1");
    settle();
  }
  void hear_book() {
    subscriptions.push_back(venue->subscribe_book(
        "BTC/USDT", [this](const auto& b) { heard.push_back(b ? std::to_string(b->update_id) : "stale"); }));
    settle();
    line().push("ok 1");
    settle();
  }
  /// Until the other connection is there. The book changes all the time, as books do.
  void grow_old() {
    for (int i = 0; i < 1'000 && sockets.lines.size() < 2; ++i) {
      if (last > 0) change(0, last + 1, last + 1), ++last;
      advance(5s);
    }
    heard.clear();
    ASSERT_EQ(sockets.lines.size(), 2u);
    ASSERT_FALSE(line(0).closed);
  }
  void trade(std::size_t on, int id) {
    line(on).push("trade BTC/USDT " + std::to_string(id));
    settle();
  }
  void change(std::size_t on, int first, int end) {
    line(on).push("change BTC/USDT " + std::to_string(first) + " " + std::to_string(end));
    settle();
  }
  static lines ids(std::initializer_list<int> of) {
    lines out;
    for (auto id : of) out.push_back(std::to_string(id));
    return out;
  }
  lines heard;
  /// Of the book.
  int last = 0;
};

TEST(MarketHandover, NothingIsMissingAndNothingTwice) {
  long_day f;
  f.hear_trades();
  f.trade(0, 1);
  f.grow_old();
  f.line(1).push("ok 1");
  // The new one runs ahead, then the old one does.
  f.trade(0, 2), f.trade(1, 2), f.trade(1, 3), f.trade(1, 4), f.trade(0, 3);
  EXPECT_EQ(f.heard, (lines{"2", "3"})) << "the old one is heard";
  f.advance(4s);
  EXPECT_TRUE(f.line(0).closed);
  EXPECT_EQ(f.heard, (lines{"2", "3", "4"})) << "what the old one owed";
  f.trade(1, 3), f.trade(1, 4), f.trade(1, 5);
  EXPECT_EQ(f.heard, (lines{"2", "3", "4", "5"}));
  EXPECT_TRUE(f.recorder.gaps.empty()) << f.recorder.gaps.front();
  EXPECT_EQ(f.venue->get_health().reconnects, 0u);
}

TEST(MarketHandover, TheOldOneIsNotLeftBeforeTheNewOneIsSubscribed) {
  long_day f;
  f.hear_trades();
  f.grow_old();
  f.advance(40s);
  EXPECT_FALSE(f.line(0).closed);
  f.trade(0, 7);
  EXPECT_EQ(f.heard, lines{"7"});
}

TEST(MarketHandover, AConnectionThatCannotBeReplacedIsRenewedWithAGap) {
  long_day f;
  f.hear_trades();
  f.trade(0, 1);
  f.sockets.reachable = false;
  for (int i = 0; i < 130 && !f.line(0).closed; ++i) f.advance(30s);
  EXPECT_TRUE(f.line(0).closed) << "before the venue ends it";
  f.sockets.reachable = true;
  f.advance(60s);
  ASSERT_GE(f.sockets.lines.size(), 2u);
  f.sockets.lines.back()->push("ok 2");
  f.settle();
  f.sockets.lines.back()->push("trade BTC/USDT 9");
  f.settle();
  EXPECT_EQ(f.heard, (lines{"1", "stale", "9"}));
  EXPECT_FALSE(f.recorder.gaps.empty());
}

TEST(MarketHandover, ABookFromAnotherPlaceIsJoinedWithoutReadingItAgain) {
  long_day f({book_continuity::first_follows_last, true, 0});
  f.hear_book();
  f.change(0, 10, f.last = 12);
  f.grow_old();
  const auto n = f.last;
  f.line(1).push("ok 1");
  f.change(0, n + 1, n + 1), f.change(1, n + 1, n + 1), f.change(1, n + 2, n + 3);
  EXPECT_EQ(f.heard, f.ids({n + 1}));
  f.advance(4s);
  EXPECT_TRUE(f.line(0).closed);
  EXPECT_EQ(f.heard, f.ids({n + 1, n + 3}));
  f.change(1, n + 4, n + 4);
  EXPECT_EQ(f.heard, f.ids({n + 1, n + 3, n + 4}));
  EXPECT_EQ(f.sent("book"), 1u);
  EXPECT_TRUE(f.recorder.gaps.empty());
}

TEST(MarketHandover, ABookThatTheStreamBringsWaitsForTheWholeOfIt) {
  long_day f({book_continuity::first_follows_last, false, 0});
  f.hear_book();
  f.line().push("whole BTC/USDT " + std::to_string(f.last = 5));
  f.settle();
  f.grow_old();
  const auto n = f.last;
  f.line(1).push("ok 1");
  f.advance(5s);
  EXPECT_FALSE(f.line(0).closed) << "its book is not there yet";
  f.change(0, n + 1, n + 3);
  f.line(1).push("whole BTC/USDT " + std::to_string(n + 2));
  f.advance(4s);
  EXPECT_TRUE(f.line(0).closed);
  EXPECT_EQ(f.heard, f.ids({n + 3})) << "the new book is behind, and is not shown until it has caught up";
  f.change(1, n + 3, n + 3), f.change(1, n + 4, n + 4);
  EXPECT_EQ(f.heard, f.ids({n + 3, n + 3, n + 4}));
}

TEST(MarketHandover, InterestThatEndsMeanwhileEndsOnBoth) {
  long_day f;
  f.hear_trades();
  f.grow_old();
  f.line(1).push("ok 1");
  f.subscriptions.clear();
  f.advance(4s);
  EXPECT_TRUE(f.line(0).closed);
  EXPECT_TRUE(f.line(1).closed);
  EXPECT_TRUE(f.recorder.gaps.empty());
}

TEST(MarketHandover, HappensAgainAndAgain) {
  long_day f;
  f.hear_trades();
  int id = 0;
  std::size_t current = 0;
  for (int day = 0; day < 3; ++day) {
    f.trade(current, ++id);
    const auto before = f.sockets.lines.size();
    for (int i = 0; i < 1'000 && f.sockets.lines.size() == before; ++i) f.advance(5s);
    ASSERT_EQ(f.sockets.lines.size(), before + 1);
    auto& next = f.line(before);
    f.settle();
    next.push("ok " + test::words(next.sent.at(0)).at(1));
    f.advance(20s);
    EXPECT_TRUE(f.line(current).closed);
    current = before;
  }
  f.trade(current, ++id);
  EXPECT_EQ(f.heard, (lines{"1", "2", "3", "4"}));
  EXPECT_TRUE(f.recorder.gaps.empty());
}

book_ticker ticker_of(std::int64_t id) {
  return {.symbol = "A/B", .bid_price = decimal(id), .update_id = id};
}
auto share(book_ticker t) {
  return std::make_shared<const book_ticker>(std::move(t));
}
auto candle_of(std::int64_t minute, bool closed) {
  candle_update u;
  u.candle.symbol = "A/B";
  u.candle.opens_at = wall_time{std::chrono::minutes(minute)};
  u.closed = closed;
  return std::make_shared<const candle_update>(u);
}

TEST(MarketHandover, OfTickersOnlyTheLatestIsOwed) {
  using enum market_handover::side_of;
  market_handover h;
  EXPECT_TRUE(h.admit(old_one, share(ticker_of(5))));
  for (auto id : {4, 5, 6, 7}) EXPECT_FALSE(h.admit(new_one, share(ticker_of(id))));
  const auto rest = h.switch_over();
  ASSERT_EQ(rest.tickers.size(), 1u);
  EXPECT_EQ(rest.tickers[0]->update_id, 7);
  EXPECT_FALSE(h.admit(old_one, share(ticker_of(8))));
  EXPECT_TRUE(h.admit(new_one, share(ticker_of(8))));
  EXPECT_FALSE(h.admit(new_one, share(ticker_of(5))));
}

TEST(MarketHandover, ACandleThatEndedMeanwhileIsOwed) {
  using enum market_handover::side_of;
  market_handover h;
  EXPECT_TRUE(h.admit(old_one, candle_of(1, false)));
  EXPECT_FALSE(h.admit(new_one, candle_of(1, true)));
  EXPECT_FALSE(h.admit(new_one, candle_of(2, false)));
  const auto rest = h.switch_over();
  ASSERT_EQ(rest.candles.size(), 2u);
  EXPECT_TRUE(rest.candles[0]->closed);
  EXPECT_FALSE(rest.candles[1]->closed);
}

TEST(MarketHandover, CandlesThatWereClosedAreNotOpenedAgain) {
  using enum market_handover::side_of;
  market_handover h;
  EXPECT_TRUE(h.admit(old_one, candle_of(1, true)));
  EXPECT_FALSE(h.admit(new_one, candle_of(1, false)));
  EXPECT_TRUE(h.switch_over().candles.empty());
  EXPECT_FALSE(h.admit(new_one, candle_of(1, true)));
  EXPECT_TRUE(h.admit(new_one, candle_of(2, false)));
}

TEST(MarketHandover, SaysWhenItHoldsTooMuch) {
  market_handover h;
  for (std::size_t i = 0; i < market_handover::trade_limit + 10; ++i) {
    public_trade t;
    t.symbol = "A/B";
    t.trade_id = std::to_string(i);
    h.admit(market_handover::side_of::new_one, std::make_shared<const public_trade>(std::move(t)));
  }
  EXPECT_TRUE(h.full());
  EXPECT_EQ(h.switch_over().trades.size(), market_handover::trade_limit);
}

}  // namespace
}  // namespace drover::exchanges
