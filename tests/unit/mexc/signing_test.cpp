#include <gtest/gtest.h>

#include "tests/unit/mexc/mexc_fixture.hpp"

namespace drover::exchanges::mexc {
namespace {

TEST(MexcSigning, MakesTheRequestsOfAForeignClient) {
  int checked = 0;
  for (const auto& v : load_data("signing/mexc.json")) {
    wire_request request;
    const auto method = v["expected"]["method"].get<std::string>();
    request.method = method == "GET" ? "GET" : method == "POST" ? "POST" : "DELETE";
    request.path = v["expected"]["path"].get<std::string>();
    for (const auto& [name, value] : v["input"]["params"].items())
      request.query.add(name, value.is_string() ? value.get<std::string>() : value.dump());
    credentials keys{secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()), {}};
    signing_context c;
    c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
    c.validity_window = milliseconds(v["recv_window"].get<int>());
    c.base_url = "https://api.mexc.com";
    auto made = protocol().sign(request, &keys, c);
    ASSERT_TRUE(made) << v["id"];
    EXPECT_EQ(made->method, method);
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>()) << v["id"];
    EXPECT_TRUE(made->body.empty());
    for (const auto& [name, value] : v["expected"]["headers"].items()) {
      // The foreign client's signature on its work.
      if (name == "source") continue;
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(MexcSigning, TheWindowHasABound) {
  credentials keys{secret("k"), secret("s"), {}};
  signing_context c;
  c.validity_window = 90'000ms;
  c.base_url = "http://127.0.0.1:1/mexc";
  auto made = protocol().sign(*protocol().make_request(call_of(operation::balances)), &keys, c);
  EXPECT_EQ(query_of(made->url)["recvWindow"], "60000");
  EXPECT_TRUE(made->url.starts_with("http://127.0.0.1:1/mexc/api/v3/account?"));
}

TEST(MexcSigning, PublicRequestsCarryNoKey) {
  auto made = protocol().sign(*protocol().make_request(call_of(operation::book)), nullptr, {});
  EXPECT_TRUE(made->headers.empty());
  EXPECT_EQ(made->url, "/api/v3/depth?symbol=BTCUSDT&limit=5000");
}

}  // namespace
}  // namespace drover::exchanges::mexc
