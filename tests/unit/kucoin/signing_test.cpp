#include <gtest/gtest.h>

#include "tests/unit/kucoin/kucoin_fixture.hpp"

namespace drover::exchanges::kucoin {
namespace {

using json = nlohmann::ordered_json;

credentials keys_of(const json& v) {
  const auto& c = v["credentials"];
  return {secret(c["apiKey"].get<std::string>()), secret(c["secret"].get<std::string>()), secret(c["password"].get<std::string>())};
}

/// The request that a vector describes, as make_request would leave it.
wire_request request_of(const json& v) {
  wire_request out;
  const auto method = v["expected"]["method"].get<std::string>();
  out.method = method == "GET" ? "GET" : method == "POST" ? "POST" : "DELETE";
  out.path = v["expected"]["path"].get<std::string>();
  out.is_private = true;
  const auto& params = v["input"]["params"];
  if (method == "POST") {
    if (!params.empty()) out.json = params.dump();
    return out;
  }
  for (const auto& [name, value] : params.items())
    if (name != "orderId") out.query.add(name, value.is_string() ? value.get<std::string>() : value.dump());
  return out;
}

signing_context context_of(const json& v) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.base_url = "https://api.kucoin.com";
  return c;
}

TEST(KucoinSigning, MakesTheRequestsOfAForeignClient) {
  int checked = 0;
  for (const auto& v : load_data("signing/kucoin.json")) {
    // Keys of version 1 (passphrase in clear) are not made any more and not supported.
    const bool version_1 = v["input"].value("key_version", "") == "1";
    auto keys = keys_of(v);
    auto made = protocol().sign(request_of(v), &keys, context_of(v));
    ASSERT_TRUE(made) << v["id"];
    EXPECT_EQ(made->method, v["expected"]["method"].get<std::string>());
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>()) << v["id"];
    EXPECT_EQ(made->body, v["expected"]["body"].is_null() ? "" : v["expected"]["body"].get<std::string>()) << v["id"];
    for (const auto& [name, value] : v["expected"]["headers"].items()) {
      // The foreign client signs for its partner programme as well.
      if (name.starts_with("KC-API-PARTNER")) continue;
      if (version_1 && (name == "KC-API-KEY-VERSION" || name == "KC-API-PASSPHRASE")) continue;
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    }
    EXPECT_EQ(find_header(made->headers, "KC-API-SIGN"), v["expected"]["signature"].get<std::string>());
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(KucoinSigning, SignsTheQueryAsItReads) {
  credentials keys{secret("k"), secret("s"), secret("p")};
  signing_context c;
  c.base_url = "http://127.0.0.1:1/kucoin";
  wire_request plain, encoded;
  plain.path = encoded.path = "/api/v1/x";
  plain.is_private = encoded.is_private = true;
  plain.query.add("a", "b c");
  encoded.query.add("a", "b%20c");
  const auto made = protocol().sign(plain, &keys, c);
  EXPECT_EQ(made->url, "http://127.0.0.1:1/kucoin/api/v1/x?a=b%20c");
  EXPECT_NE(find_header(made->headers, "KC-API-SIGN"), find_header(protocol().sign(encoded, &keys, c)->headers, "KC-API-SIGN"));
}

TEST(KucoinSigning, TellsTheKeyVersionThatIsConfigured) {
  credentials keys{secret("k"), secret("s"), secret("p")};
  wire_request r;
  r.is_private = true;
  const auto third = make_protocol({{"key_version", "3"}});
  ASSERT_TRUE(third);
  EXPECT_EQ(find_header((*third)->sign(r, &keys, {})->headers, "KC-API-KEY-VERSION"), "3");
  EXPECT_EQ(find_header((*third)->sign(r, &keys, {})->headers, "KC-API-PASSPHRASE"),
            find_header(protocol().sign(r, &keys, {})->headers, "KC-API-PASSPHRASE"));
}

TEST(KucoinSigning, RefusesUnknownOptions) {
  EXPECT_FALSE(make_protocol({{"key_version", "1"}}));
  auto unknown = make_protocol({{"hf", "yes"}});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail.find("hf"), std::string::npos);
}

TEST(KucoinSigning, OrdersExpire) {
  credentials keys{secret("k"), secret("s"), secret("p")};
  signing_context c;
  c.server_now = wall_time::from_ms(1'700'000'000'123);
  c.validity_window = 2'000ms;
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  const auto body = json::parse(protocol().sign(*protocol().make_request(call), &keys, c)->body);
  EXPECT_EQ(body["clientTimestamp"], 1'700'000'000'123);
  EXPECT_EQ(body["allowMaxTimeWindow"], 2'000);
}

TEST(KucoinSigning, NeedsAllThreeSecrets) {
  wire_request r;
  r.is_private = true;
  credentials none{secret("k"), secret("s"), {}};
  EXPECT_EQ(protocol().sign(r, &none, {}).error().code, make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(protocol().sign(r, nullptr, {}).error().code, make_error_code(exchange_errc::bad_credentials));
}

TEST(KucoinSigning, PublicRequestsCarryNoKey) {
  EXPECT_TRUE(protocol().sign(*protocol().make_request(call_of(operation::server_time)), nullptr, {})->headers.empty());
  auto access = call_of(operation::stream_access);
  access.market_stream = true;
  const auto made = protocol().sign(*protocol().make_request(access), nullptr, {});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->url, "/api/v1/bullet-public");
}

}  // namespace
}  // namespace drover::exchanges::kucoin
