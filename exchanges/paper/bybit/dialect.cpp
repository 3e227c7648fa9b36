#include <fmt/format.h>

#include <charconv>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/bybit/bybit_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::bybit {

namespace {

constexpr std::int64_t default_window_ms = 5'000, tolerated_ahead_ms = 1'000;

venue_habits make_habits() {
  venue_habits h;
  h.name = "bybit";
  h.credentials = {.key = key_style::short_hex, .secret = secret_style::hex};
  h.rules = {
      .fee = fee_rule::received_asset, .ids = client_id_rule::never_reused, .post_only = post_only_rule::refused};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  out.body = std::move(body);
  return out;
}

std::string wrap(int code, std::string_view message, std::string_view result, wall_time now) {
  return fmt::format(R"({{"retCode":{},"retMsg":{},"result":{},"retExtInfo":{{}},"time":{}}})", code,
                     paper::quoted(message), result, now.ms());
}

net::http_response too_frequent_response() {
  net::http_response out;
  out.status = 403;
  out.headers = {{"Content-Type", "text/plain"}};
  out.body = "access too frequent";
  return out;
}

std::optional<std::int64_t> to_whole(std::string_view text) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bybit_dialect::bybit_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      address_limit_(
          meter().add({.name = "address", .model = limit_model::sliding_window, .limit = 600, .window = 5s})),
      place_limit_(meter().add({.name = "place", .model = limit_model::sliding_window, .limit = 20, .window = 1s})),
      cancel_limit_(meter().add({.name = "cancel", .model = limit_model::sliding_window, .limit = 20, .window = 1s})),
      query_limit_(meter().add({.name = "query", .model = limit_model::sliding_window, .limit = 50, .window = 1s})),
      account_limit_(
          meter().add({.name = "account", .model = limit_model::sliding_window, .limit = 50, .window = 1s})) {}

std::int64_t& bybit_dialect::sequence_of(instrument_number n) {
  if (sequences_.size() <= to_index(n)) sequences_.resize(to_index(n) + 1, 1);
  return sequences_[to_index(n)];
}

net::http_response bybit_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    net::http_response out;
    out.websocket = std::make_shared<session>(*this, http.path);
    return out;
  }
  answer_headers_.clear();
  too_frequent_ = false;
  auto result = route(http);
  if (too_frequent_) return too_frequent_response();
  auto out = result ? json_response(200, wrap(0, "OK", *result, venue().now()))
                    : json_response(200, wrap(result.error().code, result.error().message, "{}", venue().now()));
  for (auto& h : answer_headers_) out.headers.push_back(std::move(h));
  return out;
}

net::http_response bybit_dialect::make_fault_response(const fault& f) {
  switch (f.kind) {
    case fault_kind::error_after_placing:
      return json_response(200, wrap(10'016, "Internal server error.", "{}", venue().now()));
    case fault_kind::rate_limit:
      return json_response(200, wrap(10'006, "Too many visits. Exceeded the API Rate Limit.", "{}", venue().now()));
    case fault_kind::ban:
      return too_frequent_response();
    default:
      return json_response(500, wrap(10'016, "Internal server error.", "{}", venue().now()));
  }
}

outcome bybit_dialect::route(const net::http_request& http) {
  auto fields = http.body.empty() ? request_fields::from_form(http.query)
                                  : request_fields::from_json(std::string_view(http.body));
  if (!fields) return std::unexpected(refused{10'001, "Request parameter error."});
  if (http.path.starts_with("/v5/market/")) {
    if (auto no = charge(http, nullptr)) return std::unexpected(*no);
    return route_public({http, *fields, nullptr});
  }
  auto account = check_request(http);
  if (!account) return std::unexpected(account.error());
  if (auto no = charge(http, *account)) return std::unexpected(*no);
  return route_private({http, *fields, *account});
}

std::expected<const api_account*, refused> bybit_dialect::check_request(const net::http_request& http) const {
  const auto key = find_header(http.headers, "X-BAPI-API-KEY"),
             timestamp = find_header(http.headers, "X-BAPI-TIMESTAMP");
  const auto window_text = find_header(http.headers, "X-BAPI-RECV-WINDOW");
  const auto sent = to_whole(timestamp);
  const auto window = window_text.empty() ? default_window_ms : to_whole(window_text).value_or(default_window_ms);
  const auto now = venue().now().ms();
  if (!sent || *sent > now + tolerated_ahead_ms || now - *sent > window)
    return std::unexpected(
        refused{10'002, fmt::format("invalid request, please check your server timestamp or recv_window param. "
                                    "req_timestamp[{}],server_timestamp[{}],recv_window[{}]",
                                    timestamp, now, window)});
  const auto text = std::string(timestamp) + std::string(key) + std::string(window_text) +
                    (http.method == "POST" ? http.body : http.query);
  return authenticate(key, find_header(http.headers, "X-BAPI-SIGN"), text, http.remote_address);
}

std::expected<const api_account*, refused> bybit_dialect::authenticate(std::string_view key, std::string_view signature,
                                                                       std::string_view text,
                                                                       std::string_view address) const {
  const auto* account = find_account(key);
  if (account == nullptr) return std::unexpected(refused{10'003, "API key is invalid."});
  if (account->is_expired(venue().now())) return std::unexpected(refused{33'004, "Your api key has expired."});
  if (!constant_time_equal(to_hex(crypto::hmac_sha256(account->api_secret, text)), signature))
    return std::unexpected(refused{10'004, "error sign! origin_string[...]"});
  if (!account->allows_address(address))
    return std::unexpected(refused{10'010, "Unmatched IP, please check your API key's bound IP addresses."});
  return account;
}

std::optional<refused> bybit_dialect::charge(const net::http_request& http, const api_account* account) {
  const auto now = venue().now();
  if (!meter().charge(address_limit_, http.remote_address, 1, now).allowed) {
    too_frequent_ = true;
    return refused{10'006, "access too frequent"};
  }
  if (account == nullptr) return std::nullopt;
  const std::string_view path = http.path;
  const auto limit = path == "/v5/order/create"                                        ? place_limit_
                     : path.starts_with("/v5/order/cancel")                            ? cancel_limit_
                     : path.starts_with("/v5/account") || path.starts_with("/v5/user") ? account_limit_
                                                                                       : query_limit_;
  const auto verdict = meter().charge(limit, request_meter::make_key(account->number), 1, now);
  answer_headers_.emplace_back("X-Bapi-Limit", std::to_string(verdict.limit));
  answer_headers_.emplace_back("X-Bapi-Limit-Status", std::to_string(verdict.remaining()));
  answer_headers_.emplace_back("X-Bapi-Limit-Reset-Timestamp", std::to_string(verdict.reset_at.ms()));
  if (verdict.allowed) return std::nullopt;
  return refused{10'006, "Too many visits. Exceeded the API Rate Limit."};
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) {
  return std::make_unique<bybit_dialect>(v);
}

}  // namespace drover::exchanges::paper::bybit
