#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/task_scope.hpp"
#include "tests/support/postgres.hpp"

namespace drover {
namespace {

using test::test_database;

constexpr std::int64_t key = 4711;
/// Holders in this test's own database: the cluster has others.
const std::string holders =
    " FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const std::string end_holder = "SELECT pg_terminate_backend(pid)" + holders;

task<void> keep_error(task<error> work, std::optional<error>& out) { out = co_await std::move(work); }

class DatabaseLock : public testing::Test {
 protected:
  log_capture quiet;
  test_database scratch{test_database::schema::empty};
  asio::io_context io{1};
  std::unique_ptr<timer_queue> timers = make_timer_queue(io.get_executor(), system_clock());
  std::unique_ptr<database_lock> mine = make_database_lock(scratch.config(), *timers, key);
  std::unique_ptr<database_lock> theirs = make_database_lock(scratch.config(), *timers, key);
  task_scope scope{io.get_executor(), "scope"};
};

TEST_F(DatabaseLock, OnlyOneHasItUntilItsConnectionEnds) {
  ASSERT_TRUE(mine->acquire(0ms));
  auto second = theirs->acquire(200ms);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, make_error_code(db_errc::refused));
  mine.reset();
  EXPECT_TRUE(theirs->acquire(2s));
}

TEST_F(DatabaseLock, ALostLockIsTakenAgain) {
  ASSERT_TRUE(mine->acquire(0ms));
  std::optional<error> lost;
  scope.spawn("watch", keep_error(mine->watch(), lost));
  io.run_for(100ms);
  scratch.sql(end_holder);
  for (int i = 0; i < 50 && io.run_for(100ms) > 0; ++i)
    if (scratch.sql("SELECT count(*)" + holders) == "1") break;
  EXPECT_FALSE(theirs->acquire(0ms));
  EXPECT_FALSE(lost);
  scope.stop();
  io.run_for(2s);
}

TEST_F(DatabaseLock, WhoeverFindsItTakenIsTold) {
  ASSERT_TRUE(mine->acquire(0ms));
  scratch.sql(end_holder);
  ASSERT_TRUE(theirs->acquire(2s));
  std::optional<error> lost;
  scope.spawn("watch", keep_error(mine->watch(), lost));
  io.run_for(10s);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->code, make_error_code(db_errc::refused));
}

}  // namespace
}  // namespace drover
