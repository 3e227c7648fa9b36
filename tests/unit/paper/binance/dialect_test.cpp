#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/paper/binance/limits.hpp"
#include "exchanges/paper/binance/parameters.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/support/test_keys.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace binance {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

using namespace drover::literals;
using test::kept_frames;

struct venue_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> binance_dialect;
  const api_account* account = nullptr;

  explicit venue_on_a_desk(paper_config config = {}) : venue(std::move(config), clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    binance_dialect = binance::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
  }
  std::string sign(const std::string& text) const {
    return text + "&signature=" + to_hex(crypto::hmac_sha256(account->api_secret, text));
  }
  net::http_response send(const char* method, const char* path, std::string query, std::string body = {}, bool with_key = true) {
    net::http_request r{.method = method, .path = path, .query = std::move(query), .body = std::move(body), .remote_address = "127.0.0.1"};
    if (with_key) r.headers.emplace_back("X-MBX-APIKEY", account->api_key);
    return binance_dialect->handle(r, "");
  }
  std::string stamp() const { return "timestamp=" + std::to_string(clock.wall.ms()); }
  net::http_response place(const std::string& text) { return send("POST", "/api/v3/order", "", sign(text + "&" + stamp())); }
  net::http_response get(const char* path, const std::string& text = {}) {
    return send("GET", path, sign(text.empty() ? stamp() : text + "&" + stamp()));
  }
};

void expect_refusal(const net::http_response& r, int status, int code, const std::string& message) {
  EXPECT_EQ(r.status, status);
  EXPECT_EQ(json::parse(r.body), (json{{"code", code}, {"msg", message}}));
}

constexpr const char* resting = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000";

TEST(BinanceDialect, PlacesFindsAndCancels) {
  venue_on_a_desk d;
  const auto placed = json::parse(d.place(std::string(resting) + "&newClientOrderId=mine").body);
  EXPECT_EQ(placed["status"], "NEW");
  EXPECT_EQ(placed["price"], "50000.00000000");
  EXPECT_EQ(placed["fills"], json::array());
  EXPECT_EQ(json::parse(d.get("/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine").body)["orderId"], placed["orderId"]);
  EXPECT_EQ(json::parse(d.get("/api/v3/openOrders").body).size(), 1u);
  const auto gone = d.send("DELETE", "/api/v3/order", d.sign("symbol=BTCUSDT&origClientOrderId=mine&" + d.stamp()));
  EXPECT_EQ(json::parse(gone.body)["status"], "CANCELED");
  EXPECT_EQ(json::parse(gone.body)["origClientOrderId"], "mine");
}

TEST(BinanceDialect, ChecksKeyClockAndSignatureInTheVenuesWords) {
  venue_on_a_desk d;
  const auto path = "/api/v3/account";
  expect_refusal(d.send("GET", path, d.sign(d.stamp()), "", false), 401, -2014, "API-key format invalid.");
  net::http_request unknown{.method = "GET", .path = path, .query = d.sign(d.stamp()), .headers = {{"X-MBX-APIKEY", "nobody"}}};
  expect_refusal(d.binance_dialect->handle(unknown, ""), 401, -2015, "Invalid API-key, IP, or permissions for action.");
  expect_refusal(d.send("GET", path, d.stamp() + "&signature=00"), 400, -1022, "Signature for this request is not valid.");
  const auto now = d.clock.wall.ms();
  expect_refusal(d.send("GET", path, d.sign("timestamp=" + std::to_string(now - 5'001))), 400, -1021,
                 "Timestamp for this request is outside of the recvWindow.");
  expect_refusal(d.send("GET", path, d.sign("timestamp=" + std::to_string(now + 1'001))), 400, -1021,
                 "Timestamp for this request was 1000ms ahead of the server's time.");
  EXPECT_EQ(d.send("GET", path, d.sign("timestamp=" + std::to_string(now - 9'000) + "&recvWindow=10000")).status, 200);
  EXPECT_EQ(d.send("GET", path, d.sign("timestamp=" + std::to_string(now - 5'000))).status, 200);
}

TEST(BinanceDialect, VerifiesWithTheRegisteredKey) {
  for (auto [pem, open] : {std::pair{drover::test::ed25519_pem, drover::test::ed25519_public_pem},
                           {drover::test::rsa_pem, drover::test::rsa_public_pem}}) {
    venue_on_a_desk d;
    d.account = *d.venue.open_account({.public_key = std::string(open)});
    EXPECT_TRUE(d.account->api_secret.empty());
    const auto signature = to_base64(crypto::signing_key::from_pem(pem)->sign(d.stamp()));
    const auto path = "/api/v3/account";
    EXPECT_EQ(d.send("GET", path, d.stamp() + "&signature=" + percent_encode(signature)).status, 200);
    const auto refused = "Signature for this request is not valid.";
    expect_refusal(d.send("GET", path, d.stamp() + "&recvWindow=4000&signature=" + percent_encode(signature)), 400, -1022, refused);
    expect_refusal(d.send("GET", path, d.stamp() + "&signature=00"), 400, -1022, refused);
    // The HMAC with the empty secret, which the account does not have.
    expect_refusal(d.send("GET", path, d.sign(d.stamp())), 400, -1022, refused);
  }
}

TEST(BinanceDialect, RegistersOnlyPublicKeysThatTheVenueTakes) {
  venue_on_a_desk d;
  const auto p256 = crypto::signing_key::generate(crypto::key_algorithm::es256).to_public_pem();
  for (const auto& text : {std::string("canary"), p256, std::string(drover::test::ed25519_pem)})
    EXPECT_FALSE(d.venue.open_account({.public_key = text}));
  EXPECT_FALSE(d.venue.open_account({.api_secret = "secret", .public_key = std::string(drover::test::rsa_public_pem)}));
}

TEST(BinanceDialect, SignatureCoversQueryAndBodyAsSent) {
  venue_on_a_desk d;
  const std::string query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC", form = "quantity=0.01&price=50000&" + d.stamp();
  const auto signature = to_hex(crypto::hmac_sha256(d.account->api_secret, query + form));
  EXPECT_EQ(d.send("POST", "/api/v3/order", query, form + "&signature=" + signature).status, 200);
  EXPECT_EQ(d.send("POST", "/api/v3/order", query, form + "0&signature=" + signature).status, 400);
}

TEST(BinanceDialect, RefusesOrdersInTheVenuesWords) {
  venue_on_a_desk d;
  const std::string limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC";
  expect_refusal(d.place(limit + "&quantity=1.5&price=90000"), 400, -2010, "Account has insufficient balance for requested action.");
  expect_refusal(d.place(limit + "&quantity=0.00001&price=50000"), 400, -1013, "Filter failure: NOTIONAL");
  expect_refusal(d.place(limit + "&quantity=0.010001&price=50000"), 400, -1013, "Filter failure: LOT_SIZE");
  expect_refusal(d.place(limit + "&quantity=0.01&price=50000.001"), 400, -1013, "Filter failure: PRICE_FILTER");
  expect_refusal(d.place(limit + "&quantity=0.010000001&price=50000"), 400, -1111, "Parameter 'quantity' has too much precision.");
  expect_refusal(d.place("symbol=NOPE&side=BUY&type=MARKET&quantity=1"), 400, -1121, "Invalid symbol.");
  expect_refusal(d.place("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.01&price=70000"), 400, -2010, "Order would immediately match and take.");
  EXPECT_EQ(d.place(std::string(resting) + "&newClientOrderId=twice").status, 200);
  expect_refusal(d.place(std::string(resting) + "&newClientOrderId=twice"), 400, -2010, "Duplicate order sent.");
  expect_refusal(d.get("/api/v3/order", "symbol=BTCUSDT&orderId=999"), 400, -2013, "Order does not exist.");
  expect_refusal(d.send("DELETE", "/api/v3/order", d.sign("symbol=BTCUSDT&orderId=999&" + d.stamp())), 400, -2011, "Unknown order sent.");
}

TEST(BinanceDialect, HostileParametersGetRefusalsNotCrashes) {
  venue_on_a_desk d;
  for (const char* text : {"quantity=1e400", "quantity=-1", "quantity=99999999999999999999999999", "quantity=%zz", "quantity=NaN", "orderId=99999999999999999999",
                           "quantity=0.01&quantity=0.02", "a=1&&&=&=&b", "newClientOrderId=%00%22"}) {
    const auto r = d.place("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=50000&" + std::string(text));
    EXPECT_EQ(r.status, 400) << text;
    EXPECT_TRUE(json::parse(r.body).contains("code")) << text;
  }
}

TEST(BinanceDialect, PermissionsOfTheKeyAreEnforcedAndTold) {
  venue_on_a_desk d;
  d.account = *d.venue.open_account({.permissions = {.trade = false, .withdraw = true, .ip_restrict = true}});
  expect_refusal(d.place(resting), 401, -2015, "Invalid API-key, IP, or permissions for action.");
  const auto told = json::parse(d.get("/sapi/v1/account/apiRestrictions").body);
  EXPECT_EQ(told["enableWithdrawals"], true);
  EXPECT_EQ(told["enableSpotAndMarginTrading"], false);
  EXPECT_EQ(told["ipRestrict"], true);
}

TEST(BinanceDialect, UserStreamTellsTheLifeOfAnOrder) {
  venue_on_a_desk d;
  auto opened = d.binance_dialect->handle({.method = "GET", .path = "/ws-api/v3", .wants_websocket = true}, "");
  ASSERT_NE(opened.websocket, nullptr);
  kept_frames frames;
  opened.websocket->on_open(frames);
  const auto text = "apiKey=" + d.account->api_key + "&" + d.stamp();
  const json subscribe{{"id", "a"}, {"method", "userDataStream.subscribe.signature"},
                       {"params", {{"apiKey", d.account->api_key}, {"timestamp", d.clock.wall.ms()},
                                   {"signature", to_hex(crypto::hmac_sha256(d.account->api_secret, text))}}}};
  opened.websocket->on_message(subscribe.dump(), false);
  ASSERT_EQ(frames.last()["result"]["subscriptionId"], 0);
  d.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=now");
  ASSERT_GE(frames.frames.size(), 4u);
  EXPECT_EQ(json::parse(*frames.frames[1])["event"]["x"], "NEW");
  const auto traded = json::parse(*frames.frames[2])["event"];
  EXPECT_EQ(traded["x"], "TRADE");
  EXPECT_EQ(traded["X"], "FILLED");
  EXPECT_EQ(traded["c"], "now");
  EXPECT_EQ(traded["N"], "BTC");
  EXPECT_EQ(frames.last()["event"]["e"], "outboundAccountPosition");
  ASSERT_TRUE(d.venue.faults().add({.kind = fault_kind::duplicate_frames}));
  const auto before = frames.frames.size();
  d.place(std::string(resting) + "&newClientOrderId=rest");
  EXPECT_EQ(frames.frames.size(), before + 3) << "NEW twice, balances once";
  opened.websocket->on_message(R"({"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":0}})", false);
  const auto silent = frames.frames.size();
  d.send("DELETE", "/api/v3/openOrders", d.sign("symbol=BTCUSDT&" + d.stamp()));
  EXPECT_EQ(frames.frames.size(), silent);
  opened.websocket->on_close(1000);
}

TEST(BinanceDialect, SharedStreamComposesAFrameOnce) {
  venue_on_a_desk d;
  std::vector<std::shared_ptr<net::websocket_handler>> handlers;
  std::vector<kept_frames> sessions(3);
  for (auto& s : sessions) {
    handlers.push_back(d.binance_dialect->handle({.method = "GET", .path = "/ws/btcusdt@bookTicker", .wants_websocket = true}, "").websocket);
    handlers.back()->on_open(s);
  }
  ASSERT_TRUE(d.venue.set_price(instrument_number{0}, decimal(61'000)));
  ASSERT_FALSE(sessions[0].frames.empty());
  EXPECT_EQ(sessions[0].frames.back().get(), sessions[2].frames.back().get());
  EXPECT_EQ(sessions[0].last()["s"], "BTCUSDT");
  for (auto& h : handlers) h->on_close(1006);
}

TEST(BinanceDialect, DepthFramesFollowTheSnapshotWithoutAGap) {
  venue_on_a_desk d;
  kept_frames frames;
  auto handler = d.binance_dialect->handle({.method = "GET", .path = "/stream", .query = "streams=btcusdt@depth@100ms", .wants_websocket = true}, "").websocket;
  handler->on_open(frames);
  d.venue.publish_depth();
  const auto snapshot = json::parse(d.send("GET", "/api/v3/depth", "symbol=BTCUSDT").body)["lastUpdateId"].get<std::int64_t>();
  auto expected = snapshot + 1;
  for (int i = 0; i < 20; ++i) {
    d.venue.step_generator();
    d.venue.publish_depth();
    const auto frame = frames.last();
    EXPECT_EQ(frame["stream"], "btcusdt@depth@100ms");
    EXPECT_EQ(frame["data"]["U"], expected);
    expected = frame["data"]["u"].get<std::int64_t>() + 1;
  }
  handler->on_close(1000);
}

TEST(BinanceDialect, WeightsRunOutThenBan) {
  paper_config config;
  config.request_weight_per_minute = 100;
  venue_on_a_desk d(config);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(d.get("/api/v3/account").status, 200);
  const auto limited = d.get("/api/v3/account");
  EXPECT_EQ(limited.status, 429);
  EXPECT_FALSE(find_header(limited.headers, "Retry-After").empty());
  EXPECT_EQ(find_header(limited.headers, "X-MBX-USED-WEIGHT-1M"), "120");
  for (int i = 0; i < binance::request_limits::patience; ++i) d.get("/api/v3/account");
  EXPECT_EQ(d.get("/api/v3/account").status, 418);
  d.clock.wall = d.clock.wall + 61s;
  EXPECT_EQ(d.get("/api/v3/account").status, 418) << "a ban outlasts the minute";
  d.clock.wall = d.clock.wall + 120s;
  EXPECT_EQ(d.get("/api/v3/account").status, 200);
}

TEST(BinanceDialect, OrderRateIsCountedPerAccount) {
  paper_config config;
  config.orders_per_ten_seconds = 2;
  venue_on_a_desk d(config);
  EXPECT_EQ(d.place(resting).status, 200);
  const auto second = d.place(resting);
  EXPECT_EQ(find_header(second.headers, "X-MBX-ORDER-COUNT-10S"), "2");
  expect_refusal(d.place(resting), 429, -1015, "Too many new orders; current limit is 2 orders per TEN_SECONDS.");
  d.clock.wall = d.clock.wall + 10s;
  EXPECT_EQ(d.place(resting).status, 200);
}

}  // namespace
}  // namespace drover::exchanges::paper
