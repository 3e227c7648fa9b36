#include "exchanges/paper/coinbase/exchange_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::int64_t window_s = 30;

venue_habits make_habits() {
  venue_habits h;
  h.name = "coinbaseexchange";
  h.credentials = {.key = key_style::short_hex, .secret = secret_style::base64, .passphrase = true};
  h.rules = {.fee = fee_rule::quote_asset, .ids = client_id_rule::never_reused, .post_only = post_only_rule::refused};
  return h;
}

net::http_response json_response(int status, std::string body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  out.body = std::move(body);
  return out;
}

net::http_response to_response(const refused& r) {
  return json_response(r.status, fmt::format(R"({{"message":{}}})", paper::quoted(r.message)));
}

std::string render_product(const exchanges::instrument& i) {
  const auto product = product_of(i);
  return fmt::format(
      R"({{"id":"{}","base_currency":"{}","quote_currency":"{}","quote_increment":"{}","base_increment":"{}","display_name":"{}/{}",)"
      R"("min_market_funds":"{}","margin_enabled":false,"post_only":false,"limit_only":false,"cancel_only":false,"status":"{}",)"
      R"("status_message":"","trading_disabled":{},"fx_stablecoin":false,"max_slippage_percentage":"0.02","auction_mode":false}})",
      product, i.base_asset, i.quote_asset, i.tick_size.to_string(), i.lot_size.to_string(), i.base_asset,
      i.quote_asset, i.min_notional.to_string(), i.trading ? "online" : "offline", i.trading ? "false" : "true");
}

std::string render_levels(const std::vector<book_level>& levels) {
  std::vector<std::string> out;
  for (const auto& l : levels)
    out.push_back(fmt::format(R"(["{}","{}",1])", l.price.to_string(), l.quantity.to_string()));
  return join_list(out);
}

/// The query without a field that may come many times.
std::string without_field(std::string_view query, std::string_view name) {
  std::string out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    if (part.substr(0, part.find('=')) != name) out += (out.empty() ? "" : "&") + std::string(part);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

/// Times as people and programs write them: RFC 3339, or seconds.
std::optional<wall_time> read_time(std::string_view text) {
  std::int64_t s = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), s);
  if (failure == std::errc() && end == text.data() + text.size() && s >= 0 && s < 32'503'680'000)
    return wall_time{seconds(s)};
  auto time = parse_rfc3339(text);
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

exchange_dialect::exchange_dialect(simulated_venue& v)
    : dialect(v, make_habits()),
      public_limit_(
          meter().add({.name = "public", .model = limit_model::decaying, .limit = 15, .window = 1s, .drained = 10})),
      private_limit_(
          meter().add({.name = "private", .model = limit_model::decaying, .limit = 30, .window = 1s, .drained = 15})),
      fill_limit_(
          meter().add({.name = "fills", .model = limit_model::decaying, .limit = 20, .window = 1s, .drained = 10})) {}

net::http_response exchange_dialect::handle(const net::http_request& http, std::string_view) {
  if (http.wants_websocket) {
    net::http_response out;
    out.websocket = std::make_shared<feed_session>(*this, http.path);
    return out;
  }
  answer_headers_.clear();
  auto body = route(http);
  auto out = body ? json_response(200, std::move(*body)) : to_response(body.error());
  for (auto& h : answer_headers_) out.headers.push_back(std::move(h));
  return out;
}

outcome<std::string> exchange_dialect::route(const net::http_request& http) {
  auto fields = http.body.empty() ? request_fields::from_form(without_field(http.query, "status"))
                                  : request_fields::from_json(std::string_view(http.body));
  if (!fields) return std::unexpected(refused{400, "Bad Request"});
  const bool is_public = http.path == "/time" || http.path == "/currencies" || http.path.starts_with("/products");
  if (is_public) {
    if (auto allowed = charge(http, nullptr); !allowed) return std::unexpected(allowed.error());
    return route_public(http, *fields);
  }
  auto target = http.path;
  if (!http.query.empty()) target += "?" + http.query;
  auto account = authenticate(http.headers, http.method, target, http.body, http.remote_address);
  if (!account) return std::unexpected(account.error());
  if (auto allowed = charge(http, *account); !allowed) return std::unexpected(allowed.error());
  return route_private({http, *fields, *account, {}});
}

outcome<void> exchange_dialect::charge(const net::http_request& http, const api_account* account) {
  const auto limit = account == nullptr ? public_limit_ : http.path == "/fills" ? fill_limit_ : private_limit_;
  const auto key = account == nullptr ? http.remote_address : request_meter::make_key(account->number);
  const auto verdict = meter().charge(limit, key, 1, venue().now());
  if (verdict.allowed) return {};
  answer_headers_.emplace_back("Retry-After", std::to_string(verdict.retry_after(venue().now()).count()));
  return std::unexpected(
      refused{429, account == nullptr ? "Public rate limit exceeded" : "Private rate limit exceeded"});
}

outcome<const api_account*> exchange_dialect::authenticate(const header_list& headers, std::string_view method,
                                                           std::string_view target, std::string_view body,
                                                           std::string_view address) const {
  const auto refuse = [](std::string_view message) { return std::unexpected(refused{401, std::string(message)}); };
  const auto* account = find_account(find_header(headers, "CB-ACCESS-KEY"));
  if (account == nullptr || account->is_expired(venue().now())) return refuse("Invalid API Key");
  if (!constant_time_equal(account->passphrase, find_header(headers, "CB-ACCESS-PASSPHRASE")))
    return refuse("Invalid Passphrase");
  const auto timestamp = find_header(headers, "CB-ACCESS-TIMESTAMP");
  auto sent = decimal::parse(timestamp);
  if (!sent) return refuse("invalid timestamp");
  const decimal now(to_epoch_seconds(venue().now()));
  if ((now - *sent).abs() > decimal(window_s)) return refuse("request timestamp expired");
  const auto key = from_base64(account->api_secret);
  const auto text = std::string(timestamp) + std::string(method) + std::string(target) + std::string(body);
  if (!key || !constant_time_equal(to_base64(crypto::hmac_sha256(*key, text)), find_header(headers, "CB-ACCESS-SIGN")))
    return refuse("invalid signature");
  if (!account->allows_address(address)) return refuse("IP does not match IP whitelist");
  return account;
}

outcome<std::string> exchange_dialect::route_public(const net::http_request& http, const request_fields& fields) {
  if (http.method != "GET") return std::unexpected(refused{405, "Method not allowed"});
  if (http.path == "/time")
    return fmt::format(R"({{"iso":"{}","epoch":{}}})", to_iso_ms(venue().now()), to_epoch_seconds(venue().now(), 3));
  if (http.path == "/currencies") {
    std::vector<std::string> out;
    for (const auto& asset : list_assets(venue()))
      out.push_back(fmt::format(
          R"({{"id":"{0}","name":"{0}","min_size":"0.00000001","status":"online","message":"","max_precision":"0.00000001",)"
          R"("convertible_to":[],"details":{{"type":"crypto"}},"supported_networks":[]}})",
          asset));
    return join_list(out);
  }
  constexpr std::string_view products = "/products/";
  if (http.path == "/products") {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < venue().engine().instrument_count(); ++i)
      out.push_back(render_product(venue().engine().get_instrument(static_cast<instrument_number>(i))));
    return join_list(out);
  }
  if (!http.path.starts_with(products)) return std::unexpected(refused{404, "NotFound"});
  const auto rest = std::string_view(http.path).substr(products.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto product = find_product(venue(), rest.substr(0, slash));
  if (!product) return std::unexpected(refused{404, "Product not found"});
  return route_product({http, fields, nullptr, *product}, rest.substr(slash));
}

outcome<std::string> exchange_dialect::route_product(const request& r, std::string_view rest) {
  const auto& data = venue().data();
  if (rest.empty()) return render_product(venue().engine().get_instrument(r.product));
  if (rest == "/ticker") {
    const auto top = data.top(r.product).value_or(top_of_book{});
    const auto day = data.day_or_flat(r.product, venue().now());
    const auto last = data.tape(r.product).empty() ? market_trade{} : data.tape(r.product).back();
    return fmt::format(R"({{"trade_id":{},"price":"{}","size":"{}","time":"{}","bid":"{}","ask":"{}","volume":"{}"}})",
                       last.id, day.close.to_string(), last.quantity.to_string(), to_iso_ms(venue().now()),
                       top.bid.price.to_string(), top.ask.price.to_string(), day.volume.to_string());
  }
  if (rest == "/stats") {
    const auto day = data.day_or_flat(r.product, venue().now());
    return fmt::format(R"({{"open":"{}","high":"{}","low":"{}","last":"{}","volume":"{}"}})", day.open.to_string(),
                       day.high.to_string(), day.low.to_string(), day.close.to_string(), day.volume.to_string());
  }
  if (rest == "/book") {
    const auto level = r.fields.text("level");
    const auto depth = data.depth(r.product, level == "2" ? 1'000 : level == "3" ? 5'000 : 1);
    return fmt::format(R"({{"bids":{},"asks":{},"sequence":{},"auction_mode":false,"auction":null,"time":"{}"}})",
                       render_levels(depth.bids), render_levels(depth.asks), depth.last_update_id,
                       to_iso_ms(venue().now()));
  }
  if (rest == "/trades") {
    const auto limit = r.fields.whole("limit");
    const auto most =
        static_cast<std::size_t>(std::clamp<std::int64_t>(limit ? limit->value_or(1'000) : 1'000, 1, 1'000));
    std::vector<std::string> out;
    const auto& tape = data.tape(r.product);
    for (auto t = tape.rbegin(); t != tape.rend() && out.size() < most; ++t)
      out.push_back(fmt::format(R"({{"trade_id":{},"side":"{}","size":"{}","price":"{}","time":"{}"}})", t->id,
                                t->buyer_is_maker ? "buy" : "sell", t->quantity.to_string(), t->price.to_string(),
                                to_iso_ms(t->at)));
    return join_list(out);
  }
  if (rest == "/candles") {
    const auto granularity = r.fields.whole("granularity");
    const auto length_s = granularity ? granularity->value_or(60) : 0;
    constexpr std::array<std::int64_t, 6> lengths{60, 300, 900, 3'600, 21'600, 86'400};
    if (std::ranges::find(lengths, length_s) == lengths.end())
      return std::unexpected(refused{400, "Unsupported granularity"});
    const auto from = read_time(r.fields.text("start")), to = read_time(r.fields.text("end"));
    auto candles = join_candles(data.candles(r.product, candle_interval::minute), length_s * 1'000);
    std::vector<std::string> out;
    for (auto c = candles.rbegin(); c != candles.rend() && out.size() < 300; ++c) {
      if ((from && c->open_time_ms < from->ms()) || (to && c->open_time_ms > to->ms())) continue;
      out.push_back(fmt::format("[{},{},{},{},{},{}]", c->open_time_ms / 1'000, c->low.to_string(), c->high.to_string(),
                                c->open.to_string(), c->close.to_string(), c->volume.to_string()));
    }
    return join_list(out);
  }
  return std::unexpected(refused{404, "NotFound"});
}

net::http_response exchange_dialect::make_fault_response(const fault& f) {
  const auto wait = std::to_string(std::max<std::int64_t>(1, std::chrono::duration_cast<seconds>(f.delay).count()));
  switch (f.kind) {
    case fault_kind::error_after_placing:
      return to_response({504, "Gateway timeout"});
    case fault_kind::rate_limit:
    case fault_kind::ban: {
      auto out = to_response({429, "Private rate limit exceeded"});
      out.headers.emplace_back("Retry-After", wait);
      return out;
    }
    default:
      return to_response({500, "Internal server error"});
  }
}

std::string exchange_dialect::render_accounts(const api_account& account) const {
  std::vector<std::string> out;
  for (const auto& asset : list_assets(venue())) {
    const auto [free, locked] = get_holding(venue(), account, asset);
    out.push_back(fmt::format(
        R"({{"id":"{}","currency":"{}","balance":"{}","hold":"{}","available":"{}","profile_id":"{}","trading_enabled":true}})",
        number_to_uuid(
            static_cast<std::int64_t>(to_index(account.number)) * 1'000 + static_cast<std::int64_t>(out.size()),
            account_salt),
        asset, fixed(free + locked, 16), fixed(locked, 16), fixed(free, 16),
        number_to_uuid(static_cast<std::int64_t>(to_index(account.number)), account_salt)));
  }
  return join_list(out);
}

std::string exchange_dialect::render_ticker(instrument_number n) const {
  const auto top = venue().data().top(n).value_or(top_of_book{});
  const auto day = venue().data().day_or_flat(n, venue().now());
  const auto& tape = venue().data().tape(n);
  const auto last = tape.empty() ? market_trade{} : tape.back();
  return fmt::format(
      R"({{"type":"ticker","sequence":{},"product_id":"{}","price":"{}","open_24h":"{}","volume_24h":"{}","low_24h":"{}","high_24h":"{}",)"
      R"("volume_30d":"{}","best_bid":"{}","best_bid_size":"{}","best_ask":"{}","best_ask_size":"{}","side":"{}","time":"{}","trade_id":{},"last_size":"{}"}})",
      top.update_id, product_of(venue(), n), day.close.to_string(), day.open.to_string(), day.volume.to_string(),
      day.low.to_string(), day.high.to_string(), day.volume.to_string(), top.bid.price.to_string(),
      top.bid.quantity.to_string(), top.ask.price.to_string(), top.ask.quantity.to_string(),
      last.buyer_is_maker ? "sell" : "buy", to_iso_ms(venue().now()), last.id, last.quantity.to_string());
}

std::string exchange_dialect::render_snapshot(instrument_number n) const {
  const auto depth = venue().data().depth(n, 5'000);
  const auto pairs = [](const std::vector<book_level>& levels) {
    std::vector<std::string> out;
    for (const auto& l : levels)
      out.push_back(fmt::format(R"(["{}","{}"])", l.price.to_string(), l.quantity.to_string()));
    return join_list(out);
  };
  return fmt::format(R"({{"type":"snapshot","product_id":"{}","bids":{},"asks":{},"time":"{}"}})",
                     product_of(venue(), n), pairs(depth.bids), pairs(depth.asks), to_iso_ms(venue().now()));
}

}  // namespace drover::exchanges::paper::coinbase
