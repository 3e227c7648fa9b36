#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using tenants::idempotency_claim;
using tenants::idempotency_place;
using tenants::kept_answer;
using test::web_fixture;

/// A store that can be away at any of its calls, and that something can happen beside.
class watched_store final : public tenants::idempotency_store {
public:
  explicit watched_store(tenants::idempotency_store& inner) : inner_(inner) {}
  task<result<idempotency_claim>> claim(idempotency_place p, std::string hash) override {
    ++claims;
    if (claims_away) co_return fail(tenants::tenant_errc::unavailable, "the database cannot be reached");
    auto outcome = co_await inner_.claim(std::move(p), std::move(hash));
    if (beside) beside();
    co_return outcome;
  }
  task<result<void>> finish(idempotency_place p, kept_answer a) override {
    if (finishes_away) co_return fail(tenants::tenant_errc::unavailable);
    kept.push_back(a);
    co_return co_await inner_.finish(std::move(p), std::move(a));
  }
  task<result<void>> release(idempotency_place p) override { return inner_.release(std::move(p)); }
  task<result<std::int64_t>> prune() override { return inner_.prune(); }
  bool claims_away = false, finishes_away = false;
  int claims = 0;
  std::vector<kept_answer> kept;
  std::function<void()> beside;

private:
  tenants::idempotency_store& inner_;
};

class Idempotency : public testing::Test {
protected:
  Idempotency() {
    f.services.parts.idempotency = &store;
    f.pipeline = std::make_unique<request_pipeline>(f.services, f.page);
    account = f.add_account("alice");
    alice = f.token_of("alice");
  }
  net::http_response post(std::string path, json body, const std::string& key, std::string token = {}) {
    return f.call("POST", std::move(path), token.empty() ? alice : token, body.is_null() ? "" : body.dump(),
                  {{"Idempotency-Key", key}});
  }
  json grid(const std::string& symbol = "BTC/USDT") const {
    return {{"account_id", account},
            {"strategy", "grid"},
            {"parameters", {{"symbol", symbol}, {"levels", "3"}, {"spacing", "0.001"}, {"order_notional", "50"}}}};
  }
  net::http_response create_bot(const std::string& key, const std::string& symbol = "BTC/USDT") {
    return post("/api/bots", grid(symbol), key);
  }
  std::size_t bots() { return f.parse(f.call("GET", "/api/bots", alice)).at("items").size(); }
  static bool is_replayed(const net::http_response& r) {
    return find_header(r.headers, "Idempotent-Replayed") == "true";
  }
  static std::string type_of(const net::http_response& r) {
    const auto type = web_fixture::parse(r).at("type").get<std::string>();
    return type.substr(type.rfind(':') + 1);
  }

  web_fixture f;
  watched_store store{*f.idempotency};
  std::int64_t account = 0;
  std::string alice;
};

TEST_F(Idempotency, TheSameRequestAgainIsAnsweredAndNotCarriedOut) {
  const auto first = create_bot("k1"), again = create_bot("k1");
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_FALSE(is_replayed(first));
  EXPECT_TRUE(is_replayed(again));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(find_header(again.headers, "Location"), find_header(first.headers, "Location"));
  EXPECT_EQ(find_header(again.headers, "Content-Type"), find_header(first.headers, "Content-Type"));
  EXPECT_EQ(bots(), 1u);
}

TEST_F(Idempotency, WithoutAKeyEachRequestIsANewOne) {
  EXPECT_EQ(f.call("POST", "/api/bots", alice, grid().dump()).status, 201);
  EXPECT_EQ(f.call("POST", "/api/bots", alice, grid("ETH/USDT").dump()).status, 201);
  EXPECT_EQ(store.claims, 0);
  EXPECT_EQ(bots(), 2u);
}

TEST_F(Idempotency, ErrorsOfWhatWasBegunAreItsAnswerToo) {
  const json twice{{"exchange_name", "paper"},
                   {"api_key", "key-of-somebody-0001"},
                   {"api_secret", "a-secret-value"},
                   {"label", "Twice"}};
  const auto taken = post("/user/exchanges", twice, "k1"), again = post("/user/exchanges", twice, "k1");
  ASSERT_EQ(taken.status, 409) << taken.body;
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body, taken.body);
  EXPECT_TRUE(is_replayed(again));
}

TEST_F(Idempotency, WhatWasRefusedUnbegunMayComeAgainPutRight) {
  auto wrong = grid();
  wrong["strategy"] = "no such thing";
  EXPECT_EQ(post("/api/bots", wrong, "k1").status, 422);
  const auto right = create_bot("k1");
  EXPECT_EQ(right.status, 201) << right.body;
  EXPECT_FALSE(is_replayed(right));
}

TEST_F(Idempotency, AnotherRequestWithTheKeyIsRefused) {
  ASSERT_EQ(create_bot("k1").status, 201);
  const auto other = create_bot("k1", "ETH/USDT");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(type_of(other), "idempotency-key-reused");
  EXPECT_EQ(web_fixture::parse(other).at("errors").at(0).at("pointer"), "Idempotency-Key");
  EXPECT_EQ(bots(), 1u);
  const auto id = std::to_string(web_fixture::parse(create_bot("k1")).at("id").get<std::int64_t>());
  ASSERT_EQ(post("/api/bots/" + id + "/pause", nullptr, "k1").status, 200);
  EXPECT_EQ(type_of(post("/api/bots/4711/pause", nullptr, "k1")), "idempotency-key-reused");
}

TEST_F(Idempotency, KeysAreOfTheirUser) {
  const auto foreign = f.add_account("bob", "key-of-bob-00001");
  ASSERT_EQ(create_bot("k1").status, 201);
  auto body = grid();
  body["account_id"] = foreign;
  const auto of_bob = post("/api/bots", body, "k1", f.token_of("bob"));
  EXPECT_EQ(of_bob.status, 201) << of_bob.body;
}

TEST_F(Idempotency, OneThatIsBeingCarriedOutIsToldSo) {
  net::http_response beside;
  store.beside = [&] {
    store.beside = nullptr;
    net::http_request r{.method = "POST",
                        .path = "/api/bots",
                        .headers = {{"Authorization", "Bearer " + alice},
                                    {"Content-Type", "application/json"},
                                    {"Idempotency-Key", "k1"}},
                        .body = grid().dump(),
                        .remote_address = "192.0.2.7"};
    asio::co_spawn(f.io, f.pipeline->handle(std::move(r)),
                   [&](std::exception_ptr, net::http_response said) { beside = std::move(said); });
    f.io.poll_one();
    f.io.poll_one();
  };
  ASSERT_EQ(create_bot("k1").status, 201);
  f.settle();
  EXPECT_EQ(beside.status, 409);
  EXPECT_EQ(type_of(beside), "request-in-progress");
  EXPECT_EQ(find_header(beside.headers, "Retry-After"), "1");
  EXPECT_TRUE(is_replayed(create_bot("k1")));
}

TEST_F(Idempotency, WhatWasBegunAndIsNotOnRecordIsNeverDoneAgain) {
  store.finishes_away = true;
  ASSERT_EQ(create_bot("k1").status, 201);
  store.finishes_away = false;
  const auto again = create_bot("k1");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(type_of(again), "outcome-unknown");
  EXPECT_EQ(bots(), 1u);
}

TEST_F(Idempotency, NothingIsBegunWhileKeysCannotBeKept) {
  store.claims_away = true;
  EXPECT_EQ(create_bot("k1").status, 503);
  EXPECT_EQ(bots(), 0u);
  store.claims_away = false;
  EXPECT_EQ(create_bot("k1").status, 201);
}

TEST_F(Idempotency, SecretsThatAreShownOnceAreKeptNowhere) {
  const auto root = f.token_of("root");
  const json note{{"note", "for carol"}};
  const auto first = post("/admin/invitations", note, "k1", root);
  ASSERT_EQ(first.status, 201) << first.body;
  const auto code = web_fixture::parse(first).at("code").get<std::string>();
  ASSERT_EQ(store.kept.size(), 1u);
  EXPECT_FALSE(store.kept[0].body);
  EXPECT_EQ(store.kept[0].headers.find(code), std::string::npos);
  const auto again = post("/admin/invitations", note, "k1", root);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(type_of(again), "shown-once");
  EXPECT_EQ(web_fixture::parse(f.call("GET", "/admin/invitations", root)).at("items").size(), 1u);
}

TEST_F(Idempotency, OnlyKeysThatAreOneAreTaken) {
  for (const auto& bad : {std::string(65, 'k'), std::string("a b"), std::string("ü")}) {
    const auto refused = create_bot(bad);
    EXPECT_EQ(refused.status, 422) << bad;
    EXPECT_EQ(web_fixture::parse(refused).at("errors").at(0).at("pointer"), "Idempotency-Key");
  }
  EXPECT_EQ(create_bot(std::string(64, 'k')).status, 201);
}

TEST_F(Idempotency, StrangersClaimNothing) {
  EXPECT_EQ(f.call("POST", "/api/bots", {}, grid().dump(), {{"Idempotency-Key", "k1"}}).status, 401);
  EXPECT_EQ(f.call("POST", "/admin/invitations", alice, "{}", {{"Idempotency-Key", "k1"}}).status, 403);
  EXPECT_EQ(store.claims, 0);
}

TEST_F(Idempotency, ATrailingSlashIsTheSameRequest) {
  ASSERT_EQ(create_bot("k1").status, 201);
  EXPECT_TRUE(is_replayed(post("/api/bots/", grid(), "k1")));
}

TEST_F(Idempotency, AKeyIsForgottenAfterADay) {
  ASSERT_EQ(create_bot("k1").status, 201);
  f.clock.advance(std::chrono::hours(24) + 1s);
  alice = f.token_of("alice");
  const auto anew = create_bot("k1");
  EXPECT_EQ(anew.status, 201) << anew.body;
  EXPECT_FALSE(is_replayed(anew));
  EXPECT_EQ(bots(), 2u);
}

}  // namespace
}  // namespace drover::web
