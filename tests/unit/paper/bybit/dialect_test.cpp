#include <gtest/gtest.h>

#include "tests/unit/paper/bybit/bybit_desk.hpp"

namespace drover::exchanges::paper {
namespace {

constexpr const char* resting = R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000","timeInForce":"GTC","orderLinkId":"mine")";

TEST(BybitDialect, PlacesFindsAndCancels) {
  bybit_on_a_desk d;
  const auto placed = body_of(d.place(resting));
  EXPECT_EQ(placed["retCode"], 0);
  EXPECT_EQ(placed["result"]["orderLinkId"], "mine");
  const auto id = placed["result"]["orderId"].get<std::string>();
  EXPECT_EQ(id.size(), 19u);
  const auto found = d.list("/order/realtime", "&orderLinkId=mine");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["orderId"], id);
  EXPECT_EQ(found[0]["orderStatus"], "New");
  EXPECT_EQ(d.list("/order/realtime", "").size(), 1u);
  EXPECT_TRUE(d.list("/order/history", "&orderId=" + id).empty());
  EXPECT_EQ(code_of(d.cancel(R"("orderId":")" + id + "\"")), 0);
  EXPECT_TRUE(d.list("/order/realtime", "").empty());
  EXPECT_EQ(d.list("/order/history", "&orderId=" + id)[0]["orderStatus"], "Cancelled");
  EXPECT_EQ(code_of(d.cancel(R"("orderLinkId":"mine")")), 170'213);
}

TEST(BybitDialect, EveryKindOfOrderEndsAsItShould) {
  bybit_on_a_desk d;
  const auto status = [&](const std::string& id, const std::string& order) {
    EXPECT_EQ(code_of(d.place(R"("orderLinkId":")" + id + "\"," + order)), 0) << order;
    return d.list("/order/realtime", "&orderLinkId=" + id)[0];
  };
  EXPECT_EQ(status("maker", R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000","timeInForce":"PostOnly")")["orderStatus"], "New");
  EXPECT_EQ(status("ioc", R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000","timeInForce":"IOC")")["orderStatus"], "Cancelled");
  EXPECT_EQ(status("fok", R"("side":"Sell","orderType":"Limit","qty":"0.01","price":"70000","timeInForce":"FOK")")["orderStatus"], "Cancelled");
  EXPECT_EQ(status("taker", R"("side":"Sell","orderType":"Limit","qty":"0.01","price":"50000")")["orderStatus"], "Filled");
  const auto market = status("base", R"("side":"Buy","orderType":"Market","qty":"0.01","marketUnit":"baseCoin")");
  EXPECT_EQ(market["orderStatus"], "Filled");
  EXPECT_EQ(market["cumExecQty"], "0.01");
  // A market buy is sized in money unless it says otherwise.
  const auto money = status("quote", R"("side":"Buy","orderType":"Market","qty":"600")");
  EXPECT_EQ(money["marketUnit"], "quoteCoin");
  EXPECT_EQ(money["qty"], "600");
  EXPECT_LT(decimal::literal(money["cumExecQty"].get<std::string>()), decimal::literal("0.011"));
  EXPECT_EQ(status("sell", R"("side":"Sell","orderType":"Market","qty":"0.01")")["cumExecQty"], "0.01");
}

TEST(BybitDialect, CancelsAllOfOneSymbolOrOfAll) {
  bybit_on_a_desk d;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000")")), 0);
  ASSERT_EQ(code_of(d.send("POST", "/order/create", {}, R"({"category":"spot","symbol":"ETHUSDT","side":"Buy","orderType":"Limit","qty":"0.1","price":"2000"})")), 0);
  EXPECT_EQ(body_of(d.send("POST", "/order/cancel-all", {}, R"({"category":"spot","symbol":"BTCUSDT"})"))["result"]["list"].size(), 3u);
  EXPECT_EQ(body_of(d.send("POST", "/order/cancel-all", {}, R"({"category":"spot"})"))["result"]["list"].size(), 1u);
  EXPECT_EQ(code_of(d.send("POST", "/order/cancel-all", {}, R"({"category":"spot","symbol":"XUSDT"})")), 170'121);
}

TEST(BybitDialect, ListsArePaged) {
  bybit_on_a_desk d;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Limit","qty":"0.01","price":"50000")")), 0);
  std::size_t seen = 0, pages = 0;
  for (std::string cursor; pages == 0 || !cursor.empty(); ++pages) {
    ASSERT_LT(pages, 5u);
    const auto page = body_of(d.send("GET", "/order/realtime", "category=spot&limit=2&cursor=" + cursor))["result"];
    seen += page["list"].size();
    cursor = page["nextPageCursor"].get<std::string>();
  }
  EXPECT_EQ(seen, 5u);
}

TEST(BybitDialect, FeesAreTakenFromWhatIsReceived) {
  bybit_on_a_desk d;
  ASSERT_EQ(code_of(d.place(R"("side":"Buy","orderType":"Market","qty":"0.01","marketUnit":"baseCoin","orderLinkId":"taker")")), 0);
  const auto fills = d.list("/execution/list", "&execType=Trade");
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0]["feeCurrency"], "BTC");
  EXPECT_TRUE(decimal::literal(fills[0]["execFee"].get<std::string>()).is_positive());
  EXPECT_EQ(fills[0]["orderLinkId"], "taker");
  EXPECT_EQ(fills[0]["isMaker"], false);
}

/// Code and words are the documented ones.
void expect_documented(const net::http_response& r, const std::string& name) {
  for (const auto& c : test_support::load_data("errors/bybit.json")) {
    if (c["case"] != name) continue;
    EXPECT_EQ(r.status, c["http_status"].get<int>()) << name;
    if (c["body"].is_string()) {
      EXPECT_EQ(r.body, c["body"].get<std::string>()) << name;
      return;
    }
    const auto got = body_of(r);
    EXPECT_EQ(got["retCode"], c["body"]["retCode"]) << name;
    // The words of a stale clock tell the clocks.
    const auto words = got["retMsg"].get<std::string>(), wanted = c["body"]["retMsg"].get<std::string>();
    EXPECT_EQ(words.substr(0, words.find('[')), wanted.substr(0, wanted.find('['))) << name;
    EXPECT_TRUE(got["result"].is_object()) << name;
    return;
  }
  FAIL() << "no case " << name;
}

TEST(BybitDialect, RefusesKeysInTheVenuesWords) {
  const auto refuse = [](auto change, const std::string& name) {
    bybit_on_a_desk d;
    EXPECT_EQ(code_of(d.send("GET", "/account/wallet-balance", "accountType=UNIFIED")), 0);
    change(d);
    expect_documented(d.send("GET", "/account/wallet-balance", "accountType=UNIFIED"), name);
  };
  refuse([](auto& d) { d.key = "nobody"; }, "bad_key");
  refuse([](auto& d) { d.secret = "wrong"; }, "bad_signature");
  refuse([](auto& d) { d.shift = -5'001ms; }, "clock_skew");
  refuse([](auto& d) { d.shift = 1'001ms; }, "clock_skew");
  refuse([](auto& d) { d.window = "100", d.shift = -101ms; }, "clock_skew");
  refuse([](auto& d) { d.address = "10.0.0.1", d.secret = "wrong"; }, "bad_signature");
  bybit_on_a_desk bound({.addresses = {"10.0.0.1"}});
  expect_documented(bound.send("GET", "/account/wallet-balance"), "ip_restricted");
  bybit_on_a_desk expired({.expires_at = wall_time::from_ms(1'732'103'999'999)});
  expect_documented(expired.send("GET", "/account/wallet-balance"), "key_expired");
}

TEST(BybitDialect, ReadersMayNotTradeByAnyMethod) {
  bybit_on_a_desk d({.permissions = {.read = true, .trade = false}});
  expect_documented(d.place(resting), "permission");
  EXPECT_EQ(code_of(d.send("GET", "/order/create", "category=spot&symbol=BTCUSDT&side=Buy&orderType=Limit&qty=0.01&price=50000")), 10'017);
  EXPECT_EQ(code_of(d.send("GET", "/order/cancel-all", "category=spot")), 10'017);
  EXPECT_TRUE(d.list("/order/realtime", "").empty());
  const auto key = body_of(d.send("GET", "/user/query-api"))["result"];
  EXPECT_EQ(key["readOnly"], 1);
  EXPECT_TRUE(key["permissions"]["Spot"].empty());
}

TEST(BybitDialect, RefusesOrdersInTheVenuesWords) {
  bybit_on_a_desk d;
  const auto limit = [&](const std::string& quantity, const std::string& price, const std::string& more = {}) {
    return d.place(R"("side":"Buy","orderType":"Limit","qty":")" + quantity + R"(","price":")" + price + "\"" + more);
  };
  expect_documented(limit("1000", "50000"), "insufficient_balance");
  expect_documented(limit("0.000001", "50000"), "min_qty");
  expect_documented(limit("0.0100001", "50000"), "precision_qty");
  expect_documented(limit("0.01", "50000.001"), "precision_price");
  expect_documented(limit("0.01", "70000", R"(,"timeInForce":"PostOnly")"), "post_only");
  expect_documented(d.send("POST", "/order/create", {}, R"({"category":"spot","symbol":"XUSDT","side":"Buy","orderType":"Limit","qty":"1","price":"1"})"), "bad_symbol");
  expect_documented(d.cancel(R"("orderId":"1")"), "order_not_found");
  EXPECT_EQ(code_of(d.place(R"("side":"up","orderType":"Limit","qty":"0.01","price":"50000")")), 10'001);
  EXPECT_EQ(code_of(limit("0.01", "50000", R"(,"orderLinkId":"no spaces")")), 10'001);
  EXPECT_EQ(code_of(d.send("POST", "/order/create", {}, "{")), 10'001);
}

TEST(BybitDialect, ClientIdsAreNeverUsedTwice) {
  bybit_on_a_desk d;
  ASSERT_EQ(code_of(d.place(resting)), 0);
  expect_documented(d.place(resting), "duplicate_client_id");
  ASSERT_EQ(code_of(d.cancel(R"("orderLinkId":"mine")")), 0);
  EXPECT_EQ(code_of(d.place(resting)), 170'141);
}

TEST(BybitDialect, AccountsAreToldWhatIsLeft) {
  bybit_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 22; ++i) {
    const auto r = d.place(R"("side":"Buy","orderType":"Limit","qty":"0.001","price":"50000")");
    EXPECT_EQ(find_header(r.headers, "X-Bapi-Limit"), "20");
    if (i < 20) EXPECT_EQ(find_header(r.headers, "X-Bapi-Limit-Status"), std::to_string(19 - i));
    if (code_of(r) == 0) continue;
    expect_documented(r, "rate_limited");
    EXPECT_EQ(find_header(r.headers, "X-Bapi-Limit-Reset-Timestamp"), std::to_string(d.clock.wall.ms() + 1'000));
    ++refused;
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(code_of(d.send("POST", "/order/cancel-all", {}, R"({"category":"spot"})")), 0);
  d.clock.wall = d.clock.wall + 1'001ms;
  EXPECT_EQ(code_of(d.place(resting)), 0);
}

TEST(BybitDialect, AddressesThatAskTooOftenAreShutOut) {
  bybit_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 602; ++i) {
    const auto r = d.send("GET", "/market/time");
    if (r.status == 200) continue;
    expect_documented(r, "ip_rate_limited");
    ++refused;
  }
  EXPECT_EQ(refused, 2);
  d.address = "10.0.0.7";
  EXPECT_EQ(d.send("GET", "/market/time").status, 200);
}

TEST(BybitDialect, FaultsSpeakTheVenuesWords) {
  bybit_on_a_desk d;
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::error_after_placing}), "system_error");
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::rate_limit}), "rate_limited");
  expect_documented(d.speaker->make_fault_response({.kind = fault_kind::ban}), "ip_rate_limited");
  EXPECT_EQ(d.speaker->make_fault_response({.kind = fault_kind::error_5xx}).status, 500);
}

TEST(BybitDialect, AnyByteOfARequestMayBeWrong) {
  bybit_on_a_desk d;
  const std::vector<std::string> bodies{R"({"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.01","price":"50000","orderLinkId":"a"})",
                                        R"({"category":"spot","symbol":"BTCUSDT","orderId":"1800000000000000001"})"};
  const auto fed = test_support::damage_every_byte(bodies, [&](const std::string& body) {
    d.clock.wall = d.clock.wall + 3s;
    for (const auto* path : {"/order/create", "/order/cancel", "/order/cancel-all"})
      EXPECT_TRUE(json::accept(d.send("POST", path, {}, body).body)) << path << body;
    EXPECT_EQ(d.send("GET", "/order/realtime", body).status, 200);
  });
  EXPECT_GT(fed, 500u);
}

}  // namespace
}  // namespace drover::exchanges::paper
