#include "base/postgres_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <map>
#include <vector>

#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover {
namespace {

using test::test_database;

/// A reader that serves, and the context of its askers.
struct reader_world {
  explicit reader_world(database_config config, bool wait_for_it = true) : reader(make_postgres_reader(std::move(config), *timers)) {
    scope.spawn("reader", reader->run());
    if (wait_for_it) until_serving();
  }
  ~reader_world() {
    scope.stop();
    test::run(io, scope.join());
  }

  result<std::string> read(std::string name, std::string sql, std::vector<std::string> parameters = {}) {
    return test::run(io, ask(std::move(name), std::move(sql), std::move(parameters)));
  }
  task<result<std::string>> ask(std::string name, std::string sql, std::vector<std::string> parameters) {
    auto rows = co_await reader->read(name, sql, parameters);
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->empty()) co_return "";
    const auto field = (*rows)[0][0];
    co_return field.is_null() ? std::string("null") : std::string(field.c_str(), field.size());
  }
  task<void> ask_into(std::string name, std::string sql, std::vector<std::string> parameters) {
    auto answer = co_await ask(std::move(name), std::move(sql), std::move(parameters));
    answers.push_back(std::move(answer));
  }
  void spawn(std::string name, std::string sql, std::vector<std::string> parameters = {}) {
    askers.spawn("ask", ask_into(std::move(name), std::move(sql), std::move(parameters)));
  }
  void until_answers(std::size_t count) {
    while (answers.size() < count && io.run_one_for(20s) > 0) {
    }
  }
  /// Until a read is answered by it: what it answers before is that the pool must be asked.
  void until_serving() {
    while (!read("ready", "SELECT 1") && io.run_one_for(20s) > 0) {
    }
  }

  const log_capture quiet;
  asio::io_context io{1};
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  std::unique_ptr<postgres_reader> reader;
  std::vector<result<std::string>> answers;
  task_scope scope{io.get_executor(), "reader"};
  task_scope askers{io.get_executor(), "askers"};
};

std::string backend_of(const test_database& scratch, const std::string& statement) {
  return scratch.sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%" + statement +
                     "%' AND pid <> pg_backend_pid()");
}

TEST(Reader, AnswersRowsNullsAndNothing) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  EXPECT_EQ(w.read("add", "SELECT $1::int + $2::int", {"40", "2"}).value(), "42");
  EXPECT_EQ(w.read("add", "SELECT $1::int + $2::int", {"1", "2"}).value(), "3");
  EXPECT_EQ(w.read("null", "SELECT NULL::text").value(), "null");
  EXPECT_EQ(w.read("none", "SELECT 1 WHERE false").value(), "");
  const std::array<std::string, 1> count{"3"};
  const auto rows = test::run(w.io, w.reader->read("many", "SELECT i, i * i FROM generate_series(1, $1::int) i", count));
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_STREQ((*rows)[2][1].c_str(), "9");
}

TEST(Reader, AsksForThePoolUntilItIsConnected) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config(), false);
  EXPECT_EQ(w.read("one", "SELECT 1").error().code, db_errc::unavailable);
  w.until_serving();
  EXPECT_EQ(w.read("one", "SELECT 1").value(), "1");
}

TEST(Reader, AnUnreachableServerIsUnavailableAtOnce) {
  database_config config;
  config.url = "host=/nonexistent dbname=x";
  reader_world w(config, false);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(w.read("one", "SELECT 1").error().code, db_errc::unavailable);
}

TEST(Reader, GivesEachOfManyItsOwnAnswer) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  constexpr int count = 5'000;
  // Long answers and long parameters: more than the sockets hold, in both directions.
  for (int i = 0; i < count; ++i)
    w.spawn("echo", "SELECT $1::text || repeat('x', 400) || length($2::text)", {std::to_string(i), std::string(400, 'y')});
  w.until_answers(count);
  ASSERT_EQ(w.answers.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(w.answers[static_cast<std::size_t>(i)].value(), std::to_string(i) + std::string(400, 'x') + "400");
}

TEST(Reader, AFailedStatementCostsItsBatchNotTheConnection) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  const auto backend = w.read("pid", "SELECT pg_backend_pid()").value();
  ASSERT_EQ(w.read("half", "SELECT 2 / $1::int", {"1"}).value(), "2");
  w.spawn("half", "SELECT 2 / $1::int", {"2"});
  w.spawn("half", "SELECT 2 / $1::int", {"0"});
  w.spawn("half", "SELECT 2 / $1::int", {"1"});
  w.spawn("new", "SELECT 7");
  w.until_answers(4);
  ASSERT_EQ(w.answers.size(), 4u);
  EXPECT_EQ(w.answers[0].value(), "1");
  EXPECT_EQ(w.answers[1].error().code, db_errc::broken);
  EXPECT_EQ(w.answers[2].error().code, db_errc::unavailable) << "the pool must be asked";
  EXPECT_EQ(w.answers[3].error().code, db_errc::unavailable);
  EXPECT_EQ(w.read("new", "SELECT 7").value(), "7") << "prepared again";
  EXPECT_EQ(w.read("pid", "SELECT pg_backend_pid()").value(), backend);
}

TEST(Reader, AStatementThatCannotBePreparedFailsAlone) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(w.read("nonsense", "SELECT nonsense"));
  EXPECT_EQ(w.read("one", "SELECT 1").value(), "1");
}

TEST(Reader, WritesNothing) {
  test_database scratch(test_database::schema::empty);
  scratch.sql("CREATE TABLE t (n int)");
  reader_world w(scratch.config());
  EXPECT_EQ(w.read("write", "INSERT INTO t VALUES (1) RETURNING n").error().code, db_errc::permission_denied);
  EXPECT_EQ(scratch.sql("SELECT count(*) FROM t"), "0");
}

TEST(Reader, BoundsEveryStatement) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config();
  config.statement_timeout = 50ms;
  reader_world w(config);
  EXPECT_EQ(w.read("long", "SELECT pg_sleep(10)").error().code, db_errc::timed_out);
  EXPECT_EQ(w.read("one", "SELECT 1").value(), "1");
}

TEST(Reader, RefusesMoreThanItsLimit) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config();
  config.queue_limit = 4;
  reader_world w(config);
  for (int i = 0; i < 12; ++i) w.spawn("ready", "SELECT 1");
  w.until_answers(12);
  ASSERT_EQ(w.answers.size(), 12u);
  std::size_t refused = 0;
  for (const auto& answer : w.answers) refused += !answer && answer.error().code == errc::overloaded;
  EXPECT_EQ(refused, 8u);
  EXPECT_EQ(w.read("ready", "SELECT 1").value(), "1");
}

TEST(Reader, ReconnectsAfterItsBackendWasTerminated) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  const auto backend = w.read("pid", "SELECT pg_backend_pid()").value();
  w.spawn("sleep", "SELECT pg_sleep(20)");
  w.spawn("pid", "SELECT pg_backend_pid()");
  while (backend_of(scratch, "pg_sleep(20)").empty()) w.io.run_one_for(50ms);
  ASSERT_EQ(scratch.sql("SELECT pg_terminate_backend(" + backend + ", 5000)"), "t");
  w.until_answers(2);
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[0].error().code, db_errc::unavailable);
  EXPECT_EQ(w.answers[1].error().code, db_errc::unavailable);
  w.until_serving();
  EXPECT_NE(w.read("pid", "SELECT pg_backend_pid()").value(), backend);
  EXPECT_NE(w.quiet.text().find("connection for hot reads is down"), std::string::npos);
}

/// The backend neither answers nor closes: what a frozen machine looks like.
TEST(Reader, AFrozenBackendCostsItsReadsATimeOut) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config();
  config.job_limit = 300ms;
  reader_world w(config);
  const auto backend = static_cast<pid_t>(std::stoi(w.read("pid", "SELECT pg_backend_pid()").value()));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  w.spawn("pid", "SELECT pg_backend_pid()");
  w.spawn("ready", "SELECT 1");
  w.until_answers(2);
  kill(backend, SIGCONT);
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[0].error().code, db_errc::timed_out);
  EXPECT_EQ(w.answers[1].error().code, db_errc::timed_out);
  w.until_serving();
  EXPECT_EQ(w.read("ready", "SELECT 1").value(), "1");
}

TEST(Reader, AnAskerThatLeavesDoesNotDisturbTheOthers) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  w.spawn("wait", "SELECT pg_sleep(0.05)::text || $1", {"gone"});
  while (backend_of(scratch, "pg_sleep(0.05)").empty()) w.io.run_one_for(50ms);
  w.askers.stop();
  test::run(w.io, w.askers.join());
  EXPECT_TRUE(w.answers.empty());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.read("echo", "SELECT $1::text", {std::to_string(i)}).value(), std::to_string(i));
}

TEST(Reader, StoppingAnswersWhatIsInFlight) {
  test_database scratch(test_database::schema::empty);
  reader_world w(scratch.config());
  w.spawn("sleep", "SELECT pg_sleep(20)");
  w.spawn("ready", "SELECT 1");
  while (backend_of(scratch, "pg_sleep(20)").empty()) w.io.run_one_for(50ms);
  w.scope.stop();
  w.until_answers(2);
  ASSERT_EQ(w.answers.size(), 2u);
  EXPECT_EQ(w.answers[0].error().code, errc::cancelled);
  EXPECT_EQ(w.answers[1].error().code, errc::cancelled);
  EXPECT_EQ(w.read("ready", "SELECT 1").error().code, db_errc::unavailable);
}

}  // namespace
}  // namespace drover
