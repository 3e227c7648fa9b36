#include "exchanges/coinbase/advanced_jwt.hpp"

#include "base/encoding.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase {

namespace {

/// docs.cdp.coinbase.com, "Coinbase App API key authentication": tokens expire after two minutes.
constexpr std::int64_t lifetime_s = 120;

result<crypto::signing_key> open_key(const secret& text) {
  const auto reveal = text.reveal();
  if (reveal.find("-----BEGIN") != std::string_view::npos) return crypto::signing_key::from_pem(reveal);
  auto bytes = from_base64(reveal);
  if (!bytes) return std::unexpected(bytes.error());
  auto key = crypto::signing_key::from_ed25519(*bytes);
  wipe_memory(bytes->data(), bytes->size());
  return key;
}

std::string make_header(bool es256, std::string_view key_name, std::string_view nonce) {
  return json_object()
      .text("alg", es256 ? "ES256" : "EdDSA")
      .text("typ", "JWT")
      .text("kid", key_name)
      .text("nonce", nonce)
      .done();
}

std::string make_claims(bool es256, std::string_view key_name, std::string_view uri, std::int64_t now_s) {
  json_object claims;
  claims.raw("aud", es256 ? R"(["retail_rest_api_proxy"])" : R"(["cdp_service"])");
  claims.text("iss", es256 ? "coinbase-cloud" : "cdp");
  claims.number("nbf", now_s).number("exp", now_s + lifetime_s).text("sub", key_name).number("iat", now_s);
  if (!uri.empty() && es256) claims.text("uri", uri);
  if (!uri.empty() && !es256) claims.raw("uris", "[" + quote_json(uri) + "]");
  return claims.done();
}

}  // namespace

result<std::string> make_jwt(const credentials& keys, std::string_view uri, const signing_context& context) {
  auto key = open_key(keys.api_secret);
  if (!key)
    return fail(exchange_errc::bad_credentials, "the secret is neither an EC key in PEM nor an Ed25519 key in base64");
  const bool es256 = key->algorithm() == crypto::key_algorithm::es256;
  const auto name = keys.api_key.reveal();
  const auto now_s = std::chrono::duration_cast<seconds>(context.server_now.since_epoch).count();
  std::string token = to_base64url(make_header(es256, name, context.random_hex));
  token += '.';
  token += to_base64url(make_claims(es256, name, uri, now_s));
  const auto signature = to_base64url(key->sign(token));
  token += '.';
  token += signature;
  return token;
}

std::string make_uri_claim(std::string_view method, std::string_view base_url, std::string_view path) {
  if (auto scheme = base_url.find("://"); scheme != std::string_view::npos) base_url.remove_prefix(scheme + 3);
  std::string out(method);
  out += ' ';
  out += base_url;
  out += path;
  return out;
}

}  // namespace drover::exchanges::coinbase
