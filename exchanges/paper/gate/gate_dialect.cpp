#include "exchanges/paper/gate/gate_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

constexpr std::int64_t window_s = 60;
constexpr std::string_view root = "/api/v4";

venue_habits make_habits() {
  venue_habits h;
  h.name = "gate";
  h.credentials = {.key = key_style::hex, .secret = secret_style::hex};
  h.rules = {.fee = fee_rule::received_asset, .ids = client_id_rule::unique_while_open, .post_only = post_only_rule::refused};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  out.body = std::move(body);
  return out;
}

net::http_response to_response(const refused& r) {
  return json_response(r.status, fmt::format(R"({{"label":"{}","message":{}}})", r.label, paper::quoted(r.message)));
}

/// Lists of contracts that a spot exchange does not have, but clients ask for.
bool is_contract_list(std::string_view path) {
  return path == "/margin/currency_pairs" || path == "/options/underlyings" ||
         ((path.starts_with("/futures/") || path.starts_with("/delivery/")) && path.ends_with("/contracts"));
}

bool is_public(std::string_view path) {
  constexpr std::array<std::string_view, 6> open{"/spot/time", "/spot/currencies", "/spot/tickers", "/spot/order_book", "/spot/trades",
                                                 "/spot/candlesticks"};
  return is_contract_list(path) || path.starts_with("/spot/currency_pairs") || std::ranges::find(open, path) != open.end();
}

/// Without ids: "/spot/orders/7" → "/spot/orders/".
std::string endpoint_of(const net::http_request& http, std::string_view path) {
  constexpr std::string_view orders = "/spot/orders/";
  return http.method + " " + std::string(path.starts_with(orders) ? orders : path);
}

}  // namespace

gate_dialect::gate_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      placing_limit_(meter().add({.name = "placing", .model = limit_model::sliding_window, .limit = 10, .window = 1s})),
      cancelling_limit_(meter().add({.name = "cancelling", .model = limit_model::sliding_window, .limit = 200, .window = 1s})) {}

net::http_response gate_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    net::http_response out;
    out.websocket = std::make_shared<feed_session>(*this, http.path);
    return out;
  }
  answer_headers_.clear();
  auto body = route(http);
  const int good = http.method == "POST" && http.path == "/api/v4/spot/orders" ? 201 : 200;
  auto out = body ? json_response(good, std::move(*body)) : to_response(body.error());
  for (auto& h : answer_headers_) out.headers.push_back(std::move(h));
  return out;
}

limit_number gate_dialect::limit_of(const std::string& endpoint, bool is_private) {
  auto known = endpoint_limits_.find(endpoint);
  if (known != endpoint_limits_.end()) return known->second;
  const std::string name = (is_private ? "private " : "public ") + endpoint;
  const auto made = meter().add({.name = name, .model = limit_model::sliding_window, .limit = 200, .window = 10s});
  return endpoint_limits_.emplace(endpoint, made).first->second;
}

outcome<void> gate_dialect::charge(limit_number limit, std::string_view key) {
  const auto now = venue().now();
  const auto verdict = meter().charge(limit, key, 1, now);
  const auto reset = verdict.remaining() > 0 ? to_epoch_seconds(now) : to_epoch_seconds(verdict.reset_at) + 1;
  answer_headers_.emplace_back("X-Gate-RateLimit-Requests-Remain", std::to_string(verdict.remaining()));
  answer_headers_.emplace_back("X-Gate-RateLimit-Limit", std::to_string(verdict.limit));
  answer_headers_.emplace_back("X-Gate-RateLimit-Reset-Timestamp", std::to_string(reset));
  if (verdict.allowed) return {};
  return std::unexpected(refused{429, "TOO_MANY_REQUESTS", fmt::format("Request Rate limit Exceeded ({})", verdict.limit)});
}

outcome<const api_account*> gate_dialect::authenticate(std::string_view key, std::string_view signature, std::string_view timestamp,
                                                       std::string_view signed_text, std::string_view address) const {
  const auto refuse = [](int status, std::string label, std::string message) {
    return std::unexpected(refused{status, std::move(label), std::move(message)});
  };
  if (key.empty() || signature.empty() || timestamp.empty())
    return refuse(401, "MISSING_REQUIRED_HEADER", "Missing required header: KEY, SIGN or Timestamp");
  const auto* account = find_account(key);
  if (account == nullptr || account->is_expired(venue().now())) return refuse(401, "INVALID_KEY", "Invalid key provided");
  std::int64_t sent = 0;
  auto [end, failure] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), sent);
  const auto now = to_epoch_seconds(venue().now());
  if (failure != std::errc() || end != timestamp.data() + timestamp.size() || sent < now - window_s || sent > now + window_s)
    return refuse(403, "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60");
  if (!constant_time_equal(to_hex(crypto::hmac_sha512(account->api_secret, signed_text)), signature))
    return refuse(401, "INVALID_SIGNATURE", "Signature mismatch");
  if (!account->allows_address(address)) return refuse(403, "FORBIDDEN", "Request IP not in whitelist: " + std::string(address));
  return account;
}

outcome<std::string> gate_dialect::route(const net::http_request& http) {
  if (!http.path.starts_with(root)) return std::unexpected(refused{404, "NOT_FOUND", "Not found"});
  const auto path = std::string_view(http.path).substr(root.size());
  auto fields = http.body.empty() ? request_fields::from_form(http.query) : request_fields::from_json(std::string_view(http.body));
  if (!fields) return std::unexpected(refused{400, "INVALID_REQUEST_BODY", "Invalid request body"});
  const bool open = is_public(path);
  if (open) {
    if (auto allowed = charge(limit_of(endpoint_of(http, path), false), http.remote_address); !allowed) return std::unexpected(allowed.error());
    return route_public(http, *fields);
  }
  const auto timestamp = find_header(http.headers, "Timestamp");
  const auto decoded = percent_decode(http.query);
  const auto sign_of = [&](const std::string& query) {
    return http.method + "\n" + http.path + "\n" + query + "\n" + to_hex(crypto::sha512(http.body)) + "\n" + std::string(timestamp);
  };
  auto account = authenticate(find_header(http.headers, "KEY"), find_header(http.headers, "SIGN"), timestamp,
                              sign_of(decoded ? *decoded : http.query), http.remote_address);
  if (!account) return std::unexpected(account.error());
  return route_private({http, *fields, **account});
}

net::http_response gate_dialect::make_fault_response(const fault& f) {
  if (f.kind == fault_kind::rate_limit || f.kind == fault_kind::ban) {
    auto out = to_response({429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (200)"});
    const auto wait = std::max<std::int64_t>(1, std::chrono::duration_cast<seconds>(f.delay).count());
    out.headers.emplace_back("Retry-After", std::to_string(wait));
    return out;
  }
  const bool placed = f.kind == fault_kind::error_after_placing;
  return to_response({placed ? 504 : 500, "SERVER_ERROR", placed ? "Gateway timeout" : "Internal server error"});
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) { return std::make_unique<gate_dialect>(v); }

}  // namespace drover::exchanges::paper::gate
