#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace kucoin {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

struct kucoin_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;
  std::string key_version = "2";

  explicit kucoin_on_a_desk(int version = 0) : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = kucoin::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.venue = "kucoin", .key_version = version, .balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
    if (version != 0) key_version = std::to_string(version);
  }
  net::http_response send(std::string method, std::string path, std::string query = {}, std::string body = {}, std::int64_t shift_ms = 0,
                          std::string secret = {}, std::string passphrase = {}) {
    net::http_request r{.method = method, .path = "/api/v1" + path, .query = query, .body = body, .remote_address = "127.0.0.1"};
    const auto stamp = std::to_string(clock.wall.ms() + shift_ms);
    const auto text = stamp + method + r.path + (query.empty() ? "" : "?" + query) + body;
    const auto& key = secret.empty() ? account->api_secret : secret;
    const auto word = passphrase.empty() ? account->passphrase : passphrase;
    r.headers = {{"Host", "127.0.0.1:9"}, {"KC-API-KEY", account->api_key}, {"KC-API-TIMESTAMP", stamp}, {"KC-API-KEY-VERSION", key_version},
                 {"KC-API-SIGN", to_base64(crypto::hmac_sha256(key, text))},
                 {"KC-API-PASSPHRASE", to_base64(crypto::hmac_sha256(account->api_secret, word))}};
    return speaker->handle(r, "/kucoin");
  }
  net::http_response place(const std::string& more) {
    return send("POST", "/hf/orders", {}, R"({"symbol":"BTC-USDT","side":"buy",)" + more + "}");
  }
  /// A WebSocket whose token came from `bullet`.
  std::shared_ptr<net::websocket_handler> connect(const std::string& bullet, test::kept_frames& frames) {
    const auto token = json::parse(send("POST", bullet).body)["data"]["token"].get<std::string>();
    net::http_request r{.method = "GET", .path = "/endpoint", .query = "token=" + token + "&connectId=7", .remote_address = "127.0.0.1"};
    r.wants_websocket = true;
    auto handler = speaker->handle(r, "/kucoin").websocket;
    handler->on_open(frames);
    return handler;
  }
};

std::string code_of(const net::http_response& r) { return json::parse(r.body).value("code", std::string()); }
json data_of(const net::http_response& r) { return json::parse(r.body)["data"]; }
constexpr const char* resting = R"("type":"limit","size":"0.01","price":"50000","clientOid":"mine")";

TEST(KucoinDialect, PlacesFindsAndCancels) {
  kucoin_on_a_desk d;
  const auto id = data_of(d.place(resting))["orderId"].get<std::string>();
  EXPECT_EQ(id.size(), 24u);
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/client-order/mine", "symbol=BTC-USDT"))["id"], id);
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/" + id, "symbol=BTC-USDT"))["active"], true);
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/active", "symbol=BTC-USDT")).size(), 1u);
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/active/symbols"))["symbols"][0], "BTC-USDT");
  EXPECT_EQ(data_of(d.send("DELETE", "/hf/orders/client-order/mine", "symbol=BTC-USDT"))["clientOid"], "mine");
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/" + id, "symbol=BTC-USDT"))["cancelExist"], true);
  EXPECT_EQ(code_of(d.send("DELETE", "/hf/orders/" + id, "symbol=BTC-USDT")), "400100");
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/done", "symbol=BTC-USDT"))["items"].size(), 1u);
}

TEST(KucoinDialect, ChecksKeysInTheVenuesWords) {
  kucoin_on_a_desk d;
  EXPECT_EQ(code_of(d.send("GET", "/accounts")), "200000");
  EXPECT_EQ(code_of(d.send("GET", "/accounts", {}, {}, 0, "wrong")), "400005");
  EXPECT_EQ(code_of(d.send("GET", "/accounts", {}, {}, 0, {}, "wrong")), "400004");
  const auto late = d.send("GET", "/accounts", {}, {}, -5'001);
  EXPECT_EQ(late.status, 401);
  EXPECT_EQ(code_of(late), "400002");
  EXPECT_EQ(code_of(d.speaker->handle({.method = "GET", .path = "/api/v1/accounts"}, "")), "400001");
  d.key_version = "3";
  EXPECT_EQ(code_of(d.send("GET", "/accounts")), "400004");
  kucoin_on_a_desk third(3);
  EXPECT_EQ(code_of(third.send("GET", "/accounts")), "200000");
}

TEST(KucoinDialect, RefusesOrdersInTheVenuesWords) {
  kucoin_on_a_desk d;
  EXPECT_EQ(code_of(d.place(R"("type":"limit","size":"1000","price":"50000")")), "200004");
  EXPECT_EQ(json::parse(d.place(R"("type":"limit","size":"0.01","price":"50000.001")").body)["msg"], "Price increment invalid.");
  EXPECT_EQ(code_of(d.place(R"("type":"limit","size":"0.00002","price":"50000")")), "600101");
  EXPECT_EQ(code_of(d.send("POST", "/hf/orders", {}, R"({"symbol":"X-USDT","side":"buy"})")), "900001");
  ASSERT_EQ(code_of(d.place(resting)), "200000");
  EXPECT_EQ(json::parse(d.place(resting).body)["msg"], "validation.createOrder.clientOidDuplicated");
  const auto stale = std::to_string(d.clock.wall.ms() - 2'001);
  EXPECT_EQ(code_of(d.place(R"("type":"limit","size":"0.01","price":"50000","clientTimestamp":)" + stale + R"(,"allowMaxTimeWindow":2000)")), "400100");
}

TEST(KucoinDialect, TellsAndEnforcesThePools) {
  kucoin_on_a_desk d;
  const auto first = d.send("DELETE", "/hf/orders/cancelAll");
  EXPECT_EQ(find_header(first.headers, "gw-ratelimit-limit"), "4000");
  EXPECT_EQ(find_header(first.headers, "gw-ratelimit-remaining"), "3970");
  int refused = 0;
  for (int i = 0; i < 140; ++i)
    if (d.send("DELETE", "/hf/orders/cancelAll").status == 429) ++refused;
  EXPECT_EQ(refused, 8);
  EXPECT_EQ(code_of(d.send("GET", "/accounts")), "200000");
}

TEST(KucoinDialect, TheDeadManCancelsUnlessItIsRenewed) {
  kucoin_on_a_desk d;
  ASSERT_EQ(code_of(d.place(resting)), "200000");
  const auto set = [&](const char* body) { return code_of(d.send("POST", "/hf/orders/dead-cancel-all", {}, body)); };
  EXPECT_EQ(set(R"({"timeout":4})"), "400100");
  EXPECT_EQ(set(R"({"timeout":5})"), "200000");
  d.clock.wall = d.clock.wall + 4s;
  EXPECT_EQ(set(R"({"timeout":5})"), "200000");
  d.clock.wall = d.clock.wall + 2s;
  d.venue.run_due();
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/active", "symbol=BTC-USDT")).size(), 1u);
  d.clock.wall = d.clock.wall + 3s;
  d.venue.run_due();
  EXPECT_EQ(data_of(d.send("GET", "/hf/orders/active", "symbol=BTC-USDT")).size(), 0u);
}

TEST(KucoinDialect, TakersPayInTheQuoteAsset) {
  kucoin_on_a_desk d;
  ASSERT_EQ(code_of(d.place(R"("type":"market","funds":"600")")), "200000");
  const auto fills = data_of(d.send("GET", "/hf/fills", "symbol=BTC-USDT"))["items"];
  ASSERT_FALSE(fills.empty());
  EXPECT_EQ(fills[0]["feeCurrency"], "USDT");
  EXPECT_EQ(fills[0]["liquidity"], "taker");
}

TEST(KucoinFeed, ATokenOpensItAndOrdersAreHeard) {
  kucoin_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect("/bullet-private", frames);
  EXPECT_EQ(frames.last()["type"], "welcome");
  session->on_message(R"({"id":"1","type":"subscribe","topic":"/spotMarket/tradeOrdersV2","response":true,"privateChannel":true})", false);
  EXPECT_EQ(frames.last()["type"], "ack");
  ASSERT_EQ(code_of(d.place(resting)), "200000");
  EXPECT_EQ(frames.last()["data"]["type"], "open");
  EXPECT_EQ(frames.last()["data"]["clientOid"], "mine");
  d.send("DELETE", "/hf/orders", "symbol=BTC-USDT");
  EXPECT_EQ(frames.last()["data"]["type"], "canceled");
  session->on_message(R"({"id":"2","type":"ping"})", false);
  EXPECT_EQ(frames.last()["type"], "pong");
  session->on_close(1'000);
}

TEST(KucoinFeed, RefusesWrongTokensAndTopics) {
  kucoin_on_a_desk d;
  test::kept_frames stranger, frames;
  net::http_request r{.method = "GET", .path = "/endpoint", .query = "token=x&connectId=7", .remote_address = "127.0.0.1"};
  r.wants_websocket = true;
  auto refused = d.speaker->handle(r, "").websocket;
  refused->on_open(stranger);
  EXPECT_EQ(stranger.last()["code"], 401);
  EXPECT_NE(stranger.closed_with, 0);
  refused->on_close(1'008);
  auto session = d.connect("/bullet-public", frames);
  session->on_message(R"({"id":"1","type":"subscribe","topic":"/market/match:X-USDT","response":true})", false);
  EXPECT_EQ(frames.last()["code"], 404);
  session->on_message(R"({"id":"1","type":"subscribe","topic":"/account/balance","response":true})", false);
  EXPECT_EQ(frames.last()["type"], "error");
  session->on_close(1'000);
}

}  // namespace
}  // namespace drover::exchanges::paper
