#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/okx/wire.hpp"

namespace drover::exchanges::okx {

namespace {

/// "2023-11-14T22:13:20.123Z".
std::string iso_milliseconds(wall_time t) {
  auto text = to_rfc3339(t);
  return text.substr(0, text.find('.') + 4) + "Z";
}

/// Orders and their changes know the header (API reference, "Request with expTime").
bool takes_expiry(const wire_request& request) {
  return request.method == "POST" && request.path == "/api/v5/trade/order";
}

}  // namespace

std::string sign_text(const secret& api_secret, std::string_view text) {
  return to_base64(crypto::hmac_sha256(api_secret.reveal(), text));
}

client_request sign_request(wire_request request, const credentials* keys, const signing_context& context,
                            bool simulated) {
  auto target = request.path;
  if (!request.query.empty()) target += "?" + request.query.encoded();
  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + target;
  out.response_limit_bytes = request.response_limit_bytes;
  if (simulated) out.headers.emplace_back("x-simulated-trading", "1");
  if (keys) {
    const auto timestamp = iso_milliseconds(context.server_now);
    out.headers.emplace_back("OK-ACCESS-KEY", keys->api_key.reveal());
    out.headers.emplace_back("OK-ACCESS-PASSPHRASE", keys->passphrase.reveal());
    out.headers.emplace_back("OK-ACCESS-TIMESTAMP", timestamp);
    out.headers.emplace_back("OK-ACCESS-SIGN",
                             sign_text(keys->api_secret, timestamp + out.method + target + request.json));
    if (takes_expiry(request))
      out.headers.emplace_back("expTime", std::to_string((context.server_now + context.validity_window).ms()));
  }
  if (!request.json.empty()) out.headers.emplace_back("Content-Type", "application/json");
  out.body = std::move(request.json);
  return out;
}

}  // namespace drover::exchanges::okx
