#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/kraken/pairs.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace kraken {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

struct kraken_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;
  std::int64_t nonce = 1'000;

  kraken_on_a_desk() : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = kraken::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.venue = "kraken", .balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
  }
  /// With the next nonce unless one is given; `secret` in base64.
  json send(std::string name, std::string more = {}, std::int64_t with_nonce = 0, std::string secret = {}) {
    const auto number = std::to_string(with_nonce != 0 ? with_nonce : ++nonce);
    net::http_request r{.method = "POST", .path = "/0/private/" + name, .body = "nonce=" + number + (more.empty() ? "" : "&" + more),
                        .remote_address = "127.0.0.1"};
    const auto key = *from_base64(secret.empty() ? account->api_secret : secret);
    r.headers = {{"API-Key", account->api_key}, {"Content-Type", "application/x-www-form-urlencoded"},
                 {"API-Sign", to_base64(crypto::hmac_sha512(key, r.path + crypto::sha256(number + r.body)))}};
    return json::parse(speaker->handle(r, "").body);
  }
  json place(const std::string& more) { return send("AddOrder", "pair=XBTUSDT&type=buy&" + more); }
  std::shared_ptr<net::websocket_handler> connect(test::kept_frames& frames) {
    net::http_request r{.method = "GET", .path = "/v2", .remote_address = "127.0.0.1"};
    r.wants_websocket = true;
    auto handler = speaker->handle(r, "").websocket;
    handler->on_open(frames);
    return handler;
  }
};

std::string error_of(const json& answer) { return answer["error"].empty() ? std::string() : answer["error"][0].get<std::string>(); }
constexpr const char* resting = "ordertype=limit&volume=0.01&price=50000&cl_ord_id=mine";

TEST(KrakenDialect, PlacesFindsAndCancels) {
  kraken_on_a_desk d;
  const auto placed = d.place(resting);
  ASSERT_EQ(error_of(placed), "");
  const auto txid = placed["result"]["txid"][0].get<std::string>();
  EXPECT_EQ(txid.size(), 19u);
  EXPECT_EQ(d.send("QueryOrders", "txid=" + txid)["result"][txid]["status"], "open");
  EXPECT_TRUE(d.send("OpenOrders", "cl_ord_id=mine")["result"]["open"].contains(txid));
  EXPECT_TRUE(d.send("OpenOrders", "cl_ord_id=other")["result"]["open"].empty());
  EXPECT_EQ(d.send("CancelOrder", "cl_ord_id=mine")["result"]["count"], 1);
  EXPECT_EQ(error_of(d.send("CancelOrder", "txid=" + txid)), "EOrder:Unknown order");
  EXPECT_EQ(d.send("ClosedOrders", "cl_ord_id=mine")["result"]["closed"][txid]["status"], "canceled");
}

TEST(KrakenDialect, NoncesMustRise) {
  kraken_on_a_desk d;
  EXPECT_EQ(error_of(d.send("BalanceEx", {}, 5'000)), "");
  EXPECT_EQ(error_of(d.send("BalanceEx", {}, 5'000)), "EAPI:Invalid nonce");
  EXPECT_EQ(error_of(d.send("BalanceEx", {}, 4'999)), "EAPI:Invalid nonce");
  // What was not signed rightly does not count.
  EXPECT_EQ(error_of(d.send("BalanceEx", {}, 9'000, "d3Jvbmc=")), "EAPI:Invalid signature");
  EXPECT_EQ(error_of(d.send("BalanceEx", {}, 5'001)), "");
  EXPECT_EQ(error_of(json::parse(d.speaker->handle({.method = "POST", .path = "/0/private/Balance", .body = "nonce=1"}, "").body)), "EAPI:Invalid key");
}

TEST(KrakenDialect, RefusesOrdersInTheVenuesWords) {
  kraken_on_a_desk d;
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=1000&price=50000")), "EOrder:Insufficient funds");
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=0.01&price=50000.001")), "EOrder:Invalid price");
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=0.00002&price=50000")), "EOrder:Cost minimum not met");
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=0.01&price=70000&oflags=post")), "EOrder:Post only order");
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=0.01&price=50000&cl_ord_id=this-is-neither-short-nor-a-uuid")), "EGeneral:Invalid arguments:cl_ord_id");
  EXPECT_EQ(error_of(d.place("ordertype=limit&volume=0.01&price=50000&deadline=2024-11-20T11%3A59%3A59Z")), "EService:Deadline elapsed");
  EXPECT_EQ(error_of(d.send("AddOrder", "pair=XXX&type=buy&ordertype=market&volume=1")), "EQuery:Unknown asset pair");
}

TEST(KrakenDialect, CountsCallsAndYoungCancels) {
  kraken_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 25; ++i)
    if (error_of(d.send("BalanceEx")) == "EAPI:Rate limit exceeded") ++refused;
  EXPECT_EQ(refused, 5);
  // 9 for an order that is cancelled at once: the twentieth is the last one of 180.
  refused = 0;
  for (int i = 0; i < 25; ++i) {
    const auto placed = d.place("ordertype=limit&volume=0.01&price=50000");
    if (error_of(placed) == "EOrder:Rate limit exceeded") ++refused;
    if (error_of(placed).empty()) d.send("CancelOrder", "txid=" + placed["result"]["txid"][0].get<std::string>());
  }
  EXPECT_EQ(refused, 5);
}

TEST(KrakenDialect, TheDeadManCancelsUnlessItIsRenewed) {
  kraken_on_a_desk d;
  ASSERT_EQ(error_of(d.place(resting)), "");
  EXPECT_EQ(error_of(d.send("CancelAllOrdersAfter", "timeout=5")), "");
  d.clock.wall = d.clock.wall + 4s;
  EXPECT_EQ(error_of(d.send("CancelAllOrdersAfter", "timeout=5")), "");
  d.clock.wall = d.clock.wall + 2s;
  d.venue.run_due();
  EXPECT_EQ(d.send("OpenOrders")["result"]["open"].size(), 1u);
  d.clock.wall = d.clock.wall + 3s;
  d.venue.run_due();
  EXPECT_EQ(d.send("OpenOrders")["result"]["open"].size(), 0u);
}

TEST(KrakenDialect, MarketBuysMaySpendQuoteMoney) {
  kraken_on_a_desk d;
  ASSERT_EQ(error_of(d.place("ordertype=market&volume=600&oflags=viqc")), "");
  const auto trades = d.send("TradesHistory")["result"]["trades"];
  ASSERT_FALSE(trades.empty());
  EXPECT_EQ(trades.begin().value()["pair"], "XBTUSDT");
  EXPECT_EQ(d.send("BalanceEx")["result"]["XXBT"].size(), 2u);
}

TEST(KrakenFeed, BooksCarryTheirChecksum) {
  kraken_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  EXPECT_EQ(frames.last()["channel"], "status");
  session->on_message(R"({"method":"subscribe","params":{"channel":"book","symbol":["BTC/USDT"],"depth":25},"req_id":3})", false);
  ASSERT_GE(frames.frames.size(), 3u);
  const auto snapshot = frames.last();
  EXPECT_EQ(snapshot["type"], "snapshot");
  const auto view = d.venue.data().depth(instrument_number{0}, 25);
  EXPECT_EQ(snapshot["data"][0]["checksum"], kraken::book_checksum(view.bids, view.asks, d.venue.engine().get_instrument(instrument_number{0})));
  session->on_message(R"({"method":"subscribe","params":{"channel":"book","symbol":["XXX/USDT"]},"req_id":4})", false);
  EXPECT_EQ(frames.last()["success"], false);
  EXPECT_EQ(frames.last()["symbol"], "XXX/USDT");
  session->on_close(1'000);
}

TEST(KrakenFeed, ATokenOpensThePrivateChannels) {
  kraken_on_a_desk d;
  test::kept_frames frames;
  auto session = d.connect(frames);
  session->on_message(R"({"method":"subscribe","params":{"channel":"executions","token":"wrong"},"req_id":1})", false);
  EXPECT_EQ(frames.last()["error"], "ESession:Invalid session");
  const auto token = d.send("GetWebSocketsToken")["result"]["token"].get<std::string>();
  session->on_message(R"({"method":"subscribe","params":{"channel":"executions","token":")" + token + R"("},"req_id":2})", false);
  EXPECT_EQ(frames.last()["type"], "snapshot");
  EXPECT_EQ(frames.last()["sequence"], 1);
  ASSERT_EQ(error_of(d.place(resting)), "");
  EXPECT_EQ(frames.last()["data"][0]["exec_type"], "new");
  EXPECT_EQ(frames.last()["data"][0]["cl_ord_id"], "mine");
  d.send("CancelAll");
  EXPECT_EQ(frames.last()["data"][0]["exec_type"], "canceled");
  EXPECT_EQ(frames.last()["sequence"], 3);
  session->on_close(1'000);
}

}  // namespace
}  // namespace drover::exchanges::paper
