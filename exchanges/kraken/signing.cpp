#include "exchanges/kraken/signing.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/kraken/endpoints.hpp"

namespace drover::exchanges::kraken {

namespace {

std::string make_form_body(const wire_request& request, const signing_context& context) {
  parameter_list form;
  form.add("nonce", context.nonce);
  for (const auto& [name, value] : request.form.items()) form.add(name, value);
  if (request.endpoint == add_order_endpoint)
    form.add("deadline", to_rfc3339(context.server_now + std::clamp(context.validity_window, deadline_floor, deadline_ceiling)));
  return form.encoded();
}

/// `{"orders":…}` → `{"nonce":"…","orders":…}`.
std::string make_json_body(const wire_request& request, const signing_context& context) {
  return "{\"nonce\":\"" + std::to_string(context.nonce) + "\"," + request.json.substr(1);
}

result<std::string> make_signature(const secret& api_secret, std::string_view path, std::string_view nonce, std::string_view body) {
  auto key = from_base64(api_secret.reveal());
  if (!key || key->empty()) return fail(exchange_errc::bad_credentials, "the secret is not base64");
  auto text = std::string(path) + crypto::sha256(std::string(nonce) + std::string(body));
  auto signature = to_base64(crypto::hmac_sha512(*key, text));
  wipe_memory(key->data(), key->size());
  return signature;
}

}  // namespace

result<client_request> sign_request(wire_request request, const credentials* keys, const signing_context& context) {
  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + request.path;
  out.response_limit_bytes = request.response_limit_bytes;
  if (!request.query.empty()) out.url += "?" + request.query.encoded();
  if (!request.is_private) return out;
  if (!keys || keys->api_key.empty()) return fail(exchange_errc::bad_credentials, "no key");
  const bool is_json = request.json.size() > 1;
  out.body = is_json ? make_json_body(request, context) : make_form_body(request, context);
  auto signature = make_signature(keys->api_secret, request.path, std::to_string(context.nonce), out.body);
  if (!signature) return std::unexpected(signature.error());
  out.headers.emplace_back("API-Key", keys->api_key.reveal());
  out.headers.emplace_back("API-Sign", std::move(*signature));
  out.headers.emplace_back("Content-Type", is_json ? "application/json" : "application/x-www-form-urlencoded");
  return out;
}

}  // namespace drover::exchanges::kraken
