#include "exchanges/raw/recorder.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "exchanges/raw/call_text.hpp"

#include "tests/support/coroutines.hpp"
#include "tests/unit/raw/spool_files.hpp"

namespace drover::exchanges {
namespace {

/// Rows as a database would hold them: a record is there once, whatever is sent again.
struct memory_rows {
  std::vector<spool_record> records;
  std::set<std::pair<std::string, std::uint64_t>> keys;
  std::set<std::string> poison;
  std::vector<wall_time> drops;
  bool away = false;
  int calls = 0;
  /// How long the database takes for a batch.
  nanoseconds takes{};
  timer_queue* timers = nullptr;
};

class memory_store final : public raw_store {
 public:
  explicit memory_store(memory_rows& rows) : rows_(rows) {}
  task<result<outcome>> store(std::shared_ptr<const std::vector<spool_record>> batch) override {
    ++rows_.calls;
    if (rows_.away) co_return fail(db_errc::unavailable);
    if (rows_.takes > 0ns) co_await sleep_for(*rows_.timers, rows_.takes);
    outcome out;
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const auto& r = batch->at(i);
      if (rows_.poison.contains(r.body)) {
        out.refused.push_back(i);
        continue;
      }
      ++out.stored;
      if (rows_.keys.emplace(r.stream, r.sequence).second) rows_.records.push_back(r);
    }
    co_return out;
  }
  task<result<void>> prepare_days() override { co_return result<void>{}; }
  task<result<int>> drop_days_before(wall_time t) override {
    rows_.drops.push_back(t);
    co_return 0;
  }

 private:
  memory_rows& rows_;
};

class recorder_fixture {
 public:
  recorder_fixture() { config.folder = "/spool"; }
  ~recorder_fixture() {
    if (recorder) stop();
  }

  void open() {
    auto made = make_raw_recorder_on(io.get_executor(), timers, files, std::make_unique<memory_store>(rows), workers, config);
    ASSERT_TRUE(made) << made.error().to_string();
    recorder = std::move(*made);
  }
  void start() {
    asio::co_spawn(io, recorder->run(), [this](std::exception_ptr e) {
      ended = true;
      if (e) std::rethrow_exception(e);
    });
  }
  /// As after kill -9: what was handed to the kernel stays, nothing else happens.
  void kill() { recorder.reset(); }
  void stop(nanoseconds limit = 5s) {
    bool done = false;
    asio::co_spawn(io, recorder->stop(limit), [&](std::exception_ptr) { done = true; });
    turn_until([&] { return done; });
    recorder.reset();
  }
  void frame(std::string body, std::string_view stream = "binance.market", std::string_view account = {}) {
    recorder->record({raw_kind::ws_frame, stream, "", account, 0, body});
  }
  /// Virtual time stands while the worker thread has something to do, however slow the machine is.
  void let_worker_finish() {
    bool done = false;
    asio::co_spawn(io, workers.run_job([] {}), [&](std::exception_ptr, result<void>) { done = true; });
    while (!done) io.run_one();
  }
  /// Turns the world (virtual time, worker thread) until `wanted`; false when it never comes.
  bool turn_until(const std::function<bool()>& wanted) {
    for (int i = 0; i < 200'000; ++i) {
      if (wanted()) return true;
      timers.advance(io, 1ms);
      let_worker_finish();
    }
    ADD_FAILURE() << "what was waited for did not happen";
    return false;
  }
  std::vector<std::string> stored_bodies() const {
    std::vector<std::string> out;
    for (const auto& r : rows.records)
      if (r.kind != spool_kind::gap) out.push_back(r.body);
    return out;
  }
  std::vector<std::string> stored_gaps() const {
    std::vector<std::string> out;
    for (const auto& r : rows.records)
      if (r.kind == spool_kind::gap) out.push_back(r.stream + ": " + decode_gap(r.body)->reason);
    return out;
  }
  std::string& only_segment() { return files.contents.at(files.names_with(".seg").at(0)); }

  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  test::manual_timers timers;
  spool_files files;
  memory_rows rows;
  worker_pool workers{"test", 1, 100};
  raw_recorder_config config;
  std::unique_ptr<spooling_raw_recorder> recorder;
  bool ended = false;
};

using texts = std::vector<std::string>;

TEST(RawRecorder, HandsEachRecordToTheFileBeforeItReturns) {
  recorder_fixture f;
  f.open();
  f.recorder->record({raw_kind::rest_response, "binance.rest", "GET /api/v3/account?signature=feed", "17", 200, "body \0x"});
  auto content = decode_segment(f.only_segment());
  ASSERT_EQ(content.records.size(), 1u);
  const auto& r = content.records[0];
  EXPECT_EQ(r.kind, spool_kind::rest_response);
  EXPECT_EQ(r.stream, "binance.rest");
  EXPECT_EQ(r.endpoint, "GET /api/v3/account");
  EXPECT_EQ(r.account, "17");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.received_at, f.timers.get_clock().wall_now());
  EXPECT_EQ(f.only_segment().find("signature"), std::string::npos);
}

TEST(RawRecorder, BringsTheSpoolToTheDatabaseInOrderAndCleansUp) {
  recorder_fixture f;
  f.open();
  f.start();
  texts sent;
  for (int i = 0; i < 5000; ++i) {
    sent.push_back("frame " + std::to_string(i));
    f.frame(sent.back());
  }
  f.turn_until([&] { return f.rows.records.size() == sent.size(); });
  EXPECT_EQ(f.stored_bodies(), sent);
  for (std::size_t i = 1; i < f.rows.records.size(); ++i)
    ASSERT_EQ(f.rows.records[i].sequence, f.rows.records[i - 1].sequence + 1);
  f.stop();
  EXPECT_TRUE(f.files.names_with(".seg").empty());
  EXPECT_TRUE(f.ended);
}

TEST(RawRecorder, CountsEachStreamByItself) {
  recorder_fixture f;
  f.open();
  f.frame("a", "okx.one");
  f.frame("b", "okx.two");
  f.frame("c", "okx.one");
  auto records = decode_segment(f.only_segment()).records;
  EXPECT_EQ(records[2].sequence, records[0].sequence + 1);
}

TEST(RawRecorder, KeepsEverythingWhileTheDatabaseIsAwayAndStoresItOnce) {
  recorder_fixture f;
  f.config.segment_limit_bytes = 2000;
  f.rows.away = true;
  f.open();
  f.start();
  texts sent;
  for (int i = 0; i < 500; ++i) {
    sent.push_back("frame " + std::to_string(i));
    f.frame(sent.back());
    f.timers.advance(f.io, 10ms);
  }
  f.turn_until([&] { return f.rows.calls > 3; });
  EXPECT_TRUE(f.rows.records.empty());
  EXPECT_GT(f.recorder->get_statistics().segments, 5u);
  f.rows.away = false;
  f.turn_until([&] { return f.rows.records.size() == sent.size(); });
  EXPECT_EQ(f.stored_bodies(), sent);
}

TEST(RawRecorder, GoesOnCountingAfterARestart) {
  recorder_fixture f;
  f.open();
  f.frame("a");
  f.frame("b");
  f.kill();
  f.timers.clock_of().advance(5s);
  f.open();
  f.frame("c");
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 4; });
  EXPECT_EQ(f.stored_bodies(), (texts{"a", "b", "c"}));
  EXPECT_EQ(f.rows.records[3].sequence, f.rows.records[0].sequence + 3);
  EXPECT_EQ(f.stored_gaps(), texts{"binance.market: the engine was not running"});
  auto gap = decode_gap(f.rows.records[2].body);
  EXPECT_EQ(gap->to - gap->from, 5s);
}

TEST(RawRecorder, NamesEachAccountThatMissedARestart) {
  recorder_fixture f;
  const auto say = [&](const char* account) { f.recorder->record({raw_kind::ws_frame, "binance.user", {}, account, 0, "frame"}); };
  f.open();
  say("17");
  say("18");
  f.kill();
  f.timers.clock_of().advance(5s);
  f.open();
  say("");
  say("17");
  f.timers.clock_of().advance(3s);
  say("18");
  say("17");
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 8; });
  std::vector<std::string> gaps;
  for (const auto& r : f.rows.records)
    if (r.kind == spool_kind::gap) {
      const auto gap = decode_gap(r.body);
      gaps.push_back(r.account + " " + std::to_string((gap->to - gap->from) / 1s) + " " + gap->reason);
    }
  EXPECT_EQ(gaps, (texts{"17 5 the engine was not running", "18 8 the engine was not running"}));
}

/// Answers to all accounts share a stream: after a restart those of every one of them may be missing, whoever is heard first.
TEST(RawRecorder, MissesARestartForAllAccountsWhereTheyShareAStream) {
  recorder_fixture f;
  const auto answer = [&](const char* account) { f.recorder->record({raw_kind::rest_response, "binance.rest", "", account, 200, "{}"}); };
  f.open();
  answer("17");
  answer("18");
  f.kill();
  f.timers.clock_of().advance(5s);
  f.open();
  answer("18");
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 4; });
  EXPECT_EQ(f.rows.records[2].kind, spool_kind::gap);
  EXPECT_EQ(f.rows.records[2].account, "");
}

/// An account that a whole process heard nothing of misses what it missed before as well.
TEST(RawRecorder, KeepsSinceWhenAnAccountWasNotHeardOverSeveralStarts) {
  recorder_fixture f;
  const auto say = [&](const char* account) { f.recorder->record({raw_kind::ws_frame, "binance.user", {}, account, 0, "frame"}); };
  const auto run = [&](std::vector<const char*> accounts, std::size_t rows) {
    f.open();
    f.start();
    for (const auto* account : accounts) say(account);
    f.turn_until([&] { return f.rows.records.size() == rows; });
    f.stop();
  };
  run({"17", "18"}, 2);
  const auto first_ended = f.rows.records[1].received_at;
  f.timers.clock_of().advance(5s);
  run({"18"}, 4);
  f.timers.clock_of().advance(5s);
  run({"17"}, 6);
  EXPECT_EQ(f.rows.records[4].account, "17");
  EXPECT_EQ(decode_gap(f.rows.records[4].body)->from, first_ended);
}

/// What is noted while the spool is emptied is copied as well.
TEST(RawRecorder, StopsWithTheGapsThatItNotedWhileStopping) {
  recorder_fixture f;
  f.rows.poison.insert("poison");
  f.open();
  f.start();
  f.frame("poison");
  f.stop();
  EXPECT_EQ(f.stored_gaps().size(), 1u);
  EXPECT_TRUE(f.files.names_with(".seg").empty());
}

/// Numbers that were lost between two processes are missed by the second one.
TEST(RawRecorder, MissesWhatTheDiskLostBetweenTwoProcesses) {
  recorder_fixture f;
  f.open();
  f.start();
  f.frame("stored");
  f.turn_until([&] { return f.rows.records.size() == 1; });
  f.stop();
  f.timers.clock_of().advance(1s);
  f.open();
  f.frame("lost");
  f.kill();
  const auto lost = f.files.names_with(".seg").at(0);
  f.timers.clock_of().advance(1s);
  f.open();
  f.frame("there");
  f.kill();
  f.files.contents.erase(lost);
  f.open();
  f.start();
  // Its gap and itself.
  const std::string gap = "binance.market: 2 records were lost in the spool";
  EXPECT_TRUE(f.turn_until([&] {
    const auto gaps = f.stored_gaps();
    return std::ranges::find(gaps, gap) != gaps.end();
  }));
  EXPECT_EQ(f.stored_bodies(), (texts{"stored", "there"}));
}

/// Else it would begin to count anew and take what is missing for what never was.
TEST(RawRecorder, DoesNotStartWhenItCannotReadWhereItStopped) {
  recorder_fixture f;
  f.open();
  f.start();
  f.frame("a");
  f.turn_until([&] { return f.rows.records.size() == 1; });
  f.stop();
  f.files.unreadable = "sequences";
  auto refused = make_raw_recorder_on(f.io.get_executor(), f.timers, f.files, std::make_unique<memory_store>(f.rows), f.workers, f.config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(errc::io));
}

/// A start gap that the disk refused is told later, with the beginning that it had.
TEST(RawRecorder, TellsARestartThatTheDiskRefusedToNote) {
  recorder_fixture f;
  const auto say = [&](const char* account) { f.recorder->record({raw_kind::ws_frame, "binance.user", {}, account, 0, "frame"}); };
  f.open();
  say("17");
  f.kill();
  const auto stopped = f.timers.clock_of().wall_now();
  f.timers.clock_of().advance(5s);
  f.open();
  f.start();
  f.files.set_refuse(true);
  say("17");
  f.files.set_refuse(false);
  f.timers.clock_of().advance(1s);
  say("17");
  f.turn_until([&] { return f.stored_bodies().size() == 2; });
  const auto told = std::ranges::any_of(f.rows.records, [&](const spool_record& r) {
    const auto gap = r.kind == spool_kind::gap ? decode_gap(r.body) : std::nullopt;
    return gap && r.account == "17" && gap->from == stopped && gap->reason == "the engine was not running";
  });
  EXPECT_TRUE(told);
}

/// The gap of a refused row is synced before the segment goes that the row was in; where that fails, the segment stays.
TEST(RawRecorder, KeepsWhatWasRefusedUntilItsGapIsSafe) {
  recorder_fixture f;
  f.config.sync_interval = 1h;
  f.rows.poison.insert("poison");
  f.open();
  f.start();
  // Of the file that it is set aside in, and of the gap's.
  f.files.fail_syncs = 2;
  f.frame("poison");
  f.turn_until([&] { return f.recorder->get_statistics().sync_failures == 1; });
  f.stop();
  ASSERT_FALSE(f.files.names_with(".seg").empty());
  f.open();
  f.start();
  f.turn_until([&] { return f.files.names_with(".seg").empty(); });
  EXPECT_EQ(f.recorder->get_statistics().sync_failures, 0u);
}

TEST(RawRecorder, GoesOnCountingWhenEverySegmentWasCopied) {
  recorder_fixture f;
  f.open();
  f.start();
  f.frame("a");
  f.turn_until([&] { return f.rows.records.size() == 1; });
  f.stop();
  ASSERT_TRUE(f.files.names_with(".seg").empty());
  f.timers.clock_of().set_wall(wall_time::from_ms(5));
  f.open();
  f.start();
  f.frame("b");
  f.turn_until([&] { return f.rows.records.size() == 3; });
  EXPECT_EQ(f.rows.records[2].sequence, f.rows.records[0].sequence + 2);
  EXPECT_EQ(f.stored_gaps(), texts{"binance.market: the engine was not running"});
}

TEST(RawRecorder, StoresOnceWhatWasCopiedButNotRemovedBeforeACrash) {
  recorder_fixture f;
  f.open();
  for (auto body : {"a", "b", "c"}) f.frame(body);
  auto before = f.files.contents;
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 3; });
  f.stop();
  f.files.contents = before;
  f.open();
  f.start();
  auto calls = f.rows.calls;
  f.turn_until([&] { return f.rows.calls > calls; });
  EXPECT_EQ(f.stored_bodies(), (texts{"a", "b", "c"}));
}

TEST(RawRecorder, CutsATornTailAtEveryLength) {
  for (std::size_t cut = 1; cut < 60; ++cut) {
    recorder_fixture f;
    f.open();
    f.frame("first");
    f.frame("second, torn");
    f.kill();
    auto& bytes = f.only_segment();
    bytes.resize(bytes.size() - cut);
    f.open();
    f.frame("third");
    f.start();
    f.turn_until([&] { return f.rows.records.size() == 3; });
    EXPECT_EQ(f.stored_bodies(), (texts{"first", "third"})) << cut;
    EXPECT_TRUE(f.files.names_with(".bad").empty()) << cut;
  }
}

TEST(RawRecorder, SetsADamagedRecordAsideAndGoesOn) {
  recorder_fixture f;
  f.open();
  for (auto body : {"first", "damaged here", "third"}) f.frame(body);
  f.kill();
  auto& bytes = f.only_segment();
  bytes[bytes.find("damaged")] ^= 1;
  f.open();
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 3; });
  EXPECT_EQ(f.stored_bodies(), (texts{"first", "third"}));
  EXPECT_EQ(f.stored_gaps(), texts{"binance.market: 1 records were lost in the spool"});
  EXPECT_EQ(f.recorder->get_statistics().quarantined, 1u);
  ASSERT_EQ(f.files.names_with(".bad").size(), 1u);
  EXPECT_NE(f.files.contents.at(f.files.names_with(".bad")[0]).find("eamaged here"), std::string::npos);
}

TEST(RawRecorder, SetsARecordAsideThatTheDatabaseRefuses) {
  recorder_fixture f;
  f.rows.poison.insert("poison");
  f.open();
  f.start();
  for (auto body : {"first", "poison", "third"}) f.frame(body);
  f.turn_until([&] { return f.rows.records.size() == 3 && !f.files.names_with(".bad").empty(); });
  EXPECT_EQ(f.stored_bodies(), (texts{"first", "third"}));
  auto refused = "binance.market: record " + std::to_string(f.rows.records[0].sequence + 1) + " was refused by the database";
  EXPECT_EQ(f.stored_gaps(), texts{refused});
  auto set_aside = decode_segment(f.files.contents.at(f.files.names_with(".bad")[0])).records;
  ASSERT_EQ(set_aside.size(), 1u);
  EXPECT_EQ(set_aside[0].body, "poison");
  EXPECT_EQ(f.recorder->get_statistics().quarantined, 1u);
}

TEST(RawRecorder, LeavesASegmentOfAnotherVersionAlone) {
  recorder_fixture f;
  f.files.contents["/spool/raw-00000000000000000001.seg"] = "DRVRAW9\nwho knows";
  f.open();
  f.frame("mine");
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 1; });
  EXPECT_EQ(f.files.contents.at("/spool/raw-00000000000000000001.seg"), "DRVRAW9\nwho knows");
}

TEST(RawRecorder, DropsPublicDataFirstWhenTheSpoolIsFullAndSaysSo) {
  recorder_fixture f;
  f.config.spool_limit_bytes = 8000;
  f.config.segment_limit_bytes = 1000;
  f.rows.away = true;
  f.open();
  f.start();
  for (int i = 0; i < 100; ++i) {
    f.frame("public " + std::string(100, 'x'));
    f.frame("own " + std::to_string(i), "binance.user", "17");
  }
  EXPECT_GT(f.recorder->get_statistics().dropped, 50u);
  f.rows.away = false;
  f.turn_until([&] { return f.recorder->get_statistics().spooled_bytes < 1000; });
  f.frame("public again");
  f.turn_until([&] { return f.stored_bodies().back() == "public again"; });
  int own = 0;
  for (const auto& body : f.stored_bodies()) own += body.starts_with("own");
  EXPECT_EQ(own, 100);
  auto gaps = f.stored_gaps();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_NE(gaps[0].find("records are being dropped"), std::string::npos);
  EXPECT_EQ(gaps[1], "binance.market: the spool was full: " + std::to_string(f.recorder->get_statistics().dropped) +
                         " records dropped");
}

TEST(RawRecorder, DropsPublicDataWhenTheDiskIsAlmostFull) {
  recorder_fixture f;
  f.files.set_free(1);
  f.open();
  f.start();
  f.turn_until([&] {
    f.frame("public");
    return f.recorder->get_statistics().dropped > 0;
  });
}

TEST(RawRecorder, NamesWhatADiskThatRefusesHasCost) {
  recorder_fixture f;
  f.open();
  f.start();
  f.frame("before");
  f.files.set_refuse(true);
  f.frame("lost");
  f.files.set_refuse(false);
  f.frame("after");
  f.turn_until([&] { return f.rows.records.size() == 3; });
  EXPECT_EQ(f.stored_bodies(), (texts{"before", "after"}));
  EXPECT_EQ(f.stored_gaps(), texts{"binance.market: the spool was full: 1 records dropped"});
}

TEST(RawRecorder, RecordsGapsAsPlainText) {
  recorder_fixture f;
  f.open();
  f.start();
  f.recorder->record_gap("binance.market", wall_time::from_ms(1), wall_time::from_ms(2), "cut\xff\x01");
  f.turn_until([&] { return f.rows.records.size() == 1; });
  EXPECT_EQ(f.stored_gaps(), texts{"binance.market: cut??"});
}

TEST(RawRecorder, EmptiesTheSpoolWhenItStops) {
  recorder_fixture f;
  f.open();
  f.start();
  f.frame("last words");
  f.stop();
  EXPECT_EQ(f.stored_bodies(), texts{"last words"});
}

TEST(RawRecorder, StopsInTimeWhenTheDatabaseIsAway) {
  recorder_fixture f;
  f.rows.away = true;
  f.open();
  f.start();
  f.frame("stays");
  f.stop(1s);
  EXPECT_TRUE(f.rows.records.empty());
  EXPECT_EQ(f.files.names_with(".seg").size(), 1u);
}

TEST(RawRecorder, KeepsWhatWasAsked) {
  recorder_fixture f;
  f.open();
  f.recorder->record({raw_kind::rest_response, "binance.rest", "GET /klines", "", 200, "[]", "candles", "symbol=BTC%2FUSDT&interval=5m"});
  auto r = decode_segment(f.only_segment()).records.at(0);
  auto call = read_call(r.operation, r.arguments);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->op, operation::candles);
  EXPECT_EQ(call->symbol, "BTC/USDT");
  EXPECT_EQ(call->interval, candle_interval::m5);
}

TEST(RawRecorder, NotesGapsWithTheNumbersOfTheVenue) {
  recorder_fixture f;
  f.open();
  f.recorder->note_gap({"okx.market", wall_time::from_ms(1), wall_time::from_ms(2), "cut", "trades", "", "BTC/USDT", "", 17, 23});
  auto r = decode_segment(f.only_segment()).records.at(0);
  EXPECT_EQ(r.kind, spool_kind::gap);
  EXPECT_EQ(r.operation, "trades");
  auto details = read_gap_details(r.arguments);
  EXPECT_EQ(details.symbol, "BTC/USDT");
  EXPECT_EQ(details.first_missing, 17);
  EXPECT_EQ(details.last_missing, 23);
}

TEST(RawRecorder, ReadsSegmentsOfTheVersionBefore) {
  recorder_fixture f;
  // Written by the first version: no operation, no arguments, one lane for all.
  auto bytes = from_hex("445256524157310a"
                        "44525731" "85a0ac45" "05000000" "0500" "c800" "2a00000000000000" "40420f0000000000" "00" "0c" "02" "00"
                        "62696e616e63652e72657374" "474554202f" "3137" "68656c6c6f");
  ASSERT_TRUE(bytes);
  // The checksum over everything behind it.
  auto sum = crc32c(std::string_view(*bytes).substr(16));
  for (std::size_t i = 0; i < 4; ++i) (*bytes)[12 + i] = static_cast<char>(sum >> (8 * i));
  f.files.contents["/spool/raw-00000000000000000007.seg"] = *bytes;
  f.open();
  f.recorder->record({raw_kind::rest_response, "binance.rest", "GET /", "17", 200, "next"});
  f.start();
  f.turn_until([&] { return f.rows.records.size() == 3; });
  EXPECT_EQ(f.rows.records[0].body, "hello");
  EXPECT_EQ(f.rows.records[0].endpoint, "GET /");
  EXPECT_EQ(f.rows.records[0].account, "17");
  EXPECT_EQ(f.rows.records[0].status, 200);
  EXPECT_EQ(f.rows.records[0].sequence, 42u);
  EXPECT_EQ(f.rows.records[2].sequence, 44u);
  EXPECT_EQ(f.rows.records[2].body, "next");
}

TEST(RawRecorder, LetsNoBacklogStandInTheWayOfAnotherExchange) {
  recorder_fixture f;
  f.config.segment_limit_bytes = 1000;
  f.rows.away = true;
  f.open();
  f.start();
  constexpr int backlog = 2000;
  for (int i = 0; i < backlog; ++i) f.frame(std::string(100, 'x'), "okx.market");
  f.timers.advance(f.io, 1s);
  f.rows.away = false;
  f.rows.timers = &f.timers;
  f.rows.takes = 10ms;
  f.frame("live", "binance.market");
  std::size_t before = 0;
  f.turn_until([&] {
    auto found = std::ranges::find(f.rows.records, "binance.market", &spool_record::stream);
    before = static_cast<std::size_t>(found - f.rows.records.begin());
    return found != f.rows.records.end();
  });
  // Segments of seven records for half a second, which is when a calm lane is copied, and two on the way.
  EXPECT_LT(before, 450u);
  f.turn_until([&] { return f.rows.records.size() == backlog + 1; });
}

TEST(RawRecorder, DropsTheFloodingExchangeFirst) {
  recorder_fixture f;
  f.config.spool_limit_bytes = 100'000;
  f.config.segment_limit_bytes = 10'000;
  f.rows.away = true;
  f.open();
  f.frame("calm", "binance.market");
  for (int i = 0; i < 1000; ++i) f.frame(std::string(100, 'x'), "okx.market");
  EXPECT_GT(f.recorder->get_statistics().dropped, 100u);
  f.frame("still heard", "binance.market");
  f.rows.away = false;
  f.start();
  f.turn_until([&] { return std::ranges::count(f.rows.records, "binance.market", &spool_record::stream) == 2; });
}

TEST(RawRecorder, NeverSyncsAFileAgainThatTheDiskRefused) {
  recorder_fixture f;
  f.rows.away = true;
  f.open();
  f.start();
  f.frame("before");
  f.files.fail_syncs = 1;
  f.turn_until([&] { return f.recorder->get_statistics().sync_failures == 1; });
  auto segments = f.files.names_with(".seg");
  ASSERT_EQ(segments.size(), 1u);
  f.frame("after");
  f.turn_until([&] { return f.files.syncs_of(f.files.names_with(".seg").back()) > 0; });
  EXPECT_EQ(f.files.names_with(".seg").size(), 2u);
  EXPECT_EQ(f.files.syncs_of(segments[0]), 1);
  f.rows.away = false;
  f.turn_until([&] { return f.rows.records.size() == 2; });
  EXPECT_EQ(f.stored_bodies(), (texts{"before", "after"}));
}

TEST(RawRecorder, SyncsWithinItsInterval) {
  recorder_fixture f;
  f.rows.away = true;
  f.open();
  f.start();
  f.timers.advance(f.io, 1ms);
  f.frame("x");
  auto name = f.files.names_with(".seg").at(0);
  auto began = f.timers.get_clock().now();
  f.turn_until([&] { return f.files.syncs_of(name) == 1; });
  EXPECT_LE(f.timers.get_clock().now() - began, 250ms);
}

TEST(RawRecorder, DropsOldDaysOnceADayOnlyWhenAsked) {
  recorder_fixture f;
  f.config.retention_days = 30;
  f.config.sync_interval = f.config.copy_interval = 10min;
  f.open();
  f.start();
  auto began = f.timers.get_clock().wall_now();
  f.turn_until([&] { return !f.rows.drops.empty(); });
  for (int i = 0; i < 60; ++i) f.timers.advance(f.io, 1h);
  ASSERT_EQ(f.rows.drops.size(), 3u);
  EXPECT_LT(began - std::chrono::days(30) - f.rows.drops[0], 1s);
  f.stop();
  f.config.retention_days = 0;
  f.rows.drops.clear();
  f.open();
  f.start();
  for (int i = 0; i < 60; ++i) f.timers.advance(f.io, 1h);
  EXPECT_TRUE(f.rows.drops.empty());
}

TEST(RawRecorder, WritesNoSecret) {
  constexpr std::string_view canary = "CANARY7f3a9c";
  const std::string c(canary);
  struct sample {
    std::string stream, operation, body;
  };
  const std::vector<sample> samples{
      {"binance.rest", "stream_access", R"({"listenKey":")" + c + R"(x"})"},
      {"kucoin.rest", "stream_access", R"({"code":"200000","data":{"token":")" + c + R"(==","instanceServers":[]}})"},
      {"kraken.rest", "stream_access", R"({"error":[],"result":{"token": ")" + c + R"(","expires":900}})"},
      {"any.rest", "keep_stream_access", R"({"new":["abcdefghijk)" + c + R"("]})"},
      {"any.rest", "keep_stream_access", R"({"abcdefghijk)" + c + R"(":1})"},
      {"bybit.rest", "permissions", R"({"result":{"apiKey":")" + c + R"(","note":"n","secret":"","readOnly":0}})"},
      {"gate.rest", "permissions", R"({"key":")" + c + R"(","mode":1})"},
      {"binance.user", "", R"({"id":1,"status":200,"result":{"apiKey":")" + c + R"(","x":1}})"},
      {"binance.user", "", R"({"e":"listenKeyExpired","listenKey":")" + c},
      {"mexc.rest", "balances", "<html>The requested URL /api/v3/account?timestamp=1&signature=" + c + "&recvWindow=5 was refused</html>"},
      {"mexc.rest", "balances", R"({"request":"{\"passphrase\":\")" + c + R"(\",\"a\":1}"})"},
      {"okx.rest", "", "OK-ACCESS-SIGN: " + c + "\nAuthorization: Bearer " + c + "\r\n"},
  };
  recorder_fixture f;
  f.open();
  for (const auto& s : samples)
    f.recorder->record({s.stream.ends_with(".user") ? raw_kind::ws_frame : raw_kind::rest_response, s.stream, "POST /x?signature=" + c, "17",
                        200, s.body, s.operation, ""});
  f.recorder->record_gap("binance.user", {}, {}, "cannot connect to wss://x/?token=" + c + "&a=1");
  for (const auto& [name, bytes] : f.files.contents) {
    auto at = bytes.find(canary);
    EXPECT_EQ(at, std::string::npos) << bytes.substr(at == std::string::npos ? 0 : at - std::min<std::size_t>(at, 60), 120);
  }
  f.start();
  f.turn_until([&] { return f.stored_bodies().size() == samples.size(); });
  for (const auto& r : f.rows.records) EXPECT_EQ(r.body.find(canary), std::string::npos) << r.body;
  auto bodies = f.stored_bodies();
  EXPECT_NE(std::ranges::find(bodies, R"({"listenKey":"***"})"), bodies.end());
  EXPECT_NE(std::ranges::find(bodies, R"({"result":{"apiKey":"***","note":"n","secret":"","readOnly":0}})"), bodies.end());
}

TEST(RawRecorder, ChangesNothingInWhatHoldsNoSecret) {
  recorder_fixture f;
  f.open();
  const std::vector<std::string> bodies{R"({"asset":"TOKEN","free":"1"})", R"({"sign":1,"token":null,"key":{"mode":1}})", "not json \xff\"", "",
                                        R"({"makerAllocation":"sign here","design":"=x"})"};
  for (const auto& body : bodies) f.frame(body, "binance.user", "17");
  const std::string tokens = R"({"token":"BTC"})";
  f.frame(tokens, "binance.market");
  std::vector<std::string> kept;
  for (auto& r : decode_segment(f.only_segment()).records) kept.push_back(r.body);
  auto expected = bodies;
  expected.push_back(tokens);
  EXPECT_EQ(kept, expected);
}

TEST(SpoolFormat, SurvivesAnyBytes) {
  seeded_random random(3);
  std::string whole(segment_head);
  for (int i = 0; i < 5; ++i)
    encode_record({spool_kind::ws_frame, "stream", "", "", "candles", "limit=1", static_cast<std::uint64_t>(i), {}, 0, "body"}, whole);
  for (int i = 0; i < 20'000; ++i) {
    auto damaged = whole;
    damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    damaged.resize(random.below(damaged.size() + 1));
    auto content = decode_segment(damaged);
    EXPECT_LE(content.records.size(), 5u);
    EXPECT_LE(content.good_bytes, damaged.size());
  }
}

}  // namespace
}  // namespace drover::exchanges
