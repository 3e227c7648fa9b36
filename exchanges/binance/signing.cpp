#include "exchanges/binance/signing.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"

namespace drover::exchanges::binance {

namespace {

std::string sign(const secret& api_secret, std::string_view payload) {
  return to_hex(crypto::hmac_sha256(api_secret.reveal(), payload));
}

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

std::string sign_params(const secret& api_secret, std::string_view params, std::int64_t timestamp_ms,
                        milliseconds receive_window) {
  std::string out = "timestamp=" + std::to_string(timestamp_ms);
  out.reserve(out.size() + params.size() + 120);
  if (!params.empty()) {
    out += '&';
    out += params;
  }
  out += "&recvWindow=";
  out += std::to_string(receive_window.count());
  auto signature = sign(api_secret, out);
  out += "&signature=";
  out += signature;
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
    text = sign_params(keys->api_secret, text, context.server_now.ms(), context.validity_window);
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

std::string make_subscribe_frame(const credentials& keys, std::string_view request_id, std::int64_t timestamp_ms,
                                 milliseconds receive_window) {
  auto key = std::string(keys.api_key.reveal());
  auto timestamp = std::to_string(timestamp_ms);
  auto window = std::to_string(receive_window.count());
  auto payload = "apiKey=" + key + "&recvWindow=" + window + "&timestamp=" + timestamp;
  auto signature = sign(keys.api_secret, payload);
  std::string frame = "{\"id\":\"";
  frame += request_id;
  frame += "\",\"method\":\"userDataStream.subscribe.signature\",\"params\":{\"apiKey\":\"";
  frame += json_escape(key);
  frame += "\",\"recvWindow\":" + window + ",\"timestamp\":" + timestamp + ",\"signature\":\"" + signature + "\"}}";
  wipe_memory(key.data(), key.size());
  wipe_memory(payload.data(), payload.size());
  return frame;
}

std::string make_unsubscribe_frame(std::string_view request_id, std::int64_t subscription_id) {
  return "{\"id\":\"" + std::string(request_id) +
         "\",\"method\":\"userDataStream.unsubscribe\",\"params\":{\"subscriptionId\":" + std::to_string(subscription_id) +
         "}}";
}

}  // namespace drover::exchanges::binance
