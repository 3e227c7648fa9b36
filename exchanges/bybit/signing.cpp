#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/bybit/wire.hpp"

namespace drover::exchanges::bybit {

std::string sign_text(const secret& api_secret, std::string_view text) {
  return to_hex(crypto::hmac_sha256(api_secret.reveal(), text));
}

client_request sign_request(wire_request request, const credentials* keys, const signing_context& context) {
  const auto query = request.query.encoded();
  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + request.path;
  if (!query.empty()) out.url += "?" + query;
  out.response_limit_bytes = request.response_limit_bytes;
  if (keys) {
    const auto timestamp = std::to_string(context.server_now.ms());
    const auto window = std::to_string(context.validity_window.count());
    auto text =
        timestamp + std::string(keys->api_key.reveal()) + window + (request.method == "POST" ? request.json : query);
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("X-BAPI-API-KEY", keys->api_key.reveal());
    out.headers.emplace_back("X-BAPI-TIMESTAMP", timestamp);
    out.headers.emplace_back("X-BAPI-RECV-WINDOW", window);
    out.headers.emplace_back("X-BAPI-SIGN", sign_text(keys->api_secret, text));
    wipe_memory(text.data(), text.size());
  }
  out.body = std::move(request.json);
  return out;
}

}  // namespace drover::exchanges::bybit
