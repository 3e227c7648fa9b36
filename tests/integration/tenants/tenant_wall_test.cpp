#include <pqxx/pqxx>

#include "tenants/postgres_tenant_scope_detail.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// Tables behind the wall that have a row of Alice's and one of Bob's here.
const std::vector<std::string> walled{"user_data_keys", "user_exchanges", "earnings", "earning_totals",
                                      "bots",           "order_intents",  "fills",    "positions"};

/// Statements without any condition on the user, as a mistake would leave them, by the engine's login.
class TenantWall : public postgres_suite {
protected:
  TenantWall() {
    alice_ = add_user("alice").id;
    bob_ = add_user("bob").id;
    for (const auto user : {alice_, bob_}) {
      const auto account = add_account(user, "key of " + std::to_string(user.value)).id;
      const auto u = std::to_string(user.value), a = std::to_string(account.value);
      sql("INSERT INTO earnings (user_id, account_id, source, asset, amount, at, cause_kind, cause_id) VALUES (" + u +
          ", " + a + ", 'trading', 'USDT', 1, now(), 'test', " + u +
          "); "
          "INSERT INTO bots (user_id, account_id, strategy, symbol) VALUES (" +
          u + ", " + a +
          ", 'grid', 'BTC/USDT'); "
          "INSERT INTO order_intents (id, account_id, user_id, exchange_name, symbol, side, type, tif, price, "
          "quantity, tag, created_at, dead_after) "
          "VALUES (gen_random_uuid(), " +
          a + ", " + u +
          ", 'paper', 'BTC/USDT', 'buy', 'limit', 'gtc', 1, 1, 't', now(), now() + interval '1 s'); "
          "INSERT INTO fills (account_id, user_id, symbol, trade_id, venue_order_id, side, price, quantity, fee, "
          "fee_asset, maker, quote_asset, at) "
          "VALUES (" +
          a + ", " + u +
          ", 'BTC/USDT', '1', 'v', 'buy', 1, 1, 0, 'USDT', true, 'USDT', now()); "
          "INSERT INTO positions (account_id, symbol) VALUES (" +
          a + ", 'BTC/USDT')");
    }
  }
  /// The first value that a statement answers on behalf of `user`, and an error as text.
  std::string as(user_id user, const std::string& statement) {
    std::string out;
    auto done = run_blocking(stores_.raw().config(1), [&](pqxx::connection_base& c) {
      pqxx::work tx(c);
      act_for(tx, user);
      const auto rows = tx.exec(statement);
      out = rows.empty() || rows[0].size() == 0 ? std::to_string(rows.affected_rows()) : text_of(rows[0][0]);
      tx.commit();
    });
    return done ? out : done.error().to_string();
  }
  db_errc refusal_of(user_id user, const std::string& statement) {
    auto done = run_blocking(stores_.raw().config(1), [&](pqxx::connection_base& c) {
      pqxx::work tx(c);
      act_for(tx, user);
      tx.exec(statement);
      tx.commit();
    });
    EXPECT_FALSE(done) << statement;
    return done ? db_errc::broken : static_cast<db_errc>(done.error().code.value());
  }

  user_id alice_, bob_;
};

TEST_F(TenantWall, StatementsWithoutAConditionSeeTheUsersOwnRows) {
  for (const auto& table : walled) {
    EXPECT_EQ(sql("SELECT count(*) FROM " + table), "2") << table;
    EXPECT_EQ(as(alice_, "SELECT count(*) FROM " + table), "1") << table;
    if (table != "positions")
      EXPECT_EQ(as(bob_, "SELECT max(user_id) FROM " + table), std::to_string(bob_.value)) << table;
  }
}

TEST_F(TenantWall, WithoutAUserNothingIsThere) {
  for (const auto& table : walled) EXPECT_EQ(as(user_id(), "SELECT count(*) FROM " + table), "0") << table;
  EXPECT_EQ(as(user_id(), "SELECT set_config('drover.user_id', '', true)"), "");
  for (const auto& table : walled)
    EXPECT_EQ(as(alice_, "SELECT set_config('drover.user_id', '', true); SELECT count(*) FROM " + table), "0") << table;
}

TEST_F(TenantWall, ChangesWithoutAConditionReachTheUsersOwnRows) {
  EXPECT_EQ(as(alice_, "UPDATE user_exchanges SET label = 'mine'"), "1");
  EXPECT_EQ(as(alice_, "UPDATE bots SET name = 'mine'"), "1");
  EXPECT_EQ(sql("SELECT count(*) FROM bots WHERE name = 'mine' AND user_id = " + std::to_string(bob_.value)), "0");
}

TEST_F(TenantWall, RowsInAnothersNameAreRefused) {
  const auto bob = std::to_string(bob_.value);
  const auto account = sql("SELECT id FROM user_exchanges WHERE user_id = " + bob);
  for (const auto& statement : {"INSERT INTO bots (user_id, account_id, strategy, symbol) VALUES (" + bob + ", " +
                                    account + ", 'grid', 'ETH/USDT')",
                                "UPDATE bots SET user_id = " + bob, "UPDATE user_exchanges SET user_id = " + bob,
                                "INSERT INTO user_data_keys (user_id, dek_id, wrapped) VALUES (" + bob + ", 'd', 'w')",
                                "INSERT INTO audit_events (actor, action, object) VALUES (" + bob + ", 'a', 'b')",
                                std::string("INSERT INTO audit_events (action, object) VALUES ('a', 'b')")})
    EXPECT_EQ(refusal_of(alice_, statement), db_errc::permission_denied) << statement;
}

TEST_F(TenantWall, WhatIsNoTenantsBusinessIsNotThereAtAll) {
  for (const auto* statement :
       {"SELECT password_hash FROM users", "SELECT * FROM audit_events", "SELECT * FROM engine_meta",
        "SELECT * FROM master_keys", "SELECT * FROM raw_records", "SELECT * FROM credential_versions",
        "DELETE FROM bots", "UPDATE order_intents SET state = 'closed'", "INSERT INTO earnings DEFAULT VALUES",
        "SELECT wall_off('users', 'true')"})
    EXPECT_EQ(refusal_of(alice_, statement), db_errc::permission_denied) << statement;
}

TEST_F(TenantWall, OfOtherUsersNothingIsSeenButTheNamesOfAdministrators) {
  add_user("root", role::admin);
  EXPECT_EQ(as(alice_, "SELECT string_agg(username, ' ' ORDER BY username) FROM users"), "alice root");
}

TEST_F(TenantWall, NothingOfItOutlivesTheTransaction) {
  auto pool = make_database(stores_.raw().config(1), system_clock());
  const auto look = [](pqxx::connection_base& c) {
    pqxx::nontransaction tx(c);
    const auto row = tx.exec1(
        "SELECT current_user = session_user, coalesce(current_setting('drover.user_id', true), ''), (SELECT count(*) "
        "FROM bots)");
    return text_of(row[0]) + "," + text_of(row[1]) + "," + text_of(row[2]);
  };
  for (const bool fails : {false, true}) {
    auto job = [user = alice_, fails](pqxx::connection_base& c) {
      pqxx::work tx(c);
      act_for(tx, user);
      tx.exec(fails ? "SELECT 1 / 0" : "SELECT 1");
      tx.commit();
    };
    EXPECT_EQ(wait(pool->run("scoped", std::move(job))).has_value(), !fails);
    auto after = look;
    EXPECT_EQ(wait(pool->run("after", std::move(after))).value(), "t,,2");
  }
}

/// A migration that adds a table of users' rows either puts it behind the wall or says here why not.
TEST_F(TenantWall, EveryTableOfUsersRowsIsBehindIt) {
  // Rooms are shared by their members: their statements run as drover_app.
  const std::string shared = "'copy_members', 'copy_receipts', 'copy_rooms'";
  EXPECT_EQ(sql("SELECT string_agg(DISTINCT c.relname, ' ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname IN "
                "('user_id', 'account_id', 'owner_id', 'lead_id') "
                "AND NOT (c.relrowsecurity AND c.relforcerowsecurity) AND c.relname NOT IN (" +
                shared + ")"),
            "");
}

TEST_F(TenantWall, HoldsForTheOwnerOfTheTablesToo) {
  EXPECT_EQ(sql("SELECT count(*) FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM pg_policy p WHERE polname = 'of_owner' AND polroles <> ARRAY[(SELECT relowner "
                "FROM pg_class WHERE oid = polrelid)]"),
            "0");
}

}  // namespace
}  // namespace drover::tenants
