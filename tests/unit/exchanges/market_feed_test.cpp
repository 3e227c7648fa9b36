#include "exchanges/runtime/market_feed.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using test::runtime_fixture;
using lines = std::vector<std::string>;

/// What the subscribers of one book hear: its last update id, or "stale".
struct book_ear {
  explicit book_ear(runtime_fixture& f, std::string symbol = "BTC/USDT") {
    f.subscriptions.push_back(f.venue->subscribe_book(std::move(symbol), [this](const auto& b) {
      heard.push_back(b ? std::to_string(b->update_id) : "stale");
      if (b) last = b;
    }));
    f.settle();
  }
  lines heard;
  std::shared_ptr<const book_view> last;
};

std::size_t book_gaps(const runtime_fixture& f) {
  return static_cast<std::size_t>(
      std::ranges::count_if(f.recorder.gaps, [](const auto& g) { return g.find("order book BTC/USDT") != std::string::npos; }));
}

TEST(MarketFeed, OpensAnotherConnectionWhenOneIsFull) {
  runtime_fixture f;
  f.protocol->habits.topics_per_connection = 2;
  f.build();
  int ticks = 0;
  for (auto symbol : {"A/B", "C/D", "E/F"})
    f.subscriptions.push_back(f.venue->subscribe_book_ticker(symbol, [&](const auto&) { ++ticks; }));
  f.advance(1s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  EXPECT_EQ(f.line(0).sent, lines{"sub 1 ticker:A/B ticker:C/D"});
  EXPECT_EQ(f.line(1).sent, lines{"sub 1 ticker:E/F"});
  f.line(1).push("ticker E/F 5");
  f.line(0).push("ticker E/F 5");
  f.settle();
  EXPECT_EQ(ticks, 1) << "a connection tells only what it was asked for";
}

TEST(MarketFeed, AsksInBitesOfOneChannelAndNotTooFast) {
  runtime_fixture f;
  f.protocol->habits.topics_per_message = 2;
  f.protocol->habits.message_interval = 500ms;
  f.build();
  for (auto symbol : {"A/B", "C/D", "E/F"}) f.subscriptions.push_back(f.venue->subscribe_book_ticker(symbol, [](const auto&) {}));
  f.subscriptions.push_back(f.venue->subscribe_trades("A/B", [](const auto&) {}));
  f.settle();
  EXPECT_EQ(f.line().sent, lines{"sub 1 ticker:A/B ticker:C/D"});
  f.advance(499ms);
  EXPECT_EQ(f.line().sent.size(), 1u);
  f.advance(2s);
  EXPECT_EQ(f.line().sent, (lines{"sub 1 ticker:A/B ticker:C/D", "sub 2 ticker:E/F", "sub 3 trades:A/B"}));
}

TEST(MarketFeed, PingsWhenNothingElseWasSent) {
  runtime_fixture f;
  f.protocol->habits.ping_interval = 20s;
  f.build();
  f.subscriptions.push_back(f.venue->subscribe_trades("A/B", [](const auto&) {}));
  f.settle();
  f.line().push("ok 1");
  f.line().push("ask");
  f.advance(61s);
  EXPECT_EQ(f.line().sent, (lines{"sub 1 trades:A/B", "answer", "ping", "ping", "ping"}));
}

TEST(MarketFeed, LeavesAConnectionThatTheVenueCallsBroken) {
  runtime_fixture f;
  f.build();
  lines heard;
  f.subscriptions.push_back(f.venue->subscribe_trades("A/B", [&](const auto& t) { heard.push_back(t ? t->trade_id : "stale"); }));
  f.settle();
  f.line().push("trade A/B 1");
  f.line().push("broken");
  f.advance(3s);
  ASSERT_EQ(f.sockets.lines.size(), 2u);
  f.line(1).push("trade A/B 2");
  f.settle();
  EXPECT_EQ(heard, (lines{"1", "stale", "2"}));
}

TEST(MarketFeed, FetchesAnAddressWhereTheVenueHandsThemOut) {
  runtime_fixture f;
  f.protocol->own.public_stream_needs_access = true;
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::stream_access) return std::nullopt;
    EXPECT_TRUE(c.market_stream);
    auto access = std::make_shared<stream_access>();
    access->url = "ws://given?token=1";
    access->ping_interval = 5s;
    return venue_reply{std::shared_ptr<const stream_access>(access), {}};
  };
  f.build();
  f.subscriptions.push_back(f.venue->subscribe_trades("A/B", [](const auto&) {}));
  f.settle();
  f.line().push("ok 1");
  f.advance(6s);
  EXPECT_EQ(f.sockets.urls, lines{"ws://given?token=1"});
  EXPECT_EQ(f.line().sent.back(), "ping");
}

struct rest_books : runtime_fixture {
  rest_books() {
    protocol->rules = {book_continuity::first_follows_last, true, 0};
    on_read = [this](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
      if (c.op != operation::book) return std::nullopt;
      if (snapshot_id == 0) return fail(exchange_errc::maintenance, "no");
      return venue_reply{book_snapshot{"BTC/USDT", {{decimal(1), decimal(1)}}, {}, snapshot_id}, {}};
    };
    build();
  }
  std::int64_t snapshot_id = 10;
};

TEST(MarketFeed, JoinsSnapshotAndChanges) {
  rest_books f;
  book_ear ear(f);
  f.line().push("change BTC/USDT 5 9");
  f.line().push("change BTC/USDT 10 12");
  f.settle();
  EXPECT_EQ(ear.heard, lines{"12"});
  f.line().push("change BTC/USDT 13 13");
  f.settle();
  EXPECT_EQ(ear.heard, (lines{"12", "13"}));
  EXPECT_EQ(ear.last->bids.front().price, decimal(13));
  EXPECT_EQ(f.sent("book"), 1u);
}

TEST(MarketFeed, AGapIsNotedAndTheBookReadAgain) {
  rest_books f;
  book_ear ear(f);
  f.line().push("change BTC/USDT 10 12");
  f.settle();
  f.snapshot_id = 20;
  f.line().push("change BTC/USDT 15 21");
  f.settle();
  EXPECT_EQ(ear.heard, (lines{"12", "stale", "21"}));
  EXPECT_EQ(book_gaps(f), 1u);
  EXPECT_EQ(f.sent("book"), 2u);
}

TEST(MarketFeed, ASnapshotThatIsTooOldIsFetchedAgainButNotInAStorm) {
  rest_books f;
  f.snapshot_id = 3;
  book_ear ear(f);
  f.line().push("ok 1");
  int next = 10;
  const auto pass = [&](int count) {
    for (; count > 0; --count, ++next) {
      f.line().push("change BTC/USDT " + std::to_string(next) + " " + std::to_string(next));
      f.advance(1s);
    }
  };
  pass(90);
  EXPECT_TRUE(ear.heard.empty());
  EXPECT_GE(f.sent("book"), 3u);
  EXPECT_LE(f.sent("book"), 60u);
  f.snapshot_id = 11;
  pass(31);
  ASSERT_FALSE(ear.heard.empty());
  EXPECT_EQ(ear.heard.back(), std::to_string(next - 1));
  EXPECT_EQ(f.sockets.lines.size(), 1u);
}

TEST(MarketFeed, ABookThatNobodyWantsAnyMoreIsNotFetched) {
  rest_books f;
  f.snapshot_id = 0;
  book_ear ear(f);
  f.line().push("change BTC/USDT 10 12");
  f.advance(2s);
  f.subscriptions.clear();
  f.advance(5s);
  const auto before = f.sent("book");
  f.advance(5min);
  EXPECT_EQ(f.sent("book"), before);
}

TEST(MarketFeed, ALostConnectionVoidsTheBook) {
  rest_books f;
  book_ear ear(f);
  f.line().push("change BTC/USDT 10 12");
  f.advance(1s);
  f.line().cut();
  f.advance(2s);
  f.snapshot_id = 30;
  f.line(1).push("change BTC/USDT 31 31");
  f.settle();
  EXPECT_EQ(ear.heard, (lines{"12", "stale", "31"}));
}

struct streamed_books : runtime_fixture {
  streamed_books() {
    protocol->rules = {book_continuity::connection, false, 2};
    build();
  }
};

TEST(MarketFeed, AWrongChecksumBeginsTheSubscriptionAnew) {
  streamed_books f;
  book_ear ear(f);
  f.line().push("ok 1");
  f.line().push("whole BTC/USDT 5");
  f.line().push("change BTC/USDT 0 6 2");
  f.advance(1s);
  EXPECT_EQ(ear.heard, (lines{"5", "6"}));
  f.line().push("change BTC/USDT 0 7 9");
  f.advance(1s);
  EXPECT_EQ(ear.heard, (lines{"5", "6", "stale"}));
  EXPECT_EQ(f.line().sent, (lines{"sub 1 book:BTC/USDT", "end 2 book:BTC/USDT", "sub 3 book:BTC/USDT"}));
  EXPECT_EQ(book_gaps(f), 1u);
  f.line().push("change BTC/USDT 0 8");
  f.line().push("whole BTC/USDT 9");
  f.settle();
  EXPECT_EQ(ear.heard.back(), "9");
  EXPECT_EQ(ear.heard.size(), 4u) << "changes before the whole mean nothing";
}

TEST(MarketFeed, KeepsNoLevelsBehindTheVenuesDepth) {
  streamed_books f;
  book_ear ear(f);
  for (auto frame : {"whole BTC/USDT 5", "change BTC/USDT 0 6", "change BTC/USDT 0 7", "change BTC/USDT 0 8"}) f.line().push(frame);
  f.settle();
  ASSERT_EQ(ear.last->bids.size(), 2u);
  EXPECT_EQ(ear.last->bids[1].price, decimal(7));
}

TEST(MarketFeed, ASilentBookIsSubscribedAnew) {
  streamed_books f;
  book_ear ear(f);
  f.line().push("ok 1");
  f.line().push("whole BTC/USDT 5");
  f.advance(50s);
  EXPECT_EQ(ear.heard, lines{"5"});
  f.advance(12s);
  f.line().push("ok 2");
  f.line().push("ok 3");
  f.line().push("whole BTC/USDT 6");
  f.advance(30s);
  EXPECT_EQ(ear.heard, (lines{"5", "stale", "6"}));
  EXPECT_EQ(f.line().sent.size(), 3u);
  EXPECT_EQ(f.sockets.lines.size(), 1u);
}

}  // namespace
}  // namespace drover::exchanges
