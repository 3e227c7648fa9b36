#include "tenants/meta/database_roles.hpp"

#include <pqxx/pqxx>

#include "base/migrations.hpp"
#include "base/random.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// What the login of the engine may do, and who may not be it.
class DatabaseRoles : public postgres_suite {
protected:
  DatabaseRoles() {
    alice_ = add_user("alice").id;
    add_account(alice_, "k1");
  }
  ~DatabaseRoles() override {
    if (!made_.empty()) sql("DROP OWNED BY " + made_ + "; DROP ROLE " + made_);
  }
  /// A login of its own, gone with the test.
  database_config config_of(const std::string& options) {
    made_ = "drover_test_" + system_random().hex(6);
    sql("CREATE ROLE " + made_ + " LOGIN " + options);
    auto config = stores_.raw().config(1);
    config.url = test::with_login(stores_.raw().url(), made_);
    return config;
  }
  result<void> as(const database_config& config, const std::string& statement) {
    return run_blocking(config, [&](pqxx::connection_base& c) {
      pqxx::work tx(c);
      tx.exec(statement);
      tx.commit();
    });
  }
  void expect_denied(const database_config& config, const std::string& statement) {
    const auto done = as(config, statement);
    ASSERT_FALSE(done) << statement;
    EXPECT_EQ(done.error().code, db_errc::permission_denied) << statement << ": " << done.error().to_string();
  }
  void expect_refused(const database_config& config, const std::string& why) {
    const auto checked = check_login(config);
    ASSERT_FALSE(checked) << why;
    EXPECT_EQ(checked.error().code, db_errc::permission_denied);
    EXPECT_NE(checked.error().detail.find(why), std::string::npos) << checked.error().detail;
    EXPECT_NE(checked.error().detail.find("engine db roles"), std::string::npos);
  }

  std::string made_;
  user_id alice_;
};

TEST_F(DatabaseRoles, TheEngineCannotRewriteHistory) {
  const auto engine = stores_.raw().config(1);
  for (const std::string table :
       {"audit_events", "audit_chain", "audit_heads", "audit_keys", "credential_versions", "ledger_transactions",
        "ledger_postings", "earnings", "copy_receipts", "raw_records", "schema_migrations"})
    for (const auto& statement : {"DELETE FROM " + table, "TRUNCATE " + table, "DROP TABLE " + table,
                                  "ALTER TABLE " + table + " DISABLE TRIGGER USER"})
      expect_denied(engine, statement);
  expect_denied(engine, "UPDATE audit_events SET action = 'x'");
  expect_denied(engine, "UPDATE raw_records SET body = ''");
  expect_denied(engine, "UPDATE ledger_postings SET amount = 1");
  expect_denied(engine, "INSERT INTO audit_chain (seq, event_id, hash) VALUES (99, 1, sha256(''))");
  expect_denied(engine, "SET session_replication_role = replica");
}

TEST_F(DatabaseRoles, WhatWasIntendedAndTradedStays) {
  const auto engine = stores_.raw().config(1);
  for (const auto* change : {"price = 1", "quantity = 1", "account_id = 1", "created_at = now()"})
    expect_denied(engine, std::string("UPDATE order_intents SET ") + change);
  expect_denied(engine, "UPDATE fills SET price = 1");
  for (const auto* table : {"order_intents", "fills", "positions", "users", "user_exchanges"})
    expect_denied(engine, std::string("DELETE FROM ") + table);
  EXPECT_TRUE(as(engine, "UPDATE order_intents SET state = 'unknown' WHERE false"));
}

TEST_F(DatabaseRoles, TheEngineHasNoDdl) {
  const auto engine = stores_.raw().config(1);
  for (const auto* statement :
       {"CREATE TABLE mine (x int)", "ALTER TABLE users ADD COLUMN x int", "DROP FUNCTION chain_audit_event() CASCADE",
        "CREATE ROLE mine", "SELECT settle_privileges()", "TRUNCATE users CASCADE"})
    expect_denied(engine, statement);
}

TEST_F(DatabaseRoles, ReportsReadEverythingButSecretsAndChangeNothing) {
  const auto reports = config_of("IN ROLE drover_reader");
  for (const auto* statement : {"SELECT * FROM audit_events", "SELECT username, role FROM users",
                                "SELECT label FROM user_exchanges", "SELECT * FROM fills"})
    EXPECT_TRUE(as(reports, statement)) << statement;
  for (const auto* statement :
       {"SELECT password_hash FROM users", "SELECT api_secret FROM user_exchanges", "SELECT * FROM user_data_keys",
        "SELECT * FROM engine_meta", "INSERT INTO audit_events (action, object) VALUES ('a', 'b')",
        "UPDATE bots SET name = ''", "DELETE FROM earnings"})
    expect_denied(reports, statement);
}

TEST_F(DatabaseRoles, TheLoginOfTheEngineIsTaken) {
  EXPECT_TRUE(check_login(stores_.raw().config(1)));
}

TEST_F(DatabaseRoles, ASuperuserIsRefused) {
  expect_refused(stores_.raw().owner_config(), "is a superuser");
}

TEST_F(DatabaseRoles, WhoBypassesRowSecurityIsRefused) {
  expect_refused(config_of("BYPASSRLS IN ROLE drover_app, drover_tenant"), "bypasses row-level security");
}

TEST_F(DatabaseRoles, WhoMakesRolesIsRefused) {
  expect_refused(config_of("CREATEROLE IN ROLE drover_app, drover_tenant"), "may make roles");
}

TEST_F(DatabaseRoles, TheOwnerOfATableIsRefused) {
  const auto owner = config_of("IN ROLE drover_app, drover_tenant");
  sql("CREATE TABLE spare (x int); ALTER TABLE spare OWNER TO " + made_);
  expect_refused(owner, "owns the tables");
}

TEST_F(DatabaseRoles, WhoIsInNoGroupIsRefused) {
  expect_refused(config_of(""), "is not a member");
}

TEST_F(DatabaseRoles, SettlingPrivilegesTwiceChangesNothing) {
  const auto picture =
      "SELECT md5(string_agg(relname || coalesce(relacl::text, ''), ' ' ORDER BY relname)) FROM pg_class "
      "WHERE relnamespace = 'public'::regnamespace";
  const auto before = sql(picture);
  EXPECT_EQ(migrate_up(stores_.raw().owner_config(), test::migrations_folder()).value(), 0);
  EXPECT_EQ(sql(picture), before);
}

TEST(DatabaseRolesSql, NamesEveryLoginAndQuotesIt) {
  const auto sql = make_roles_sql("host=/x dbname=my'db user=the\"engine", "postgresql://owner@/my'db").value();
  EXPECT_NE(sql.find("'my''db'"), std::string::npos);
  EXPECT_NE(sql.find("'the\"engine'"), std::string::npos);
  EXPECT_NE(sql.find("\\connect \"my'db\""), std::string::npos);
}

TEST(DatabaseRolesSql, RefusesUrlsThatNameNoTwoLogins) {
  for (const auto& [engine, owner] :
       std::vector<std::pair<std::string, std::string>>{{"host=/x dbname=d", "host=/x dbname=d user=o"},
                                                        {"host=/x user=e", "host=/x user=o"},
                                                        {"dbname=d user=e", "dbname=d user=e"},
                                                        {"dbname=d user=e", "dbname=x user=o"},
                                                        {"nonsense", "dbname=d user=o"}})
    EXPECT_EQ(make_roles_sql(engine, owner).error().code, errc::malformed) << engine << ", " << owner;
}

}  // namespace
}  // namespace drover::tenants
