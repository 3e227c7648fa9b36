#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace mexc {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

struct mexc_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;

  mexc_on_a_desk() : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = mexc::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.venue = "mexc", .balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
  }
  net::http_response send(const char* method, const std::string& path, std::string query = {}, std::int64_t shift_ms = 0, std::string secret = {}) {
    query += (query.empty() ? "timestamp=" : "&timestamp=") + std::to_string(clock.wall.ms() + shift_ms);
    query += "&signature=" + to_hex(crypto::hmac_sha256(secret.empty() ? account->api_secret : secret, query));
    net::http_request r{.method = method, .path = "/api/v3" + path, .query = query, .remote_address = "127.0.0.1"};
    r.headers = {{"X-MEXC-APIKEY", account->api_key}};
    return speaker->handle(r, "");
  }
};

int code_of(const net::http_response& r) { return json::parse(r.body).value("code", 0); }
constexpr const char* resting = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=50000&newClientOrderId=mine";

TEST(MexcDialect, PlacesFindsAndCancels) {
  mexc_on_a_desk d;
  const auto placed = json::parse(d.send("POST", "/order", resting).body);
  EXPECT_FALSE(placed.contains("status"));
  const auto id = placed["orderId"].get<std::string>();
  EXPECT_TRUE(id.starts_with("C02__"));
  EXPECT_EQ(json::parse(d.send("GET", "/order", "symbol=BTCUSDT&origClientOrderId=mine").body)["orderId"], id);
  EXPECT_EQ(json::parse(d.send("GET", "/openOrders", "symbol=BTCUSDT").body).size(), 1u);
  EXPECT_EQ(json::parse(d.send("DELETE", "/order", "symbol=BTCUSDT&orderId=" + id).body)["status"], "CANCELED");
  EXPECT_EQ(code_of(d.send("DELETE", "/order", "symbol=BTCUSDT&orderId=" + id)), -2011);
  EXPECT_EQ(code_of(d.send("GET", "/order", "symbol=BTCUSDT&orderId=C02__99")), -2013);
}

TEST(MexcDialect, ChecksKeyClockAndSignatureInTheVenuesWords) {
  mexc_on_a_desk d;
  EXPECT_EQ(d.send("GET", "/account").status, 200);
  EXPECT_EQ(code_of(d.send("GET", "/account", {}, 0, "wrong")), 700002);
  EXPECT_EQ(code_of(d.send("GET", "/account", {}, -6'000)), 700003);
  EXPECT_EQ(code_of(d.send("GET", "/account", "recvWindow=60001")), 700005);
  EXPECT_EQ(code_of(d.speaker->handle({.method = "GET", .path = "/api/v3/account", .headers = {{"X-MEXC-APIKEY", "x"}}}, "")), 10072);
}

TEST(MexcDialect, RefusesOrdersInTheVenuesWords) {
  mexc_on_a_desk d;
  EXPECT_EQ(code_of(d.send("POST", "/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=100&price=50000")), 30004);
  EXPECT_EQ(code_of(d.send("POST", "/order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.00001&price=50000")), 30002);
  EXPECT_EQ(code_of(d.send("POST", "/order", "symbol=XUSDT&side=BUY&type=LIMIT&quantity=1&price=1")), -1121);
  ASSERT_EQ(d.send("POST", "/order", resting).status, 200);
  EXPECT_EQ(code_of(d.send("POST", "/order", resting)), -2010);
}

TEST(MexcDialect, ListenKeysBelongToTheirAccount) {
  mexc_on_a_desk d;
  const auto key = json::parse(d.send("POST", "/userDataStream").body)["listenKey"].get<std::string>();
  EXPECT_EQ(d.send("PUT", "/userDataStream", "listenKey=" + key).status, 200);
  EXPECT_EQ(d.send("PUT", "/userDataStream", "listenKey=other").status, 400);
}

TEST(MexcDialect, WeightsAreLimitedByAddress) {
  mexc_on_a_desk d;
  int status = 200, sent = 0;
  while (status == 200 && sent < 100) status = d.speaker->handle({.method = "GET", .path = "/api/v3/exchangeInfo", .remote_address = "1"}, "").status, ++sent;
  EXPECT_EQ(status, 429);
  EXPECT_EQ(sent, 51);
}

}  // namespace
}  // namespace drover::exchanges::paper
