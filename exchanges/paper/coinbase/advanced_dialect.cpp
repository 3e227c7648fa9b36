#include "exchanges/paper/coinbase/advanced_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exchanges/paper/coinbase/advanced_token.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::string_view root = "/api/v3/brokerage";
/// Clocks may differ by so much.
constexpr seconds tolerance{30};

venue_habits make_habits() {
  venue_habits h;
  h.name = "coinbase";
  h.credentials = {.key = key_style::resource_name, .secret = secret_style::signing_key};
  h.rules = {
      .fee = fee_rule::quote_asset, .ids = client_id_rule::returns_existing, .post_only = post_only_rule::refused};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  out.body = std::move(body);
  return out;
}

net::http_response to_response(const denied& d) {
  if (!d.code.empty())
    return json_response(d.status,
                         fmt::format(R"({{"error":{},"error_details":{},"message":{}}})", paper::quoted(d.code),
                                     paper::quoted(d.message), paper::quoted(d.message)));
  net::http_response out;
  out.status = d.status;
  out.headers = {{"Content-Type", "text/plain"}};
  out.body = "Unauthorized\n";
  return out;
}

struct granularity {
  std::string_view name;
  std::int64_t length_s;
};
constexpr std::array granularities{
    granularity{"ONE_MINUTE", 60},       granularity{"FIVE_MINUTE", 300}, granularity{"FIFTEEN_MINUTE", 900},
    granularity{"THIRTY_MINUTE", 1'800}, granularity{"ONE_HOUR", 3'600},  granularity{"TWO_HOUR", 7'200},
    granularity{"FOUR_HOUR", 14'400},    granularity{"SIX_HOUR", 21'600}, granularity{"ONE_DAY", 86'400}};

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels)
    out.push_back(fmt::format(R"({{"price":"{}","size":"{}"}})", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

std::int64_t whole_or(const request_fields& f, std::string_view name, std::int64_t usual) {
  auto value = f.whole(name);
  return value ? value->value_or(usual) : usual;
}

}  // namespace

advanced_dialect::advanced_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      public_limit_(meter().add({.name = "public", .model = limit_model::sliding_window, .limit = 10, .window = 1s})),
      private_limit_(
          meter().add({.name = "private", .model = limit_model::sliding_window, .limit = 30, .window = 1s})) {}

net::http_response advanced_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    net::http_response out;
    out.websocket = std::make_shared<advanced_session>(*this, http.path);
    return out;
  }
  auto body = route(http);
  return body ? json_response(200, std::move(*body)) : to_response(body.error());
}

net::http_response advanced_dialect::make_fault_response(const fault& f) {
  const auto wait = std::to_string(std::max<std::int64_t>(1, std::chrono::duration_cast<seconds>(f.delay).count()));
  switch (f.kind) {
    case fault_kind::error_after_placing:
      return to_response({504, "DEADLINE_EXCEEDED", "context deadline exceeded"});
    case fault_kind::rate_limit:
    case fault_kind::ban: {
      auto out = to_response({429, "resource_exhausted", "too many requests"});
      out.headers.emplace_back("Retry-After", wait);
      return out;
    }
    default:
      return to_response({500, "INTERNAL", "internal server error"});
  }
}

const api_account* advanced_dialect::authenticate(std::string_view token, std::string_view method,
                                                  std::string_view path, std::string_view address) const {
  const auto claims = read_token(token);
  if (!claims || claims->subject != claims->key_name) return nullptr;
  const auto* account = find_account(claims->key_name);
  if (account == nullptr || !account->verifier || account->is_expired(venue().now()) ||
      !account->allows_address(address))
    return nullptr;
  const bool es256 = account->verifier->algorithm() == crypto::key_algorithm::es256;
  if (claims->algorithm != (es256 ? "ES256" : "EdDSA")) return nullptr;
  const auto now = venue().now();
  if (claims->not_before > now + tolerance || claims->expires < now - tolerance ||
      claims->expires - claims->not_before > 120s)
    return nullptr;
  // A prefix may stand before the path, and a scheme before the host: only the end is compared.
  if (!path.empty() && !(claims->uri.starts_with(std::string(method) + " ") && claims->uri.ends_with(path)))
    return nullptr;
  return account->verifier->verify(claims->signed_text, claims->signature) ? account : nullptr;
}

reply<void> advanced_dialect::charge(const net::http_request& http, const api_account* account) {
  const auto key = account == nullptr ? http.remote_address : request_meter::make_key(account->number);
  const auto verdict = meter().charge(account == nullptr ? public_limit_ : private_limit_, key, 1, venue().now());
  if (verdict.allowed) return {};
  return std::unexpected(denied{429, "resource_exhausted", "too many requests"});
}

reply<std::string> advanced_dialect::route(const net::http_request& http) {
  auto fields = http.body.empty() ? request_fields::from_form(http.query)
                                  : request_fields::from_json(std::string_view(http.body));
  if (!fields) return std::unexpected(denied{400, "INVALID_ARGUMENT", "invalid request"});
  const std::string_view path = http.path;
  const bool is_public = path == "/api/v3/brokerage/time" || path.starts_with("/api/v3/brokerage/market/") ||
                         path == "/v2/time" || path.starts_with("/v2/currencies") || path == "/v2/exchange-rates";
  if (is_public) {
    if (auto allowed = charge(http, nullptr); !allowed) return std::unexpected(allowed.error());
    return route_public({http, *fields, nullptr});
  }
  constexpr std::string_view bearer = "Bearer ";
  const auto authorization = find_header(http.headers, "Authorization");
  const auto* account = authorization.starts_with(bearer) ? authenticate(authorization.substr(bearer.size()),
                                                                         http.method, http.path, http.remote_address)
                                                          : nullptr;
  if (account == nullptr) return std::unexpected(denied{401, "", ""});
  if (auto allowed = charge(http, account); !allowed) return std::unexpected(allowed.error());
  return route_private({http, *fields, account});
}

reply<std::string> advanced_dialect::route_public(const request& r) {
  const std::string_view path = r.http.path;
  const auto now = venue().now();
  if (path == "/v2/time")
    return fmt::format(R"({{"data":{{"iso":"{}","epoch":{}}}}})", to_iso_ms(now), to_epoch_seconds(now));
  if (path == "/api/v3/brokerage/time")
    return fmt::format(R"({{"iso":"{}","epochSeconds":"{}","epochMillis":"{}"}})", to_iso_ms(now),
                       to_epoch_seconds(now), now.ms());
  if (path == "/v2/currencies") return std::string(R"({"data":[{"id":"USD","name":"US Dollar","min_size":"0.01"}]})");
  if (path == "/v2/currencies/crypto") {
    std::vector<std::string> out;
    for (const auto& asset : list_assets(venue()))
      if (asset != "USD")
        out.push_back(fmt::format(
            R"({{"asset_id":"{0}","code":"{0}","name":"{0}","color":"","sort_index":1,"exponent":8,"type":"crypto"}})",
            asset));
    return R"({"data":)" + join_list(out) + "}";
  }
  if (path == "/v2/exchange-rates") {
    std::string rates;
    for (const auto& asset : list_assets(venue()))
      rates += (rates.empty() ? "" : ",") + fmt::format(R"("{}":"1")", asset);
    return R"({"data":{"currency":"USD","rates":{)" + rates + "}}}";
  }
  return route_market(r, path.substr(std::string_view("/api/v3/brokerage/market/").size()));
}

std::string advanced_dialect::render_product(instrument_number n) const {
  const auto& i = venue().engine().get_instrument(n);
  const auto day = venue().data().day_or_flat(n, venue().now());
  return fmt::format(
      R"({{"product_id":"{}","price":"{}","price_percentage_change_24h":"0","volume_24h":"{}","volume_percentage_change_24h":"0",)"
      R"("base_increment":"{}","quote_increment":"{}","quote_min_size":"{}","quote_max_size":"100000000","base_min_size":"{}","base_max_size":"{}",)"
      R"("base_name":"{}","quote_name":"{}","watched":false,"is_disabled":false,"new":false,"status":"online","cancel_only":false,"limit_only":false,)"
      R"("post_only":false,"trading_disabled":{},"auction_mode":false,"product_type":"SPOT","quote_currency_id":"{}","base_currency_id":"{}",)"
      R"("mid_market_price":"","alias":"","alias_to":[],"base_display_symbol":"{}","quote_display_symbol":"{}","view_only":false,"price_increment":"{}"}})",
      product_of(i), day.close.to_string(), day.volume.to_string(), i.lot_size.to_string(), i.tick_size.to_string(),
      i.min_notional.to_string(), i.min_quantity.to_string(), i.max_quantity.to_string(), i.base_asset, i.quote_asset,
      i.trading ? "false" : "true", i.quote_asset, i.base_asset, i.base_asset, i.quote_asset, i.tick_size.to_string());
}

reply<std::string> advanced_dialect::route_market(const request& r, std::string_view rest) {
  const auto& data = venue().data();
  const auto unknown = [] { return std::unexpected(denied{400, "INVALID_ARGUMENT", "valid product_id is required"}); };
  if (rest == "products") {
    std::vector<std::string> out;
    // Futures and perpetuals are asked for as well; there are none.
    const auto type = r.fields.text("product_type");
    for (std::size_t i = 0; (type.empty() || type == "SPOT") && i < venue().engine().instrument_count(); ++i)
      out.push_back(render_product(static_cast<instrument_number>(i)));
    return fmt::format(R"({{"products":{},"num_products":{}}})", join_list(out), out.size());
  }
  if (rest == "product_book") {
    const auto n = find_product(venue(), r.fields.text("product_id"));
    if (!n) return unknown();
    const auto depth =
        data.depth(*n, static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(r.fields, "limit", 100), 1, 1'000)));
    return fmt::format(R"({{"pricebook":{{"product_id":"{}","bids":{},"asks":{},"time":"{}"}}}})",
                       product_of(venue(), *n), render_levels(depth.bids), render_levels(depth.asks),
                       to_iso_ms(venue().now()));
  }
  constexpr std::string_view products = "products/";
  if (!rest.starts_with(products)) return std::unexpected(denied{404, "NOT_FOUND", "route not found"});
  rest.remove_prefix(products.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto n = find_product(venue(), rest.substr(0, slash));
  if (!n) return unknown();
  const auto what = rest.substr(slash);
  if (what.empty()) return render_product(*n);
  if (what == "/ticker") {
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(whole_or(r.fields, "limit", 100), 1, 1'000));
    const auto from = whole_or(r.fields, "start", 0), to = whole_or(r.fields, "end", 4'102'444'800);
    std::vector<std::string> out;
    for (const auto& t : list_trades(data.tape(*n), most, wall_time{seconds(from)}, wall_time{seconds(to)}))
      out.push_back(fmt::format(
          R"({{"trade_id":"{}","product_id":"{}","price":"{}","size":"{}","time":"{}","side":"{}","bid":"","ask":""}})",
          t.id, product_of(venue(), *n), t.price.to_string(), t.quantity.to_string(), to_rfc3339(t.at), t.buyer_is_maker ? "SELL" : "BUY"));
    const auto top = data.top(*n).value_or(top_of_book{});
    return fmt::format(R"({{"trades":{},"best_bid":"{}","best_ask":"{}"}})", join_list(out), top.bid.price.to_string(),
                       top.ask.price.to_string());
  }
  if (what == "/candles") {
    const auto known = std::ranges::find(granularities, r.fields.text("granularity"), &granularity::name);
    if (known == granularities.end()) return std::unexpected(denied{400, "INVALID_ARGUMENT", "granularity is invalid"});
    const auto from = whole_or(r.fields, "start", 0), to = whole_or(r.fields, "end", 32'503'680'000);
    auto candles = join_candles(data.candles(*n, candle_interval::minute), known->length_s * 1'000);
    std::vector<std::string> out;
    for (auto c = candles.rbegin(); c != candles.rend() && out.size() < 350; ++c) {
      const auto at = c->open_time_ms / 1'000;
      if (at < from || at > to) continue;
      out.push_back(fmt::format(R"({{"start":"{}","low":"{}","high":"{}","open":"{}","close":"{}","volume":"{}"}})", at,
                                c->low.to_string(), c->high.to_string(), c->open.to_string(), c->close.to_string(),
                                c->volume.to_string()));
    }
    return R"({"candles":)" + join_list(out) + "}";
  }
  return std::unexpected(denied{404, "NOT_FOUND", "route not found"});
}

std::string advanced_dialect::render_accounts(const api_account& account) const {
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue())) {
    const auto [free, locked] = get_holding(venue(), account, asset);
    out.push_back(fmt::format(
        R"({{"uuid":"{}","name":"{} Wallet","currency":"{}","available_balance":{{"value":"{}","currency":"{}"}},"default":true,"active":true,)"
        R"("type":"ACCOUNT_TYPE_CRYPTO","ready":true,"hold":{{"value":"{}","currency":"{}"}}}})",
        number_to_uuid(
            static_cast<std::int64_t>(to_index(account.number)) * 1'000 + static_cast<std::int64_t>(out.size()),
            account_salt),
        asset, asset, free.to_string(), asset, locked.to_string(), asset));
  }
  return fmt::format(R"({{"accounts":{},"has_next":false,"cursor":"","size":{}}})", join_list(out), out.size());
}

reply<std::string> advanced_dialect::route_private(const request& r) {
  const std::string_view method = r.http.method;
  auto path = std::string_view(r.http.path);
  const auto& rights = r.account->permissions;
  if (method != "GET" ? !rights.trade : !rights.read)
    return std::unexpected(denied{403, "PERMISSION_DENIED", "Missing required scopes"});
  if (path == "/v2/accounts") {
    std::vector<std::string> out;
    for (const auto& asset : list_assets(venue())) {
      const auto [free, locked] = get_holding(venue(), *r.account, asset);
      out.push_back(fmt::format(
          R"({{"id":"{0}","name":"{0}","primary":false,"type":"wallet","currency":{{"code":"{0}"}},"balance":{{"amount":"{1}","currency":"{0}"}}}})",
          asset, (free + locked).to_string()));
    }
    return R"({"pagination":{"next_uri":null},"data":)" + join_list(out) + "}";
  }
  if (!path.starts_with(root)) return std::unexpected(denied{404, "NOT_FOUND", "route not found"});
  path.remove_prefix(root.size());
  constexpr std::string_view historical = "/orders/historical/";
  if (method == "POST" && path == "/orders") return place(r);
  if (method == "POST" && path == "/orders/batch_cancel") return cancel(r);
  if (method != "GET") return std::unexpected(denied{404, "NOT_FOUND", "route not found"});
  if (path == "/accounts") return render_accounts(*r.account);
  if (path == "/key_permissions")
    return fmt::format(
        R"({{"can_view":{},"can_trade":{},"can_transfer":{},"portfolio_uuid":"p","portfolio_type":"DEFAULT"}})",
        rights.read, rights.trade, rights.withdraw);
  if (path == "/transaction_summary")
    return std::string(
        R"({"total_volume":0,"total_fees":0,"fee_tier":{"pricing_tier":"","taker_fee_rate":"0.001","maker_fee_rate":"0.001"}})");
  if (path == "/products") {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i)
      out.push_back(render_product(static_cast<instrument_number>(i)));
    return fmt::format(R"({{"products":{},"num_products":{}}})", join_list(out), out.size());
  }
  if (path == "/best_bid_ask") {
    const auto n = find_product(venue(), r.fields.text("product_ids"));
    if (!n) return std::unexpected(denied{400, "INVALID_ARGUMENT", "valid product_id is required"});
    const auto depth = venue().data().depth(*n, 1);
    return fmt::format(R"({{"pricebooks":[{{"product_id":"{}","bids":{},"asks":{},"time":"{}"}}]}})",
                       product_of(venue(), *n), render_levels(depth.bids), render_levels(depth.asks),
                       to_iso_ms(venue().now()));
  }
  if (path == "/orders/historical/batch") return list_orders_of(r);
  if (path == "/orders/historical/fills") return list_fills_of(r);
  if (path.starts_with(historical)) return find(r, path.substr(historical.size()));
  return std::unexpected(denied{404, "NOT_FOUND", "route not found"});
}

/// See dialects.cpp.
std::unique_ptr<dialect> make_advanced_dialect(simulated_venue& v) {
  return std::make_unique<advanced_dialect>(v);
}

}  // namespace drover::exchanges::paper::coinbase
