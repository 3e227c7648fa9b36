#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/offload.hpp"
#include "exchanges/raw/raw_store.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover::exchanges {
namespace {

spool_record make_record(std::uint64_t sequence, std::string body) {
  spool_record r;
  r.stream = "binance.market";
  r.endpoint = "GET /x";
  r.account = "17";
  r.sequence = sequence;
  r.received_at = wall_time::from_ms(1'732'104'000'123) + 456ns;
  r.status = 200;
  r.body = std::move(body);
  return r;
}

class store_fixture {
 public:
  raw_store::outcome store(std::vector<spool_record> records) {
    auto batch = std::make_shared<const std::vector<spool_record>>(std::move(records));
    auto done = drover::test::run(io, raw->store(batch));
    if (!done) throw std::runtime_error(done.error().to_string());
    return *done;
  }
  std::string sql(const std::string& text) const { return db.sql(text); }

  asio::io_context io;
  drover::test::test_database db;
  std::unique_ptr<database> pool = make_database(db.config(), system_clock());
  std::unique_ptr<raw_store> raw = make_postgres_raw_store(*pool);
};

TEST(RawStore, KeepsEveryByte) {
  store_fixture f;
  std::string body("\0\x01\\x\t\n\xff{\"a\":\"\\u0000\"}", 18);
  EXPECT_EQ(f.store({make_record(1, body), make_record(2, "")}).stored, 2u);
  EXPECT_EQ(f.sql("select encode(body, 'hex') from raw_records where sequence = 1"), to_hex(body));
  EXPECT_EQ(f.sql("select received_ns from raw_records where sequence = 1"), "1732104000123000456");
  EXPECT_EQ(f.sql("select length(body) from raw_records where sequence = 2"), "0");
}

TEST(RawStore, StoresARecordOnceHoweverOftenItComes) {
  store_fixture f;
  f.store({make_record(1, "a"), make_record(2, "b")});
  auto again = f.store({make_record(1, "a"), make_record(2, "b"), make_record(3, "c")});
  EXPECT_TRUE(again.refused.empty());
  EXPECT_EQ(f.sql("select string_agg(convert_from(body, 'utf8'), ',' order by sequence) from raw_records"), "a,b,c");
}

TEST(RawStore, NamesTheRecordThatCannotBeTakenAndKeepsTheOthers) {
  store_fixture f;
  auto poison = make_record(2, "b");
  poison.endpoint = "\xff\xfe";
  auto out = f.store({make_record(1, "a"), poison, make_record(3, "c")});
  EXPECT_EQ(out.refused, std::vector<std::size_t>{1});
  EXPECT_EQ(f.sql("select count(*) from raw_records"), "2");
}

TEST(RawStore, WritesGapsBesideTheRecords) {
  store_fixture f;
  auto gap = make_record(2, encode_gap({wall_time::from_ms(1000), wall_time::from_ms(3000), "cut"}));
  gap.kind = spool_kind::gap;
  f.store({make_record(1, "a"), gap});
  f.store({gap});
  EXPECT_EQ(f.sql("select reason || extract(epoch from gap_to - gap_from)::int from data_gaps"), "cut2");
  EXPECT_EQ(f.sql("select count(*) from data_gaps"), "1");
}

TEST(RawStore, MakesTheComingDaysAhead) {
  store_fixture f;
  for (int i = 0; i < 2; ++i) {
    auto done = drover::test::run(f.io, f.raw->prepare_days());
    EXPECT_TRUE(done) << done.error().to_string();
  }
  EXPECT_EQ(f.sql("select count(*) from pg_inherits where inhparent = 'raw_records'::regclass"), "4");
  auto today = make_record(1, "a");
  today.received_at = system_clock().wall_now();
  f.store({today});
  EXPECT_EQ(f.sql("select count(*) from raw_records_default"), "0");
}

TEST(RawStore, SaysThatTheDatabaseIsAway) {
  asio::io_context io;
  database_config config;
  config.url = "host=/nonexistent dbname=none connect_timeout=1";
  config.connections = 1;
  auto pool = make_database(config, system_clock());
  auto raw = make_postgres_raw_store(*pool);
  auto batch = std::make_shared<const std::vector<spool_record>>(1, make_record(1, "a"));
  auto done = drover::test::run(io, raw->store(batch));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, db_errc::unavailable);
}

class folder {
 public:
  folder() {
    char name[] = "/tmp/drover-spool-XXXXXX";
    path = mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(RawRecorder, BringsFilesToPostgresAcrossARestart) {
  folder spool;
  store_fixture f;
  worker_pool workers("spool", 1, 100);
  auto timers = make_timer_queue(f.io.get_executor(), system_clock());
  raw_recorder_config config;
  config.folder = spool.path;
  config.copy_interval = 20ms;
  constexpr int count = 3000;
  {
    // Never run: as if killed before anything was copied.
    auto first = make_raw_recorder(f.io.get_executor(), *timers, system_files(), *f.pool, workers, config);
    ASSERT_TRUE(first) << first.error().to_string();
    for (int i = 0; i < count; ++i)
      (*first)->record({raw_kind::ws_frame, "binance.market", "", "", 0, "frame " + std::to_string(i)});
  }
  auto second = make_raw_recorder(f.io.get_executor(), *timers, system_files(), *f.pool, workers, config);
  ASSERT_TRUE(second) << second.error().to_string();
  asio::co_spawn(f.io, (*second)->run(), [](std::exception_ptr) {});
  for (int i = count; i < 2 * count; ++i)
    (*second)->record({raw_kind::ws_frame, "binance.market", "", "", 0, "frame " + std::to_string(i)});
  drover::test::run(f.io, (*second)->stop(20s));
  EXPECT_EQ(f.sql("select count(*) from raw_records"), std::to_string(2 * count));
  // One of the numbers is the gap between the two processes'.
  EXPECT_EQ(f.sql("select max(sequence) - min(sequence) + 1 from raw_records"), std::to_string(2 * count + 1));
  EXPECT_EQ(f.sql("select string_agg(reason, ',') from data_gaps"), "the engine was not running");
  EXPECT_EQ(f.sql("select count(*) from (select convert_from(body, 'utf8') <> 'frame ' || (row_number() over (order by sequence) - 1) "
                  "as wrong from raw_records) r where wrong"),
            "0");
  auto left = system_files().list(spool.path);
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, std::vector<std::string>{"sequences.binance"});
}

}  // namespace
}  // namespace drover::exchanges
