// Every signing vector, through the interface that all venues share: a vector that is added is run, or fails here.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/registry.hpp"

namespace drover::exchanges {
namespace {

using json = nlohmann::ordered_json;

/// Of each venue; whoever adds vectors counts them here.
const std::map<std::string, int> counts{{"binance", 8},          {"bybit", 8}, {"coinbase", 7},
                                        {"coinbaseexchange", 7}, {"gate", 9},  {"kraken", 7},
                                        {"kucoin", 7},           {"mexc", 7},  {"okx", 8}};
/// What the signer adds by itself.
const std::set<std::string> added{"timestamp", "recvWindow", "signature", "nonce"};

std::vector<json> load_vectors() {
  std::vector<json> out;
  for (const auto& file : std::filesystem::directory_iterator(std::string(DROVER_SOURCE_DIR) + "/tests/data/signing")) {
    std::ifstream in(file.path());
    for (const auto& v : json::parse(in)) {
      EXPECT_EQ(v["venue"].get<std::string>() + ".json", file.path().filename()) << v["id"];
      out.push_back(v);
    }
  }
  return out;
}

std::string text_at(const json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : std::string();
}

credentials keys_of(const json& v) {
  const auto& c = v["credentials"];
  return {secret(text_at(c, "apiKey")), secret(text_at(c, "secret")), secret(text_at(c, "password"))};
}

void add_pairs(parameter_list& to, std::string_view text) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    const auto equals = pair.find('=');
    const auto name = std::string(pair.substr(0, equals));
    if (!added.contains(name)) to.add(name, *percent_decode(pair.substr(equals + 1)));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
  }
}

/// The request as make_request would have left it.
wire_request request_of(const json& v) {
  const auto& expected = v["expected"];
  wire_request out;
  const auto method = text_at(expected, "method");
  out.method = method == "GET" ? "GET" : method == "POST" ? "POST" : "DELETE";
  out.path = text_at(expected, "path");
  out.is_private = true;
  add_pairs(out.query, text_at(expected, "query"));
  const auto body = text_at(expected, "body");
  if (body.starts_with('{'))
    out.json = body;
  else
    add_pairs(out.form, body);
  return out;
}

std::string base_of(const json& v) {
  const auto url = text_at(v["expected"], "url");
  return url.substr(0, url.find('/', url.find("://") + 3));
}

signing_context context_of(const json& v, std::string_view base_url) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.validity_window = milliseconds(v.value("recv_window", 10'000));
  c.nonce = v.contains("nonce") ? std::stoll(v["nonce"].get<std::string>()) : c.server_now.ms();
  c.random_hex = "00112233445566778899aabbccddeeff";
  c.base_url = base_url;
  return c;
}

/// ECDSA signatures differ from one time to the next: header and claims must be equal, the signature must verify.
void expect_same_token(std::string_view made, std::string_view expected, const credentials& keys) {
  const auto signed_part = [](std::string_view token) { return token.substr(0, token.rfind('.')); };
  const auto part = [&](std::string_view token, bool claims) {
    const auto text = signed_part(token);
    const auto dot = text.find('.');
    return json::parse(*from_base64url(claims ? text.substr(dot + 1) : text.substr(0, dot)));
  };
  // Members may stand in another order.
  for (bool claims : {false, true})
    EXPECT_EQ(nlohmann::json(part(made, claims)), nlohmann::json(part(expected, claims)));
  const auto text = keys.api_secret.reveal();
  auto key = text.starts_with("-----") ? crypto::signing_key::from_pem(text)
                                       : crypto::signing_key::from_ed25519(*from_base64(text));
  ASSERT_TRUE(key);
  for (auto token : {made, expected})
    EXPECT_TRUE(key->verify(signed_part(token), *from_base64url(token.substr(token.rfind('.') + 1))));
}

/// Headers by which the foreign client names itself or its partner, and those of KuCoin's first key version: its keys
/// are not made any more, we sign with the second.
bool is_foreign(const json& v, const std::string& header) {
  const bool version_1 = v["input"].value("key_version", "") == "1";
  return header == "Referer" || header == "source" || header.starts_with("KC-API-PARTNER") ||
         (version_1 && (header == "KC-API-KEY-VERSION" || header == "KC-API-PASSPHRASE"));
}

void expect_same_request(const venue_protocol& protocol, const json& v) {
  const auto& expected = v["expected"];
  const auto base = base_of(v);
  const auto keys = keys_of(v);
  auto made = protocol.sign(request_of(v), &keys, context_of(v, base));
  ASSERT_TRUE(made) << made.error().to_string();
  // A question mark without a query behind it says nothing.
  auto url = text_at(expected, "url");
  if (url.ends_with('?')) url.pop_back();
  EXPECT_EQ(made->method, text_at(expected, "method"));
  EXPECT_EQ(made->url, url);
  EXPECT_EQ(made->body, text_at(expected, "body"));
  for (const auto& [name, value] : expected["headers"].items()) {
    const auto ours = find_header(made->headers, name);
    if (name == "Authorization")
      expect_same_token(ours.substr(7), value.get<std::string>().substr(7), keys);
    else if (!is_foreign(v, name))
      EXPECT_EQ(ours, value.get<std::string>()) << name;
  }
}

void expect_same_login(const venue_protocol& protocol, const json& v) {
  const auto& expected = v["expected"];
  const auto keys = keys_of(v);
  const auto context = context_of(v, protocol.traits().live.rest);
  // A subscription that carries its own signature is no login: the private stream's first frame is.
  const bool subscription = expected["frame"].value("event", "") == "subscribe";
  const auto wire = protocol.make_private_wire();
  auto login = make_stream_login(protocol, protocol.traits().live.private_stream, keys, context);
  ASSERT_TRUE(login) << login.error().to_string();
  // Coinbase has an address for the channels of users alone; the foreign client asks for them on that of the market.
  if (v["venue"] != "coinbase") EXPECT_EQ(login->url, text_at(expected, "url"));
  const auto made =
      json::parse(subscription ? wire->make_frames(0, keys, nullptr, context).value().front() : login->frame);
  for (const auto& [name, value] : expected["frame"].items()) {
    if (name == "jwt")
      expect_same_token(made[name].get<std::string>(), value.get<std::string>(), keys);
    else if (!(subscription && name == "payload"))  // All pairs instead of one.
      EXPECT_EQ(nlohmann::json(made[name]), nlohmann::json(value)) << name;
  }
}

TEST(SigningVectors, AreAllReproduced) {
  std::set<std::string> ids;
  std::map<std::string, int> seen;
  for (const auto& v : load_vectors()) {
    const auto id = v["id"].get<std::string>(), venue = v["venue"].get<std::string>();
    SCOPED_TRACE(id);
    EXPECT_TRUE(ids.insert(id).second) << "twice";
    ++seen[venue];
    auto protocol = make_protocol(venue, {});
    ASSERT_TRUE(protocol);
    if (v["transport"] == "rest")
      expect_same_request(**protocol, v);
    else
      expect_same_login(**protocol, v);
  }
  EXPECT_EQ(seen, counts);
  EXPECT_EQ(ids.size(), 68u);
}

TEST(StreamLogin, SaysWhatTakesItsPlace) {
  const credentials keys{secret("k"), secret("c2VjcmV0"), secret("p")};
  for (const auto* venue : {"mexc", "kucoin", "kraken"}) {
    auto protocol = make_protocol(venue, {});
    ASSERT_TRUE(protocol);
    auto login = make_stream_login(**protocol, "wss://x", keys, {});
    ASSERT_FALSE(login) << venue;
    EXPECT_EQ(login.error().code, make_error_code(exchange_errc::unsupported));
    EXPECT_NE(login.error().detail.find("stream_access"), std::string::npos);
  }
}

}  // namespace
}  // namespace drover::exchanges
