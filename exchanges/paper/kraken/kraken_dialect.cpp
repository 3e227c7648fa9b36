#include "exchanges/paper/kraken/kraken_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kraken {

namespace {

constexpr std::string_view public_root = "/0/public/", private_root = "/0/private/";

venue_habits make_habits() {
  venue_habits h;
  h.name = "kraken";
  h.credentials = {.key = key_style::base64, .secret = secret_style::base64};
  h.rules = {.fee = fee_rule::quote_asset, .ids = client_id_rule::unique_while_open, .post_only = post_only_rule::refused};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  out.body = std::move(body);
  return out;
}

net::http_response to_response(const failure& f, int status = 200) {
  return json_response(status, fmt::format(R"({{"error":[{}]}})", paper::quoted(f.text)));
}

std::unexpected<failure> fail(std::string text) { return std::unexpected(failure{std::move(text)}); }

}  // namespace

kraken_dialect::kraken_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      // The tier "Pro": 20 calls, one forgotten a second; 180 per pair, 3.75 a second. The lowest one would make clients crawl.
      call_limit_(meter().add({.name = "calls", .model = limit_model::decaying, .limit = 20, .window = 1s, .drained = 1})),
      pair_limit_(meter().add({.name = "orders per pair", .model = limit_model::decaying, .limit = 180, .window = 4s, .drained = 15})),
      public_limit_(meter().add({.name = "public", .model = limit_model::decaying, .limit = 15, .window = 1s, .drained = 1})),
      connect_limit_(meter().add({.name = "connects", .model = limit_model::sliding_window, .limit = 150, .window = 600s})) {}

net::http_response kraken_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    if (!meter().charge(connect_limit_, http.remote_address, 1, venue().now()).allowed)
      return to_response({"EGeneral:Too many requests"}, 429);
    net::http_response out;
    out.websocket = std::make_shared<feed_session>(*this, http.path);
    return out;
  }
  auto result = route(http);
  return result ? json_response(200, R"({"error":[],"result":)" + *result + "}") : to_response(result.error());
}

reply<std::string> kraken_dialect::route(const net::http_request& http) {
  const std::string_view path = http.path;
  const bool is_json = find_header(http.headers, "Content-Type").starts_with("application/json");
  auto fields = http.method == "GET" ? request_fields::from_form(http.query)
                : is_json            ? request_fields::from_json(std::string_view(http.body))
                                     : request_fields::from_form(http.body);
  if (!fields) return fail("EGeneral:Invalid arguments");
  if (path.starts_with(public_root)) {
    if (!meter().charge(public_limit_, http.remote_address, 1, venue().now()).allowed) return fail("EGeneral:Too many requests");
    return route_public({http, *fields, nullptr}, path.substr(public_root.size()));
  }
  if (!path.starts_with(private_root)) return fail("EGeneral:Unknown method");
  auto account = authenticate(http, *fields);
  if (!account) return std::unexpected(account.error());
  return route_private({http, *fields, *account}, path.substr(private_root.size()));
}

reply<const api_account*> kraken_dialect::authenticate(const net::http_request& http, const request_fields& fields) {
  const auto* account = find_account(find_header(http.headers, "API-Key"));
  if (account == nullptr || account->is_expired(venue().now())) return fail("EAPI:Invalid key");
  const auto nonce = fields.text("nonce");
  auto number = fields.whole("nonce");
  if (!number || !*number || **number <= 0) return fail("EAPI:Invalid nonce");
  const auto key = from_base64(account->api_secret);
  const auto text = http.path + crypto::sha256(std::string(nonce) + http.body);
  if (!key || !constant_time_equal(to_base64(crypto::hmac_sha512(*key, text)), find_header(http.headers, "API-Sign")))
    return fail("EAPI:Invalid signature");
  auto& last = last_nonces_[account->api_key];
  if (**number <= last) return fail("EAPI:Invalid nonce");
  last = **number;
  if (!account->allows_address(http.remote_address)) return fail("EGeneral:Permission denied");
  return account;
}

reply<std::string> kraken_dialect::route_public(const request& r, std::string_view name) {
  if (name == "Time") return fmt::format(R"({{"unixtime":{},"rfc1123":"{}"}})", to_epoch_seconds(venue().now()), to_iso_ms(venue().now()));
  if (name == "SystemStatus") return fmt::format(R"({{"status":"online","timestamp":"{}"}})", to_iso_ms(venue().now()));
  if (name == "Assets") return render_assets();
  if (name == "AssetPairs") return render_pairs();
  return render_market(r, name);
}

reply<std::string> kraken_dialect::route_private(const request& r, std::string_view name) {
  const auto& rights = r.account->permissions;
  const bool orders = name == "AddOrder" || name == "CancelOrder" || name == "CancelAll" || name == "CancelOrderBatch" || name == "CancelAllOrdersAfter";
  const bool counted = name != "AddOrder" && name != "CancelOrder";
  const std::int64_t cost = name == "TradesHistory" || name == "Ledgers" ? 2 : 1;
  if (counted && !meter().charge(call_limit_, request_meter::make_key(r.account->number), cost, venue().now()).allowed)
    return fail("EAPI:Rate limit exceeded");
  if (name == "GetApiKeyInfo") return render_key(*r.account);
  if (orders ? !rights.trade : !rights.read) return fail("EGeneral:Permission denied");
  if (name == "Balance") return render_holdings(*r.account, false);
  if (name == "BalanceEx") return render_holdings(*r.account, true);
  if (name == "AddOrder") return add_order(r);
  if (name == "CancelOrder") return cancel_order(r);
  if (name == "CancelOrderBatch") return cancel_batch(r);
  if (name == "CancelAll") return cancel_all(r);
  if (name == "CancelAllOrdersAfter") return cancel_after(r);
  if (name == "QueryOrders") return query_orders(r);
  if (name == "OpenOrders") return list_open(r);
  if (name == "ClosedOrders") return list_closed(r);
  if (name == "TradesHistory") return list_trades(r);
  if (name == "GetWebSocketsToken") return make_token(r);
  return fail("EGeneral:Unknown method");
}

reply<std::string> kraken_dialect::make_token(const request& r) {
  constexpr std::size_t token_limit = 100'000;
  constexpr nanoseconds life = 15min;
  if (tokens_.size() >= token_limit) std::erase_if(tokens_, [&](const auto& t) { return t.second.expires_at <= venue().now(); });
  if (tokens_.size() >= token_limit) return fail("EGeneral:Internal error");
  std::array<std::uint8_t, 32> bytes{};
  venue().random().fill(bytes);
  auto token = to_base64(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  auto out = fmt::format(R"({{"token":"{}","expires":900}})", token);
  tokens_.insert_or_assign(std::move(token), stream_token{r.account->number, venue().now() + life});
  return out;
}

std::optional<account_number> kraken_dialect::use_token(std::string_view token) {
  auto found = tokens_.find(std::string(token));
  if (found == tokens_.end() || (!found->second.used && found->second.expires_at <= venue().now())) return std::nullopt;
  found->second.used = true;
  return found->second.account;
}

std::string kraken_dialect::render_key(const api_account& a) const {
  std::vector<std::string> granted, addresses;
  if (a.permissions.read)
    for (std::string_view word : {"query-funds", "query-open-trades", "query-closed-trades"}) granted.push_back(paper::quoted(word));
  if (a.permissions.trade)
    for (std::string_view word : {"modify-trades", "close-trades"}) granted.push_back(paper::quoted(word));
  if (a.permissions.withdraw) granted.push_back(paper::quoted("withdraw-funds"));
  for (const auto& address : a.addresses) addresses.push_back(paper::quoted(address));
  if (addresses.empty() && a.permissions.ip_restrict) addresses.push_back(paper::quoted("127.0.0.0/8"));
  auto nonce = last_nonces_.find(a.api_key);
  return fmt::format(
      R"({{"apiKeyName":"paper","apiKey":{},"nonce":"{}","nonceWindow":0,"permissions":{},"iban":"","validUntil":"0","queryFrom":"0","queryTo":"0",)"
      R"("createdTime":"{}","modifiedTime":"{}","ipAllowlist":{},"lastUsed":"{}"}})",
      paper::quoted(a.api_key), nonce == last_nonces_.end() ? 0 : nonce->second, join_list(granted), to_epoch_seconds(a.created_at),
      to_epoch_seconds(a.created_at), join_list(addresses), to_epoch_seconds(venue().now()));
}

net::http_response kraken_dialect::make_fault_response(const fault& f) {
  switch (f.kind) {
    case fault_kind::rate_limit: return to_response({"EAPI:Rate limit exceeded"});
    case fault_kind::ban: return to_response({"EGeneral:Temporary lockout"});
    case fault_kind::error_after_placing: return to_response({"EService:Timeout"});
    default: return to_response({"EService:Unavailable"}, 503);
  }
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_dialect(simulated_venue& v) { return std::make_unique<kraken_dialect>(v); }

}  // namespace drover::exchanges::paper::kraken
