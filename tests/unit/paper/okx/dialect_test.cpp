#include <gtest/gtest.h>

#include "tests/unit/paper/okx/okx_desk.hpp"

namespace drover::exchanges::paper {
namespace {

constexpr const char* resting = R"("side":"buy","ordType":"limit","sz":"0.01","px":"50000","clOrdId":"mine")";

TEST(OkxDialect, PlacesFindsAndCancels) {
  okx_on_a_desk d;
  const auto placed = d.place(resting);
  EXPECT_EQ(placed.status, 200);
  const auto acknowledged = body_of(placed);
  EXPECT_EQ(acknowledged["code"], "0");
  EXPECT_EQ(acknowledged["data"][0]["clOrdId"], "mine");
  const auto id = acknowledged["data"][0]["ordId"].get<std::string>();
  EXPECT_EQ(id.size(), 18u);
  const auto found = d.find("clOrdId=mine");
  EXPECT_EQ(found["ordId"], id);
  EXPECT_EQ(found["state"], "live");
  EXPECT_EQ(found["sz"], "0.01");
  EXPECT_EQ(body_of(d.send("GET", "/trade/orders-pending", "instType=SPOT"))["data"].size(), 1u);
  EXPECT_EQ(code_of(d.cancel(R"("ordId":")" + id + "\"")), "0");
  EXPECT_EQ(d.find("ordId=" + id)["state"], "canceled");
  EXPECT_TRUE(body_of(d.send("GET", "/trade/orders-pending", "instType=SPOT"))["data"].empty());
  EXPECT_EQ(body_of(d.send("GET", "/trade/orders-history", "instType=SPOT&state=canceled"))["data"].size(), 1u);
  EXPECT_EQ(code_of(d.cancel(R"("clOrdId":"mine")")), "51400");
}

TEST(OkxDialect, EveryKindOfOrderEndsAsItShould) {
  okx_on_a_desk d;
  const auto state = [&](const std::string& id, const std::string& order) {
    EXPECT_EQ(code_of(d.place(R"("clOrdId":")" + id + "\"," + order)), "0") << order;
    return d.find("clOrdId=" + id);
  };
  EXPECT_EQ(state("maker", R"("side":"buy","ordType":"post_only","sz":"0.01","px":"50000")")["state"], "live");
  EXPECT_EQ(state("ioc", R"("side":"buy","ordType":"ioc","sz":"0.01","px":"50000")")["state"], "canceled");
  EXPECT_EQ(state("fok", R"("side":"sell","ordType":"fok","sz":"0.01","px":"70000")")["state"], "canceled");
  EXPECT_EQ(state("taker", R"("side":"sell","ordType":"limit","sz":"0.01","px":"50000")")["state"], "filled");
  const auto market = state("base", R"("side":"buy","ordType":"market","sz":"0.01","tgtCcy":"base_ccy")");
  EXPECT_EQ(market["state"], "filled");
  EXPECT_EQ(market["accFillSz"], "0.01");
  EXPECT_EQ(market["px"], "");
  // A market buy is sized in money unless it says otherwise.
  const auto money = state("quote", R"("side":"buy","ordType":"market","sz":"600")");
  EXPECT_EQ(money["tgtCcy"], "quote_ccy");
  EXPECT_EQ(money["sz"], "600");
  EXPECT_LT(decimal::literal(money["accFillSz"].get<std::string>()), decimal::literal("0.011"));
}

TEST(OkxDialect, APostOnlyOrderThatWouldMatchIsTakenAndCancelled) {
  okx_on_a_desk d;
  EXPECT_EQ(code_of(d.place(R"("side":"buy","ordType":"post_only","sz":"0.01","px":"70000","clOrdId":"crossing")")), "0");
  const auto o = d.find("clOrdId=crossing");
  EXPECT_EQ(o["state"], "canceled");
  EXPECT_EQ(o["cancelSource"], "31");
}

TEST(OkxDialect, FeesAreNegativeWhenPaid) {
  okx_on_a_desk d;
  ASSERT_EQ(code_of(d.place(R"("side":"buy","ordType":"market","sz":"0.01","tgtCcy":"base_ccy")")), "0");
  const auto fills = body_of(d.send("GET", "/trade/fills-history", "instType=SPOT&instId=BTC-USDT"))["data"];
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0]["feeCcy"], "BTC");
  EXPECT_TRUE(decimal::literal(fills[0]["fee"].get<std::string>()).is_negative());
  EXPECT_EQ(fills[0]["execType"], "T");
  const auto bill = fills.back()["billId"].get<std::string>();
  EXPECT_TRUE(body_of(d.send("GET", "/trade/fills-history", "instType=SPOT&after=" + bill))["data"].empty());
}

TEST(OkxDialect, BatchesAnswerOrderByOrder) {
  okx_on_a_desk d;
  const std::string good = R"({"instId":"BTC-USDT","tdMode":"cash",)" + std::string(resting) + "}";
  const std::string bad = R"({"instId":"X-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"1","px":"1"})";
  const auto both = body_of(d.send("POST", "/trade/batch-orders", {}, "[" + good + "," + bad + "]"));
  EXPECT_EQ(both["code"], "2");
  EXPECT_EQ(both["data"][0]["sCode"], "0");
  EXPECT_EQ(both["data"][1]["sCode"], "51001");
  const auto id = both["data"][0]["ordId"].get<std::string>();
  const auto cancelled = body_of(d.send("POST", "/trade/cancel-batch-orders", {}, R"([{"instId":"BTC-USDT","ordId":")" + id + R"("},{"instId":"BTC-USDT","ordId":"1"}])"));
  EXPECT_EQ(cancelled["code"], "2");
  EXPECT_EQ(cancelled["data"][1]["sCode"], "51400");
  EXPECT_EQ(code_of(d.send("POST", "/trade/batch-orders", {}, "[]")), "50002");
}

/// The recorded body of an error, as the venue documents it.
json documented(const std::string& name) {
  for (const auto& c : test_support::load_data("errors/okx.json"))
    if (c["case"] == name) return {{"status", c["http_status"]}, {"body", c["body"]}};
  throw std::runtime_error("no case " + name);
}

/// Code, words and status are the documented ones; what names an order is not compared.
void expect_documented(const net::http_response& r, const std::string& name) {
  const auto wanted = documented(name);
  EXPECT_EQ(r.status, wanted["status"].get<int>()) << name;
  const auto got = body_of(r);
  EXPECT_EQ(got["code"], wanted["body"]["code"]) << name;
  EXPECT_EQ(got["msg"], wanted["body"]["msg"]) << name;
  if (!wanted["body"].contains("data") || wanted["body"]["data"].empty()) return;
  for (const auto* member : {"sCode", "sMsg"}) EXPECT_EQ(got["data"][0][member], wanted["body"]["data"][0][member]) << name;
}

TEST(OkxDialect, RefusesKeysInTheVenuesWords) {
  okx_on_a_desk d;
  EXPECT_EQ(code_of(d.send("GET", "/account/balance")), "0");
  const auto refuse = [&](auto change, const std::string& name) {
    okx_on_a_desk other;
    change(other);
    expect_documented(other.send("GET", "/account/balance"), name);
  };
  refuse([](auto& o) { o.key = "nobody"; }, "bad_key");
  refuse([](auto& o) { o.secret = "wrong"; }, "bad_signature");
  refuse([](auto& o) { o.passphrase = "wrong"; }, "bad_passphrase");
  refuse([](auto& o) { o.shift = -30'001ms; }, "clock_skew");
  refuse([](auto& o) { o.shift = 30'001ms; }, "clock_skew");
  d.shift = -29'000ms;
  EXPECT_EQ(code_of(d.send("GET", "/account/balance")), "0");
  const auto bare = d.speaker->handle({.method = "GET", .path = "/api/v5/account/balance"}, "");
  expect_documented(bare, "bad_timestamp_format");
  okx_on_a_desk bound({}, {"10.0.0.1"});
  EXPECT_EQ(code_of(bound.send("GET", "/account/balance")), "50110");
  bound.address = "10.0.0.1";
  EXPECT_EQ(code_of(bound.send("GET", "/account/balance")), "0");
}

TEST(OkxDialect, ReadersMayNotTradeByAnyMethod) {
  okx_on_a_desk d({.read = true, .trade = false});
  expect_documented(d.place(resting), "permission");
  const auto order = R"({"instId":"BTC-USDT","tdMode":"cash",)" + std::string(resting) + "}";
  for (const auto* method : {"GET", "PUT", "DELETE"})
    for (const auto* path : {"/trade/batch-orders", "/trade/cancel-order"}) EXPECT_EQ(code_of(d.send(method, path, {}, order)), "50115") << method << path;
  EXPECT_EQ(code_of(d.send("DELETE", "/trade/order", {}, order)), "50115");
  EXPECT_TRUE(body_of(d.send("GET", "/trade/orders-pending", "instType=SPOT"))["data"].empty());
  const auto config = body_of(d.send("GET", "/account/config"))["data"][0];
  EXPECT_EQ(config["perm"], "read_only");
}

TEST(OkxDialect, RefusesOrdersInTheVenuesWords) {
  okx_on_a_desk d;
  expect_documented(d.place(R"("side":"buy","ordType":"limit","sz":"1000","px":"50000")"), "insufficient_balance");
  expect_documented(d.place(R"("side":"buy","ordType":"limit","sz":"0.000001","px":"50000")"), "min_size");
  expect_documented(d.place(R"("side":"buy","ordType":"limit","sz":"x","px":"50000")"), "precision_or_param");
  expect_documented(d.cancel(R"("ordId":"680000000000000999")"), "cancel_unknown");
  expect_documented(d.send("GET", "/trade/order", "instId=BTC-USDT&ordId=1"), "order_not_found");
  expect_documented(d.send("GET", "/market/ticker", "instId=X-USDT"), "bad_symbol");
  EXPECT_EQ(code_of(d.place(R"("side":"buy","ordType":"limit","sz":"0.01","px":"50000.001")")), "51000");
  EXPECT_EQ(code_of(d.place(R"("side":"buy","ordType":"limit","sz":"0.01","px":"50000","clOrdId":"not-alphanumeric")")), "51000");
  EXPECT_EQ(code_of(d.place(R"("side":"up","ordType":"limit","sz":"0.01","px":"50000")")), "51000");
  EXPECT_EQ(code_of(d.send("POST", "/trade/order", {}, "{")), "50002");
}

TEST(OkxDialect, ClientIdsAreNeverUsedTwice) {
  okx_on_a_desk d;
  ASSERT_EQ(code_of(d.place(resting)), "0");
  expect_documented(d.place(resting), "duplicate_client_id");
  ASSERT_EQ(code_of(d.cancel(R"("clOrdId":"mine")")), "0");
  EXPECT_EQ(code_of(d.place(resting)), "51016");
}

TEST(OkxDialect, OrdersThatComeTooLateAreNotTaken) {
  okx_on_a_desk d;
  d.more_headers = {{"expTime", std::to_string(d.clock.wall.ms() - 1)}};
  EXPECT_EQ(code_of(d.place(resting)), "50036");
  d.more_headers = {{"expTime", std::to_string(d.clock.wall.ms() + 1'000)}};
  EXPECT_EQ(code_of(d.place(resting)), "0");
}

TEST(OkxDialect, LimitsAreThoseOfTheEndpoint) {
  okx_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 62; ++i) {
    const auto r = d.place(R"("side":"buy","ordType":"limit","sz":"0.001","px":"50000")");
    if (r.status != 429) continue;
    expect_documented(r, "rate_limited");
    ++refused;
  }
  EXPECT_EQ(refused, 2);
  // Another instrument, another operation, and later.
  EXPECT_EQ(d.send("POST", "/trade/order", {}, R"({"instId":"ETH-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"0.1","px":"2000"})").status, 200);
  EXPECT_EQ(d.send("GET", "/trade/orders-pending", "instType=SPOT").status, 200);
  d.clock.wall = d.clock.wall + 2'001ms;
  EXPECT_EQ(d.place(R"("side":"buy","ordType":"limit","sz":"0.001","px":"50000")").status, 200);
}

TEST(OkxDialect, TheDeadManCancelsUnlessItIsRenewed) {
  okx_on_a_desk d;
  ASSERT_EQ(code_of(d.place(resting)), "0");
  const auto count_down = [&](const char* seconds) { return code_of(d.send("POST", "/trade/cancel-all-after", {}, std::string(R"({"timeOut":")") + seconds + "\"}")); };
  EXPECT_EQ(count_down("9"), "51000");
  EXPECT_EQ(count_down("10"), "0");
  d.clock.wall = d.clock.wall + 9s;
  EXPECT_EQ(count_down("10"), "0");
  d.clock.wall = d.clock.wall + 2s;
  d.venue.run_due();
  EXPECT_EQ(d.find("clOrdId=mine")["state"], "live");
  d.clock.wall = d.clock.wall + 9s;
  d.venue.run_due();
  EXPECT_EQ(d.find("clOrdId=mine")["state"], "canceled");
}

TEST(OkxDialect, FaultsSpeakTheVenuesWords) {
  okx_on_a_desk d;
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::error_after_placing}), "endpoint_timeout");
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::rate_limit}), "rate_limited");
  EXPECT_EQ(code_of(d.speaker->make_fault_response({.kind = fault_kind::error_5xx})), "50001");
}

TEST(OkxDialect, AnyByteOfARequestMayBeWrong) {
  okx_on_a_desk d;
  const std::vector<std::string> bodies{R"({"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"0.01","px":"50000","clOrdId":"a"})",
                                        R"([{"instId":"BTC-USDT","ordId":"680000000000000001"}])", R"({"timeOut":"10"})"};
  const auto fed = test_support::damage_every_byte(bodies, [&](const std::string& body) {
    d.clock.wall = d.clock.wall + 3s;
    for (const auto* path : {"/trade/order", "/trade/cancel-batch-orders", "/trade/cancel-all-after"})
      EXPECT_TRUE(json::accept(d.send("POST", path, {}, body).body)) << path << body;
    EXPECT_LT(d.send("GET", "/trade/order", body).status, 500);
  });
  EXPECT_GT(fed, 500u);
}

}  // namespace
}  // namespace drover::exchanges::paper
