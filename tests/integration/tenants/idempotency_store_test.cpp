#include "tenants/idempotency/idempotency_store.hpp"

#include <set>

#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

using enum idempotency_claim::state;

/// Keys of requests, on both stores.
class IdempotencyStore : public testing::TestWithParam<bool> {
protected:
  IdempotencyStore() {
    if (GetParam()) {
      database_ = std::make_unique<test::test_database>();
      pool_ = make_database(database_->config(4), system_clock());
      store_ = make_postgres_idempotency_store(*pool_);
      database_->sql("INSERT INTO users (username, password_hash) VALUES ('alice', 'h'), ('bob', 'h')");
    } else {
      store_ = make_memory_idempotency_store(clock_);
    }
  }
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  static idempotency_place place(std::string key = "k1", user_id user = user_id(1),
                                 std::string route = "POST /api/bots") {
    return {.user = user, .route = std::move(route), .key = std::move(key)};
  }
  idempotency_claim claim(idempotency_place p, char request = 'a') {
    return wait(store_->claim(std::move(p), std::string(64, request))).value();
  }
  void pass(seconds time) {
    clock_.advance(time);
    if (database_)
      database_->sql("UPDATE idempotency_keys SET created_at = created_at - interval '" + std::to_string(time.count()) +
                     " s'");
  }

  asio::io_context io_;
  test::manual_clock clock_;
  std::unique_ptr<test::test_database> database_;
  std::unique_ptr<database> pool_;
  std::unique_ptr<idempotency_store> store_;
};

TEST_P(IdempotencyStore, TheFirstClaimsAndTheOthersHearOfIt) {
  EXPECT_EQ(claim(place()).what, claimed);
  EXPECT_EQ(claim(place()).what, unfinished);
  EXPECT_EQ(claim(place(), 'b').what, other_request);
}

TEST_P(IdempotencyStore, AnAnswerIsKeptAsItWas) {
  claim(place());
  const kept_answer said{
      .status = 201, .headers = R"([["Location","/api/bots/3"]])", .body = "{\"id\":3,\"name\":\"Größe\"}"};
  ASSERT_TRUE(wait(store_->finish(place(), said)));
  const auto again = claim(place());
  EXPECT_EQ(again.what, finished);
  EXPECT_EQ(again.answer, said);
  EXPECT_EQ(claim(place(), 'b').what, other_request);
}

TEST_P(IdempotencyStore, AnAnswerMayBeKeptWithoutItsBody) {
  claim(place());
  const kept_answer said{.status = 201, .headers = "[]", .body = std::nullopt};
  ASSERT_TRUE(wait(store_->finish(place(), said)));
  EXPECT_EQ(claim(place()).answer, said);
}

TEST_P(IdempotencyStore, KeysAreOfTheirUserAndRoute) {
  claim(place());
  EXPECT_EQ(claim(place("k1", user_id(2))).what, claimed);
  EXPECT_EQ(claim(place("k1", user_id(1), "POST /api/rooms")).what, claimed);
  EXPECT_EQ(claim(place("K1")).what, claimed);
  EXPECT_EQ(claim(place("k1")).what, unfinished);
}

TEST_P(IdempotencyStore, WhatWasReleasedIsFreeUnlessItWasFinished) {
  claim(place());
  ASSERT_TRUE(wait(store_->release(place())));
  EXPECT_EQ(claim(place(), 'b').what, claimed);
  ASSERT_TRUE(wait(store_->finish(place(), {.status = 200, .headers = "[]", .body = ""})));
  ASSERT_TRUE(wait(store_->release(place())));
  EXPECT_EQ(claim(place(), 'b').what, finished);
}

TEST_P(IdempotencyStore, KeysAreKeptForADayAndThenForgotten) {
  claim(place("old"));
  ASSERT_TRUE(wait(store_->finish(place("old"), {.status = 200, .headers = "[]", .body = "x"})));
  pass(std::chrono::hours(24) - 10s);
  claim(place("young"));
  EXPECT_EQ(claim(place("old")).what, finished);
  EXPECT_EQ(wait(store_->prune()).value(), 0);
  pass(20s);
  EXPECT_EQ(claim(place("young")).what, unfinished);
  EXPECT_EQ(wait(store_->prune()).value(), 1);
  EXPECT_EQ(wait(store_->prune()).value(), 0);
  EXPECT_EQ(claim(place("old")).what, claimed);
}

TEST_P(IdempotencyStore, WhatIsOldIsForgottenWithoutPruningToo) {
  claim(place());
  pass(std::chrono::hours(24) + 1s);
  EXPECT_EQ(claim(place(), 'b').what, claimed);
}

TEST_P(IdempotencyStore, AUserHasOnlySoManyKeys) {
  if (database_)
    database_->sql(
        "INSERT INTO idempotency_keys (user_id, route, key, request_hash) SELECT 1, 'POST /api/bots', n::text, "
        "repeat('a', 64) "
        "FROM generate_series(1, " +
        std::to_string(idempotency_store::keys_per_user) + ") n");
  else
    for (int n = 1; n <= idempotency_store::keys_per_user; ++n) claim(place(std::to_string(n)));
  EXPECT_EQ(claim(place("one more")).what, full);
  EXPECT_EQ(claim(place("7")).what, unfinished);
  EXPECT_EQ(claim(place("one more", user_id(2))).what, claimed);
  pass(std::chrono::hours(24) + 1s);
  EXPECT_EQ(claim(place("one more")).what, claimed);
}

TEST_P(IdempotencyStore, OfManyAtTheSameMomentOneClaims) {
  std::multiset<idempotency_claim::state> seen;
  for (int i = 0; i < 16; ++i)
    asio::co_spawn(io_, store_->claim(place(), std::string(64, 'a')),
                   [&](std::exception_ptr, result<idempotency_claim> c) {
                     if (c) seen.insert(c->what);
                   });
  io_.restart();
  while (seen.size() < 16 && io_.run_one() > 0) {
  }
  EXPECT_EQ(seen.count(claimed), 1u);
  EXPECT_EQ(seen.count(unfinished), 15u);
}

INSTANTIATE_TEST_SUITE_P(Stores, IdempotencyStore, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Postgres" : "Memory"; });

}  // namespace
}  // namespace drover::tenants
