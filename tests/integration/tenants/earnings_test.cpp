#include <pqxx/pqxx>

#include "tenants/earnings/earnings_store.hpp"
#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

const wall_time noon = wall_time::from_ms(1'700'049'600'000);

class Earnings : public postgres_suite {
protected:
  void SetUp() override {
    alice_ = add_user("alice").id;
    bob_ = add_user("bob").id;
    account_ = add_account(alice_, "k1").id;
    other_account_ = add_account(alice_, "k2").id;
  }
  template <class F>
  auto transact(F f) {
    auto job = [f = std::move(f)](pqxx::connection_base& c) {
      pqxx::work tx(c);
      auto value = f(tx);
      tx.commit();
      return value;
    };
    return wait(stores_.pool().run("test", std::move(job)));
  }
  earning make(wall_time at, decimal amount, const std::string& cause, const std::string& source = "trading") {
    return {.user = alice_,
            .account = account_,
            .source = source,
            .asset = "USDT",
            .amount = amount,
            .at = at,
            .cause_kind = "fill",
            .cause_id = cause};
  }
  std::int64_t add(const earning& e) {
    return transact([e](pqxx::transaction_base& tx) { return insert_earning(tx, e); }).value();
  }
  ledger_entry entry(const std::string& cause, std::vector<posting> postings) {
    return {.user = alice_,
            .account = account_,
            .cause_kind = "fill",
            .cause_id = cause,
            .at = noon,
            .postings = std::move(postings)};
  }
  result<bool> book(const ledger_entry& e) {
    return transact([e](pqxx::transaction_base& tx) { return insert_ledger_entry(tx, e); });
  }

  user_id alice_, bob_;
  account_id account_, other_account_;
  std::unique_ptr<earnings_store> store_ = make_postgres_earnings_store(stores_.pool());
};

TEST_F(Earnings, AreListedNewestFirstWithEveryDigit) {
  add(make(noon, "0.000000000000000001"_dec, "1"));
  auto second = add(make(noon + 1s, "-12345678.123456789"_dec, "2"));
  auto all = wait(store_->list(alice_, {})).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, second);
  EXPECT_EQ(all[0].amount, "-12345678.123456789"_dec);
  EXPECT_EQ(all[0].at, noon + 1s);
  EXPECT_EQ(all[0].account, account_);
  EXPECT_EQ(all[0].cause_id, "2");
  EXPECT_EQ(all[1].amount, "0.000000000000000001"_dec);
  EXPECT_TRUE(wait(store_->list(bob_, {})).value().empty());
}

TEST_F(Earnings, FiltersNarrowTheList) {
  auto first = add(make(noon, 1, "1"));
  auto bonus = make(noon + 10s, 2, "2", "bonus");
  bonus.account = {};
  add(bonus);
  auto elsewhere = make(noon + 20s, 3, "3");
  elsewhere.account = other_account_;
  auto third = add(elsewhere);
  auto ids = [&](earnings_filter filter) {
    std::vector<std::string> causes;
    for (const auto& e : wait(store_->list(alice_, std::move(filter))).value()) causes.push_back(e.cause_id);
    return causes;
  };
  using causes = std::vector<std::string>;
  EXPECT_EQ(ids({}), (causes{"3", "2", "1"}));
  EXPECT_EQ(ids({.account = account_}), (causes{"1"}));
  EXPECT_EQ(ids({.source = "bonus"}), (causes{"2"}));
  EXPECT_EQ(ids({.from = noon + 10s}), (causes{"3", "2"}));
  EXPECT_EQ(ids({.to = noon + 10s}), (causes{"1"}));
  EXPECT_EQ(ids({.limit = 1}), (causes{"3"}));
  EXPECT_EQ(ids({.before_id = third}), (causes{"2", "1"}));
  EXPECT_EQ(ids({.before_id = first}), (causes{}));
}

TEST_F(Earnings, TotalsFollowEveryEarning) {
  add(make(noon, "1.5"_dec, "1"));
  add(make(noon, "-0.25"_dec, "2"));
  add(make(noon, 7, "3", "bonus"));
  auto totals = wait(store_->totals(alice_)).value();
  ASSERT_EQ(totals.size(), 2u);
  EXPECT_EQ(totals[0].source, "bonus");
  EXPECT_EQ(totals[0].amount, 7);
  EXPECT_EQ(totals[1].source, "trading");
  EXPECT_EQ(totals[1].amount, "1.25"_dec);
  EXPECT_EQ(totals[1].count, 2);
  EXPECT_TRUE(wait(store_->totals(bob_)).value().empty());
}

TEST_F(Earnings, TotalInsideTheTransactionCountsItsOwnEarning) {
  add(make(noon, 1, "1"));
  auto e = make(noon, 2, "2");
  auto user = alice_;
  auto total = transact([e, user](pqxx::transaction_base& tx) {
    insert_earning(tx, e);
    return find_earnings_total(tx, user, "trading", "USDT");
  });
  EXPECT_EQ(total.value(), 3);
  auto none = transact([user](pqxx::transaction_base& tx) { return find_earnings_total(tx, user, "trading", "EUR"); });
  EXPECT_EQ(none.value(), 0);
}

TEST_F(Earnings, OneCauseEarnsOnce) {
  add(make(noon, 1, "1"));
  auto e = make(noon, 1, "1");
  auto again = transact([e](pqxx::transaction_base& tx) { return insert_earning(tx, e); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, db_errc::unique_violation);
  EXPECT_EQ(wait(store_->totals(alice_)).value().at(0).amount, 1);
}

TEST_F(Earnings, SeriesHasBucketsWithRunningTotals) {
  add(make(noon - 100s, 10, "0"));
  add(make(noon + 1s, 1, "1"));
  add(make(noon + 59s, 2, "2"));
  add(make(noon + 120s, 4, "3"));
  auto points = wait(store_->series(alice_, "USDT", noon, 60s)).value();
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].at, noon);
  EXPECT_EQ(points[0].amount, 3);
  EXPECT_EQ(points[0].total, 13);
  EXPECT_EQ(points[1].at, noon + 120s);
  EXPECT_EQ(points[1].amount, 4);
  EXPECT_EQ(points[1].total, 17);
  EXPECT_TRUE(wait(store_->series(alice_, "EUR", noon, 60s)).value().empty());
}

TEST_F(Earnings, SeriesKeepsTheNewestBuckets) {
  sql("INSERT INTO earnings (user_id, source, asset, amount, at, cause_kind, cause_id) SELECT " +
      std::to_string(alice_.value) +
      ", 'trading', 'USDT', 1, to_timestamp(1700049600 + i), 'fill', i::text FROM generate_series(0, 2499) i");
  auto points = wait(store_->series(alice_, "USDT", noon, 1s)).value();
  ASSERT_EQ(points.size(), 2000u);
  EXPECT_EQ(points.front().at, noon + 500s);
  EXPECT_EQ(points.front().total, 501);
  EXPECT_EQ(points.back().total, 2500);
}

TEST_F(Earnings, SeriesRefusesBucketsBelowASecond) {
  expect_error(wait(store_->series(alice_, "USDT", noon, 0s)), tenant_errc::invalid);
}

TEST_F(Earnings, LedgerEntryIsEnteredOnce) {
  auto e = entry("1", {{"holdings", "USDT", 5}, {"venue", "USDT", -5}});
  EXPECT_TRUE(book(e).value());
  EXPECT_FALSE(book(e).value());
  EXPECT_EQ(sql("SELECT count(*) FROM ledger_postings"), "2");
}

TEST_F(Earnings, LedgerEntryMayHaveNoPostings) {
  EXPECT_TRUE(book(entry("1", {})).value());
  EXPECT_FALSE(book(entry("1", {})).value());
}

TEST_F(Earnings, LedgerRefusesWhatDoesNotBalance) {
  auto refused = book(entry("1", {{"holdings", "USDT", 5}, {"venue", "USDT", "-4.999999999999999999"_dec}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, db_errc::refused);
  EXPECT_FALSE(book(entry("2", {{"holdings", "USDT", 5}, {"venue", "EUR", -5}})));
  EXPECT_EQ(sql("SELECT count(*) FROM ledger_transactions"), "0");
}

TEST_F(Earnings, LedgerKeepsAwkwardAssetNames) {
  for (const std::string asset : {"a,b", "\"q\"", "back\\slash", "{x}", "NULL", "ünï"})
    EXPECT_TRUE(book(entry(asset, {{"holdings", asset, 1}, {"venue", asset, -1}})).value()) << asset;
  for (const auto& sum : wait(store_->ledger_imbalances()).value()) EXPECT_EQ(sum.count, 2) << sum.asset;
}

TEST_F(Earnings, LedgerSumsAreZeroAndShowTampering) {
  book(entry("1", {{"holdings", "USDT", "0.1"_dec}, {"venue", "USDT", "-0.1"_dec}})).value();
  book(entry("2", {{"holdings", "BTC", 1}, {"venue", "BTC", -1}})).value();
  auto sums = wait(store_->ledger_imbalances()).value();
  ASSERT_EQ(sums.size(), 2u);
  for (const auto& sum : sums) EXPECT_TRUE(sum.amount.is_zero());
  sql("ALTER TABLE ledger_postings DISABLE TRIGGER USER; UPDATE ledger_postings SET amount = 2 WHERE amount = 1");
  EXPECT_EQ(wait(store_->ledger_imbalances()).value().at(0).amount, 1);
}

TEST_F(Earnings, HistoryCannotBeRewritten) {
  add(make(noon, 1, "1"));
  book(entry("1", {{"holdings", "USDT", 5}, {"venue", "USDT", -5}})).value();
  for (const std::string table : {"earnings", "ledger_transactions", "ledger_postings"}) {
    EXPECT_ANY_THROW(sql("DELETE FROM " + table)) << table;
    EXPECT_ANY_THROW(sql("TRUNCATE " + table + " CASCADE")) << table;
  }
  EXPECT_ANY_THROW(sql("UPDATE earnings SET amount = 2"));
  EXPECT_ANY_THROW(sql("UPDATE ledger_postings SET amount = 2"));
}

TEST_F(Earnings, SurviveTheDeletionOfTheirAccount) {
  add(make(noon, 1, "1"));
  wait(accounts().remove(alice_, account_)).value();
  EXPECT_EQ(wait(store_->list(alice_, {})).value().size(), 1u);
}

}  // namespace
}  // namespace drover::tenants
