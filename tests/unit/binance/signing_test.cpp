#include "exchanges/binance/signing.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/binance/protocol.hpp"
#include "tests/support/test_keys.hpp"

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

TEST(BinanceSigning, KeysInPemSignInBase64) {
  std::string on_one_line(test::ed25519_pem);
  std::erase(on_one_line, '\n');
  const std::vector<std::pair<std::string_view, std::string_view>> cases{
      {test::ed25519_pem, test::ed25519_signature}, {on_one_line, test::ed25519_signature}, {test::rsa_pem, test::rsa_signature}};
  for (const auto& [pem, expected] : cases) {
    const credentials keys{secret("devKey"), secret(pem), secret()};
    wire_request r;
    r.path = "/api/v3/openOrders";
    r.is_private = true;
    r.query.add("symbol", "BTCUSDT");
    signing_context context;
    context.server_now = wall_time::from_ms(1'700'000'000'123);
    context.validity_window = 10'000ms;
    auto made = sign_request(r, &keys, context);
    ASSERT_TRUE(made);
    const auto query = made->url.substr(made->url.find('?') + 1), mark = std::string("&signature=");
    EXPECT_EQ(query.substr(0, query.find(mark)), test::signed_text);
    const auto sent = query.substr(query.find(mark) + mark.size());
    EXPECT_EQ(sent.find_first_of("+/="), std::string::npos) << "must be encoded";
    EXPECT_EQ(*percent_decode(sent), expected);
  }
}

TEST(BinanceSigning, KeysInPemOpenThePrivateStream) {
  const credentials keys{secret("devKey"), secret(test::ed25519_pem), secret()};
  auto frame = make_subscribe_frame(keys, "1", 1'700'000'000'123, 10'000ms);
  ASSERT_TRUE(frame);
  // openssl pkeyutl -sign -rawin over "apiKey=devKey&recvWindow=10000&timestamp=1700000000123".
  EXPECT_EQ(nlohmann::json::parse(*frame)["params"]["signature"],
            "uUzeEangDLKNoQzAjYuvAl809MYK/G81oqowI3x4Q6n44x8FzbqqaDxXRh0KnWmoLzRjfXNbUmMpNg177UqjDA==");
}

TEST(BinanceSigning, KeysThatTheVenueDoesNotTakeAreRefusedWithoutShowingThem) {
  const auto p256 = crypto::signing_key::generate(crypto::key_algorithm::es256).to_pem(true);
  for (auto text : {p256.reveal(), std::string_view("-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----")}) {
    auto made = make_signature(secret(text), "payload");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, exchange_errc::bad_credentials);
    EXPECT_EQ(made.error().detail.find("canary"), std::string::npos);
    EXPECT_FALSE(make_subscribe_frame({secret("k"), secret(text), secret()}, "1", 1, 5000ms));
  }
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
  EXPECT_EQ(nlohmann::json::parse(*frame)["params"]["apiKey"], "a\"b\\c\n");
}

}  // namespace
}  // namespace drover::exchanges::binance
