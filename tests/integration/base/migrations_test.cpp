#include "base/migrations.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <thread>

#include "base/random.hpp"
#include "tests/support/postgres.hpp"

namespace drover {
namespace {

class Migrations : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("drover-migrations-" + system_random().hex(6));
    std::filesystem::create_directories(folder_);
    write("0001_one.sql", "CREATE TABLE one (id int);");
    write("0002_two.sql", "CREATE TABLE two (id int); INSERT INTO two VALUES (2);");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& sql) { std::ofstream(folder_ / name) << sql; }

  std::filesystem::path folder_;
  test::test_database scratch_{test::test_database::schema::empty};
};

TEST_F(Migrations, AppliesWhatIsMissingOnce) {
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).value(), 2);
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).value(), 0);
  write("0003_three.sql", "CREATE TABLE three (id int);");
  EXPECT_FALSE(migration_status(scratch_.config(), folder_).value()[2].applied);
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).value(), 1);
  EXPECT_TRUE(migration_status(scratch_.config(), folder_).value()[2].applied);
}

TEST_F(Migrations, AFailingFileLeavesNothingBehind) {
  write("0003_bad.sql", "CREATE TABLE three (id int); SELECT nonsense;");
  const auto failed = migrate_up(scratch_.config(), folder_);
  EXPECT_EQ(failed.error().code, migration_errc::failed);
  EXPECT_NE(failed.error().detail.find("0003_bad"), std::string::npos);
  EXPECT_EQ(scratch_.sql("SELECT to_regclass('three') IS NULL"), "t");
  EXPECT_EQ(scratch_.sql("SELECT count(*) FROM schema_migrations"), "2");
}

TEST_F(Migrations, RefusesEditedGapsStrangersAndNewerDatabases) {
  ASSERT_TRUE(migrate_up(scratch_.config(), folder_));
  write("0002_two.sql", "CREATE TABLE two (id bigint);");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, migration_errc::edited);
  std::filesystem::remove(folder_ / "0002_two.sql");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, migration_errc::newer_database);
  write("0003_three.sql", "SELECT 1;");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, migration_errc::bad_folder);
  std::filesystem::rename(folder_ / "0003_three.sql", folder_ / "three.sql");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, migration_errc::bad_folder);
}

TEST_F(Migrations, RefusesATableThatLostARow) {
  ASSERT_TRUE(migrate_up(scratch_.config(), folder_));
  scratch_.sql("DELETE FROM schema_migrations WHERE version = 1");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, migration_errc::edited);
  scratch_.sql("UPDATE schema_migrations SET version = -1");
  EXPECT_EQ(migration_status(scratch_.config(), folder_).error().code, migration_errc::edited);
}

TEST_F(Migrations, DoesNotWaitForeverForAnother) {
  pqxx::connection other(scratch_.url());
  pqxx::nontransaction tx(other);
  tx.exec("SELECT pg_advisory_lock(7236830)");
  auto config = scratch_.config();
  config.lock_timeout = 50ms;
  EXPECT_EQ(migrate_up(config, folder_).error().code, migration_errc::busy);
  tx.exec("SELECT pg_advisory_unlock(7236830)");
  EXPECT_EQ(migrate_up(config, folder_).value(), 2);
}

TEST_F(Migrations, AConnectionThatBreaksIsNotAFailedFile) {
  write("0003_dies.sql", "SELECT pg_terminate_backend(pg_backend_pid());");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).error().code, db_errc::unavailable);
  write("0003_dies.sql", "SELECT 1;");
  EXPECT_EQ(migrate_up(scratch_.config(), folder_).value(), 1);
}

TEST_F(Migrations, TwoAtOnceApplyEachFileOnce) {
  std::vector<result<int>> counts(4, 0);
  std::vector<std::thread> threads;
  for (auto& count : counts) threads.emplace_back([&] { count = migrate_up(scratch_.config(), folder_); });
  for (auto& thread : threads) thread.join();
  int sum = 0;
  for (auto& count : counts) {
    ASSERT_TRUE(count) << count.error().to_string();
    sum += *count;
  }
  EXPECT_EQ(sum, 2);
}

TEST_F(Migrations, TheRepositorysOwnApply) {
  EXPECT_GE(migrate_up(scratch_.config(), test::migrations_folder()).value(), 3);
}

}  // namespace
}  // namespace drover
