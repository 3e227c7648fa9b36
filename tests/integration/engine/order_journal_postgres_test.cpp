#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine::test {
namespace {

class OrderJournalPostgres : public ::testing::Test {
 protected:
  log_capture quiet;
  postgres_backend backend;
  order_journal& journal = backend.journal();
  account_id account = backend.add_account();
  std::int64_t epoch = *run(journal.acquire_lease(account, "engine"));

  template <class T>
  T run(task<T> t) {
    return drover::test::run(backend.io, std::move(t));
  }
  /// The first answer to `operation` is this verdict, later ones are the truth.
  void once(std::string operation, doubtful_database::verdict v) {
    backend.doubtful.judge = [operation, v, used = false](std::string_view o) mutable {
      if (used || o != operation) return doubtful_database::verdict{};
      used = true;
      return v;
    };
  }
  std::string count(const std::string& table) { return backend.stored.sql("SELECT count(*) FROM " + table); }
};

TEST_F(OrderJournalPostgres, IntentsOfOneMomentShareCommits) {
  constexpr int intents = 400;
  int stored = 0;
  for (int i = 0; i < intents; ++i)
    backend.spawn(journal.append_intent(backend.make_intent(account), epoch), [&](const result<void>& r) { stored += r ? 1 : 0; });
  backend.run_until([&] { return stored == intents; });
  const int commits = std::stoi(backend.stored.sql("SELECT count(DISTINCT xmin::text) FROM order_intents"));
  EXPECT_LE(commits, 8);
}

TEST_F(OrderJournalPostgres, ACommitInDoubtThatHappenedIsFound) {
  once("append intents", {.run = true, .answer = db_errc::in_doubt});
  EXPECT_TRUE(run(journal.append_intent(backend.make_intent(account), epoch)));
  EXPECT_EQ(count("order_intents"), "1");
}

TEST_F(OrderJournalPostgres, ACommitInDoubtThatDidNotHappenMayNotBeSent) {
  once("append intents", {.run = false, .answer = db_errc::in_doubt});
  auto done = run(journal.append_intent(backend.make_intent(account), epoch));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, make_error_code(journal_errc::unavailable));
  EXPECT_EQ(count("order_intents"), "0");
}

TEST_F(OrderJournalPostgres, ALostDeadlockIsRunAgainWithTheSameId) {
  once("append intents", {.run = false, .answer = db_errc::retry});
  const auto intent = backend.make_intent(account);
  EXPECT_TRUE(run(journal.append_intent(intent, epoch)));
  EXPECT_EQ(backend.stored.sql("SELECT id FROM order_intents"), intent.id.to_string());
}

TEST_F(OrderJournalPostgres, ReadingBackWaitsForTheDatabase) {
  int reads = 0;
  bool doubted = false;
  backend.doubtful.judge = [&](std::string_view operation) -> doubtful_database::verdict {
    if (operation == "read back intents" && ++reads < 3) return {.run = false, .answer = db_errc::unavailable};
    if (operation != "append intents" || std::exchange(doubted, true)) return {};
    return {.run = true, .answer = db_errc::in_doubt};
  };
  EXPECT_TRUE(run(journal.append_intent(backend.make_intent(account), epoch)));
  EXPECT_EQ(reads, 3);
}

TEST_F(OrderJournalPostgres, WithoutADatabaseNothingIsPromised) {
  once("append intents", {.run = false, .answer = db_errc::unavailable});
  auto done = run(journal.append_intent(backend.make_intent(account), epoch));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, make_error_code(journal_errc::unavailable));
}

TEST_F(OrderJournalPostgres, OneBadIntentDoesNotTakeItsNeighboursWithIt) {
  auto bad = backend.make_intent(account);
  bad.quantity = 0;
  int good = 0, refused = 0;
  const auto on_end = [&](const result<void>& r) { ++(r ? good : refused); };
  backend.spawn(journal.append_intent(backend.make_intent(account), epoch), on_end);
  backend.spawn(journal.append_intent(bad, epoch), on_end);
  backend.spawn(journal.append_intent(backend.make_intent(account), epoch), on_end);
  backend.run_until([&] { return good + refused == 3; });
  EXPECT_EQ(good, 2);
  EXPECT_EQ(refused, 1);
}

TEST_F(OrderJournalPostgres, AFillInDoubtIsBookedOnceAndToldAsNew) {
  auto intent = backend.make_intent(account);
  ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
  once("record fills", {.run = true, .answer = db_errc::in_doubt});
  auto booked = run(journal.record_fill(backend.user_of(account), account, intent.id, make_instrument(),
                                        make_fill("1", exchanges::side::buy, 1, 100, {})));
  ASSERT_TRUE(booked);
  EXPECT_TRUE(booked->was_new);
  EXPECT_EQ(booked->position.quantity, decimal(1));
  EXPECT_EQ(count("fills"), "1");
  EXPECT_EQ(count("ledger_transactions"), "1");
}

TEST_F(OrderJournalPostgres, FillsOfOneMomentShareCommits) {
  constexpr int fills = 60;
  auto intent = backend.make_intent(account);
  ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
  int booked = 0;
  for (int i = 1; i <= fills; ++i) {
    auto fill = make_fill(std::to_string(i), exchanges::side::buy, "0.01"_dec, 100, {});
    auto write = journal.record_fill(backend.user_of(account), account, intent.id, make_instrument(), std::move(fill));
    backend.spawn(std::move(write), [&](const result<booked_fill>& r) { booked += r && r->was_new ? 1 : 0; });
  }
  backend.run_until([&] { return booked == fills; });
  EXPECT_EQ(backend.stored.sql("SELECT quantity = 0.6 FROM positions"), "t");
  EXPECT_EQ(count("ledger_transactions"), std::to_string(fills));
  EXPECT_LE(std::stoi(backend.stored.sql("SELECT count(DISTINCT xmin::text) FROM fills")), 4);
}

TEST_F(OrderJournalPostgres, StatesOfOneMomentShareCommits) {
  constexpr int bots = 120;
  int saved = 0;
  std::vector<bot_id> ids;
  for (int i = 0; i < bots; ++i) ids.push_back(backend.add_bot(account));
  for (const auto id : ids)
    backend.spawn(journal.save_strategy_state(id, account, "{\"n\":" + std::to_string(id.value) + "}", epoch),
                  [&](const result<void>& r) { saved += r ? 1 : 0; });
  backend.run_until([&] { return saved == bots; });
  EXPECT_LE(std::stoi(backend.stored.sql("SELECT count(DISTINCT xmin::text) FROM bots WHERE state <> ''")), 4);
  EXPECT_EQ(backend.stored.sql("SELECT count(DISTINCT state) FROM bots WHERE state <> ''"), std::to_string(bots));
}

TEST_F(OrderJournalPostgres, AFencedStateDoesNotTakeItsNeighboursWithIt) {
  const auto other = backend.add_account();
  const auto lost = *run(journal.acquire_lease(other, "engine"));
  ASSERT_TRUE(run(journal.acquire_lease(other, "another engine")));
  const auto mine = backend.add_bot(account), theirs = backend.add_bot(other);
  std::vector<result<void>> outcomes(2);
  int ended = 0;
  const auto keep_as = [&](std::size_t at) {
    return [&, at](const result<void>& r) {
      outcomes[at] = r;
      ++ended;
    };
  };
  backend.spawn(journal.save_strategy_state(mine, account, "{}", epoch), keep_as(0));
  backend.spawn(journal.save_strategy_state(theirs, other, "{}", lost), keep_as(1));
  backend.run_until([&] { return ended == 2; });
  EXPECT_TRUE(outcomes[0]);
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error().code, make_error_code(journal_errc::fenced));
}

TEST_F(OrderJournalPostgres, AFillThatTheBooksCannotTakeDoesNotTakeItsNeighboursWithIt) {
  std::vector<uuid> intents;
  for (int i = 0; i < 3; ++i) {
    auto intent = backend.make_intent(account);
    ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
    intents.push_back(intent.id);
  }
  intents[1] = backend.make_intent(account).id;
  int good = 0, refused = 0;
  for (int i = 0; i < 3; ++i) {
    auto fill = make_fill(std::to_string(i + 1), exchanges::side::buy, 1, 100, {});
    auto write = journal.record_fill(backend.user_of(account), account, intents[static_cast<std::size_t>(i)],
                                     make_instrument(), std::move(fill));
    backend.spawn(std::move(write), [&](const result<booked_fill>& r) { ++(r ? good : refused); });
  }
  backend.run_until([&] { return good + refused == 3; });
  EXPECT_EQ(good, 2);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(count("fills"), "2");
  EXPECT_EQ(backend.stored.sql("SELECT quantity FROM positions"), "2");
}

TEST_F(OrderJournalPostgres, TheLedgerAgreesWithTheFills) {
  auto intent = backend.make_intent(account);
  ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
  for (int i = 1; i <= 6; ++i) {
    const auto side = i % 2 ? exchanges::side::buy : exchanges::side::sell;
    ASSERT_TRUE(run(journal.record_fill(backend.user_of(account), account, intent.id, make_instrument(),
                                        make_fill(std::to_string(i), side, "0.3"_dec, 100 + i, "0.01"_dec))));
  }
  EXPECT_EQ(backend.stored.sql("SELECT count(*) FROM (SELECT asset FROM ledger_postings GROUP BY asset "
                               "HAVING sum(amount) <> 0) x"),
            "0");
  EXPECT_EQ(backend.stored.sql("SELECT (SELECT sum(amount) FROM earnings) = (SELECT realised FROM positions)"), "t");
  EXPECT_EQ(backend.stored.sql("SELECT (SELECT sum(realised) FROM fills) = (SELECT realised FROM positions)"), "t");
  EXPECT_EQ(count("fills WHERE earning_id IS NOT NULL"), "6");
}

TEST_F(OrderJournalPostgres, ATakeOverWaitsForAnIntentThatIsBeingWritten) {
  // The writing statement holds the lease row, so an intent of the old epoch is there before the new epoch begins.
  auto first = run(journal.append_intent(backend.make_intent(account), epoch));
  ASSERT_TRUE(first);
  int stored = 0, fenced = 0, taken = 0;
  constexpr int intents = 200;
  std::vector<std::size_t> seen;
  for (int i = 0; i < intents; ++i)
    backend.spawn(journal.append_intent(backend.make_intent(account), epoch), [&](const result<void>& r) { ++(r ? stored : fenced); });
  backend.spawn(journal.acquire_lease(account, "other"), [&](const result<std::int64_t>& r) { taken += r ? 1 : 0; });
  backend.run_until([&] { return taken == 1; });
  const auto at_take_over = std::stoi(count("order_intents"));
  backend.run_until([&] { return stored + fenced == intents; });
  EXPECT_EQ(std::stoi(count("order_intents")), at_take_over) << "an old epoch wrote after the take-over";
  EXPECT_EQ(stored + 1, at_take_over);
}

TEST_F(OrderJournalPostgres, RefusesASettingThatLosesCommits) {
  // Whatever the test cluster itself has, only what this database adds is looked at.
  const auto names = [&] {
    auto done = check_durability(backend.stored.config());
    return done ? std::string() : done.error().detail;
  };
  EXPECT_EQ(names().find("synchronous_commit"), std::string::npos);
  backend.stored.sql(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$");
  EXPECT_NE(names().find("synchronous_commit"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine::test
