#include "base/postgres.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "base/task_scope.hpp"
#include "tests/integration/base/pool.hpp"

namespace drover {
namespace {

using test::pool;
using test::test_database;

TEST(Database, AnswersValuesAndMapsRefusals) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config());
  EXPECT_EQ(p.query("SELECT 40 + 2").value(), "42");
  ASSERT_TRUE(p.query("CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, n int CONSTRAINT t_n CHECK (n > 0))"));
  ASSERT_TRUE(p.query("INSERT INTO t VALUES (1, 1)"));
  const auto twice = p.query("INSERT INTO t VALUES (1, 1)");
  EXPECT_EQ(twice.error().code, db_errc::unique_violation);
  EXPECT_EQ(twice.error().detail, "t_key");
  const auto check = p.query("INSERT INTO t VALUES (2, 0)");
  EXPECT_EQ(check.error().code, db_errc::constraint_violation);
  EXPECT_EQ(check.error().detail, "t_n");
  EXPECT_EQ(p.query("DO $$ BEGIN RAISE EXCEPTION 'no more' USING ERRCODE = 'DR001'; END $$").error().code, db_errc::refused);
  // A full disk and one that fails are the server's trouble, which passes: what waits to be booked is written again.
  for (const std::string state : {"53100", "58030"})
    EXPECT_EQ(p.query("DO $$ BEGIN RAISE EXCEPTION 'disk' USING ERRCODE = '" + state + "'; END $$").error().code, db_errc::unavailable) << state;
  EXPECT_EQ(p.query("SELECT nonsense").error().code, db_errc::broken);
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
}

TEST(Database, BoundsEveryStatement) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config();
  config.statement_timeout = 50ms;
  pool p(config);
  EXPECT_EQ(p.query("SELECT pg_sleep(10)").error().code, db_errc::timed_out);
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
}

TEST(Database, ConnectionsDoNotNoticeThatTheirIdleBackendWasTerminated) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config(1));
  const auto pid = p.query("SELECT pg_backend_pid()").value();
  ASSERT_EQ(scratch.sql("SELECT pg_terminate_backend(" + pid + ", 5000)"), "t");
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
  EXPECT_NE(p.query("SELECT pg_backend_pid()").value(), pid);
}

TEST(Database, AJobWhoseBackendIsTerminatedIsUnavailable) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config(1));
  EXPECT_EQ(p.query("SELECT pg_terminate_backend(pg_backend_pid())").error().code, db_errc::unavailable);
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
  EXPECT_EQ(p.db->get_statistics().open, 1u);
}

/// The server dies between COMMIT and its answer.
TEST(Database, ACommitWithoutAnswerIsInDoubt) {
  test_database scratch(test_database::schema::empty);
  scratch.sql("CREATE TABLE t (id int); "
              "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
              "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END'; "
              "CREATE CONSTRAINT TRIGGER dying AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
  pool p(scratch.config(1));
  auto insert = [](pqxx::connection_base& c) {
    pqxx::work tx(c);
    tx.exec("INSERT INTO t VALUES (1)");
    tx.commit();
  };
  const auto outcome = test::run(p.io, p.db->run("insert", insert));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, db_errc::in_doubt);
  EXPECT_EQ(p.query("SELECT count(*) FROM t").value(), "0");
}

/// The backend neither answers nor closes: what a frozen machine looks like.
TEST(Database, AFrozenBackendCostsOneJobNotAWorker) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config(1);
  config.job_limit = 300ms;
  pool p(config);
  const auto backend = static_cast<pid_t>(std::stoi(p.query("SELECT pg_backend_pid()").value()));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  const auto hung = p.query("SELECT 1");
  kill(backend, SIGCONT);
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, db_errc::unavailable);
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
}

TEST(Database, PreparesOncePerConnection) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config(1));
  for (int i = 0; i < 3; ++i) {
    auto work = [i](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      return tx.exec_prepared(prepared(c, "twice", "SELECT 2 * $1::int"), i)[0][0].as<int>();
    };
    EXPECT_EQ(test::run(p.io, p.db->run("twice", work)).value(), 2 * i);
  }
  EXPECT_EQ(p.query("SELECT count(*) FROM pg_prepared_statements").value(), "1");
}

TEST(Database, KeepsNoSessionStateOfAFailedJob) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config(1));
  auto work = [](pqxx::connection_base& c) {
    pqxx::work tx(c);
    tx.exec("SET LOCAL statement_timeout = 1");
    tx.exec("SELECT nonsense");
  };
  EXPECT_EQ(test::run(p.io, p.db->run("failing", work)).error().code, db_errc::broken);
  EXPECT_EQ(p.query("SHOW statement_timeout").value(), "5s");
}

TEST(Database, AnUnreachableServerIsUnavailable) {
  database_config config;
  config.url = "host=/nonexistent dbname=x";
  pool p(config);
  EXPECT_EQ(p.query("SELECT 1").error().code, db_errc::unavailable);
  EXPECT_EQ(run_blocking(config, [](pqxx::connection_base&) {}).error().code, db_errc::unavailable);
}

task<void> run_into(database& db, std::string sql, std::vector<result<void>>& out) {
  auto work = [sql](pqxx::connection_base& c) {
    pqxx::nontransaction tx(c);
    tx.exec(sql);
  };
  auto done = co_await db.run("query", std::move(work));
  out.push_back(std::move(done));
}

TEST(Database, RefusesMoreWaitersThanItsLimit) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config(1);
  config.queue_limit = 2;
  pool p(config);
  std::vector<result<void>> out;
  task_scope scope(p.io.get_executor(), "scope");
  for (int i = 0; i < 8; ++i) scope.spawn("query", run_into(*p.db, "SELECT pg_sleep(0.2)", out));
  p.io.run();
  ASSERT_EQ(out.size(), 8u);
  const auto refused = std::count_if(out.begin(), out.end(), [](const auto& r) { return !r && r.error().code == errc::overloaded; });
  EXPECT_GE(refused, 4);
  EXPECT_LE(refused, 6);
}

TEST(Database, RefusesAJobThatWaitedTooLongWhileTheConnectionIsBusy) {
  test_database scratch(test_database::schema::empty);
  auto config = scratch.config(1);
  config.queue_timeout = 50ms;
  pool p(config);
  std::vector<result<void>> out;
  task_scope scope(p.io.get_executor(), "scope");
  scope.spawn("long", run_into(*p.db, "SELECT pg_sleep(1)", out));
  scope.spawn("waiting", run_into(*p.db, "SELECT 1", out));
  p.io.run();
  ASSERT_EQ(out.size(), 2u);
  ASSERT_FALSE(out[0]) << "the waiting job was answered only after the long one";
  EXPECT_EQ(out[0].error().code, db_errc::timed_out);
  EXPECT_TRUE(out[1]);
}

}  // namespace
}  // namespace drover
