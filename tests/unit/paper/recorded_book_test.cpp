#include "exchanges/paper/recorded_book.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/json.hpp"
#include "exchanges/paper/recording_player.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {
namespace {

using namespace drover::literals;
namespace fs = std::filesystem;

depth_diff diff(std::int64_t first, std::int64_t last, std::vector<book_level> bids) { return {first, last, std::move(bids), {}}; }

TEST(RecordedBook, DiffsBeforeTheSnapshotAreBuffered) {
  recorded_book book;
  EXPECT_FALSE(*book.apply(diff(90, 95, {{"1"_dec, "7"_dec}})));
  EXPECT_FALSE(*book.apply(diff(96, 104, {{"1"_dec, "8"_dec}})));
  ASSERT_TRUE(book.apply(depth_snapshot{100, {{"1"_dec, "5"_dec}}, {}}));
  EXPECT_EQ(book.bids().at("1"_dec), "8"_dec) << "the diff that straddles the snapshot counts";
  EXPECT_EQ(book.last_update_id(), 104);
  EXPECT_EQ(book.applied(), 1u);
}

TEST(RecordedBook, GapIsAnError) {
  recorded_book book;
  ASSERT_TRUE(book.apply(depth_snapshot{100, {}, {}}));
  ASSERT_TRUE(book.apply(diff(99, 102, {})));
  EXPECT_FALSE(book.apply(diff(104, 105, {})));
  recorded_book late;
  ASSERT_TRUE(late.apply(depth_snapshot{100, {}, {}}));
  EXPECT_FALSE(late.apply(diff(102, 103, {}))) << "the first one must contain the snapshot's id + 1";
}

/// The recordings and their golden books: the whole ones where they are, else the excerpt that is kept with the tests.
struct golden_case {
  std::vector<std::string> recordings;
  fs::path golden;
};

std::vector<golden_case> golden_cases() {
  const char* given = std::getenv("DROVER_SHARED_DATA");
  const fs::path source(DROVER_SOURCE_DIR);
  const fs::path shared = given != nullptr ? fs::path(given) : source.parent_path() / "shared" / "data";
  std::vector<golden_case> out;
  for (const std::string symbol : {"btcusdt", "ethusdt"}) {
    const auto upper = symbol == "btcusdt" ? "BTCUSDT" : "ETHUSDT";
    golden_case c{{(shared / "hftbacktest" / (symbol + "_20240808.gz")).string(), (shared / "hftbacktest" / (symbol + "_20240809.gz")).string()},
                  shared / "derived" / (std::string("binance_spot_") + upper + "_book_golden.json")};
    if (fs::exists(c.recordings[0]) && fs::exists(c.recordings[1]) && fs::exists(c.golden)) out.push_back(std::move(c));
  }
  const auto data = source / "tests" / "data";
  out.push_back({{(data / "btcusdt_excerpt.gz").string()}, data / "btcusdt_excerpt_golden.json"});
  return out;
}

template <class Levels>
json top(const Levels& levels, std::size_t count) {
  json out = json::array();
  for (const auto& [price, quantity] : levels) {
    if (out.size() == count) break;
    out.push_back({price.to_string(8), quantity.to_string(8)});
  }
  return out;
}

void expect_equal(const recorded_book& book, const json& checkpoint) {
  EXPECT_EQ(top(book.bids(), checkpoint["bids"].size()), checkpoint["bids"]) << "at " << book.last_update_id();
  EXPECT_EQ(top(book.asks(), checkpoint["asks"].size()), checkpoint["asks"]) << "at " << book.last_update_id();
  EXPECT_EQ(json({book.bids().size(), book.asks().size()}), checkpoint["levels"]) << "at " << book.last_update_id();
}

std::int64_t update_id_of(const json& checkpoint) {
  for (const auto* key : {"lastUpdateId", "after_update_id", "final_update_id"})
    if (checkpoint.contains(key)) return checkpoint[key].get<std::int64_t>();
  return 0;
}

/// The snapshot's checkpoint comes before the diffs that were buffered are applied, so it is compared by a book of its own.
void expect_snapshot(const recorded_event& event, const json& checkpoint) {
  recorded_book book;
  ASSERT_TRUE(book.apply(std::get<depth_snapshot>(event.content)));
  expect_equal(book, checkpoint);
}

void expect_golden(const golden_case& c) {
  auto text = system_files().read(c.golden, 1 << 20);
  ASSERT_TRUE(text) << c.golden;
  const auto golden = json::parse(*text);
  const auto& checkpoints = golden["checkpoints"];
  recording_reader reader(c.recordings);
  recorded_book book;
  std::size_t at = 0;
  for (;;) {
    auto event = reader.next();
    ASSERT_TRUE(event) << event.error().to_string();
    if (*event == nullptr) break;
    if (const auto* snapshot = std::get_if<depth_snapshot>(&(*event)->content)) {
      expect_snapshot(**event, checkpoints[at++]);
      ASSERT_TRUE(book.apply(*snapshot));
    }
    if (const auto* d = std::get_if<depth_diff>(&(*event)->content)) ASSERT_TRUE(book.apply(*d));
    while (book.synchronised() && at < checkpoints.size() && update_id_of(checkpoints[at]) == book.last_update_id())
      expect_equal(book, checkpoints[at++]);
  }
  EXPECT_EQ(at, checkpoints.size()) << "every checkpoint was met";
  EXPECT_GE(checkpoints.size(), 3u);
}

TEST(RecordedBook, AgreesWithTheGoldenBooksAtEveryCheckpoint) {
  for (const auto& c : golden_cases()) {
    SCOPED_TRACE(c.golden.filename().string());
    expect_golden(c);
  }
}

/// Replays into the matching engine and counts.
struct replay final : recording_listener {
  test::small_market market;
  market_data data{market.engine};
  recording_player player{market.engine, data, *this};
  int depths = 0, tops = 0, trades = 0;

  replay() { data.add_instrument(true); }
  void on_recorded_depth(instrument_number, const depth_diff&) override { ++depths; }
  void on_recorded_top(instrument_number, const top_of_book&) override { ++tops; }
  void on_recorded_trade(instrument_number, const market_trade&) override { ++trades; }
  void play(int count) {
    for (int i = 0; i < count && player.next_at(); ++i) ASSERT_TRUE(player.play_next(market.now));
  }
};

TEST(RecordingPlayer, HouseBookIsTheRecordedBook) {
  replay r;
  ASSERT_TRUE(r.player.add(r.market.btc, golden_cases().back().recordings));
  r.play(1'000'000);
  EXPECT_FALSE(r.player.next_at());
  EXPECT_GT(r.depths, 100);
  EXPECT_GT(r.trades, 100);
  const auto& recorded = r.data.recorded(r.market.btc);
  const auto& book = r.market.engine.book(r.market.btc);
  EXPECT_EQ(book.bids.levels().size(), recorded.bids().size());
  EXPECT_EQ(book.asks.levels().size(), recorded.asks().size());
  EXPECT_EQ(book.bids.best()->price, recorded.bids().begin()->first);
  EXPECT_EQ(book.asks.best()->price, recorded.asks().begin()->first);
  EXPECT_EQ(r.data.depth(r.market.btc, 1).last_update_id, recorded.last_update_id());
}

TEST(RecordingPlayer, TakerTakesRecordedLevelsAndRestingOrderFillsByPrints) {
  replay r;
  auto& m = r.market;
  m.engine.credit(m.bob, m.quote, decimal(10'000'000));
  ASSERT_TRUE(r.player.add(m.btc, golden_cases().back().recordings));
  r.play(200);
  const auto best = m.engine.book(m.btc).asks.best()->price;
  const auto taken = m.place(m.market(m.bob, side::buy, "0.01"));
  ASSERT_EQ(taken.order->status, order_status::filled);
  EXPECT_EQ(taken.fills.front().price, best);
  auto t = m.limit(m.bob, side::buy, "0.5", "1");
  t.price = m.engine.book(m.btc).bids.best()->price;
  const auto resting = m.place(t).order;
  ASSERT_EQ(resting->status, order_status::open);
  r.play(1'000'000);
  EXPECT_TRUE(resting->filled_quantity.is_positive());
  for (const auto& f : m.engine.account(m.bob).fills)
    if (f.order == resting->number) EXPECT_TRUE(f.maker);
}

TEST(RecordingReader, DamageIsAnErrorThatNamesTheLine) {
  recording_parser parser;
  EXPECT_FALSE(parser.parse("{}"));
  EXPECT_FALSE(parser.parse("123 {"));
  EXPECT_FALSE(parser.parse("123 {\"stream\":\"btcusdt@depth\",\"data\":{\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[\"x\",\"1\"]],\"a\":[]}}"));
  EXPECT_FALSE(parser.parse("123 {\"stream\":\"btcusdt@depth\",\"data\":{\"s\":\"BTCUSDT\",\"U\":1,\"b\":[],\"a\":[]}}"));
  EXPECT_TRUE(parser.parse("123 {\"lastUpdateId\":5,\"bids\":[],\"asks\":[]}"));
}

}  // namespace
}  // namespace drover::exchanges::paper
