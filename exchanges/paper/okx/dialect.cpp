#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/okx/okx_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::okx {

namespace {

constexpr seconds window{30};

venue_habits make_habits() {
  venue_habits h;
  h.name = "okx";
  h.credentials = {.key = key_style::uuid, .secret = secret_style::hex, .passphrase = true};
  h.rules = {
      .fee = fee_rule::received_asset, .ids = client_id_rule::never_reused, .post_only = post_only_rule::cancelled};
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
  return json_response(r.status,
                       fmt::format(R"({{"code":"{}","msg":{},"data":[]}})", r.code, paper::quoted(r.message)));
}

std::unexpected<refused> deny(int status, std::string code, std::string message) {
  return std::unexpected(refused{status, std::move(code), std::move(message)});
}

bool is_public(std::string_view path) {
  return path.starts_with("/api/v5/public/") || path.starts_with("/api/v5/market/");
}

}  // namespace

okx_dialect::okx_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      public_limit_(meter().add({.name = "public", .model = limit_model::sliding_window, .limit = 20, .window = 2s})),
      account_limit_(meter().add({.name = "account", .model = limit_model::sliding_window, .limit = 10, .window = 2s})),
      place_limit_(meter().add({.name = "place", .model = limit_model::sliding_window, .limit = 60, .window = 2s})),
      cancel_limit_(meter().add({.name = "cancel", .model = limit_model::sliding_window, .limit = 60, .window = 2s})),
      query_limit_(meter().add({.name = "query", .model = limit_model::sliding_window, .limit = 60, .window = 2s})),
      list_limit_(meter().add({.name = "list", .model = limit_model::sliding_window, .limit = 60, .window = 2s})),
      connection_limit_(
          meter().add({.name = "connections", .model = limit_model::sliding_window, .limit = 3, .window = 1s})) {}

std::optional<instrument_number> okx_dialect::find_instrument(std::string_view id) const {
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i)
    if (instrument_id(static_cast<instrument_number>(i)) == id) return static_cast<instrument_number>(i);
  return std::nullopt;
}

std::string okx_dialect::instrument_id(instrument_number n) const {
  const auto& i = venue().engine().get_instrument(n);
  return i.base_asset + "-" + i.quote_asset;
}

std::int64_t& okx_dialect::sequence_of(instrument_number n) {
  if (sequences_.size() <= to_index(n)) sequences_.resize(to_index(n) + 1);
  return sequences_[to_index(n)];
}

net::http_response okx_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    if (!meter().charge(connection_limit_, http.remote_address, 1, venue().now()).allowed)
      return to_response({429, "50011", "Too Many Requests"});
    net::http_response out;
    out.websocket = std::make_shared<session>(*this, http.path);
    return out;
  }
  auto data = route(http);
  if (!data) return to_response(data.error());
  // Batches bring their own head.
  if (data->starts_with("{\"code\"")) return json_response(200, std::move(*data));
  return json_response(200, R"({"code":"0","msg":"","data":)" + *data + "}");
}

net::http_response okx_dialect::make_fault_response(const fault& f) {
  switch (f.kind) {
    case fault_kind::error_after_placing:
      return to_response({200, "50004", "API endpoint request timeout. "});
    case fault_kind::rate_limit:
    case fault_kind::ban:
      return to_response({429, "50011", "Too Many Requests"});
    default:
      return to_response({500, "50001", "Service temporarily unavailable. Try again later"});
  }
}

outcome okx_dialect::route(const net::http_request& http) {
  // A batch is a list: its elements are read one by one later.
  const bool has_list = http.body.starts_with("[");
  auto fields = http.body.empty() || has_list ? request_fields::from_form(http.query)
                                              : request_fields::from_json(std::string_view(http.body));
  if (!fields) return deny(400, "50002", "JSON syntax error");
  if (is_public(http.path)) {
    if (auto no = charge(http, nullptr, {})) return std::unexpected(*no);
    return route_public({http, *fields, nullptr});
  }
  auto target = http.path;
  if (!http.query.empty()) target += "?" + http.query;
  const auto timestamp = find_header(http.headers, "OK-ACCESS-TIMESTAMP");
  auto sent = parse_rfc3339(timestamp);
  if (!sent) return deny(401, "50112", "Invalid OK-ACCESS-TIMESTAMP");
  const auto text = std::string(timestamp) + http.method + target + http.body;
  auto account =
      authenticate(find_header(http.headers, "OK-ACCESS-KEY"), find_header(http.headers, "OK-ACCESS-PASSPHRASE"),
                   find_header(http.headers, "OK-ACCESS-SIGN"), text, *sent, http.remote_address);
  if (!account) return std::unexpected(account.error());
  if (auto no = charge(http, *account, fields->text("instId"))) return std::unexpected(*no);
  return route_private({http, *fields, *account});
}

std::expected<const api_account*, refused> okx_dialect::authenticate(std::string_view key, std::string_view passphrase,
                                                                     std::string_view signature, std::string_view text,
                                                                     std::optional<wall_time> sent,
                                                                     std::string_view address) const {
  const auto* account = find_account(key);
  if (account == nullptr || account->is_expired(venue().now())) return deny(401, "50111", "Invalid OK-ACCESS-KEY");
  const auto now = venue().now();
  if (sent && (*sent > now + window || *sent < now - window)) return deny(401, "50102", "Timestamp request expired");
  if (!constant_time_equal(account->passphrase, passphrase))
    return deny(401, "50105", "Request header OK-ACCESS-PASSPHRASE incorrect.");
  if (!constant_time_equal(to_base64(crypto::hmac_sha256(account->api_secret, text)), signature))
    return deny(401, "50113", "Invalid Sign");
  if (!account->allows_address(address))
    return deny(401, "50110", "Your IP " + std::string(address) + " is not included in your API key's IP whitelist.");
  return account;
}

std::optional<refused> okx_dialect::charge(const net::http_request& http, const api_account* account,
                                           std::string_view instrument) {
  const std::string_view path = http.path;
  auto limit = public_limit_;
  std::string key =
      account == nullptr ? http.remote_address + std::string(path) : request_meter::make_key(account->number);
  if (account != nullptr) {
    const bool by_instrument = path.starts_with("/api/v5/trade/order") || path.starts_with("/api/v5/trade/cancel");
    const bool lists = path == "/api/v5/trade/orders-pending" || path.starts_with("/api/v5/trade/orders-history");
    limit = lists                                                   ? list_limit_
            : path == "/api/v5/trade/cancel-all-after"              ? account_limit_
            : path.starts_with("/api/v5/trade/cancel")              ? cancel_limit_
            : by_instrument && http.method == "GET"                 ? query_limit_
            : by_instrument || path == "/api/v5/trade/batch-orders" ? place_limit_
                                                                    : account_limit_;
    if (limit != list_limit_ && limit != account_limit_) key += "/" + std::string(instrument);
    if (limit == account_limit_) key += std::string(path);
  }
  if (meter().charge(limit, key, 1, venue().now()).allowed) return std::nullopt;
  return refused{429, "50011", "Too Many Requests"};
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) {
  return std::make_unique<okx_dialect>(v);
}

}  // namespace drover::exchanges::paper::okx
