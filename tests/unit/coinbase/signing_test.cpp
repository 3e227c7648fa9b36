#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "tests/unit/coinbase/coinbase_fixture.hpp"

namespace drover::exchanges::coinbase {
namespace {

using json = nlohmann::ordered_json;

credentials keys_of(const json& v) {
  return {secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()),
          secret(v["credentials"].value("password", std::string()))};
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The request that the vector describes, as make_request would leave it.
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
  for (const auto& [name, value] : v["input"]["params"].items()) {
    if (v["input"]["path"].get<std::string>().find("{" + name + "}") != std::string::npos) continue;
    if (value.is_array())
      for (const auto& item : value) out.query.add(name, text_of(item));
    else
      out.query.add(name, text_of(value));
  }
  return out;
}

signing_context context_of(const json& v, std::string_view base_url) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.random_hex = "00112233445566778899aabbccddeeff";
  c.base_url = base_url;
  return c;
}

TEST(CoinbaseExchangeSigning, MakesTheRequestsOfAForeignClient) {
  auto protocol = make_exchange_protocol();
  int checked = 0;
  for (const auto& v : load_data("signing/coinbaseexchange.json")) {
    if (v["transport"] != "rest") continue;
    auto keys = keys_of(v);
    auto made = protocol->sign(request_of(v), &keys, context_of(v, "https://api.exchange.coinbase.com"));
    ASSERT_TRUE(made) << v["id"];
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>()) << v["id"];
    EXPECT_EQ(made->method, v["expected"]["method"].get<std::string>());
    for (const auto& [name, value] : v["expected"]["headers"].items())
      EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    EXPECT_EQ(made->body, v["expected"]["body"].is_null() ? "" : v["expected"]["body"].get<std::string>()) << v["id"];
    ++checked;
  }
  EXPECT_EQ(checked, 6);
}

TEST(CoinbaseExchangeSigning, SubscribesAsAForeignClient) {
  for (const auto& v : load_data("signing/coinbaseexchange.json")) {
    if (v["transport"] != "ws") continue;
    auto keys = keys_of(v);
    auto frames = make_exchange_private_wire()->make_frames(0, keys, nullptr, context_of(v, ""));
    ASSERT_TRUE(frames);
    auto frame = json::parse(frames->front());
    for (const auto& [name, value] : v["expected"]["frame"].items()) EXPECT_EQ(frame[name], value) << name;
    return;
  }
  FAIL() << "no vector";
}

TEST(CoinbaseExchangeSigning, SecretThatIsNoBase64IsNamed) {
  credentials keys{secret("k"), secret("*canary*"), secret("p")};
  auto made = make_exchange_protocol()->sign({}, &keys, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(made.error().detail.find("canary"), std::string::npos);
}

std::vector<std::string> split_token(std::string_view token) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= token.size();) {
    auto end = std::min(token.find('.', at), token.size());
    out.emplace_back(token.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void expect_token(std::string_view made, std::string_view expected, const credentials& keys, const std::string& id) {
  auto ours = split_token(made), theirs = split_token(expected);
  ASSERT_EQ(ours.size(), 3u) << id;
  for (int part : {0, 1})
    EXPECT_EQ(json::parse(*from_base64url(ours[part])), json::parse(*from_base64url(theirs[part]))) << id;
  auto signature = from_base64url(ours[2]);
  ASSERT_TRUE(signature);
  const bool pem = keys.api_secret.reveal().starts_with("-----BEGIN");
  auto key = pem ? crypto::signing_key::from_pem(keys.api_secret.reveal())
                 : crypto::signing_key::from_ed25519(*from_base64(keys.api_secret.reveal()));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(ours[0] + "." + ours[1], *signature)) << id;
  EXPECT_TRUE(key->verify(theirs[0] + "." + theirs[1], *from_base64url(theirs[2]))) << id;
}

TEST(CoinbaseAdvancedSigning, MakesTheTokensOfAForeignClient) {
  auto protocol = make_advanced_protocol();
  int checked = 0;
  for (const auto& v : load_data("signing/coinbase.json")) {
    const auto id = v["id"].get<std::string>();
    auto keys = keys_of(v);
    ++checked;
    if (v["transport"] == "ws") {
      auto frames = make_advanced_private_wire()->make_frames(0, keys, nullptr, context_of(v, ""));
      ASSERT_TRUE(frames);
      auto jwt = json::parse(frames->front())["jwt"].get<std::string>();
      expect_token(jwt, v["expected"]["frame"]["jwt"].get<std::string>(), keys, id);
      continue;
    }
    auto made = protocol->sign(request_of(v), &keys, context_of(v, "https://api.coinbase.com"));
    ASSERT_TRUE(made) << id;
    EXPECT_EQ(made->url, v["expected"]["url"].get<std::string>()) << id;
    if (!v["expected"]["body"].is_null()) EXPECT_EQ(made->body, v["expected"]["body"].get<std::string>());
    EXPECT_EQ(find_header(made->headers, "Content-Type"), "application/json");
    const auto authorization = std::string(find_header(made->headers, "Authorization"));
    ASSERT_TRUE(authorization.starts_with("Bearer "));
    expect_token(authorization.substr(7), v["expected"]["headers"]["Authorization"].get<std::string>().substr(7), keys,
                 id);
  }
  EXPECT_EQ(checked, 7);
}

TEST(CoinbaseAdvancedSigning, SecretThatIsNoKeyIsNamed) {
  credentials keys{secret("k"), secret("canary"), secret("")};
  auto made = make_advanced_protocol()->sign({}, &keys, {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(made.error().detail.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace drover::exchanges::coinbase
