#include "exchanges/gate/signing.hpp"

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::gate {

namespace {

std::int64_t seconds_of(wall_time t) { return std::chrono::duration_cast<seconds>(t.since_epoch).count(); }

/// Only the order endpoints know the header (API reference, "x-gate-exptime").
bool takes_expiry(const wire_request& request) { return request.method != "GET" && request.path.starts_with("/api/v4/spot/orders"); }

}  // namespace

client_request sign_request(wire_request request, const credentials* keys, const signing_context& context) {
  client_request out;
  out.method = request.method;
  out.url = std::string(context.base_url) + request.path;
  if (!request.query.empty()) out.url += "?" + request.query.encoded();
  out.body = std::move(request.json);
  out.response_limit_bytes = request.response_limit_bytes;
  if (!keys) return out;
  const auto timestamp = std::to_string(seconds_of(context.server_now));
  const auto signed_text = out.method + "\n" + request.path + "\n" + request.query.plain() + "\n" + to_hex(crypto::sha512(out.body)) +
                           "\n" + timestamp;
  out.headers.emplace_back("KEY", keys->api_key.reveal());
  out.headers.emplace_back("Timestamp", timestamp);
  out.headers.emplace_back("SIGN", to_hex(crypto::hmac_sha512(keys->api_secret.reveal(), signed_text)));
  out.headers.emplace_back("Content-Type", "application/json");
  if (takes_expiry(request))
    out.headers.emplace_back("X-Gate-Exptime", std::to_string((context.server_now + context.validity_window).ms()));
  return out;
}

std::string make_channel_auth(std::string_view channel, std::string_view event, std::int64_t time_s, const credentials& keys) {
  std::string text = "channel=";
  text.append(channel).append("&event=").append(event).append("&time=").append(std::to_string(time_s));
  return json_object()
      .text("method", "api_key")
      .text("KEY", keys.api_key.reveal())
      .text("SIGN", to_hex(crypto::hmac_sha512(keys.api_secret.reveal(), text)))
      .done();
}

std::string make_login_frame(const credentials& keys, const signing_context& context) {
  constexpr std::string_view channel = "spot.login", parameters = "{}", request_id = "authenticated";
  const auto now_s = seconds_of(context.server_now);
  const auto timestamp = std::to_string(now_s);
  std::string text = "api\n";
  text.append(channel).append("\n").append(parameters).append("\n").append(timestamp);
  const auto payload = json_object()
                           .text("req_id", request_id)
                           .text("timestamp", timestamp)
                           .text("api_key", keys.api_key.reveal())
                           .text("signature", to_hex(crypto::hmac_sha512(keys.api_secret.reveal(), text)))
                           .raw("req_param", parameters)
                           .done();
  return json_object()
      .text("id", request_id)
      .number("time", now_s)
      .text("channel", channel)
      .text("event", "api")
      .raw("payload", payload)
      .done();
}

}  // namespace drover::exchanges::gate
