#include <gtest/gtest.h>

#include "tests/unit/kraken/kraken_fixture.hpp"

namespace drover::exchanges::kraken {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* test_secret = "ZGV2IGtyYWtlbiBzZWNyZXQ=";

TEST(KrakenSigning, MakesTheRequestsOfAForeignClient) {
  int checked = 0;
  for (const auto& v : load_data("signing/kraken.json")) {
    wire_request r;
    r.method = "POST";
    r.path = v["expected"]["path"].get<std::string>();
    r.is_private = true;
    for (const auto& [name, value] : v["input"]["params"].items()) r.form.add(name, value.is_string() ? value.get<std::string>() : value.dump());
    signing_context c;
    c.nonce = v.contains("nonce") ? std::stoll(v["nonce"].get<std::string>()) : v["clock_ms"].get<std::int64_t>();
    c.base_url = "https://api.kraken.com";
    credentials keys{secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()), {}};
    auto made = protocol().sign(std::move(r), &keys, c);
    ASSERT_TRUE(made) << v["id"];
    EXPECT_EQ(made->method, "POST");
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>());
    EXPECT_EQ(made->body, v["expected"]["body"].get<std::string>());
    for (const auto& [name, value] : v["expected"]["headers"].items())
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

std::string body_of(milliseconds window) {
  credentials keys{secret("k"), secret(test_secret), {}};
  signing_context c;
  c.nonce = 1;
  c.server_now = wall_time::from_ms(1'732'104'000'000);
  c.validity_window = window;
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  return protocol().sign(*protocol().make_request(call), &keys, c)->body;
}

TEST(KrakenSigning, OrdersHaveADeadlineWithinTheVenuesBounds) {
  EXPECT_TRUE(body_of(5'000ms).starts_with("nonce=1&pair=XBTUSDT&"));
  EXPECT_NE(body_of(5'000ms).find("&deadline=2024-11-20T12%3A00%3A05.000000Z"), std::string::npos);
  EXPECT_NE(body_of(100ms).find("&deadline=2024-11-20T12%3A00%3A03.000000Z"), std::string::npos);
  EXPECT_NE(body_of(300'000ms).find("&deadline=2024-11-20T12%3A00%3A59.000000Z"), std::string::npos);
}

TEST(KrakenSigning, BatchesTravelAsJson) {
  credentials keys{secret("k"), secret(test_secret), {}};
  signing_context c;
  c.nonce = 7;
  auto call = call_of(operation::cancel_all_orders);
  call.step = 1;
  call.cursor = "A,B";
  const auto made = protocol().sign(*protocol().make_request(call), &keys, c);
  EXPECT_EQ(made->body, R"({"nonce":"7","orders":["A","B"]})");
  EXPECT_EQ(find_header(made->headers, "Content-Type"), "application/json");
}

TEST(KrakenSigning, RefusesSecretsThatAreNotBase64) {
  credentials keys{secret("k"), secret("not base64!"), {}};
  auto made = protocol().sign(*protocol().make_request(call_of(operation::balances)), &keys, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(made.error().detail.find("not base64!"), std::string::npos);
  EXPECT_FALSE(protocol().sign(*protocol().make_request(call_of(operation::balances)), nullptr, {}));
}

TEST(KrakenSigning, KnowsNoOptions) { EXPECT_FALSE(make_protocol({{"key_version", "2"}})); }

}  // namespace
}  // namespace drover::exchanges::kraken
