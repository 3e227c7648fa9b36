#include <gtest/gtest.h>

#include "tests/unit/paper/coinbase/coinbase_desk.hpp"

namespace drover::exchanges::paper {
namespace {

constexpr const char* client_uuid = "00112233-4455-6677-8899-aabbccddeeff";
const std::string resting = R"("side":"buy","type":"limit","size":"0.01","price":"50000","client_oid":")" + std::string(client_uuid) + "\"";

std::string words_of(const net::http_response& r) {
  const auto body = body_of(r);
  return body.is_object() ? body.value("message", std::string()) : std::string();
}
void expect_documented(const net::http_response& r, const std::string& name) { EXPECT_EQ(difference_from_documented(r, "coinbaseexchange", name), ""); }

TEST(ExchangeDialect, PlacesFindsAndCancels) {
  exchange_on_a_desk d;
  const auto placed = body_of(d.place(resting));
  EXPECT_EQ(placed["status"], "pending");
  EXPECT_EQ(placed["client_oid"], client_uuid);
  const auto id = placed["id"].get<std::string>();
  EXPECT_EQ(body_of(d.send("GET", "/orders/" + id))["status"], "open");
  EXPECT_EQ(body_of(d.send("GET", "/orders/client:" + std::string(client_uuid)))["id"], id);
  EXPECT_EQ(body_of(d.send("GET", "/orders", "product_id=BTC-USD&status=open")).size(), 1u);
  EXPECT_EQ(body_of(d.send("DELETE", "/orders/client:" + std::string(client_uuid))), id);
  // Cancelled without fills: forgotten.
  expect_documented(d.send("GET", "/orders/" + id), "order_not_found");
  expect_documented(d.send("DELETE", "/orders/" + id), "order_not_found2");
}

TEST(ExchangeDialect, OneClientNamesTheProductInItsOwnWay) {
  exchange_on_a_desk d;
  const auto id = body_of(d.place(resting))["id"].get<std::string>();
  EXPECT_EQ(d.send("DELETE", "/orders/" + id, {}, R"({"product_id":"BTC/USD"})").status, 200);
}

TEST(ExchangeDialect, EveryKindOfOrderEndsAsItShould) {
  exchange_on_a_desk d;
  const auto ended = [&](const std::string& order) {
    const auto placed = d.place(order);
    EXPECT_EQ(placed.status, 200) << order << placed.body;
    return body_of(d.send("GET", "/orders/" + body_of(placed)["id"].get<std::string>()));
  };
  EXPECT_EQ(ended(R"("side":"buy","size":"0.01","price":"50000","post_only":true)")["status"], "open");
  EXPECT_EQ(ended(R"("side":"buy","size":"0.01","price":"50000","time_in_force":"IOC")")["message"], "NotFound");
  EXPECT_EQ(ended(R"("side":"sell","size":"0.01","price":"70000","time_in_force":"FOK")")["message"], "NotFound");
  const auto taker = ended(R"("side":"sell","size":"0.01","price":"50000")");
  EXPECT_EQ(taker["status"], "done");
  EXPECT_EQ(taker["done_reason"], "filled");
  EXPECT_EQ(taker["filled_size"], "0.01000000");
  const auto market = ended(R"("side":"buy","type":"market","size":"0.01")");
  EXPECT_EQ(market["done_reason"], "filled");
  EXPECT_FALSE(market.contains("price"));
  const auto money = ended(R"("side":"buy","type":"market","funds":"600")");
  EXPECT_EQ(money["status"], "done");
  EXPECT_LE(decimal::literal(money["executed_value"].get<std::string>()), decimal(600));
  expect_documented(d.send("DELETE", "/orders/" + taker["id"].get<std::string>()), "already_done");
}

TEST(ExchangeDialect, CancelsAllOfOneProductOrOfAll) {
  exchange_on_a_desk d;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(d.place(R"("side":"buy","size":"0.01","price":"50000")").status, 200);
  ASSERT_EQ(d.send("POST", "/orders", {}, R"({"product_id":"ETH-USD","side":"buy","size":"0.1","price":"2000"})").status, 200);
  EXPECT_EQ(body_of(d.send("DELETE", "/orders", "product_id=BTC-USD")).size(), 3u);
  EXPECT_EQ(body_of(d.send("DELETE", "/orders")).size(), 1u);
  expect_documented(d.send("DELETE", "/orders", "product_id=X-USD"), "bad_symbol");
}

TEST(ExchangeDialect, ListsNameTheNextPageInAHeader) {
  exchange_on_a_desk d;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(d.place(R"("side":"buy","size":"0.01","price":"50000")").status, 200);
  std::size_t seen = 0, pages = 0;
  for (std::string after; pages == 0 || !after.empty(); ++pages) {
    ASSERT_LT(pages, 5u);
    const auto page = d.send("GET", "/orders", "status=open&limit=2" + (after.empty() ? std::string() : "&after=" + after));
    seen += body_of(page).size();
    after = find_header(page.headers, "CB-AFTER");
  }
  EXPECT_EQ(seen, 5u);
}

TEST(ExchangeDialect, FeesAreTakenInTheQuoteAsset) {
  exchange_on_a_desk d;
  ASSERT_EQ(d.place(R"("side":"buy","type":"market","size":"0.01")").status, 200);
  const auto fills = body_of(d.send("GET", "/fills", "product_id=BTC-USD"));
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0]["liquidity"], "T");
  EXPECT_GT(decimal::literal(fills[0]["fee"].get<std::string>()), decimal::literal("0.01"));
  const auto accounts = body_of(d.send("GET", "/accounts"));
  const auto btc = std::ranges::find_if(accounts, [](const json& a) { return a["currency"] == "BTC"; });
  EXPECT_EQ((*btc)["available"], "2.0100000000000000");
  EXPECT_EQ(d.send("GET", "/fills").status, 400);
}

TEST(ExchangeDialect, RefusesKeysInTheVenuesWords) {
  const auto refuse = [](auto change, const std::string& name) {
    exchange_on_a_desk d;
    EXPECT_EQ(d.send("GET", "/accounts").status, 200);
    change(d);
    expect_documented(d.send("GET", "/accounts"), name);
  };
  refuse([](auto& d) { d.key = "nobody"; }, "bad_key");
  refuse([](auto& d) { d.secret = to_base64("wrong"); }, "bad_signature");
  refuse([](auto& d) { d.passphrase = "wrong"; }, "bad_passphrase");
  refuse([](auto& d) { d.shift = -31s; }, "clock_skew");
  refuse([](auto& d) { d.shift = 31s; }, "clock_skew");
  exchange_on_a_desk bound({.addresses = {"10.0.0.1"}});
  expect_documented(bound.send("GET", "/accounts"), "ip_restricted");
  exchange_on_a_desk expired({.expires_at = wall_time::from_ms(1'732'103'999'999)});
  expect_documented(expired.send("GET", "/accounts"), "bad_key");
  EXPECT_EQ(expired.hand_over({.method = "GET", .path = "/accounts"}, {}).status, 401);
}

TEST(ExchangeDialect, ReadersMayNeitherTradeNorMoveMoney) {
  exchange_on_a_desk d({.permissions = {.read = true, .trade = false}});
  expect_documented(d.place(resting), "permission");
  expect_documented(d.send("DELETE", "/orders"), "permission");
  expect_documented(d.send("GET", "/payment-methods"), "permission");
  exchange_on_a_desk mover({.permissions = {.withdraw = true}});
  EXPECT_EQ(mover.send("GET", "/payment-methods").status, 200);
}

TEST(ExchangeDialect, RefusesOrdersInTheVenuesWords) {
  exchange_on_a_desk d;
  expect_documented(d.place(R"("side":"buy","size":"1","price":"500000")"), "insufficient_balance");
  expect_documented(d.place(R"("side":"buy","size":"0.01","price":"50000.001")"), "price_precision");
  expect_documented(d.place(R"("side":"buy","size":"0.01","price":"50000","client_oid":"mine")"), "bad_client_oid");
  EXPECT_TRUE(words_of(d.place(R"("side":"buy","size":"0.0000001","price":"50000")")).starts_with("size is too small. Minimum size is "));
  EXPECT_EQ(words_of(d.place(R"("side":"buy","size":"0.01","price":"70000","post_only":true)")), "Post only order would match");
  EXPECT_EQ(words_of(d.place(R"("side":"up","size":"0.01","price":"50000")")), "Invalid side");
  EXPECT_EQ(words_of(d.place(R"("side":"buy","type":"market")")), "size or funds is required");
  expect_documented(d.send("POST", "/orders", {}, R"({"product_id":"X-USD","side":"buy","size":"1","price":"1"})"), "bad_symbol");
  EXPECT_EQ(d.send("POST", "/orders", {}, "{").status, 400);
}

TEST(ExchangeDialect, ClientIdsAreNeverUsedTwice) {
  exchange_on_a_desk d;
  ASSERT_EQ(d.place(resting).status, 200);
  EXPECT_EQ(words_of(d.place(resting)), "Duplicate client_oid");
  ASSERT_EQ(d.send("DELETE", "/orders/client:" + std::string(client_uuid)).status, 200);
  EXPECT_EQ(words_of(d.place(resting)), "Duplicate client_oid");
}

TEST(ExchangeDialect, LimitsAreOfTheKeyAndOfTheAddress) {
  exchange_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 32; ++i)
    if (const auto r = d.send("GET", "/accounts"); r.status != 200) {
      expect_documented(r, "rate_limited_private");
      EXPECT_EQ(find_header(r.headers, "Retry-After"), "1");
      ++refused;
    }
  EXPECT_EQ(refused, 2);
  const auto time = [&] { return d.hand_over({.method = "GET", .path = "/time"}, {}); };
  for (int i = 0; i < 15; ++i) EXPECT_EQ(time().status, 200);
  expect_documented(time(), "rate_limited_public");
  d.clock.wall = d.clock.wall + 1s;
  EXPECT_EQ(time().status, 200);
}

TEST(ExchangeDialect, FaultsSpeakTheVenuesWords) {
  exchange_on_a_desk d;
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::rate_limit}), "rate_limited_private");
  EXPECT_EQ(d.speaker->make_fault_response({.kind = fault_kind::error_after_placing}).status, 504);
  EXPECT_EQ(d.speaker->make_fault_response({.kind = fault_kind::error_5xx}).status, 500);
}

TEST(ExchangeFeed, ABookBeginsWholeForThoseWhoAreKnown) {
  exchange_on_a_desk d;
  test::kept_frames stranger, frames;
  auto unknown = d.connect(stranger);
  unknown->on_message(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["level2"]})", false);
  EXPECT_EQ(stranger.last()["reason"], "level2 channel requires authentication");
  // The same without an account: in batches.
  unknown->on_message(R"({"type":"subscribe","channels":[{"name":"level2_batch","product_ids":["BTC-USD"]}]})", false);
  EXPECT_EQ(stranger.last()["type"], "subscriptions");
  auto session = d.connect(frames);
  session->on_message(d.make_subscription("level2").dump(), false);
  ASSERT_EQ(frames.frames.size(), 2u);
  EXPECT_EQ(json::parse(*frames.frames[0])["type"], "snapshot");
  EXPECT_EQ(frames.last()["channels"][0]["name"], "level2");
  ASSERT_EQ(d.place(R"("side":"buy","size":"0.01","price":"50000")").status, 200);
  d.venue.publish_depth();
  for (auto* f : {&frames, &stranger}) {
    EXPECT_EQ(f->last()["type"], "l2update");
    EXPECT_EQ(f->last()["changes"][0][0], "buy");
    EXPECT_EQ(f->last()["changes"][0][1], "50000");
  }
  unknown->on_close(1'000);
  session->on_close(1'000);
}

TEST(ExchangeFeed, AnAccountHearsTheLifeOfItsOrders) {
  exchange_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  session->on_message(d.make_subscription("user").dump(), false);
  EXPECT_EQ(frames.last()["type"], "subscriptions");
  frames.frames.clear();
  const auto id = body_of(d.place(resting))["id"];
  EXPECT_EQ(frames.last()["type"], "received");
  EXPECT_EQ(frames.last()["client_oid"], client_uuid);
  EXPECT_EQ(frames.last()["order_id"], id);
  ASSERT_EQ(d.send("DELETE", "/orders/" + id.get<std::string>()).status, 200);
  EXPECT_EQ(frames.last()["type"], "done");
  EXPECT_EQ(frames.last()["reason"], "canceled");
  frames.frames.clear();
  const auto taker = body_of(d.place(R"("side":"buy","type":"market","size":"0.01")"))["id"];
  ASSERT_GE(frames.frames.size(), 3u);
  EXPECT_EQ(json::parse(*frames.frames[0])["type"], "received");
  const auto match = json::parse(*frames.frames[1]);
  EXPECT_EQ(match["type"], "match");
  EXPECT_EQ(match["taker_order_id"], taker);
  // The side of a match is the maker's.
  EXPECT_EQ(match["side"], "sell");
  EXPECT_EQ(frames.last()["reason"], "filled");
  session->on_close(1'000);
  ASSERT_EQ(d.place(R"("side":"buy","size":"0.01","price":"50000")").status, 200);
}

TEST(ExchangeFeed, RefusesStrangersAndWhatDoesNotExist) {
  exchange_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  const auto reason = [&](const std::string& message) {
    session->on_message(message, false);
    return frames.last().value("reason", std::string());
  };
  d.passphrase = "wrong";
  EXPECT_EQ(reason(d.make_subscription("user").dump()), "user channel requires authentication");
  d.passphrase = d.account->passphrase, d.shift = -31s;
  EXPECT_EQ(reason(d.make_subscription("user").dump()), "user channel requires authentication");
  EXPECT_EQ(reason(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["nonsense"]})"), "nonsense is not a valid channel");
  EXPECT_EQ(reason(R"({"type":"subscribe","product_ids":["X-USD"],"channels":["ticker"]})"), "X-USD is not a valid product");
  EXPECT_EQ(reason(R"({"type":"subscribe","channels":[{"name":5},7,null]})"), "5 is not a valid channel");
  EXPECT_EQ(reason(R"({"type":"subscribe"})"), "channels must be a list");
  EXPECT_EQ(reason("{"), "invalid JSON");
  session->on_close(1'000);
}

TEST(ExchangeFeed, TickersMatchesAndHeartbeatsAreTold) {
  exchange_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  session->on_message(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker","matches","heartbeat"]})", false);
  EXPECT_EQ(json::parse(*frames.frames[0])["type"], "ticker");
  d.venue.publish_second();
  EXPECT_EQ(frames.last()["type"], "heartbeat");
  ASSERT_EQ(d.place(R"("side":"buy","type":"market","size":"0.01")").status, 200);
  const bool matched = std::ranges::any_of(frames.frames, [](const auto& f) { return json::parse(*f)["type"] == "match"; });
  EXPECT_TRUE(matched);
  session->on_close(1'000);
}

TEST(ExchangeDialect, AnyByteMayBeWrong) {
  exchange_on_a_desk d;
  auto fed = test_support::damage_every_byte({"{\"product_id\":\"BTC-USD\"," + resting + "}"}, [&](const std::string& body) {
    d.clock.wall = d.clock.wall + 1s;
    EXPECT_TRUE(json::accept(d.send("POST", "/orders", {}, body).body)) << body;
    EXPECT_TRUE(json::accept(d.send("DELETE", "/orders/" + body).body)) << body;
    EXPECT_TRUE(json::accept(d.send("GET", "/orders", body).body)) << body;
  });
  test::kept_frames frames;
  auto session = d.connect(frames);
  const std::vector<std::string> messages{d.make_subscription("user").dump(), R"({"type":"subscribe","channels":[{"name":"ticker","product_ids":["BTC-USD"]}]})"};
  fed += test_support::damage_every_byte(messages, [&](const std::string& m) {
    session->on_message(m, false);
    frames.frames.clear();
  });
  EXPECT_GT(fed, 1'000u);
  session->on_close(1'000);
}

}  // namespace
}  // namespace drover::exchanges::paper
