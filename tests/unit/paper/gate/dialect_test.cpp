#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/dialect.hpp"
#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {

namespace gate {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

struct gate_on_a_desk {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  std::unique_ptr<dialect> speaker;
  const api_account* account = nullptr;

  gate_on_a_desk() : venue(paper_config{}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    speaker = gate::make_dialect(venue);
    venue.begin();
    account = *venue.open_account({.venue = "gate", .balances = {{"USDT", decimal(100'000)}, {"BTC", decimal(2)}}});
  }
  net::http_response send(std::string method, std::string path, std::string query = {}, std::string body = {}, std::int64_t shift_s = 0,
                          std::string secret = {}) {
    net::http_request r{.method = method, .path = "/api/v4" + path, .query = query, .body = body, .remote_address = "127.0.0.1"};
    const auto stamp = std::to_string(clock.wall.ms() / 1'000 + shift_s);
    const auto text = method + "\n" + r.path + "\n" + query + "\n" + to_hex(crypto::sha512(body)) + "\n" + stamp;
    r.headers = {{"KEY", account->api_key}, {"Timestamp", stamp},
                 {"SIGN", to_hex(crypto::hmac_sha512(secret.empty() ? account->api_secret : secret, text))}};
    return speaker->handle(r, "");
  }
  net::http_response place(const std::string& more) {
    return send("POST", "/spot/orders", {}, R"({"currency_pair":"BTC_USDT","side":"buy",)" + more + "}");
  }
};

std::string label_of(const net::http_response& r) { return json::parse(r.body).value("label", std::string()); }

TEST(GateDialect, PlacesFindsAndCancels) {
  gate_on_a_desk d;
  const auto placed = d.place(R"("type":"limit","amount":"0.01","price":"50000","text":"t-mine")");
  EXPECT_EQ(placed.status, 201);
  const auto order = json::parse(placed.body);
  EXPECT_EQ(order["status"], "open");
  EXPECT_EQ(order["left"], "0.01");
  const auto id = order["id"].get<std::string>();
  EXPECT_EQ(json::parse(d.send("GET", "/spot/orders/t-mine", "currency_pair=BTC_USDT").body)["id"], id);
  EXPECT_EQ(json::parse(d.send("DELETE", "/spot/orders/t-mine", "currency_pair=BTC_USDT").body)["finish_as"], "cancelled");
  // A text names open orders only.
  EXPECT_EQ(label_of(d.send("GET", "/spot/orders/t-mine", "currency_pair=BTC_USDT")), "ORDER_NOT_FOUND");
  EXPECT_EQ(json::parse(d.send("GET", "/spot/orders/" + id, "currency_pair=BTC_USDT").body)["status"], "cancelled");
  EXPECT_EQ(label_of(d.send("DELETE", "/spot/orders/" + id, "currency_pair=BTC_USDT")), "ORDER_CANCELLED");
  EXPECT_EQ(json::parse(d.send("GET", "/spot/orders", "currency_pair=BTC_USDT&status=finished").body).size(), 1u);
}

TEST(GateDialect, ChecksKeyClockAndSignatureInTheVenuesWords) {
  gate_on_a_desk d;
  EXPECT_EQ(d.send("GET", "/spot/accounts").status, 200);
  EXPECT_EQ(label_of(d.send("GET", "/spot/accounts", {}, {}, 0, "wrong")), "INVALID_SIGNATURE");
  const auto late = d.send("GET", "/spot/accounts", {}, {}, -61);
  EXPECT_EQ(late.status, 403);
  EXPECT_EQ(label_of(late), "REQUEST_EXPIRED");
  EXPECT_EQ(label_of(d.speaker->handle({.method = "GET", .path = "/api/v4/spot/accounts"}, "")), "MISSING_REQUIRED_HEADER");
}

TEST(GateDialect, RefusesOrdersInTheVenuesWords) {
  gate_on_a_desk d;
  EXPECT_EQ(label_of(d.place(R"("type":"limit","amount":"1000","price":"50000")")), "BALANCE_NOT_ENOUGH");
  EXPECT_EQ(label_of(d.place(R"("type":"limit","amount":"0.01","price":"50000.001")")), "INVALID_PRECISION");
  EXPECT_EQ(label_of(d.place(R"("type":"limit","amount":"0.01","price":"50000","text":"mine")")), "INVALID_PARAM_VALUE");
  EXPECT_EQ(label_of(d.place(R"("type":"limit","amount":"0.01","price":"70000","time_in_force":"poc")")), "POC_FILL_IMMEDIATELY");
  EXPECT_EQ(label_of(d.send("POST", "/spot/orders", {}, R"({"currency_pair":"X_USDT"})")), "INVALID_CURRENCY_PAIR");
}

TEST(GateDialect, PlacingIsLimitedByPair) {
  gate_on_a_desk d;
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    const auto r = d.place(R"("type":"limit","amount":"0.01","price":"50000")");
    if (r.status == 429) ++refused;
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(find_header(d.send("GET", "/spot/accounts").headers, "X-Gate-RateLimit-Limit"), "200");
}

TEST(GateDialect, TheCountdownCancelsUnlessItIsRenewed) {
  gate_on_a_desk d;
  const auto open = [&] { return json::parse(d.send("GET", "/spot/orders", "currency_pair=BTC_USDT&status=open").body).size(); };
  const auto count_down = [&](const char* body) { return d.send("POST", "/spot/countdown_cancel_all", {}, body).status; };
  ASSERT_EQ(d.place(R"("type":"limit","amount":"0.01","price":"50000")").status, 201);
  EXPECT_EQ(count_down(R"({"timeout":3})"), 400);
  EXPECT_EQ(count_down(R"({"timeout":5})"), 200);
  d.clock.wall = d.clock.wall + 4s;
  EXPECT_EQ(count_down(R"({"timeout":5})"), 200);
  d.clock.wall = d.clock.wall + 2s;
  d.venue.run_due();
  EXPECT_EQ(open(), 1u);
  d.clock.wall = d.clock.wall + 3s;
  d.venue.run_due();
  EXPECT_EQ(open(), 0u);
}

TEST(GateDialect, MarketBuysSpendQuoteMoney) {
  gate_on_a_desk d;
  const auto order = json::parse(d.place(R"("type":"market","amount":"600","time_in_force":"ioc")").body);
  EXPECT_EQ(order["amount"], "600");
  EXPECT_EQ(order["status"], "closed");
  EXPECT_EQ(order["fee_currency"], "BTC");
  EXPECT_FALSE(json::parse(d.send("GET", "/spot/my_trades", "currency_pair=BTC_USDT").body).empty());
}

}  // namespace
}  // namespace drover::exchanges::paper
