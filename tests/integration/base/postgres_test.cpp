#include "base/postgres.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <pqxx/pqxx>

#include "base/migrations.hpp"
#include "base/task_scope.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/postgres.hpp"

namespace drover {
namespace {

using test::test_database;

struct pool {
  explicit pool(database_config config) : db(make_database(std::move(config), system_clock())) {}
  asio::io_context io{1};
  std::unique_ptr<database> db;

  result<std::string> query(std::string sql) {
    auto work = [sql = std::move(sql)](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      auto rows = tx.exec(sql);
      return rows.empty() || rows[0].size() == 0 ? std::string() : rows[0][0].as<std::string>("");
    };
    return test::run(io, db->run("query", std::move(work)));
  }
};

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

TEST(Database, RecoversFromATerminatedBackend) {
  test_database scratch(test_database::schema::empty);
  pool p(scratch.config(1));
  const auto pid = p.query("SELECT pg_backend_pid()").value();
  scratch.sql("SELECT pg_terminate_backend(" + pid + ")");
  const auto lost = p.query("SELECT 1");
  if (!lost) {
    EXPECT_EQ(lost.error().code, db_errc::unavailable);
  }
  EXPECT_EQ(p.query("SELECT 1").value(), "1");
  EXPECT_NE(p.query("SELECT pg_backend_pid()").value(), pid);
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

TEST(Database, ListenerHearsAndReconnects) {
  test_database scratch(test_database::schema::empty);
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  std::vector<std::string> heard;
  int connected = 0;
  task_scope scope(io.get_executor(), "scope");
  auto on_notify = [&](std::string_view channel, std::string_view payload) {
    heard.push_back(std::string(channel) + ":" + std::string(payload));
    if (heard.size() == 1)
      scratch.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    else
      scope.stop();
  };
  auto on_connect = [&] {
    ++connected;
    scratch.sql("NOTIFY news, '" + std::to_string(connected) + "'");
  };
  auto listener = make_database_listener(scratch.config(), *timers, {"news"}, on_notify, on_connect);
  scope.spawn("listener", listener->run());
  io.run_for(20s);
  EXPECT_EQ(heard, (std::vector<std::string>{"news:1", "news:2"}));
  EXPECT_EQ(connected, 2);
}

}  // namespace
}  // namespace drover
