#include "tenants/audit/audit_store.hpp"

#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

/// The trail as administrators read it, on both stores.
class AuditStore : public testing::TestWithParam<bool> {
protected:
  AuditStore() {
    if (GetParam()) {
      database_ = std::make_unique<test::test_database>();
      pool_ = make_database(database_->config(1), system_clock());
      store_ = make_postgres_audit_store(*pool_);
      database_->sql("INSERT INTO users (username, password_hash) VALUES ('alice', 'h'), ('bob', 'h')");
    } else {
      store_ = make_memory_audit_store(clock_);
    }
    add(user_id(1), "account.create", "account:7", "one");
    add(user_id(2), "account.approve", "account:7", "two");
    add({}, "user.ban", "user:1", "three");
    add(user_id(1), "account.create", "account:8", "four");
    add(user_id(1), "accounting", "books:1", "five");
  }
  void add(user_id actor, std::string action, std::string object, std::string detail) {
    clock_.advance(1s);
    ASSERT_TRUE(test::run(io_, store_->append({actor, std::move(action), std::move(object), std::move(detail)})));
  }
  std::vector<audit_record> all(audit_filter filter = {}, audit_page page = {}) {
    return test::run(io_, store_->list(filter, page)).value();
  }
  /// Details, and that the count agrees.
  std::string details(audit_filter filter) {
    std::string out;
    const auto rows = all(filter);
    for (const auto& row : rows) out += (out.empty() ? "" : " ") + row.detail;
    EXPECT_EQ(test::run(io_, store_->count(filter)).value(), static_cast<std::int64_t>(rows.size()));
    return out;
  }

  asio::io_context io_;
  test::manual_clock clock_;
  std::unique_ptr<test::test_database> database_;
  std::unique_ptr<database> pool_;
  std::unique_ptr<audit_store> store_;
};

TEST_P(AuditStore, ListsTheNewestFirstWithItsPlaceInTheChain) {
  const auto rows = all();
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].detail, "five");
  EXPECT_EQ(rows[0].seq, 5);
  EXPECT_EQ(rows[4].actor, user_id(1));
  EXPECT_EQ(rows[4].action, "account.create");
  EXPECT_EQ(rows[4].object, "account:7");
  EXPECT_FALSE(rows[2].actor.valid());
}

TEST_P(AuditStore, FiltersByActorActionAndObject) {
  EXPECT_EQ(details({.actor = user_id(1)}), "five four one");
  EXPECT_EQ(details({.actor = user_id()}), "three");
  EXPECT_EQ(details({.action = "account.create"}), "four one");
  EXPECT_EQ(details({.action = "account."}), "four two one");
  EXPECT_EQ(details({.object = "account:7"}), "two one");
  EXPECT_EQ(details({.actor = user_id(1), .action = "account.", .object = "account:8"}), "four");
  EXPECT_EQ(details({.actor = user_id(99)}), "");
}

TEST_P(AuditStore, FiltersByTime) {
  const auto rows = all();
  EXPECT_EQ(details({.from = rows[1].at}), "five four");
  EXPECT_EQ(details({.to = rows[3].at}), "one");
  EXPECT_EQ(details({.from = rows[3].at, .to = rows[1].at}), "three two");
}

TEST_P(AuditStore, PagesWithoutLosingOrRepeatingARow) {
  std::string seen;
  audit_page page{.limit = 2};
  for (auto rows = all({}, page); !rows.empty(); rows = all({}, page)) {
    EXPECT_LE(rows.size(), 2u);
    for (const auto& row : rows) seen += row.detail + " ";
    page.after = audit_place{rows.back().id};
  }
  EXPECT_EQ(seen, "five four three two one ");
}

INSTANTIATE_TEST_SUITE_P(Stores, AuditStore, testing::Bool(),
                         [](const auto& info) { return info.param ? "Postgres" : "Memory"; });

}  // namespace
}  // namespace drover::tenants
