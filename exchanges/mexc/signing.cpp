#include "exchanges/mexc/signing.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"

namespace drover::exchanges::mexc {

namespace {

/// API reference, "Signed": recvWindow cannot be greater.
constexpr milliseconds longest_window{60'000};

}  // namespace

client_request sign_request(wire_request request, const credentials* keys, const signing_context& context) {
  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + request.path;
  out.response_limit_bytes = request.response_limit_bytes;
  if (!keys) {
    if (!request.query.empty()) out.url += "?" + request.query.encoded();
    return out;
  }
  request.query.add("timestamp", context.server_now.ms());
  request.query.add("recvWindow", std::int64_t{std::min(context.validity_window, longest_window).count()});
  const auto query = request.query.encoded();
  out.url += "?" + query + "&signature=" + to_hex(crypto::hmac_sha256(keys->api_secret.reveal(), query));
  out.headers.emplace_back("X-MEXC-APIKEY", keys->api_key.reveal());
  if (out.method != "GET") out.headers.emplace_back("Content-Type", "application/json");
  return out;
}

}  // namespace drover::exchanges::mexc
