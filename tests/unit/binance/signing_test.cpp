#include "exchanges/binance/signing.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "exchanges/binance/protocol.hpp"

namespace drover::exchanges::binance {
namespace {

using ordered = nlohmann::ordered_json;

ordered vectors() {
  std::ifstream in(std::string(DROVER_SOURCE_DIR) + "/tests/data/signing/binance.json");
  return ordered::parse(in);
}

credentials keys_of(const ordered& v) {
  return {secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()), secret()};
}

signing_context context_of(const ordered& v) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.validity_window = milliseconds(v.value("recv_window", 10'000));
  c.base_url = "https://api.binance.com";
  return c;
}

std::string text_of(const ordered& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

TEST(BinanceSigning, MakesTheRequestsOfAForeignClient) {
  const auto protocol = make_protocol({}).value();
  int checked = 0;
  for (const auto& v : vectors()) {
    if (v["transport"] != "rest") continue;
    const auto& expected = v["expected"];
    const auto method = expected["method"].get<std::string>();
    wire_request r;
    r.method = method;
    r.path = expected["path"].get<std::string>();
    r.is_private = true;
    for (const auto& [key, value] : v["input"]["params"].items()) (method == "POST" ? r.form : r.query).add(key, text_of(value));
    const auto keys = keys_of(v);
    const auto made = protocol->sign(r, &keys, context_of(v));
    ASSERT_TRUE(made) << v["title"];
    EXPECT_EQ(made->method, method);
    EXPECT_EQ(made->url, expected["url"].get<std::string>()) << v["title"];
    for (const auto& [name, value] : expected["headers"].items())
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["title"];
    EXPECT_EQ(made->body, expected["body"].is_null() ? "" : expected["body"].get<std::string>()) << v["title"];
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(BinanceSigning, SubscribesThePrivateStreamAsAForeignClient) {
  const auto protocol = make_protocol({}).value();
  int checked = 0;
  for (const auto& v : vectors()) {
    if (v["transport"] != "ws") continue;
    const auto wire = protocol->make_private_wire();
    const auto frames = wire->make_frames(0, keys_of(v), nullptr, context_of(v));
    ASSERT_TRUE(frames && frames->size() == 1);
    EXPECT_EQ(nlohmann::json::parse(frames->front()), nlohmann::json(v["expected"]["frame"])) << v["title"];
    EXPECT_EQ(wire->make_url(protocol->traits().live.private_stream, nullptr), v["expected"]["url"].get<std::string>());
    ++checked;
  }
  EXPECT_EQ(checked, 1);
}

TEST(BinanceSigning, EncodesWhatIsNotPlain) {
  wire_request r;
  r.path = "/x";
  r.query.add("a", "x y&z=/é").add("n", std::int64_t{-3}).add("d", decimal::literal("0.00000001"));
  signing_context context;
  context.base_url = "http://venue";
  EXPECT_EQ(sign_request(r, nullptr, context)->url, "http://venue/x?a=x%20y%26z%3D%2F%C3%A9&n=-3&d=0.00000001");
}

TEST(BinanceSigning, SignsNothingWithoutCredentials) {
  wire_request r;
  r.is_private = true;
  EXPECT_EQ(sign_request(r, nullptr, {}).error().code, exchange_errc::bad_credentials);
}

TEST(BinanceSigning, KeepsAHostileKeyInsideItsJsonString) {
  credentials keys{secret("a\"b\\c\n"), secret("s"), secret()};
  auto frame = make_subscribe_frame(keys, "1", 1, 5000ms);
  EXPECT_EQ(nlohmann::json::parse(frame)["params"]["apiKey"], "a\"b\\c\n");
}

}  // namespace
}  // namespace drover::exchanges::binance
