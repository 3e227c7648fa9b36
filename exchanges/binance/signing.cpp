#include "exchanges/binance/signing.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "crypto/signing_key.hpp"

namespace drover::exchanges::binance {

namespace {

/// Enough for what an API key may hold; anything else would break out of the JSON string.
std::string json_escape(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

result<std::string> make_signature(const secret& api_secret, std::string_view payload) {
  if (!crypto::looks_like_pem(api_secret.reveal())) return to_hex(crypto::hmac_sha256(api_secret.reveal(), payload));
  auto key = crypto::signing_key::from_pem(api_secret.reveal());
  if (!key || key->algorithm() == crypto::key_algorithm::es256)
    return fail(exchange_errc::bad_credentials, "the secret is no private key in PEM that the exchange takes (Ed25519, or RSA of 2048 to 4096 bits; no passphrase)");
  return to_base64(key->sign(payload));
}

result<std::string> sign_params(const secret& api_secret, std::string_view params, std::int64_t timestamp_ms,
                                milliseconds receive_window) {
  std::string out = "timestamp=" + std::to_string(timestamp_ms);
  out.reserve(out.size() + params.size() + 120);
  if (!params.empty()) {
    out += '&';
    out += params;
  }
  out += "&recvWindow=";
  out += std::to_string(receive_window.count());
  auto signature = make_signature(api_secret, out);
  if (!signature) return std::unexpected(std::move(signature.error()));
  // Base64 has characters that mean something else in a query.
  out += '&';
  out += parameter_list().add("signature", *signature).encoded();
  return out;
}

result<client_request> sign_request(wire_request r, const credentials* keys, const signing_context& context) {
  client_request out;
  out.method = r.method;
  out.url = std::string(context.base_url) + r.path;
  const bool in_body = r.method == "POST";
  auto text = (in_body ? r.form : r.query).encoded();
  if (r.is_private) {
    if (!keys) return fail(exchange_errc::bad_credentials, "this request needs credentials");
    auto signed_text = sign_params(keys->api_secret, text, context.server_now.ms(), context.validity_window);
    if (!signed_text) return std::unexpected(std::move(signed_text.error()));
    text = std::move(*signed_text);
    out.headers.emplace_back("X-MBX-APIKEY", keys->api_key.reveal());
  }
  if (in_body) {
    out.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    out.body = std::move(text);
  } else if (!text.empty()) {
    out.url += '?';
    out.url += text;
  }
  return out;
}

result<std::string> make_subscribe_frame(const credentials& keys, std::string_view request_id, std::int64_t timestamp_ms,
                                         milliseconds receive_window) {
  auto key = std::string(keys.api_key.reveal());
  auto timestamp = std::to_string(timestamp_ms);
  auto window = std::to_string(receive_window.count());
  auto payload = "apiKey=" + key + "&recvWindow=" + window + "&timestamp=" + timestamp;
  auto signature = make_signature(keys.api_secret, payload);
  wipe_memory(payload.data(), payload.size());
  if (!signature) return std::unexpected(std::move(signature.error()));
  std::string frame = "{\"id\":\"";
  frame += request_id;
  frame += "\",\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":\"";
  frame += json_escape(key);
  frame += "\",\"recvWindow\":" + window + ",\"timestamp\":" + timestamp + ",\"signature\":\"" + *signature + "\"}}";
  wipe_memory(key.data(), key.size());
  return frame;
}

std::string make_unsubscribe_frame(std::string_view request_id, std::int64_t subscription_id) {
  return "{\"id\":\"" + std::string(request_id) +
         "\",\"method\":\"userDataStream.unsubscribe\",\"params\":{\"subscriptionId\":" + std::to_string(subscription_id) +
         "}}";
}

}  // namespace drover::exchanges::binance
