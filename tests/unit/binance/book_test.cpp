#include "exchanges/runtime/book_keeper.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "exchanges/binance/market_wire.hpp"
#include "exchanges/binance/parse.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges::binance {
namespace {

namespace fs = std::filesystem;

book_keeper make_keeper() { return book_keeper(market_wire().books()); }

/// A snapshot without levels.
book_snapshot snapshot_at(std::int64_t id) { return {"BTC/USDT", {}, {}, id}; }

/// Lines of a gzip file without the recorder's time in front.
void for_each_frame(const fs::path& path, const std::function<void(std::string_view)>& handle) {
  auto* file = gzopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr) << path;
  std::vector<char> line(4 << 20);
  while (gzgets(file, line.data(), static_cast<int>(line.size()))) {
    std::string_view text(line.data());
    if (auto at = text.find('{'); at != std::string_view::npos) handle(text.substr(at));
  }
  gzclose(file);
}

void expect_levels(const std::vector<book_level>& got, const nlohmann::json& wanted, const std::string& where) {
  ASSERT_EQ(got.size(), wanted.size()) << where;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].price, decimal::literal(wanted[i][0].get<std::string>())) << where << " level " << i;
    EXPECT_EQ(got[i].quantity, decimal::literal(wanted[i][1].get<std::string>())) << where << " level " << i;
  }
}

void expect_checkpoint(const book_keeper& sync, const nlohmann::json& c) {
  auto where = c.contains("applied") ? "after " + c["applied"].dump() : std::string("snapshot");
  expect_levels(sync.book().top(side::buy, c["bids"].size()), c["bids"], where + " bids");
  expect_levels(sync.book().top(side::sell, c["asks"].size()), c["asks"], where + " asks");
  for (auto key : {"lastUpdateId", "after_update_id", "final_update_id"})
    if (c.contains(key)) EXPECT_EQ(sync.last_update_id(), c[key].get<std::int64_t>()) << where;
  if (c.contains("levels")) {
    EXPECT_EQ(sync.book().levels(side::buy), c["levels"][0].get<std::size_t>()) << where;
    EXPECT_EQ(sync.book().levels(side::sell), c["levels"][1].get<std::size_t>()) << where;
  }
}

struct recording {
  std::vector<fs::path> files;
  nlohmann::json checkpoints;
};

/// The full recordings where there are any, otherwise the excerpt in the repository.
recording find_recording() {
  recording out;
  const fs::path source(DROVER_SOURCE_DIR);
  const auto* named = std::getenv("DROVER_SHARED_DATA");
  auto shared = named ? fs::path(named) : source / ".." / "shared" / "data";
  auto golden = shared / "derived" / "binance_spot_BTCUSDT_book_golden.json";
  if (fs::exists(golden)) {
    std::ifstream in(golden);
    auto json = nlohmann::json::parse(in);
    for (const auto& f : json["files"]) out.files.push_back(shared / f.get<std::string>());
    out.checkpoints = json["checkpoints"];
  } else {
    out.files.push_back(source / "tests/data/binance/book_btcusdt_excerpt.gz");
    out.checkpoints = nlohmann::json::parse(test::read_test_data("book_btcusdt_excerpt.json"))["checkpoints"];
  }
  return out;
}

void replay(const recording& r) {
  book_keeper sync = make_keeper();
  std::size_t checked = 0;
  auto check_due = [&](bool at_snapshot) {
    for (const auto& c : r.checkpoints) {
      bool due = c.contains("applied") ? !at_snapshot && c["applied"].get<std::uint64_t>() == sync.applied() : at_snapshot;
      if (!due) continue;
      // The last applied update has both a checkpoint of five levels and one of twenty.
      expect_checkpoint(sync, c);
      ++checked;
    }
  };
  for (const auto& file : r.files) {
    for_each_frame(file, [&](std::string_view frame) {
      if (frame.find("lastUpdateId") != std::string_view::npos) {
        auto snapshot = parse_depth_snapshot(frame);
        ASSERT_TRUE(snapshot) << snapshot.error().to_string();
        // The golden book is looked at before what was buffered is applied to it.
        book_keeper bare = make_keeper();
        ASSERT_TRUE(bare.on_snapshot(*snapshot));
        expect_checkpoint(bare, r.checkpoints.at(0));
        ++checked;
        ASSERT_TRUE(sync.on_snapshot(*snapshot));
        if (sync.applied()) check_due(false);
        return;
      }
      auto parsed = parse_market_frame(frame);
      ASSERT_TRUE(parsed) << parsed.error().to_string();
      auto* update = std::get_if<depth_update>(&*parsed);
      if (!update) return;
      auto done = sync.on_update(std::move(update->update));
      ASSERT_NE(done, book_keeper::outcome::gap);
      if (done == book_keeper::outcome::applied) check_due(false);
    });
  }
  EXPECT_EQ(checked, r.checkpoints.size());
}

TEST(BinanceBook, ReplaysTheRecordedMarketToItsGoldenBooks) { replay(find_recording()); }

TEST(BinanceBook, ReplaysTheExcerptToItsGoldenBooks) {
  recording r;
  r.files = {fs::path(DROVER_SOURCE_DIR) / "tests/data/binance/book_btcusdt_excerpt.gz"};
  r.checkpoints = nlohmann::json::parse(test::read_test_data("book_btcusdt_excerpt.json"))["checkpoints"];
  replay(r);
}

book_update update(std::int64_t first, std::int64_t last) {
  book_update u;
  u.symbol = "BTC/USDT";
  u.first_id = first;
  u.last_id = last;
  u.bids = {{decimal(last), decimal(1)}};
  return u;
}

TEST(BinanceBook, DropsWhatTheSnapshotHasAlready) {
  book_keeper sync = make_keeper();
  EXPECT_EQ(sync.on_update(update(1, 5)), book_keeper::outcome::buffered);
  EXPECT_EQ(sync.on_update(update(6, 12)), book_keeper::outcome::buffered);
  EXPECT_TRUE(sync.on_snapshot(snapshot_at(10)));
  EXPECT_EQ(sync.applied(), 1u);
  EXPECT_EQ(sync.last_update_id(), 12);
  EXPECT_EQ(sync.on_update(update(6, 12)), book_keeper::outcome::stale);
  EXPECT_EQ(sync.on_update(update(13, 13)), book_keeper::outcome::applied);
}

TEST(BinanceBook, AsksForAnotherSnapshotAfterAGap) {
  book_keeper sync = make_keeper();
  ASSERT_TRUE(sync.on_snapshot(snapshot_at(10)));
  EXPECT_EQ(sync.on_update(update(9, 12)), book_keeper::outcome::applied);
  EXPECT_EQ(sync.on_update(update(14, 15)), book_keeper::outcome::gap);
  EXPECT_TRUE(sync.needs_snapshot());
  EXPECT_EQ(sync.book().levels(side::buy), 0u);
  EXPECT_TRUE(sync.on_snapshot(snapshot_at(13)));
  EXPECT_EQ(sync.last_update_id(), 15);
}

TEST(BinanceBook, RefusesASnapshotThatIsTooOld) {
  book_keeper sync = make_keeper();
  EXPECT_EQ(sync.on_update(update(20, 25)), book_keeper::outcome::buffered);
  EXPECT_FALSE(sync.on_snapshot(snapshot_at(10)));
  EXPECT_TRUE(sync.needs_snapshot());
  EXPECT_TRUE(sync.on_snapshot(snapshot_at(21)));
  EXPECT_EQ(sync.applied(), 1u);
}

TEST(BinanceBook, LaterUpdatesMustJoinExactly) {
  book_keeper sync = make_keeper();
  ASSERT_TRUE(sync.on_snapshot(snapshot_at(10)));
  EXPECT_EQ(sync.on_update(update(8, 12)), book_keeper::outcome::applied);
  EXPECT_EQ(sync.on_update(update(12, 14)), book_keeper::outcome::gap);
}

}  // namespace
}  // namespace drover::exchanges::binance
