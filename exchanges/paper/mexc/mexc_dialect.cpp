#include "exchanges/paper/mexc/mexc_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/mexc/symbols.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::mexc {

namespace {

constexpr std::string_view root = "/api/v3";
constexpr std::int64_t usual_window_ms = 5'000, longest_window_ms = 60'000, clock_tolerance_ms = 1'000;

venue_habits make_habits() {
  venue_habits h;
  h.name = "mexc";
  h.credentials = {.key = key_style::hex, .secret = secret_style::hex};
  h.rules = {.fee = fee_rule::quote_asset, .ids = client_id_rule::unique_while_open, .post_only = post_only_rule::cancelled};
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
  return json_response(r.status, fmt::format(R"({{"code":{},"msg":{}}})", r.code, paper::quoted(r.message)));
}

bool is_public(std::string_view path) {
  constexpr std::string_view open[] = {"/ping", "/time", "/defaultSymbols", "/exchangeInfo", "/depth", "/trades", "/aggTrades", "/klines",
                                       "/ticker/24hr", "/ticker/price", "/ticker/bookTicker"};
  return std::ranges::find(open, path) != std::end(open);
}

/// Weights of the API reference.
std::int64_t weight_of(std::string_view path, std::string_view method) {
  if (path == "/exchangeInfo" || path == "/account" || path == "/myTrades" || path == "/allOrders") return 10;
  if (path == "/trades") return 5;
  if (path == "/openOrders" && method == "GET") return 3;
  return path == "/order" && method == "GET" ? 2 : 1;
}

/// The query without its last parameter, when that is the signature.
std::optional<std::pair<std::string_view, std::string_view>> split_signature(std::string_view query) {
  constexpr std::string_view name = "signature=";
  const auto at = query.rfind(name);
  if (at == std::string_view::npos || (at > 0 && query[at - 1] != '&')) return std::nullopt;
  return std::pair(query.substr(0, at > 0 ? at - 1 : 0), query.substr(at + name.size()));
}

}  // namespace

mexc_dialect::mexc_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      address_limit_(meter().add({.name = "address weight", .model = limit_model::sliding_window, .limit = 500, .window = 10s, .counts_refused = false,
                                  .patience = 10, .ban = 120s})),
      account_limit_(meter().add({.name = "account weight", .model = limit_model::sliding_window, .limit = 500, .window = 10s})) {}

net::http_response mexc_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    const auto fields = request_fields::from_form(http.query);
    net::http_response out;
    out.websocket = std::make_shared<push_session>(*this, http.path, fields ? std::string(fields->text("listenKey")) : std::string());
    return out;
  }
  answer_headers_.clear();
  auto body = route(http);
  auto out = body ? json_response(200, std::move(*body)) : to_response(body.error());
  for (auto& h : answer_headers_) out.headers.push_back(std::move(h));
  return out;
}

outcome<void> mexc_dialect::charge(const net::http_request& http, const api_account* account, std::int64_t weight) {
  const auto now = venue().now();
  const auto key = account == nullptr ? http.remote_address : request_meter::make_key(account->number);
  const auto verdict = meter().charge(account == nullptr ? address_limit_ : account_limit_, key, weight, now);
  if (verdict.allowed) return {};
  answer_headers_.emplace_back("Retry-After", std::to_string(verdict.retry_after(now).count()));
  return std::unexpected(refused{verdict.banned ? 418 : 429, 429, "Too Many Requests"});
}

outcome<std::string> mexc_dialect::route(const net::http_request& http) {
  // Contracts are another exchange; clients ask for them all the same.
  if (http.path == "/api/v1/contract/detail") return std::string(R"({"success":true,"code":0,"data":[]})");
  if (!http.path.starts_with(root)) return std::unexpected(refused{404, 404, "Not found"});
  const auto path = std::string_view(http.path).substr(root.size());
  auto fields = request_fields::from_form(http.query);
  if (!fields) return std::unexpected(refused{400, 33333, "param error"});
  const auto weight = weight_of(path, http.method);
  if (auto allowed = charge(http, nullptr, weight); !allowed) return std::unexpected(allowed.error());
  if (is_public(path)) return route_public(http, *fields);
  auto account = authenticate(http, *fields);
  if (!account) return std::unexpected(account.error());
  if (auto allowed = charge(http, *account, weight); !allowed) return std::unexpected(allowed.error());
  return route_private({http, *fields, **account});
}

outcome<const api_account*> mexc_dialect::authenticate(const net::http_request& http, const request_fields& fields) const {
  const auto key = find_header(http.headers, "X-MEXC-APIKEY");
  if (key.empty()) return std::unexpected(refused{400, 400, "api key required"});
  const auto* account = find_account(key);
  if (account == nullptr || account->is_expired(venue().now())) return std::unexpected(refused{400, 10072, "Api key info invalid"});
  const auto parts = split_signature(http.query);
  if (!parts || !constant_time_equal(to_hex(crypto::hmac_sha256(account->api_secret, parts->first)), parts->second))
    return std::unexpected(refused{400, 700002, "Signature for this request is not valid."});
  const auto sent = fields.whole("timestamp"), window = fields.whole("recvWindow");
  if (!sent || !*sent || !window) return std::unexpected(refused{400, 700004, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."});
  const auto length = window->value_or(usual_window_ms);
  if (length < 0 || length > longest_window_ms) return std::unexpected(refused{400, 700005, "recvWindow must less than 60000"});
  const auto now = venue().now().ms();
  if (**sent > now + clock_tolerance_ms || now - **sent > length)
    return std::unexpected(refused{400, 700003, "Timestamp for this request is outside of the recvWindow."});
  if (!account->allows_address(http.remote_address))
    return std::unexpected(refused{400, 700006, fmt::format("IP [{}] not in the ip white list", http.remote_address)});
  const bool writes = http.method != "GET" && !http.path.ends_with("/userDataStream");
  if (writes ? !account->permissions.trade : !account->permissions.read)
    return std::unexpected(refused{403, 700007, "No permission to access the endpoint."});
  return account;
}

net::http_response mexc_dialect::make_fault_response(const fault& f) {
  const auto wait = std::to_string(std::max<std::int64_t>(1, std::chrono::duration_cast<seconds>(f.delay).count()));
  if (f.kind == fault_kind::rate_limit || f.kind == fault_kind::ban) {
    auto out = to_response({f.kind == fault_kind::ban ? 418 : 429, 429, "Too Many Requests"});
    out.headers.emplace_back("Retry-After", wait);
    return out;
  }
  if (f.kind == fault_kind::error_after_placing) return to_response({504, 504, "Gateway Time-out"});
  return to_response({503, 503, "Service not available. Please try again"});
}

std::optional<account_number> mexc_dialect::find_listener(std::string_view key) const {
  const auto found = listen_keys_.find(key);
  if (found == listen_keys_.end() || found->second.expires_at <= venue().now()) return std::nullopt;
  return found->second.account;
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) { return std::make_unique<mexc_dialect>(v); }

}  // namespace drover::exchanges::paper::mexc
