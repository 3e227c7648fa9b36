#include "exchanges/kucoin/signing.hpp"

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/kucoin/endpoints.hpp"

namespace drover::exchanges::kucoin {

namespace {

std::string hmac_base64(const secret& key, std::string_view message) {
  return to_base64(crypto::hmac_sha256(key.reveal(), message));
}

/// The gateway drops the order when it arrives later than clientTimestamp + allowMaxTimeWindow.
void bound_validity(std::string& json, const signing_context& context) {
  if (!json.ends_with('}')) return;
  json.pop_back();
  json += ",\"clientTimestamp\":" + std::to_string(context.server_now.ms()) +
          ",\"allowMaxTimeWindow\":" + std::to_string(context.validity_window.count()) + "}";
}

}  // namespace

result<client_request> sign_request(wire_request request, const credentials* keys, const signing_context& context,
                                    std::string_view key_version) {
  if (request.is_private && !keys) return fail(exchange_errc::bad_credentials, "no key");
  if (request.endpoint == create_order_endpoint) bound_validity(request.json, context);

  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + request.path;
  if (!request.query.empty()) out.url += "?" + request.query.encoded();
  out.response_limit_bytes = request.response_limit_bytes;
  if (!request.json.empty()) out.headers.emplace_back("Content-Type", "application/json");
  if (request.is_private) {
    if (keys->api_key.empty() || keys->api_secret.empty() || keys->passphrase.empty())
      return fail(exchange_errc::bad_credentials, "key, secret and passphrase are needed");
    const auto timestamp = std::to_string(context.server_now.ms());
    auto text = timestamp + out.method + request.path;
    if (!request.query.empty()) text += "?" + request.query.plain();
    text += request.json;
    out.headers.emplace_back("KC-API-KEY-VERSION", key_version);
    out.headers.emplace_back("KC-API-KEY", keys->api_key.reveal());
    out.headers.emplace_back("KC-API-TIMESTAMP", timestamp);
    out.headers.emplace_back("KC-API-PASSPHRASE", hmac_base64(keys->api_secret, keys->passphrase.reveal()));
    out.headers.emplace_back("KC-API-SIGN", hmac_base64(keys->api_secret, text));
  }
  out.body = std::move(request.json);
  return out;
}

}  // namespace drover::exchanges::kucoin
