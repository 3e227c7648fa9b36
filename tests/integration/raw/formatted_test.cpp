#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <algorithm>
#include <pqxx/pqxx>

#include "base/random.hpp"
#include "engine/formatted/formatted_compiler.hpp"
#include "engine/formatted/formatted_rebuild.hpp"
#include "engine/formatted/formatted_rows.hpp"
#include "engine/formatted/raw_check.hpp"
#include "exchanges/raw/backfill.hpp"
#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/raw_store.hpp"
#include "tests/integration/raw/fake_protocol.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover::engine {
namespace {

using exchanges::operation;
using exchanges::spool_kind;
using exchanges::spool_record;

/// 2024-11-20T12:00:00Z.
constexpr std::int64_t noon_ms = 1'732'104'000'000;

class world {
 public:
  void answer(operation op, std::string body, std::string account = "17", int status = 200, std::string arguments = "") {
    spool_record r;
    r.kind = spool_kind::rest_response;
    r.stream = "okx.rest";
    r.operation = exchanges::to_string(op);
    r.arguments = std::move(arguments);
    r.account = std::move(account);
    r.status = status;
    add(std::move(r), std::move(body));
  }
  void frame(std::string stream, std::string body, std::string account = "") {
    spool_record r;
    r.stream = std::move(stream);
    r.account = std::move(account);
    add(std::move(r), std::move(body));
  }
  void add(spool_record r, std::string body) {
    r.sequence = ++sequences[r.stream];
    r.received_at = now = now + step;
    r.body = std::move(body);
    waiting.push_back(std::move(r));
  }
  void store() {
    auto batch = std::make_shared<const std::vector<spool_record>>(std::exchange(waiting, {}));
    auto done = drover::test::run(io, raw->store(batch));
    ASSERT_TRUE(done) << done.error().to_string();
  }
  void compile(compile_limits limits = {}) {
    store();
    compiler_config config;
    config.batch = limits;
    config.rest_percent = 0;
    formatted_compiler compiler(*timers, *formatted, config);
    auto done = drover::test::run(io, compiler.compile_all());
    ASSERT_TRUE(done) << done.error().to_string();
  }
  std::string content() {
    auto found = read_formatted_content(db.config());
    if (!found) return found.error().to_string();
    std::string out;
    for (const auto& t : *found) out += t.table + " " + std::to_string(t.rows) + " " + t.hash + "\n";
    return out;
  }
  result<rebuild_outcome> rebuild(std::int64_t from_ms, std::optional<std::int64_t> to_ms = {}, std::set<std::string> tables = {}) {
    rebuild_request request{wall_time::from_ms(from_ms), {}, std::move(tables)};
    if (to_ms) request.to = wall_time::from_ms(*to_ms);
    return rebuild_formatted(db.config(), protocols, request);
  }
  std::string sql(const std::string& text) const { return db.sql(text); }

  asio::io_context io;
  drover::test::test_database db;
  std::unique_ptr<database> pool = make_database(db.config(), system_clock());
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  std::unique_ptr<exchanges::raw_store> raw = exchanges::make_postgres_raw_store(*pool);
  exchanges::test::fake_protocol fake;
  exchanges::protocol_source protocols = [this](std::string_view name) { return name == "okx" ? &fake : nullptr; };
  std::unique_ptr<formatted_store> formatted = make_postgres_formatted_store(*pool, protocols);
  std::map<std::string, std::uint64_t> sequences;
  std::vector<spool_record> waiting;
  wall_time now = wall_time::from_ms(noon_ms);
  nanoseconds step = 1s;
};

TEST(FormattedTables, NameTheRawRowOfEachRow) {
  world w;
  w.answer(operation::server_time, "");
  w.answer(operation::balances, "balance USDT 100.5 2\nbalance BTC 1 0");
  w.answer(operation::create_order, "order BTCUSDT 77 c1 buy open 2 0");
  w.frame("okx.user", "order BTCUSDT 77 c1 buy filled 2 2\nfill BTCUSDT t1 77 buy 10 2 0.1 USDT", "17");
  w.frame("okx.market", "candle BTCUSDT 1m 1732104000000 1 2 0.5 1.5 9");
  w.compile();
  EXPECT_EQ(w.sql("select string_agg(concat_ws(' ', exchange, account, asset, free, locked, stream, sequence), ',' order by asset) "
                  "from formatted_balances"),
            "okx 17 BTC 1 0 okx.rest 2,okx 17 USDT 100.5 2 okx.rest 2");
  EXPECT_EQ(w.sql("select concat_ws(' ', symbol, venue_order_id, status, filled_quantity, stream, sequence, compiler) from formatted_orders"),
            "BTCUSDT 77 filled 2 okx.user 1 " + std::to_string(compiler_version));
  EXPECT_EQ(w.sql("select concat_ws(' ', trade_id, price, fee, fee_asset, stream, sequence) from formatted_fills"),
            "t1 10 0.1 USDT okx.user 1");
  EXPECT_EQ(w.sql("select concat_ws(' ', interval_name, open, volume, stream, sequence) from formatted_candles"), "1m 1 9 okx.market 1");
  EXPECT_EQ(w.sql("select count(*) from formatted_orders o join raw_records r using (stream, sequence, received_at)"), "1");
  EXPECT_EQ(w.sql("select count(*) from formatted_rejects"), "0");
}

TEST(FormattedTables, CountWhatCannotBeReadAndGoOn) {
  world w;
  w.frame("okx.market", "\xff\x01 nonsense");
  w.answer(operation::balances, "html page");
  w.answer(operation::balances, "too many", "17", 429);
  w.answer(operation::fills, "", "17", 200, "limit=many");
  w.frame("gone.market", "candle BTCUSDT 1m 1732104000000 1 2 0.5 1.5 9");
  w.answer(operation::balances, "balance USDT 1 0");
  w.compile();
  EXPECT_EQ(w.sql("select string_agg(concat_ws(' ', stream, sequence), ',' order by stream collate \"C\", sequence) from formatted_rejects"),
            "gone.market 1,okx.market 1,okx.rest 1,okx.rest 3");
  EXPECT_EQ(w.sql("select count(*) from formatted_balances"), "1");
  EXPECT_EQ(w.sql("select sum(rejected) from formatted_positions"), "4");
}

TEST(FormattedTables, UseTheInstrumentsOfTheTime) {
  world w;
  w.frame("okx.market", "trade X\ncandle XBTUSD 1m 60000 1 1 1 1 1");
  w.answer(operation::instruments, "instrument BTC USD XBTUSD\nmore", "");
  w.answer(operation::instruments, "instrument ETH USD ETHUSD", "", 200, "step=1");
  w.frame("okx.market", "candle XBTUSD 1m 120000 1 1 1 1 1");
  w.frame("okx.market", "candle ETHUSD 1m 120000 1 1 1 1 1");
  w.answer(operation::instruments, "instrument XBT USD XBTUSD", "");
  w.frame("okx.market", "candle XBTUSD 1m 180000 1 1 1 1 1");
  w.answer(operation::instruments, "unreadable", "");
  w.frame("okx.market", "candle XBTUSD 1m 240000 1 1 1 1 1");
  w.compile();
  EXPECT_EQ(w.sql("select string_agg(symbol, ' ' order by opens_at, symbol) from formatted_candles where opens_at > '1970-01-01T00:01:30Z'"),
            "BTC/USD ETH/USD XBT/USD XBT/USD");
  auto before = w.content();
  auto done = w.rebuild(noon_ms);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(w.content(), before);
}

TEST(FormattedTables, KeepOneRowPerOrderFillAndCandleWhateverTheOrderOfCompiling) {
  world w;
  w.frame("okx.user", "fill BTCUSDT t1 77 buy 10 2 0", "17");
  w.answer(operation::fills, "fill BTCUSDT t1 77 buy 10 2 0.1 USDT");
  w.frame("okx.user", "order BTCUSDT 77 c buy filled 2 2", "17");
  w.answer(operation::open_orders, "order BTCUSDT 77 c buy open 2 1");
  w.answer(operation::candles, "candle BTCUSDT 1m 60000 1 1 1 1 1");
  w.frame("okx.market", "candle BTCUSDT 1m 60000 1 1 1 1 5");
  w.compile();
  EXPECT_EQ(w.sql("select concat_ws(' ', fee, stream) from formatted_fills"), "0.1 okx.rest");
  EXPECT_EQ(w.sql("select concat_ws(' ', status, stream) from formatted_orders"), "filled okx.user");
  EXPECT_EQ(w.sql("select volume from formatted_candles"), "5");
  auto first = w.content();
  // Compiled again from the start, other stream first.
  w.sql("update formatted_positions set sequence = -1");
  w.compile({1, 1});
  EXPECT_EQ(w.content(), first);
}

/// A day and a half of everything.
void fill_with_history(world& w, std::uint64_t seed, int count) {
  seeded_random random(seed);
  w.step = 60s;
  for (int i = 0; i < count; ++i) {
    const auto n = std::to_string(random.below(40));
    const auto amount = std::to_string(random.below(1000));
    const auto account = std::to_string(random.below(3));
    switch (random.below(8)) {
      case 0: w.answer(operation::balances, "balance USDT " + amount + " 0\nbalance BTC " + n + " 1", account); break;
      case 1: w.answer(operation::open_orders, "order BTCUSDT " + n + " c buy open 9 " + std::to_string(random.below(5)), account); break;
      case 2: w.frame("okx.user", "order BTCUSDT " + n + " c buy filled 9 9", account); break;
      case 3: w.frame("okx.user", "fill BTCUSDT " + n + " 1 buy 1 1 " + (random.below(2) ? "0.5 USDT" : "0"), account); break;
      case 4: w.answer(operation::fills, "fill BTCUSDT " + n + " 1 buy 1 1 0.5 USDT", account); break;
      case 5: w.frame("okx.market", "candle BTCUSDT 1m " + std::to_string(60'000 * random.below(40)) + " 1 1 1 1 " + amount); break;
      case 6: w.answer(operation::instruments, random.below(2) ? "instrument BTC USDT BTCUSDT" : "instrument XBT USDT BTCUSDT", ""); break;
      default: w.frame("okx.market", "broken " + n); break;
    }
  }
}

TEST(FormattedTables, AreTheSameRebuiltAsCompiledStepByStep) {
  world w;
  fill_with_history(w, 7, 2200);
  w.compile({7, 1000});
  const auto incremental = w.content();
  EXPECT_EQ(incremental.find(" 0 0-0"), std::string::npos) << incremental;
  auto all = w.rebuild(0);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_EQ(w.content(), incremental);
  EXPECT_GE(all->days, 2);
  EXPECT_EQ(all->raw_rows, 2200u);
  auto part = w.rebuild(noon_ms + 3'600'000 * 5, noon_ms + 3'600'000 * 20);
  ASSERT_TRUE(part) << part.error().to_string();
  EXPECT_LT(part->raw_rows, 2200u);
  EXPECT_EQ(w.content(), incremental);
  // What somebody spoilt is mended.
  w.sql("update formatted_fills set price = price + 1; delete from formatted_orders; update formatted_candles set volume = 0");
  EXPECT_NE(w.content(), incremental);
  auto fills_only = w.rebuild(0, {}, {"fills"});
  ASSERT_TRUE(fills_only);
  EXPECT_NE(w.content(), incremental);
  ASSERT_TRUE(w.rebuild(0, {}, {"orders", "candles"}));
  EXPECT_EQ(w.content(), incremental);
}

TEST(FormattedTables, AreTheSameAfterAKillAtAnyBatch) {
  world w;
  fill_with_history(w, 9, 300);
  w.compile();
  const auto whole = w.content();
  w.sql("truncate formatted_balances, formatted_orders, formatted_fills, formatted_candles, formatted_rejects, formatted_positions");
  // Each step in a store of its own: nothing is carried over but what is committed.
  for (int i = 0; i < 10'000; ++i) {
    auto fresh = make_postgres_formatted_store(*w.pool, w.protocols);
    bool more = false;
    for (std::string stream : {"okx.rest", "okx.user", "okx.market"}) {
      auto step = drover::test::run(w.io, fresh->compile_next(stream, {13, 400}));
      ASSERT_TRUE(step) << step.error().to_string();
      more |= step->more;
    }
    if (!more) break;
  }
  EXPECT_EQ(w.content(), whole);
}

TEST(FormattedTables, TakeRowsThatWereStoredLate) {
  world w;
  w.frame("okx.market", "candle BTCUSDT 1m 60000 1 1 1 1 1");
  w.frame("okx.market", "candle BTCUSDT 1m 120000 1 1 1 1 2");
  auto late = w.waiting.front();
  w.waiting.erase(w.waiting.begin());
  w.compile();
  EXPECT_EQ(w.sql("select count(*) from formatted_candles"), "1");
  w.waiting.push_back(late);
  w.compile();
  EXPECT_EQ(w.sql("select count(*) from formatted_candles"), "2");
}

TEST(FormattedTables, CompilerStandsStillDuringARebuild) {
  world w;
  w.frame("okx.market", "candle BTCUSDT 1m 60000 1 1 1 1 1");
  w.store();
  pqxx::connection other(w.db.url());
  {
    pqxx::nontransaction tx(other);
    tx.exec("select pg_advisory_lock(x'44525652464d54'::bigint)");
  }
  auto step = drover::test::run(w.io, w.formatted->compile_next("okx.market", {}));
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->paused);
  EXPECT_EQ(step->rows_read, 0u);
  {
    // Not by closing the connection: its server process lets go of the lock some time later.
    pqxx::nontransaction tx(other);
    tx.exec("select pg_advisory_unlock(x'44525652464d54'::bigint)");
  }
  auto after = drover::test::run(w.io, w.formatted->compile_next("okx.market", {}));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->rows_read, 1u);
}

/// As formatted worlds, but of a venue that numbers its trades.
TEST(RawCheck, FindsWhatIsMissingWithoutAGapRow) {
  world w;
  struct numbered final : public exchanges::venue_protocol {
    exchanges::test::fake_protocol inner;
    const exchanges::venue_traits& traits() const override {
      static const exchanges::venue_traits traits{.name = "binance"};
      return traits;
    }
    result<exchanges::wire_request> make_request(const exchanges::venue_call& c) const override { return inner.make_request(c); }
    result<client_request> sign(exchanges::wire_request r, const exchanges::credentials* k,
                                const exchanges::signing_context& s) const override {
      return inner.sign(std::move(r), k, s);
    }
    result<exchanges::venue_reply> read_answer(const exchanges::venue_call& c, const client_response& r,
                                               const exchanges::instrument_table& t) const override {
      return inner.read_answer(c, r, t);
    }
    exchanges::limit_report read_limits(const exchanges::wire_request&, const client_response&, wall_time) const override { return {}; }
    std::unique_ptr<exchanges::market_wire> make_market_wire() const override { return inner.make_market_wire(); }
    std::unique_ptr<exchanges::private_wire> make_private_wire() const override { return inner.make_private_wire(); }
  } protocol;
  const exchanges::protocol_source protocols = [&](std::string_view) { return &protocol; };
  const auto check = [&] {
    w.store();
    auto done = check_raw_records(w.db.config(), protocols, {wall_time::from_ms(0), {}});
    EXPECT_TRUE(done) << done.error().to_string();
    return done.value_or(check_outcome{});
  };
  const auto gap = [&](std::string details) {
    spool_record r;
    r.kind = spool_kind::gap;
    r.stream = "okx.market";
    r.operation = "trades";
    r.arguments = std::move(details);
    w.add(std::move(r), exchanges::encode_gap({w.now, w.now, "cut"}));
  };
  for (int id : {1, 2, 3, 7, 8, 12}) w.frame("okx.market", "trade BTCUSDT " + std::to_string(id));
  auto holes = check();
  EXPECT_FALSE(holes.is_complete());
  ASSERT_EQ(holes.trades.size(), 1u);
  EXPECT_EQ(holes.trades[0].silent, 6u);
  EXPECT_EQ(holes.trades[0].first_silent, 4);
  gap("symbol=BTCUSDT&first=4&last=6");
  gap("symbol=BTCUSDT&first=9&last=10");
  auto one = check();
  EXPECT_EQ(one.trades[0].silent, 1u);
  EXPECT_EQ(one.trades[0].in_gaps, 5u);
  EXPECT_EQ(one.trades[0].first_silent, 11);
  // Filled in over REST.
  w.answer(operation::trades, "trade BTCUSDT 11\ntrade BTCUSDT 10", "");
  EXPECT_TRUE(check().is_complete());

  // The recorder's own numbers.
  w.sequences["okx.market"] += 3;
  w.frame("okx.market", "");
  auto lost = check();
  EXPECT_FALSE(lost.is_complete());
  const auto stream = std::ranges::find(lost.streams, "okx.market", &stream_check::stream);
  EXPECT_EQ(stream->silent, 3u);
  spool_record r;
  r.kind = spool_kind::gap;
  r.stream = "okx.market";
  w.add(std::move(r), exchanges::encode_gap({w.now - 2s, w.now, "3 records were lost in the spool"}));
  auto told = check();
  EXPECT_TRUE(told.is_complete());
  EXPECT_EQ(std::ranges::find(told.streams, "okx.market", &stream_check::stream)->explained, 3u);
}

TEST(GapStore, TakesExchangesInTurnAndKeepsWhatBecameOfEach) {
  world w;
  const auto gap = [&](std::string stream, std::string details) {
    spool_record r;
    r.kind = spool_kind::gap;
    r.stream = std::move(stream);
    r.operation = "trades";
    r.arguments = std::move(details);
    w.add(std::move(r), exchanges::encode_gap({w.now - 5s, w.now, "cut"}));
  };
  for (int i = 0; i < 5; ++i) gap("okx.market", "symbol=BTC%2FUSDT&first=4&last=6");
  gap("gate.market", "symbol=ETH%2FUSDT");
  w.store();
  auto store = exchanges::make_postgres_gap_store(*w.pool);
  auto due = drover::test::run(w.io, store->list_due(w.now, 2));
  ASSERT_TRUE(due) << due.error().to_string();
  ASSERT_EQ(due->size(), 2u);
  EXPECT_EQ(due->at(0).stream, "okx.market");
  EXPECT_EQ(due->at(0).symbol, "BTC/USDT");
  EXPECT_EQ(due->at(0).first_missing, 4);
  EXPECT_EQ(due->at(0).to - due->at(0).from, 5s);
  EXPECT_EQ(due->at(1).stream, "gate.market");
  ASSERT_TRUE(drover::test::run(w.io, store->settle(due->at(0), exchanges::gap_state::filled, "3 of 3")));
  ASSERT_TRUE(drover::test::run(w.io, store->postpone(due->at(1), w.now + 1h, "away")));
  EXPECT_EQ(w.sql("select count(*) from data_gaps where state = 'filled' and settled_at is not null and outcome = '3 of 3'"), "1");
  auto later = drover::test::run(w.io, store->list_due(w.now, 100));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->size(), 4u);
  auto again = drover::test::run(w.io, store->list_due(w.now + 2h, 100));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->size(), 5u);
  auto read = drover::test::run(w.io, store->fills_read_since("okx", "17", w.now));
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
  w.answer(operation::fills, "", "17");
  w.store();
  read = drover::test::run(w.io, store->fills_read_since("okx", "17", w.now));
  EXPECT_TRUE(read && *read);
}

TEST(RawRetention, DropsADayOnlyWhenAllOfItIsCompiled) {
  world w;
  w.sql("create table raw_records_20241120 partition of raw_records for values from ('2024-11-20T00:00Z') to ('2024-11-21T00:00Z')");
  w.sql("create table raw_records_20241121 partition of raw_records for values from ('2024-11-21T00:00Z') to ('2024-11-22T00:00Z')");
  w.frame("okx.market", "candle BTCUSDT 1m 60000 1 1 1 1 1");
  w.answer(operation::balances, "balance USDT 1 0");
  w.now = w.now + 24h;
  w.frame("okx.market", "candle BTCUSDT 1m 120000 1 1 1 1 1");
  w.now = w.now + 48h;
  w.frame("okx.market", "candle BTCUSDT 1m 180000 1 1 1 1 1");
  w.now = w.now + 48h;
  w.frame("okx.market", "candle BTCUSDT 1m 240000 1 1 1 1 1");
  w.store();
  const auto drop = [&](std::string_view before) {
    auto done = drover::test::run(w.io, w.raw->drop_days_before(*parse_rfc3339(before)));
    EXPECT_TRUE(done) << done.error().to_string();
    return done ? *done : -1;
  };
  EXPECT_EQ(drop("2025-01-01T00:00:00Z"), 0);
  EXPECT_EQ(w.sql("select count(*) from raw_records"), "5");
  // One stream only: the other holds the day.
  ASSERT_TRUE(drover::test::run(w.io, w.formatted->compile_next("okx.market", {})));
  EXPECT_EQ(drop("2024-11-21T23:59:59Z"), 0);
  w.compile();
  EXPECT_EQ(drop("2024-11-21T23:59:59Z"), 1);
  EXPECT_EQ(w.sql("select count(*) from raw_records"), "3");
  EXPECT_EQ(drop("2024-11-24T05:00:00Z"), 1);
  // The row of the 23rd was in the default partition.
  EXPECT_EQ(w.sql("select count(*) from raw_records"), "1");
  EXPECT_EQ(w.sql("select count(*) from formatted_candles"), "4");
  auto refused = w.rebuild(noon_ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(errc::out_of_range));
  EXPECT_EQ(w.sql("select count(*) from formatted_candles"), "4");
  auto content = w.content();
  auto done = w.rebuild(noon_ms + 4 * 86'400'000ll);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(w.content(), content);
}

}  // namespace
}  // namespace drover::engine
