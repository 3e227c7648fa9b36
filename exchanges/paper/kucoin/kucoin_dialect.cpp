#include "exchanges/paper/kucoin/kucoin_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kucoin {

namespace {

constexpr std::int64_t window_ms = 5'000;
constexpr std::size_t token_limit = 100'000;
constexpr nanoseconds token_life = 24h;
/// The server is asked for a ping this often.
constexpr int ping_interval_ms = 18'000, ping_timeout_ms = 10'000;

venue_habits make_habits() {
  venue_habits h;
  h.name = "kucoin";
  h.credentials = {.key = key_style::short_hex, .secret = secret_style::uuid, .passphrase = true, .key_version = 2};
  h.rules = {.fee = fee_rule::quote_asset, .ids = client_id_rule::unique_while_open, .post_only = post_only_rule::cancelled};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json;charset=UTF-8"}};
  out.body = std::move(body);
  return out;
}

net::http_response to_response(const denied& d) {
  return json_response(d.status, fmt::format(R"({{"code":"{}","msg":{}}})", d.code, paper::quoted(d.message)));
}

std::unexpected<denied> deny(std::string code, std::string message, int status = 200) {
  return std::unexpected(denied{std::move(code), std::move(message), status});
}

/// The query as it reads: what is signed.
std::string decode_query(std::string_view query) {
  auto plain = percent_decode(query);
  return plain ? *plain : std::string(query);
}

std::string hmac_text(std::string_view key, std::string_view text) { return to_base64(crypto::hmac_sha256(key, text)); }

}  // namespace

std::int64_t candle_length_ms(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 9> lengths{{{"1min", 60},
                                                                              {"3min", 180},
                                                                              {"5min", 300},
                                                                              {"15min", 900},
                                                                              {"30min", 1'800},
                                                                              {"1hour", 3'600},
                                                                              {"4hour", 14'400},
                                                                              {"1day", 86'400},
                                                                              {"1week", 604'800}}};
  for (const auto& [known, length_s] : lengths)
    if (known == name) return length_s * 1'000;
  return 0;
}

kucoin_dialect::kucoin_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      spot_limit_(meter().add({.name = "spot", .model = limit_model::sliding_window, .limit = 4'000, .window = 30s})),
      management_limit_(meter().add({.name = "management", .model = limit_model::sliding_window, .limit = 2'000, .window = 30s})),
      public_limit_(meter().add({.name = "public", .model = limit_model::sliding_window, .limit = 2'000, .window = 30s})),
      connect_limit_(meter().add({.name = "connects", .model = limit_model::sliding_window, .limit = 30, .window = 60s})) {}

std::optional<instrument_number> kucoin_dialect::find_symbol(std::string_view symbol) const {
  for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i)
    if (symbol_of(static_cast<instrument_number>(i)) == symbol) return static_cast<instrument_number>(i);
  return std::nullopt;
}

std::string kucoin_dialect::symbol_of(instrument_number n) const {
  const auto& i = venue().engine().get_instrument(n);
  return i.base_asset + "-" + i.quote_asset;
}

net::http_response kucoin_dialect::handle(const net::http_request& http, std::string_view prefix) {
  if (http.wants_websocket) return open_feed(http);
  answer_headers_.clear();
  auto data = route(http, prefix);
  auto out = data ? json_response(200, R"({"code":"200000","data":)" + *data + "}") : to_response(data.error());
  for (auto& h : answer_headers_) out.headers.push_back(std::move(h));
  return out;
}

net::http_response kucoin_dialect::open_feed(const net::http_request& http) {
  if (!meter().charge(connect_limit_, http.remote_address, 1, venue().now()).allowed)
    return to_response({"429000", "Too Many Requests", 429});
  const auto fields = request_fields::from_form(http.query);
  const auto token = fields ? tokens_.find(std::string(fields->text("token"))) : tokens_.end();
  const bool known = token != tokens_.end() && token->second.expires_at > venue().now();
  auto connect_id = fields ? std::string(fields->text("connectId")) : std::string();
  net::http_response out;
  out.websocket = std::make_shared<feed_session>(*this, http.path, std::move(connect_id), known,
                                                 known ? token->second.account : std::nullopt);
  return out;
}

reply<std::string> kucoin_dialect::route(const net::http_request& http, std::string_view prefix) {
  auto fields = http.body.empty() ? request_fields::from_form(http.query) : request_fields::from_json(std::string_view(http.body));
  if (!fields) return deny("400100", "Parameter error.", 400);
  constexpr std::array<std::string_view, 4> open_paths{"/api/v1/timestamp", "/api/v1/status", "/api/v3/currencies", "/api/v2/symbols"};
  const std::string_view path = http.path;
  const bool is_public = std::ranges::find(open_paths, path) != open_paths.end() || path.starts_with("/api/v1/market/") ||
                         path == "/api/v1/bullet-public" || path == "/api/v1/contracts/active";
  if (is_public) return route_public({http, prefix, *fields, nullptr});
  auto account = authenticate(http);
  if (!account) return std::unexpected(account.error());
  return route_private({http, prefix, *fields, *account});
}

reply<void> kucoin_dialect::charge(const net::http_request& http, const api_account* account, pool p, std::int64_t weight) {
  const auto limit = p == pool::spot ? spot_limit_ : p == pool::management ? management_limit_ : public_limit_;
  const auto key = account == nullptr ? http.remote_address : request_meter::make_key(account->number);
  const auto now = venue().now();
  const auto verdict = meter().charge(limit, key, weight, now);
  const auto until = verdict.allowed ? verdict.reset_at : verdict.retry_at;
  answer_headers_ = {{"gw-ratelimit-limit", std::to_string(verdict.limit)},
                     {"gw-ratelimit-remaining", std::to_string(verdict.remaining())},
                     {"gw-ratelimit-reset", std::to_string(std::max<std::int64_t>(0, until.ms() - now.ms()))}};
  if (verdict.allowed) return {};
  return deny("429000", "Too Many Requests", 429);
}

reply<const api_account*> kucoin_dialect::authenticate(const net::http_request& http) const {
  auto header = [&http](std::string_view name) { return find_header(http.headers, name); };
  const auto sent_sign = header("KC-API-SIGN"), timestamp = header("KC-API-TIMESTAMP"), passphrase = header("KC-API-PASSPHRASE");
  if (header("KC-API-KEY").empty() || sent_sign.empty() || timestamp.empty() || passphrase.empty())
    return deny("400001", "Please check the header of your request for KC-API-KEY, KC-API-SIGN, KC-API-TIMESTAMP, KC-API-PASSPHRASE.", 401);
  std::int64_t sent_ms = 0;
  auto [end, failure] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), sent_ms);
  const bool whole = failure == std::errc() && end == timestamp.data() + timestamp.size();
  if (!whole || sent_ms < 0 || std::abs(venue().now().ms() - sent_ms) > window_ms) return deny("400002", "KC-API-TIMESTAMP Invalid", 401);
  const auto* account = find_account(header("KC-API-KEY"));
  if (account == nullptr || account->is_expired(venue().now())) return deny("400003", "KC-API-KEY not exists", 401);
  const auto version = header("KC-API-KEY-VERSION");
  const auto wanted = account->key_version < 2 ? account->passphrase : hmac_text(account->api_secret, account->passphrase);
  if ((version.empty() ? "1" : version) != std::to_string(account->key_version) || !constant_time_equal(wanted, passphrase))
    return deny("400004", "Invalid KC-API-PASSPHRASE", 401);
  auto text = std::string(timestamp) + http.method + http.path;
  if (!http.query.empty()) text += "?" + decode_query(http.query);
  text += http.body;
  if (!constant_time_equal(hmac_text(account->api_secret, text), sent_sign)) return deny("400005", "Invalid KC-API-SIGN", 401);
  if (!account->allows_address(http.remote_address)) return deny("400006", "The requested ip address is not in the api whitelist", 401);
  return account;
}

reply<std::string> kucoin_dialect::make_token(const request& r) {
  if (tokens_.size() >= token_limit) std::erase_if(tokens_, [&](const auto& t) { return t.second.expires_at <= venue().now(); });
  if (tokens_.size() >= token_limit) return deny("500000", "Internal Server Error", 500);
  std::array<unsigned char, 32> bytes{};
  venue().random().fill(bytes);
  auto token = to_base64url(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const auto account = r.account == nullptr ? std::nullopt : std::optional(r.account->number);
  auto out = fmt::format(
      R"({{"token":"{}","instanceServers":[{{"endpoint":{},"encrypt":false,"protocol":"websocket","pingInterval":{},"pingTimeout":{}}}]}})",
      token, paper::quoted(make_address(r.http, r.prefix, true) + "/endpoint"), ping_interval_ms, ping_timeout_ms);
  tokens_.insert_or_assign(std::move(token), stream_token{account, venue().now() + token_life});
  return out;
}

reply<std::string> kucoin_dialect::route_private(const request& r) {
  const std::string_view path = r.http.path, method = r.http.method;
  const auto& rights = r.account->permissions;
  const bool manages = path == "/api/v1/user/api-key" || path == "/api/v1/accounts";
  const std::int64_t weight = path == "/api/v1/user/api-key"          ? 20
                              : path == "/api/v1/accounts"            ? 5
                              : path == "/api/v1/bullet-private"      ? 10
                              : path == "/api/v1/hf/orders/cancelAll" ? 30
                              : path == "/api/v1/hf/orders"           ? (method == "POST" ? 1 : 2)
                              : method == "DELETE"                    ? 1
                                                                      : 2;
  if (auto allowed = charge(r.http, r.account, manages ? pool::management : pool::spot, weight); !allowed)
    return std::unexpected(allowed.error());
  if (method == "GET" ? !rights.read : !(rights.trade || path == "/api/v1/bullet-private"))
    return deny("400007", "Access denied --> Require more permission.", 403);
  if (path.starts_with("/api/v1/hf/") && path != "/api/v1/hf/accounts/opened") return route_trading(r);
  if (path == "/api/v1/bullet-private" && method == "POST") return make_token(r);
  if (method != "GET") return deny("404000", "Not Found", 404);
  if (path == "/api/v1/hf/accounts/opened") return std::string("true");
  if (path == "/api/ua/v1/account/mode") return std::string(R"({"selfAccountMode":"CLASSIC"})");
  if (path == "/api/v3/margin/symbols") return fmt::format(R"({{"timestamp":{},"items":[]}})", venue().now().ms());
  if (path == "/api/v1/isolated/symbols") return std::string("[]");
  if (path == "/api/v1/accounts") return render_accounts(*r.account, r.fields.text("type"));
  if (path == "/api/v3/market/orderbook/level2") {
    const auto n = find_symbol(r.fields.text("symbol"));
    if (!n) return deny("900001", "symbol not exists");
    return render_levels(*n, 5'000);
  }
  if (path == "/api/v1/user/api-key") {
    std::string addresses;
    for (const auto& a : r.account->addresses) addresses += (addresses.empty() ? "" : ",") + a;
    return fmt::format(
        R"({{"remark":"paper","apiKey":"{}","apiVersion":{},"permission":"General{}{}","ipWhitelist":{},"createdAt":{},"uid":{},"isMaster":true}})",
        r.account->api_key, r.account->key_version, rights.trade ? ",Spot" : "", rights.withdraw ? ",Withdrawal" : "", paper::quoted(addresses),
        r.account->created_at.ms(), 10'000'000 + to_index(r.account->number));
  }
  return deny("404000", "Not Found", 404);
}

net::http_response kucoin_dialect::make_fault_response(const fault& f) {
  switch (f.kind) {
    case fault_kind::rate_limit:
    case fault_kind::ban: {
      auto out = to_response({"429000", "Too Many Requests", 429});
      out.headers.emplace_back("gw-ratelimit-limit", "4000");
      out.headers.emplace_back("gw-ratelimit-remaining", "0");
      out.headers.emplace_back("gw-ratelimit-reset", std::to_string(std::max<std::int64_t>(1'000, f.delay.count())));
      return out;
    }
    case fault_kind::error_after_placing: return to_response({"500000", "Internal Server Error", 500});
    default: return to_response({"503000", "Service Unavailable", 503});
  }
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) { return std::make_unique<kucoin_dialect>(v); }

}  // namespace drover::exchanges::paper::kucoin
