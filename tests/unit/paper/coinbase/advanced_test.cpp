#include <gtest/gtest.h>

#include "tests/unit/paper/coinbase/coinbase_desk.hpp"

namespace drover::exchanges::paper {
namespace {

std::string id_of(const net::http_response& r) { return body_of(r).value("order_id", std::string()); }
/// Why an order was not taken; empty when it was.
std::string reason_of(const net::http_response& r) {
  const auto body = body_of(r);
  return body.contains("error_response") ? body["error_response"]["error"].get<std::string>() : body.value("error", std::string());
}
json order_of(advanced_on_a_desk& d, const std::string& id) { return body_of(d.send("GET", "/orders/historical/" + id))["order"]; }
json cancel(advanced_on_a_desk& d, const std::string& id) {
  return body_of(d.send("POST", "/orders/batch_cancel", {}, R"({"order_ids":[")" + id + "\"]}"))["results"][0];
}
void expect_documented(const net::http_response& r, const std::string& name) { EXPECT_EQ(difference_from_documented(r, "coinbase", name), ""); }

TEST(AdvancedDialect, PlacesFindsAndCancels) {
  advanced_on_a_desk d;
  const auto placed = d.rest("mine");
  EXPECT_EQ(placed.status, 200);
  EXPECT_EQ(body_of(placed)["success"], true);
  EXPECT_EQ(body_of(placed)["success_response"]["client_order_id"], "mine");
  const auto id = id_of(placed);
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(order_of(d, id)["status"], "OPEN");
  EXPECT_EQ(order_of(d, id)["order_configuration"]["limit_limit_gtc"]["limit_price"], "50000");
  EXPECT_EQ(body_of(d.send("GET", "/orders/historical/batch", "order_status=OPEN&product_ids=BTC-USD"))["orders"].size(), 1u);
  EXPECT_EQ(cancel(d, id)["success"], true);
  EXPECT_EQ(order_of(d, id)["status"], "CANCELLED");
  EXPECT_EQ(cancel(d, id)["failure_reason"], "UNKNOWN_CANCEL_ORDER");
  EXPECT_TRUE(body_of(d.send("GET", "/orders/historical/batch", "order_status=OPEN"))["orders"].empty());
}

TEST(AdvancedDialect, EveryKindOfOrderEndsAsItShould) {
  advanced_on_a_desk d;
  int ids = 0;
  const auto ended = [&](const std::string& side, const std::string& configuration) {
    const auto r = d.place("o" + std::to_string(++ids), side, configuration);
    EXPECT_EQ(reason_of(r), "") << configuration;
    return order_of(d, id_of(r));
  };
  EXPECT_EQ(ended("BUY", R"({"limit_limit_gtc":{"base_size":"0.01","limit_price":"50000","post_only":true}})")["status"], "OPEN");
  EXPECT_EQ(ended("BUY", R"({"sor_limit_ioc":{"base_size":"0.01","limit_price":"50000"}})")["status"], "CANCELLED");
  EXPECT_EQ(ended("SELL", R"({"limit_limit_fok":{"base_size":"0.01","limit_price":"70000"}})")["status"], "CANCELLED");
  EXPECT_EQ(ended("SELL", R"({"limit_limit_gtc":{"base_size":"0.01","limit_price":"50000"}})")["status"], "FILLED");
  const auto market = ended("BUY", R"({"market_market_ioc":{"base_size":"0.01"}})");
  EXPECT_EQ(market["status"], "FILLED");
  EXPECT_EQ(market["filled_size"], "0.01");
  const auto money = ended("BUY", R"({"market_market_ioc":{"quote_size":"600"}})");
  EXPECT_EQ(money["status"], "FILLED");
  EXPECT_EQ(money["size_in_quote"], true);
  EXPECT_LE(decimal::literal(money["filled_value"].get<std::string>()), decimal(600));
}

TEST(AdvancedDialect, AClientIdThatIsKnownAnswersItsOrder) {
  advanced_on_a_desk d;
  const auto first = id_of(d.rest("mine"));
  EXPECT_EQ(id_of(d.rest("mine")), first);
  EXPECT_EQ(body_of(d.send("GET", "/orders/historical/batch", "order_status=OPEN"))["orders"].size(), 1u);
}

TEST(AdvancedDialect, FeesAreTakenInTheQuoteAsset) {
  advanced_on_a_desk d;
  ASSERT_EQ(reason_of(d.place("taker", "BUY", R"({"market_market_ioc":{"base_size":"0.01"}})")), "");
  const auto fills = body_of(d.send("GET", "/orders/historical/fills", "product_ids=BTC-USD"))["fills"];
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0]["liquidity_indicator"], "TAKER");
  EXPECT_TRUE(decimal::literal(fills[0]["commission"].get<std::string>()).is_positive());
  // More than a coin's hundredth costs of the coin itself.
  EXPECT_GT(decimal::literal(fills[0]["commission"].get<std::string>()), decimal::literal("0.01"));
  const auto accounts = body_of(d.send("GET", "/accounts"))["accounts"];
  const auto btc = std::ranges::find_if(accounts, [](const json& a) { return a["currency"] == "BTC"; });
  EXPECT_EQ((*btc)["available_balance"]["value"], "2.01");
}

TEST(AdvancedDialect, ListsArePaged) {
  advanced_on_a_desk d;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(reason_of(d.rest("o" + std::to_string(i))), "");
  std::size_t seen = 0, pages = 0;
  for (std::string cursor; pages == 0 || !cursor.empty(); ++pages) {
    ASSERT_LT(pages, 5u);
    const auto page = body_of(d.send("GET", "/orders/historical/batch", "limit=2&cursor=" + cursor));
    seen += page["orders"].size();
    cursor = page["cursor"].get<std::string>();
    EXPECT_EQ(page["has_next"], !cursor.empty());
  }
  EXPECT_EQ(seen, 5u);
}

TEST(AdvancedDialect, RefusesTokensInTheGatewaysWord) {
  const auto refuse = [](auto change, account_request opening = {}) {
    advanced_on_a_desk d(std::move(opening));
    EXPECT_EQ(d.send("GET", "/accounts").status, 200);
    change(d);
    expect_documented(d.send("GET", "/accounts"), "bad_jwt");
  };
  refuse([](auto& d) { d.key = d.subject = "organizations/x/apiKeys/y"; });
  refuse([](auto& d) { d.subject = "organizations/x/apiKeys/y"; });
  refuse([](auto& d) { d.signer = crypto::signing_key::generate(crypto::key_algorithm::es256); });
  refuse([](auto& d) { d.shift = -151s; });
  refuse([](auto& d) { d.shift = 31s; });
  refuse([](auto& d) { d.lifetime = 121s; });
  refuse([](auto& d) { d.algorithm = "none"; });
  refuse([](auto& d) { d.algorithm = "EdDSA"; });
  refuse([](auto& d) { d.address = "10.0.0.2"; }, {.addresses = {"127.0.0.1"}});
  advanced_on_a_desk d;
  // Of another request, and none at all.
  expect_documented(d.hand_over({.method = "GET", .path = "/api/v3/brokerage/accounts"},
                                {{"Authorization", "Bearer " + d.make_token("POST api.coinbase.com/api/v3/brokerage/orders")}}),
                    "bad_jwt");
  expect_documented(d.hand_over({.method = "GET", .path = "/api/v3/brokerage/accounts"}, {}), "bad_jwt");
  d.uri_prefix = "http://127.0.0.1:9000/coinbase";
  EXPECT_EQ(d.send("GET", "/accounts").status, 200);
}

TEST(AdvancedDialect, KeysOfBothKindsSign) {
  for (auto form : {signing_key_form::sec1, signing_key_form::pkcs8, signing_key_form::ed25519}) {
    advanced_on_a_desk d({.key_form = form});
    EXPECT_EQ(d.send("GET", "/accounts").status, 200);
  }
}

TEST(AdvancedDialect, ReadersMayNotTradeByAnyMethod) {
  advanced_on_a_desk d({.permissions = {.read = true, .trade = false}});
  expect_documented(d.rest("mine"), "permission");
  EXPECT_EQ(d.send("GET", "/orders", {}, R"({"client_order_id":"x"})").status, 404);
  EXPECT_TRUE(body_of(d.send("GET", "/orders/historical/batch"))["orders"].empty());
  const auto rights = body_of(d.send("GET", "/key_permissions"));
  EXPECT_EQ(rights["can_trade"], false);
  EXPECT_EQ(rights["can_transfer"], false);
}

TEST(AdvancedDialect, RefusesOrdersInTheVenuesWords) {
  advanced_on_a_desk d;
  const auto limit = [&](const std::string& size, const std::string& price, const std::string& more = {}) {
    return d.place("x", "BUY", R"({"limit_limit_gtc":{"base_size":")" + size + R"(","limit_price":")" + price + "\"" + more + "}}");
  };
  expect_documented(limit("1000", "50000"), "insufficient_balance");
  expect_documented(limit("0.0000001", "50000"), "min_size");
  expect_documented(d.place("x", "BUY", R"({"stop_limit_stop_limit_gtc":{}})"), "unsupported_config");
  expect_documented(d.place("x", "BUY", R"({"market_market_ioc":{"base_size":"1"}})", "X-USD"), "bad_product");
  expect_documented(d.send("GET", "/orders/historical/00000000-0000-0000-0000-000000000000"), "order_not_found");
  EXPECT_EQ(reason_of(limit("0.01", "50000.001")), "INVALID_PRICE_PRECISION");
  EXPECT_EQ(reason_of(limit("0.010000001", "50000")), "INVALID_SIZE_PRECISION");
  EXPECT_EQ(reason_of(limit("0.01", "70000", R"(,"post_only":true)")), "INVALID_LIMIT_PRICE_POST_ONLY");
  EXPECT_EQ(reason_of(d.place("", "BUY", R"({"market_market_ioc":{"base_size":"1"}})")), "INVALID_ARGUMENT");
  EXPECT_EQ(reason_of(d.place("x", "UP", R"({"market_market_ioc":{"base_size":"1"}})")), "INVALID_ARGUMENT");
  EXPECT_EQ(d.send("POST", "/orders", {}, "{").status, 400);
}

TEST(AdvancedDialect, LimitsAreOfTheKeyAndOfTheAddress) {
  advanced_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 32; ++i)
    if (const auto r = d.send("GET", "/accounts"); r.status != 200) {
      EXPECT_EQ(r.status, 429);
      EXPECT_EQ(reason_of(r), "resource_exhausted");
      ++refused;
    }
  EXPECT_EQ(refused, 2);
  const auto time = [&] { return d.hand_over({.method = "GET", .path = "/api/v3/brokerage/time"}, {}).status; };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(time(), 200);
  EXPECT_EQ(time(), 429);
  d.clock.wall = d.clock.wall + 1'001ms;
  EXPECT_EQ(time(), 200);
}

TEST(AdvancedDialect, FaultsSpeakTheVenuesWords) {
  advanced_on_a_desk d;
  const auto limited = d.speaker->make_fault_response({.kind = fault_kind::rate_limit, .delay = 7s});
  EXPECT_EQ(reason_of(limited), "resource_exhausted");
  EXPECT_EQ(find_header(limited.headers, "Retry-After"), "7");
  EXPECT_EQ(d.speaker->make_fault_response({.kind = fault_kind::error_after_placing}).status, 504);
  EXPECT_EQ(reason_of(d.speaker->make_fault_response({.kind = fault_kind::error_5xx})), "INTERNAL");
}

std::string subscribing(const std::string& channel, const std::string& token = {}, const std::string& type = "subscribe", const std::string& product = "BTC-USD") {
  return json{{"type", type}, {"channel", channel}, {"product_ids", {product}}, {"jwt", token}}.dump();
}

TEST(AdvancedFeed, MessagesAreNumberedAndABookBeginsWhole) {
  advanced_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  session->on_message(subscribing("level2"), false);
  ASSERT_EQ(frames.frames.size(), 2u);
  const auto whole = json::parse(*frames.frames[0]);
  EXPECT_EQ(whole["channel"], "l2_data");
  EXPECT_EQ(whole["events"][0]["type"], "snapshot");
  EXPECT_EQ(frames.last()["events"][0]["subscriptions"]["level2"][0], "BTC-USD");
  session->on_message(subscribing("market_trades"), false);
  session->on_message(subscribing("heartbeats"), false);
  ASSERT_EQ(reason_of(d.rest("mine")), "");
  d.venue.publish_depth();
  const auto change = frames.last();
  EXPECT_EQ(change["events"][0]["type"], "update");
  EXPECT_EQ(change["events"][0]["updates"][0]["price_level"], "50000");
  d.venue.publish_second();
  for (std::size_t i = 0; i < frames.frames.size(); ++i) EXPECT_EQ(json::parse(*frames.frames[i])["sequence_num"], i);
  session->on_message(subscribing("level2", {}, "unsubscribe"), false);
  EXPECT_FALSE(frames.last()["events"][0]["subscriptions"].contains("level2"));
  session->on_close(1'000);
}

TEST(AdvancedFeed, AnAccountHearsOfItsOrders) {
  advanced_on_a_desk d;
  ASSERT_EQ(reason_of(d.rest("before")), "");
  test::kept_frames frames;
  auto session = d.connect(frames);
  session->on_message(subscribing("user", d.make_token()), false);
  const auto whole = json::parse(*frames.frames[0])["events"][0];
  EXPECT_EQ(whole["type"], "snapshot");
  EXPECT_EQ(whole["orders"][0]["client_order_id"], "before");
  const auto id = id_of(d.rest("mine"));
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["status"], "OPEN");
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["order_id"], id);
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["leaves_quantity"], "0.01");
  EXPECT_EQ(cancel(d, id)["success"], true);
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["status"], "CANCELLED");
  ASSERT_EQ(reason_of(d.place("taker", "BUY", R"({"market_market_ioc":{"base_size":"0.01"}})")), "");
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["status"], "FILLED");
  EXPECT_EQ(frames.last()["events"][0]["orders"][0]["cumulative_quantity"], "0.01");
  session->on_close(1'000);
  ASSERT_EQ(reason_of(d.rest("after")), "");
}

TEST(AdvancedFeed, RefusesWhatDoesNotExistAndWhoIsNotKnown) {
  advanced_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  const auto words = [&](const std::string& message) {
    session->on_message(message, false);
    return frames.last().value("message", std::string());
  };
  EXPECT_EQ(words(subscribing("user", "a.b.c")), "authentication failure");
  EXPECT_EQ(words(subscribing("user")), "authentication failure");
  EXPECT_EQ(words(subscribing("nonsense")), "channel is not valid");
  EXPECT_EQ(words(subscribing("level2", {}, "subscribe", "X-USD")), "product_ids are not valid");
  EXPECT_EQ(words("{"), "invalid JSON");
  EXPECT_EQ(words(R"({"type":5})"), "type must be subscribe or unsubscribe");
  EXPECT_EQ(words(R"({"type":"subscribe","channel":"level2"})"), "product_ids is required");
  session->on_close(1'000);
}

TEST(AdvancedDialect, AnyByteMayBeWrong) {
  advanced_on_a_desk d;
  const std::vector<std::string> bodies{
      R"({"client_order_id":"a","product_id":"BTC-USD","side":"BUY","order_configuration":{"limit_limit_gtc":{"base_size":"0.01","limit_price":"50000"}}})",
      R"({"order_ids":["1","2"]})"};
  auto fed = test_support::damage_every_byte(bodies, [&](const std::string& body) {
    d.clock.wall = d.clock.wall + 1s;
    for (const auto* path : {"/orders", "/orders/batch_cancel"}) EXPECT_TRUE(json::accept(d.send("POST", path, {}, body).body)) << path << body;
  });
  test::kept_frames frames;
  auto session = d.connect(frames);
  fed += test_support::damage_every_byte({subscribing("level2"), R"({"type":"subscribe","channel":"user","jwt":"a.b.c"})"}, [&](const std::string& m) {
    session->on_message(m, false);
    frames.frames.clear();
  });
  EXPECT_GT(fed, 1'000u);
  session->on_close(1'000);
}

}  // namespace
}  // namespace drover::exchanges::paper
