#include <gtest/gtest.h>

#include "exchanges/gate/signing.hpp"
#include "tests/unit/gate/gate_fixture.hpp"

namespace drover::exchanges::gate {
namespace {

using json = nlohmann::ordered_json;

credentials keys_of(const json& v) {
  return {secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()), {}};
}

signing_context context_of(const json& v) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.base_url = "https://api.gateio.ws";
  return c;
}

/// The request that a vector describes, as make_request would leave it.
wire_request request_of(const json& v) {
  wire_request out;
  const auto method = v["expected"]["method"].get<std::string>();
  out.method = method == "GET" ? "GET" : method == "POST" ? "POST" : "DELETE";
  out.path = v["expected"]["path"].get<std::string>();
  out.is_private = true;
  if (method == "POST") {
    out.json = v["input"]["params"].dump();
    return out;
  }
  for (const auto& [name, value] : v["input"]["params"].items())
    if (name != "order_id") out.query.add(name, value.is_string() ? value.get<std::string>() : value.dump());
  return out;
}

TEST(GateSigning, MakesTheRequestsOfAForeignClient) {
  int checked = 0;
  for (const auto& v : load_data("signing/gate.json")) {
    if (v["transport"] != "rest") continue;
    auto keys = keys_of(v);
    auto made = protocol().sign(request_of(v), &keys, context_of(v));
    ASSERT_TRUE(made) << v["id"];
    EXPECT_EQ(made->method, v["expected"]["method"].get<std::string>());
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>()) << v["id"];
    EXPECT_EQ(made->body, v["expected"]["body"].is_null() ? "" : v["expected"]["body"].get<std::string>()) << v["id"];
    for (const auto& [name, value] : v["expected"]["headers"].items())
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(GateSigning, SignsPrivateChannels) {
  int checked = 0;
  for (const auto& v : load_data("signing/gate.json")) {
    if (v["transport"] != "ws" || v["expected"]["frame"]["channel"] != "spot.orders") continue;
    const auto auth = make_channel_auth("spot.orders", "subscribe", 1'700'000'000, keys_of(v));
    EXPECT_EQ(json::parse(auth), v["expected"]["frame"]["auth"]);
    ++checked;
  }
  EXPECT_EQ(checked, 1);
}

TEST(GateSigning, OrdersExpireAndReadsDoNot) {
  credentials keys{secret("k"), secret("s"), {}};
  signing_context c;
  c.server_now = wall_time::from_ms(1'700'000'000'123);
  c.validity_window = 2'000ms;
  c.base_url = "http://127.0.0.1:1/gate";
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  auto placed = protocol().sign(*protocol().make_request(call), &keys, c);
  EXPECT_EQ(find_header(placed->headers, "X-Gate-Exptime"), "1700000002123");
  EXPECT_EQ(placed->url, "http://127.0.0.1:1/gate/api/v4/spot/orders");
  auto read = protocol().sign(*protocol().make_request(call_of(operation::balances)), &keys, c);
  EXPECT_TRUE(find_header(read->headers, "X-Gate-Exptime").empty());
}

TEST(GateSigning, PublicRequestsCarryNoKey) {
  auto made = protocol().sign(*protocol().make_request(call_of(operation::server_time)), nullptr, {});
  EXPECT_TRUE(made->headers.empty());
}

}  // namespace
}  // namespace drover::exchanges::gate
