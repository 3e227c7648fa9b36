#include "tenants/broker/broker_client_store.hpp"

#include <pqxx/pqxx>

#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// The broker's clients, on both stores.
class BrokerClientStore : public testing::TestWithParam<bool> {
protected:
  BrokerClientStore() {
    if (GetParam()) {
      database_ = std::make_unique<test::test_database>();
      pool_ = make_database(database_->config(2), system_clock());
      audit_ = make_postgres_audit_store(*pool_);
      store_ = make_postgres_broker_client_store(*pool_);
      database_->sql("INSERT INTO users (username, password_hash) VALUES ('alice', 'h')");
      const auto accounts = make_postgres_account_store(*pool_);
      wait(accounts->ensure_data_key(user_id(1), {.dek_id = "d", .wrapped = "w"})).value();
      for (int i = 1; i <= 3; ++i) {
        const auto id = wait(accounts->reserve_id()).value();
        EXPECT_EQ(id.value, i);
        new_account fresh{.user = user_id(1),
                          .exchange_name = "paper",
                          .label = "L",
                          .api_key_mask = "m",
                          .key_fingerprint = "f" + std::to_string(i)};
        sealed_credentials sealed{.account = id,
                                  .user = user_id(1),
                                  .exchange_name = "paper",
                                  .version = 1,
                                  .dek_id = {},
                                  .wrapped_dek = {},
                                  .api_key = "k",
                                  .api_secret = "s",
                                  .passphrase = {}};
        wait(accounts->create(std::move(fresh), std::move(sealed))).value();
      }
      wait(accounts->remove(user_id(1), account_id(3))).value();
    } else {
      audit_ = make_memory_audit_store(clock_);
      store_ = make_memory_broker_client_store(clock_, *audit_, [](account_id id) { return id.value <= 2; });
    }
  }
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  static new_broker_client fresh(std::string name, std::uint32_t uid = 1001) {
    const auto digit = static_cast<char>('0' + name.size());
    return {.name = std::move(name),
            .uid = uid,
            .accounts = {account_id(2), account_id(1), account_id(2)},
            .may_reveal = false,
            .calls_per_second = 7,
            .token_hash = std::string(64, digit)};
  }
  broker_client add(new_broker_client c) { return wait(store_->add(std::move(c))).value(); }
  static std::string names(const std::vector<broker_client>& clients) {
    std::string out;
    for (const auto& c : clients) out += (out.empty() ? "" : " ") + c.name;
    return out;
  }
  std::vector<audit_record> trail(std::string action) {
    return wait(audit_->list({.action = std::move(action)}, {})).value();
  }

  asio::io_context io_;
  test::manual_clock clock_;
  std::unique_ptr<test::test_database> database_;
  std::unique_ptr<database> pool_;
  std::unique_ptr<audit_store> audit_;
  std::unique_ptr<broker_client_store> store_;
};

TEST_P(BrokerClientStore, KeepsWhatItWasGivenAndPutsItOnRecord) {
  const auto made = add(fresh("reports"));
  EXPECT_GT(made.id, 0);
  EXPECT_EQ(made.uid, 1001u);
  EXPECT_EQ(made.accounts, (std::vector{account_id(1), account_id(2)}));
  EXPECT_FALSE(made.may_reveal);
  EXPECT_EQ(made.calls_per_second, 7);
  EXPECT_EQ(made.token_hash, std::string(64, '7'));
  const auto rows = trail("broker.add_client");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].object, "broker_client:reports");
  EXPECT_NE(rows[0].detail.find("uid=1001"), std::string::npos) << rows[0].detail;
  EXPECT_EQ(rows[0].detail.find("777"), std::string::npos) << "the hash is nobody's business";
}

TEST_P(BrokerClientStore, ListsByNameAndByUser) {
  add(fresh("beta", 4'000'000'000));
  add(fresh("a"));
  add(fresh("zz"));
  EXPECT_EQ(names(wait(store_->list()).value()), "a beta zz");
  EXPECT_EQ(names(wait(store_->list_of_uid(1001)).value()), "a zz");
  EXPECT_EQ(names(wait(store_->list_of_uid(4'000'000'000)).value()), "beta");
  EXPECT_EQ(names(wait(store_->list_of_uid(7)).value()), "");
}

TEST_P(BrokerClientStore, NamesAreTakenOnce) {
  add(fresh("reports"));
  auto again = fresh("reports");
  again.token_hash = std::string(64, 'a');
  expect_error(wait(store_->add(again)), tenant_errc::name_taken);
  EXPECT_EQ(trail("broker.add_client").size(), 1u);
}

TEST_P(BrokerClientStore, WhatCannotBeIsRefusedAndNamed) {
  const auto refused = [this](auto&& change, std::string_view field) {
    auto c = fresh("reports");
    change(c);
    const auto made = wait(store_->add(c));
    expect_error(made, tenant_errc::invalid);
    if (!made) EXPECT_TRUE(made.error().detail.starts_with(field)) << made.error().detail;
  };
  refused([](auto& c) { c.name = "Upper"; }, "name:");
  refused([](auto& c) { c.name = ""; }, "name:");
  refused([](auto& c) { c.name = "-x"; }, "name:");
  refused([](auto& c) { c.name = std::string(33, 'x'); }, "name:");
  refused([](auto& c) { c.uid = unknown_uid; }, "uid:");
  refused([](auto& c) { c.uid = 0xffff'ffff; }, "uid:");
  refused([](auto& c) { c.accounts.clear(); }, "accounts:");
  refused([](auto& c) { c.accounts = {account_id(1), account_id(99)}; }, "accounts: there is no account 99");
  refused([](auto& c) { c.accounts = {account_id(3)}; }, "accounts: there is no account 3");
  refused([](auto& c) { c.calls_per_second = 0; }, "rate:");
  refused([](auto& c) { c.calls_per_second = 1'001; }, "rate:");
  EXPECT_TRUE(wait(store_->list()).value().empty());
  EXPECT_TRUE(trail("broker.").empty());
}

TEST_P(BrokerClientStore, RecordsWhatClientsAreGivenAndNothingOfOthers) {
  const auto a = add(fresh("a")), bb = add(fresh("bb"));
  ASSERT_TRUE(wait(store_->remove("bb")));
  std::vector<broker_use> uses{{a.id, "broker.sign", account_id(1), "first"},
                               {bb.id, "broker.sign", account_id(1), "removed"},
                               {a.id, "broker.reveal", account_id(2), "second"}};
  EXPECT_EQ(wait(store_->record(std::move(uses))).value(), (std::vector<bool>{true, false, true}));
  const auto signed_rows = trail("broker.sign"), revealed = trail("broker.reveal");
  ASSERT_EQ(signed_rows.size(), 1u);
  EXPECT_EQ(signed_rows[0].detail, "first");
  EXPECT_EQ(signed_rows[0].object, "account:1");
  EXPECT_FALSE(signed_rows[0].actor.valid());
  ASSERT_EQ(revealed.size(), 1u);
  EXPECT_EQ(revealed[0].object, "account:2");
}

TEST_P(BrokerClientStore, WhatIsRemovedIsGone) {
  add(fresh("reports"));
  ASSERT_TRUE(wait(store_->remove("reports")));
  expect_error(wait(store_->remove("reports")), tenant_errc::not_found);
  EXPECT_TRUE(wait(store_->list_of_uid(1001)).value().empty());
  EXPECT_EQ(trail("broker.remove_client").size(), 1u);
  EXPECT_EQ(add(fresh("reports")).name, "reports");
}

INSTANTIATE_TEST_SUITE_P(Stores, BrokerClientStore, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Postgres" : "Memory"; });

/// What only PostgreSQL does.
class BrokerClientRows : public postgres_suite {};

TEST_F(BrokerClientRows, NothingIsRecordedWhenTheTrailCannotBeWritten) {
  const auto account = add_account(add_user("alice").id, "k1").id;
  const auto store = make_postgres_broker_client_store(stores_.pool());
  const auto made =
      wait(store->add({.name = "a", .uid = 1, .accounts = {account}, .token_hash = std::string(64, 'a')})).value();
  sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$; "
      "CREATE TRIGGER refuse BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.detail = 'bad') EXECUTE FUNCTION "
      "refuse()");
  std::vector<broker_use> uses{{made.id, "broker.sign", account, "good"}, {made.id, "broker.sign", account, "bad"}};
  EXPECT_FALSE(wait(store->record(std::move(uses))));
  EXPECT_EQ(sql("SELECT count(*) FROM audit_events WHERE action = 'broker.sign'"), "0");
}

TEST_F(BrokerClientRows, HashesOfTokensAreNotForReports) {
  EXPECT_EQ(sql("SELECT has_table_privilege('drover_reader', 'broker_clients', 'SELECT')"), "f");
  EXPECT_EQ(sql("SELECT settle_privileges(); SELECT has_table_privilege('drover_reader', 'broker_clients', 'SELECT')"),
            "f");
}

}  // namespace
}  // namespace drover::tenants
