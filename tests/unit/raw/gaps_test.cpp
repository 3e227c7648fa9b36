#include <gtest/gtest.h>

#include "exchanges/raw/account_coverage.hpp"
#include "exchanges/raw/backfill.hpp"
#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/market_continuity.hpp"
#include "exchanges/raw/missed_polls.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

using texts = std::vector<std::string>;

/// Gaps as "channel symbol first-last seconds reason".
class gap_list final : public raw_recorder {
 public:
  texts gaps;
  void record(const raw_record&) override {}
  void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) override {
    note_gap({stream, from, to, reason});
  }
  void note_gap(const data_gap& g) override {
    auto length = std::chrono::duration_cast<seconds>(g.to - g.from).count();
    gaps.push_back(std::string(g.channel) + " " + std::string(g.symbol) + std::string(g.account) + " " + std::to_string(g.first_missing) + "-" +
                   std::to_string(g.last_missing) + " " + std::to_string(length) + "s " + std::string(g.reason));
  }
};

struct polls_fixture {
  void miss(const char* reason, const char* account = "17") {
    const auto wanted_at = clock.wall_now();
    clock.advance(2s);
    polls.missed(operation::open_orders, "BTC/USDT", account, wanted_at, reason);
  }
  void answer(const char* account = "17") { polls.answered(operation::open_orders, "BTC/USDT", account); }
  test::manual_clock clock;
  gap_list list;
  missed_polls polls{list, clock, "okx.rest"};
};

TEST(MissedPolls, LeaveNoGapWhereEveryPollIsAnswered) {
  polls_fixture f;
  for (int i = 0; i < 20; ++i) f.answer();
  EXPECT_TRUE(f.list.gaps.empty());
}

TEST(MissedPolls, LeaveAGapRowAtOnceAndOneForThoseThatFollow) {
  polls_fixture f;
  f.miss("no budget");
  EXPECT_EQ(f.list.gaps, texts{"poll BTC/USDT17 0-0 2s poll of open_orders: no budget"});
  f.miss("no budget");
  f.clock.advance(10s);
  f.miss("HTTP 502");
  EXPECT_EQ(f.list.gaps.size(), 1u);
  f.answer();
  ASSERT_EQ(f.list.gaps.size(), 2u);
  EXPECT_EQ(f.list.gaps[1], "poll BTC/USDT17 0-0 14s poll of open_orders: 2 more, the last: HTTP 502");
  f.answer();
  f.miss("reset");
  EXPECT_EQ(f.list.gaps.size(), 3u);
}

TEST(MissedPolls, TellAccountsApart) {
  polls_fixture f;
  f.miss("reset", "17");
  f.miss("reset", "18");
  f.miss("reset", "17");
  f.answer("18");
  EXPECT_EQ(f.list.gaps.size(), 2u);
  f.answer("17");
  EXPECT_EQ(f.list.gaps.back(), "poll BTC/USDT17 0-0 2s poll of open_orders: 1 more, the last: reset");
}

TEST(MissedPolls, BoundWhatIsOnlyCounted) {
  polls_fixture f;
  for (int i = 0; i < 100; ++i) f.miss("away");
  // 2 s each: the first, then as many as a minute holds.
  EXPECT_EQ(f.list.gaps.size(), 4u);
  EXPECT_TRUE(f.list.gaps[1].ends_with("60s poll of open_orders: 30 more, the last: away")) << f.list.gaps[1];
}

struct coverage_fixture {
  test::manual_clock clock;
  gap_list list;
  account_coverage coverage{list, clock, "binance.user"};
};

TEST(AccountCoverage, NamesEachAccountAndTheTimeItCouldNotHear) {
  coverage_fixture f;
  f.coverage.opened("17");
  f.coverage.opened("18");
  f.coverage.heard();
  f.clock.advance(3s);
  for (const auto* account : {"17", "18"}) f.coverage.lost(account, "reset");
  f.clock.advance(2s);
  f.coverage.lost("17", "refused");
  f.coverage.opened("17");
  f.clock.advance(4s);
  f.coverage.opened("18");
  EXPECT_EQ(f.list.gaps, (texts{" 17 0-0 5s reset", " 18 0-0 9s reset"}));
}

TEST(AccountCoverage, KnowsNothingOfAccountsThatWereNeverHeardOrAreGone) {
  coverage_fixture f;
  f.coverage.opened("17");
  f.coverage.lost("17", "reset");
  f.coverage.forget("17");
  f.coverage.opened("17");
  EXPECT_TRUE(f.list.gaps.empty());
}

struct continuity_fixture {
  explicit continuity_fixture(bool numbered) : watch(list, clock, "x.market", numbered) {}
  void trade(std::string id) {
    clock.advance(1s);
    public_trade t;
    t.symbol = "BTC/USDT";
    t.trade_id = std::move(id);
    watch.on_trade(t);
  }
  void candle_at(int minute, bool closed) {
    clock.advance(1s);
    candle c;
    c.symbol = "BTC/USDT";
    c.opens_at = wall_time::from_ms(60'000 * minute);
    watch.on_candle(c, closed);
  }
  drover::test::manual_clock clock;
  gap_list list;
  market_continuity watch;
};

TEST(MarketContinuity, NotesSteppedTradeNumbersWithTheirEnds) {
  continuity_fixture f(true);
  for (auto id : {"5", "6", "7", "7", "3", "12", "13"}) f.trade(id);
  EXPECT_EQ(f.list.gaps, texts{"trades BTC/USDT 8-11 1s trades are missing"});
  f.watch.on_break();
  f.trade("14");
  EXPECT_EQ(f.list.gaps.size(), 1u);
  f.watch.on_break();
  f.trade("20");
  EXPECT_EQ(f.list.gaps.back(), "trades BTC/USDT 15-19 1s trades are missing");
}

TEST(MarketContinuity, NotesTheTimeWhereTradesHaveNoNumbers) {
  continuity_fixture f(false);
  f.trade("x");
  f.trade("c");
  EXPECT_TRUE(f.list.gaps.empty());
  f.watch.on_break();
  f.clock.advance(9s);
  f.trade("a");
  f.trade("b");
  EXPECT_EQ(f.list.gaps, texts{"trades BTC/USDT 0-0 10s trades are missing"});
}

TEST(MarketContinuity, NotesCandlesThatEndedDuringABreak) {
  continuity_fixture f(true);
  f.candle_at(1, false);
  f.watch.on_break();
  f.candle_at(1, false);
  EXPECT_TRUE(f.list.gaps.empty());
  f.watch.on_break();
  f.candle_at(4, false);
  EXPECT_EQ(f.list.gaps, texts{"candles BTC/USDT 1-3 180s candles are missing"});
  f.candle_at(4, true);
  f.watch.on_break();
  f.candle_at(5, false);
  f.candle_at(9, false);
  EXPECT_EQ(f.list.gaps.size(), 1u);
}

TEST(CallText, GivesBackWhatItWasGiven) {
  venue_call call;
  call.op = operation::create_order;
  call.symbol = "A&B=%/USDT";
  call.order.symbol = "BTC/USDT";
  call.order.side = side::sell;
  call.order.tif = time_in_force::ioc;
  call.order.quantity = decimal::literal("0.001");
  call.order.client_order_id = "0123";
  call.of.venue_order_id = "9";
  call.after = "17";
  call.since = wall_time{nanoseconds(123'456'789)};
  call.limit = 50;
  call.step = 2;
  call.cursor = "abc==";
  auto read = read_call("create_order", write_call_arguments(call));
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(write_call_arguments(*read), write_call_arguments(call));
  EXPECT_EQ(read->symbol, call.symbol);
  EXPECT_EQ(read->order.quantity, call.order.quantity);
  EXPECT_EQ(read->since, call.since);
  EXPECT_EQ(read->cursor, "abc==");
  EXPECT_EQ(write_call_arguments({}), "");
}

TEST(CallText, RefusesWhatIsNoArgument) {
  EXPECT_FALSE(read_call("no_such_operation", ""));
  EXPECT_FALSE(read_call("fills", "limit=many"));
  EXPECT_FALSE(read_call("fills", "limit"));
  EXPECT_FALSE(read_call("fills", "symbol=%zz"));
  EXPECT_TRUE(read_call("fills", "unheard_of=1&limit=2"));
}

class fake_gaps final : public gap_store {
 public:
  std::vector<open_gap> gaps;
  std::map<std::uint64_t, std::string> said;
  bool fills_read = false;
  task<result<std::vector<open_gap>>> list_due(wall_time, int) override {
    std::vector<open_gap> due;
    for (auto& g : gaps)
      if (!said.contains(g.sequence) || said[g.sequence].starts_with("open")) due.push_back(g);
    co_return due;
  }
  task<result<void>> settle(open_gap g, gap_state s, std::string outcome) override {
    said[g.sequence] = std::string(to_string(s)) + ": " + outcome;
    co_return result<void>{};
  }
  task<result<void>> postpone(open_gap g, wall_time, std::string outcome) override {
    said[g.sequence] = "open: " + outcome;
    for (auto& mine : gaps) mine.attempts += mine.sequence == g.sequence;
    co_return result<void>{};
  }
  task<result<bool>> fills_read_since(std::string, std::string, wall_time) override { co_return fills_read; }
};

/// A venue that knows its last `depth` trades and all candles but those of odd minutes after the tenth.
class fake_source final : public backfill_source {
 public:
  std::int64_t first_trade = 1, last_trade = 100;
  std::size_t page = 1000;
  std::optional<error> failure;
  /// The list from an id on is not for the public.
  bool closed = false;
  /// Gives the last ones before `until`, the newest first.
  bool backward = false;
  std::vector<venue_call> calls;
  task<result<venue_answer>> fetch(std::string exchange, venue_call call) override {
    calls.push_back(call);
    if (failure) co_return std::unexpected(*failure);
    if (closed && !call.after.empty()) co_return fail(exchange_errc::refused, "no key");
    if (exchange != "x") co_return fail(errc::not_found, "no such exchange");
    if (call.op == operation::trades) co_return trades(call);
    co_return candles(call);
  }

 private:
  venue_answer trades(const venue_call& call) {
    std::vector<public_trade> out;
    if (backward) {
      for (auto id = std::min(last_trade, (call.until->ms() - 1) / 1000); id >= first_trade && out.size() < page; --id) out.push_back(make_trade(id));
      return out;
    }
    auto from = call.after.empty() ? first_trade : std::max<std::int64_t>(first_trade, std::stoll(call.after) + 1);
    for (auto id = from; id <= last_trade && out.size() < page; ++id) {
      out.push_back(make_trade(id));
    }
    return out;
  }
  static public_trade make_trade(std::int64_t id) {
    public_trade t;
    t.trade_id = std::to_string(id);
    t.at = wall_time::from_ms(id * 1000);
    return t;
  }
  venue_answer candles(const venue_call& call) {
    std::vector<candle> out;
    for (auto minute = call.since->ms() / 60'000; minute < 20 && out.size() < page; ++minute) {
      if (minute > 10 && minute % 2) continue;
      candle c;
      c.opens_at = wall_time::from_ms(minute * 60'000);
      out.push_back(c);
    }
    return out;
  }
};

struct backfill_fixture {
  open_gap& add(std::string stream, std::string channel, std::int64_t from_ms, std::int64_t to_ms) {
    open_gap g;
    g.stream = std::move(stream);
    g.sequence = store.gaps.size() + 1;
    g.channel = std::move(channel);
    g.symbol = "BTC/USDT";
    g.interval = "1m";
    g.from = wall_time::from_ms(from_ms);
    g.to = wall_time::from_ms(to_ms);
    g.noted_at = timers.get_clock().wall_now();
    store.gaps.push_back(g);
    return store.gaps.back();
  }
  texts look() {
    auto done = drover::test::run(io, filler.run_once());
    EXPECT_TRUE(done);
    texts out;
    for (auto& [sequence, text] : store.said) out.push_back(text);
    return out;
  }
  asio::io_context io;
  test::manual_timers timers;
  fake_gaps store;
  fake_source source;
  backfiller filler{timers, store, source, {}};
};

TEST(Backfiller, FetchesNumberedTradesPageByPage) {
  backfill_fixture f;
  f.source.page = 10;
  auto& g = f.add("x.market", "trades", 1000, 2000);
  g.first_missing = 5;
  g.last_missing = 30;
  EXPECT_EQ(f.look(), texts{"filled: 26 of 26 trades"});
  EXPECT_EQ(f.source.calls.size(), 3u);
}

TEST(Backfiller, TakesTheLatestTradesWhereOlderOnesAreRefused) {
  backfill_fixture f;
  f.source.closed = true;
  f.source.first_trade = 20;
  auto& g = f.add("x.market", "trades", 1000, 2000);
  g.first_missing = 15;
  g.last_missing = 30;
  EXPECT_TRUE(f.look().at(0).starts_with("partly: 11 of 16 trades")) << f.look().at(0);
  EXPECT_TRUE(f.source.calls.back().after.empty());
}

TEST(Backfiller, SaysHowMuchOfAGapTheVenueStillKnew) {
  backfill_fixture f;
  f.source.first_trade = 20;
  auto& part = f.add("x.market", "trades", 1000, 2000);
  part.first_missing = 5;
  part.last_missing = 30;
  auto& none = f.add("x.market", "trades", 1000, 2000);
  none.first_missing = 5;
  none.last_missing = 7;
  f.add("x.market", "trades", 25'000, 40'000);
  f.add("x.market", "trades", 5'000, 40'000);
  f.add("x.market", "trades", 1'000, 2'000);
  EXPECT_EQ(f.look(), (texts{"partly: 11 of 26 trades; the venue's list begins later", "unfillable: the venue's list of trades begins later",
                             "filled: 16 trades of that time", "partly: 21 trades; the venue's list begins at 1970-01-01T00:00:20.000000Z",
                             "unfillable: the venue's list of trades begins later"}));
}

TEST(Backfiller, FetchesCandlesAndKnowsThatSomeNeverWere) {
  backfill_fixture f;
  f.source.page = 4;
  f.add("x.market", "candles", 60'000, 600'000);
  f.source.page = 100;
  f.add("x.market", "candles", 11 * 60'000, 14 * 60'000);
  f.add("x.market", "candles", 18 * 60'000, 25 * 60'000);
  auto said = f.look();
  EXPECT_EQ(said[0], "filled: 9 of 9 candles");
  EXPECT_EQ(said[1], "partly: 1 of 3 candles");
  EXPECT_EQ(said[2], "partly: 1 of 7 candles");
}

TEST(Backfiller, GivesAReasonForEveryGap) {
  backfill_fixture f;
  f.add("x.rest", "poll", 0, 1);
  f.add("x.rest", "", 0, 1).symbol.clear();
  f.add("x.market", "", 0, 1).symbol.clear();
  f.add("x.market", "book", 0, 1);
  f.add("gone.market", "trades", 0, 1);
  f.store.fills_read = true;
  f.add("x.user", "", 0, 1).symbol.clear();
  auto said = f.look();
  ASSERT_EQ(said.size(), 6u);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(said[static_cast<std::size_t>(i)].starts_with("unfillable: ")) << said[static_cast<std::size_t>(i)];
  EXPECT_EQ(said[5], "filled: fills were read over REST after the stream came back");
}

/// OKX, Gate, MEXC and Coinbase Advanced: the last trades before a time.
TEST(Backfiller, GoesBackFromTheEndOfAGap) {
  backfill_fixture f;
  f.source.page = 10;
  f.source.backward = true;
  f.source.first_trade = 1'000;
  f.source.last_trade = 3'000;
  f.add("x.market", "trades", 2'000'000, 2'100'000);
  auto& numbered = f.add("x.market", "trades", 2'000'000, 2'010'000);
  numbered.first_missing = 2'001;
  numbered.last_missing = 2'009;
  EXPECT_EQ(f.look(), (texts{"filled: 101 trades of that time", "filled: 9 of 9 trades"}));
  for (const auto& c : f.source.calls) EXPECT_LE(c.until->ms(), 2'160'000) << "what came after the gap by more than a minute is not asked for";
}

TEST(Backfiller, SaysWhereTheListEndsThatItGoesBackThrough) {
  backfill_fixture f;
  f.source.page = 10;
  f.source.backward = true;
  f.source.first_trade = 2'050;
  f.source.last_trade = 3'000;
  f.add("x.market", "trades", 2'000'000, 2'100'000);
  EXPECT_EQ(f.look(), texts{"partly: 51 trades; the venue's list begins at 1970-01-01T00:34:10.000000Z"});
  f.store.said.clear();
  f.source.calls.clear();
  f.source.first_trade = 0;
  f.store.gaps[0].from = wall_time::from_ms(1'000'000);
  EXPECT_TRUE(f.look().at(0).starts_with("partly: ")) << "there is an end to the pages of one gap";
  EXPECT_EQ(f.source.calls.size(), 20u);
}

TEST(Backfiller, TriesAgainWhileTheVenueIsAwayButNotForEver) {
  backfill_fixture f;
  f.source.failure = error(exchange_errc::maintenance, "away");
  f.add("x.market", "trades", 0, 1);
  EXPECT_TRUE(f.look().at(0).starts_with("open: "));
  for (int i = 0; i < 10; ++i) f.look();
  EXPECT_TRUE(f.look().at(0).starts_with("unfillable: ")) << f.look().at(0);
  EXPECT_EQ(f.source.calls.size(), 8u);
}

}  // namespace
}  // namespace drover::exchanges
