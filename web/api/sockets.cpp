#include <algorithm>

#include "web/api/handlers.hpp"
#include "web/origins.hpp"

namespace drover::web::api {

namespace {

constexpr std::string_view bearer_prefix = "bearer.";

/// What the client offers in Sec-WebSocket-Protocol: browsers cannot send an Authorization header, so a token may
/// travel as "bearer.<token>".
struct offered_protocols {
  std::string_view token;
  /// The one to confirm; a browser gives up when it offered some and none is confirmed.
  std::string_view chosen;
};

offered_protocols read_protocols(std::string_view header) {
  offered_protocols out;
  while (!header.empty()) {
    auto item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    bool is_token = item.starts_with(bearer_prefix);
    if (is_token && out.token.empty()) out.token = item.substr(bearer_prefix.size());
    if (out.chosen.empty() || (!is_token && out.chosen.starts_with(bearer_prefix))) out.chosen = item;
  }
  return out;
}

std::optional<problem> check_handshake(const request& r, const services& s) {
  if (!r.http.wants_websocket) {
    auto refused = make_http_problem(426, "This path speaks WebSocket (RFC 6455, version 13).");
    refused.headers.emplace_back("Upgrade", "websocket");
    refused.headers.emplace_back("Sec-WebSocket-Version", "13");
    return refused;
  }
  if (find_header(r.http.headers, "User-Agent").empty()) return make_http_problem(400, "Send a User-Agent header.");
  if (!may_open_socket(r.http, s.config.allowed_origins))
    return make_http_problem(403, "Pages of this origin may not open sockets here.");
  return std::nullopt;
}

/// The token of the protocol list, when no Authorization header came.
void authenticate_by_protocol(request& r, services& s, std::string_view token) {
  if (r.caller || r.token_error || token.empty()) return;
  auto caller = s.parts.directory.authenticate(token, r.client_address);
  s.metrics.count_auth("token", caller ? "ok" : "refused");
  if (caller)
    r.caller = std::move(*caller);
  else
    r.token_error = std::move(caller.error());
}

answer open_socket(request& r, services& s, ws::topic topic) {
  if (auto refused = check_handshake(r, s)) return refuse(std::move(*refused));
  auto protocols = read_protocols(find_header(r.http.headers, "Sec-WebSocket-Protocol"));
  authenticate_by_protocol(r, s, protocols.token);
  if (r.token_error) return refuse(to_unauthorized(&*r.token_error));
  if (!r.caller && !s.sockets->may_wait(r.client_address)) {
    auto refused = make_http_problem(429, "Too many sockets of this address wait for authentication.");
    refused.headers.emplace_back("Retry-After", "5");
    return refuse(std::move(refused));
  }
  auto response = empty_response(101);
  if (!protocols.chosen.empty()) response.headers.emplace_back("Sec-WebSocket-Protocol", protocols.chosen);
  response.websocket = s.sockets->make_session(topic, std::move(r.caller), r.client_address);
  return response;
}

}  // namespace

/// GET /ws/dashboard: bots and earnings of the user, as they change.
task<answer> handle_dashboard_socket(request& r, services& s) {
  co_return open_socket(r, s, ws::topic::dashboard);
}

/// GET /ws/earnings: earnings of the user, as they happen.
task<answer> handle_earnings_socket(request& r, services& s) {
  co_return open_socket(r, s, ws::topic::earnings);
}

/// GET /ws/referrals: referrals of the user.
task<answer> handle_referrals_socket(request& r, services& s) {
  co_return open_socket(r, s, ws::topic::referrals);
}

}  // namespace drover::web::api
