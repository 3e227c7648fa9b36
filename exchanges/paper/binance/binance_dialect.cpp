#include "exchanges/paper/binance/binance_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "crypto/mac.hpp"
#include "exchanges/paper/binance/render.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::int64_t default_window_ms = 5'000, longest_window_ms = 60'000, tolerated_ahead_ms = 1'000;

bool is_api_key(std::string_view key) {
  return !key.empty() && key.size() <= 128 && std::ranges::all_of(key, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

net::http_response json_response(std::string body) {
  net::http_response out;
  out.headers = {{"Content-Type", "application/json;charset=UTF-8"}};
  out.body = std::move(body);
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(separator);
    if (end != 0) out.emplace_back(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

/// Base64 by the account's Ed25519 or RSA key where it registered one, else the HMAC in hex.
bool is_signed(const api_account& account, const parameters& params) {
  const auto given = params.text("signature");
  if (account.public_verifier) {
    const auto signature = from_base64(given);
    return signature && account.public_verifier->verify(params.signed_text(), *signature);
  }
  return constant_time_equal(to_hex(crypto::hmac_sha256(account.api_secret, params.signed_text())), given);
}

bool is_number(const std::string& text) { return text.find_first_not_of("0123456789") == text.npos; }

}  // namespace

binance_dialect::binance_dialect(simulated_venue& v) : dialect(v, {.name = "binance", .credentials = {.public_keys = true}, .rules = {}}), limits_(meter(), v.config()) {
  for (std::size_t i = 0; i < v.engine().instrument_count(); ++i)
    streams_.add_instrument(v.engine().get_instrument(static_cast<instrument_number>(i)).venue_symbol);
  for (auto table : {market_routes(), trading_routes(), account_routes()})
    for (const auto& r : table) routes_[r.path].push_back(&r);
}

const route* binance_dialect::find_route(std::string_view method, std::string_view path) const {
  auto it = routes_.find(path);
  if (it == routes_.end()) return nullptr;
  auto found = std::ranges::find(it->second, method, &route::method);
  return found == it->second.end() ? nullptr : *found;
}

net::http_response binance_dialect::handle(const net::http_request& request, std::string_view) {
  if (request.wants_websocket) return open_websocket(request);
  const auto* r = find_route(request.method, request.path);
  if (r == nullptr) {
    auto out = json_response("{}");
    out.status = 404;
    return out;
  }
  auto params = parameters::from_request(request.query, request.body);
  if (!params) return to_response(params.error());
  auto done = execute(*r, *params, find_header(request.headers, "X-MBX-APIKEY"), request.remote_address);
  auto out = done.body ? json_response(std::move(*done.body)) : to_response(done.body.error());
  add_limit_headers(out, *r, done, request.remote_address);
  return out;
}

void binance_dialect::add_limit_headers(net::http_response& out, const route& r, const result_of_call& done,
                                        std::string_view address) const {
  const auto used = std::to_string(limits_.used_weight(address, venue().now()));
  out.headers.emplace_back("X-MBX-USED-WEIGHT", used);
  out.headers.emplace_back("X-MBX-USED-WEIGHT-1M", used);
  if (done.retry_after) out.headers.emplace_back("Retry-After", std::to_string(done.retry_after->count()));
  if (!r.places_order || done.account == nullptr) return;
  const auto counts = limits_.get_order_counts(done.account->number, venue().now());
  out.headers.emplace_back("X-MBX-ORDER-COUNT-10S", std::to_string(counts.ten_seconds));
  out.headers.emplace_back("X-MBX-ORDER-COUNT-1D", std::to_string(counts.day));
}

binance_dialect::result_of_call binance_dialect::execute(const route& r, const parameters& params, std::string_view api_key,
                                                         std::string_view address) {
  if (auto denied = limits_.charge(address, weight_of(r, params), venue().now()))
    return {std::unexpected(std::move(denied->why)), denied->retry_after};
  auto account = authenticate(r.who, api_key, params, address);
  if (!account) return {std::unexpected(std::move(account.error()))};
  if (r.places_order)
    if (auto denied = limits_.charge_order((*account)->number, venue().now()))
      return {std::unexpected(std::move(denied->why)), denied->retry_after, *account};
  call c{*this, venue(), r.path, params, *account};
  return {r.handle(c), std::nullopt, *account, r.places_order};
}

outcome<const api_account*> binance_dialect::authenticate(access who, std::string_view api_key, const parameters& params,
                                                          std::string_view address) {
  if (who == access::open) return nullptr;
  if (!is_api_key(api_key)) return std::unexpected(refused{401, -2014, "API-key format invalid."});
  const auto* account = find_account(api_key);
  const refused not_allowed{401, -2015, "Invalid API-key, IP, or permissions for action."};
  if (account == nullptr || account->is_expired(venue().now()) || !account->allows_address(address)) return std::unexpected(not_allowed);
  if (who == access::keyed) return account;
  auto timestamp = params.whole("timestamp");
  if (!timestamp) return std::unexpected(timestamp.error());
  if (!*timestamp) return std::unexpected(missing_parameter("timestamp"));
  if (!params.has("signature")) return std::unexpected(missing_parameter("signature"));
  auto window = params.whole("recvWindow");
  if (!window) return std::unexpected(window.error());
  if (window->value_or(default_window_ms) > longest_window_ms)
    return std::unexpected(refused{400, -1131, "recvWindow must be less than 60000."});
  const auto now_ms = venue().now().ms();
  if (**timestamp > now_ms + tolerated_ahead_ms)
    return std::unexpected(refused{400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."});
  if (now_ms - **timestamp > window->value_or(default_window_ms))
    return std::unexpected(refused{400, -1021, "Timestamp for this request is outside of the recvWindow."});
  if (!is_signed(*account, params)) return std::unexpected(refused{400, -1022, "Signature for this request is not valid."});
  const bool allowed = who == access::trade ? account->permissions.trade : account->permissions.read;
  if (!allowed) return std::unexpected(not_allowed);
  return account;
}

net::http_response binance_dialect::make_fault_response(const fault& f) {
  const auto wait = std::max<std::int64_t>(1, std::chrono::duration_cast<seconds>(f.delay).count());
  net::http_response out;
  switch (f.kind) {
    case fault_kind::error_after_placing:
      return to_response({503, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."});
    case fault_kind::rate_limit:
      out = to_response({429, -1003, fmt::format("Too much request weight used; current limit is {} request weight per 1 MINUTE. Please use "
                                                 "WebSocket Streams for live updates to avoid polling the API.", limits_.weight_limit())});
      break;
    case fault_kind::ban:
      out = to_response({418, -1003, fmt::format("Way too much request weight used; IP banned until {}. Please use WebSocket Streams for "
                                                 "live updates to avoid bans.", venue().now().ms() + wait * 1'000)});
      break;
    default:
      return to_response({500, -1000, "An unknown error occurred while processing the request."});
  }
  out.headers.emplace_back("Retry-After", std::to_string(wait));
  return out;
}

net::http_response binance_dialect::open_websocket(const net::http_request& request) {
  net::http_response out;
  const std::string_view path = request.path;
  if (path.starts_with("/ws-api/")) {
    out.websocket = std::make_shared<api_session>(venue(), *this, request.path);
    return out;
  }
  std::vector<std::string> names;
  const bool combined = path.starts_with("/stream");
  if (combined) {
    auto params = parameters::from_request(request.query, {});
    if (params) names = split(params->text("streams"), '/');
  } else if (path.starts_with("/ws/")) {
    names = split(path.substr(4), '/');
    std::erase_if(names, is_number);
  }
  out.websocket = std::make_shared<market_session>(venue(), streams_, request.path, combined, names);
  return out;
}

const paper_order* binance_dialect::cancel(account_number n, order_number number, std::string cancel_id) {
  cancel_id_ = std::move(cancel_id);
  const auto* o = venue().cancel(n, number);
  cancel_id_.clear();
  return o;
}

void binance_dialect::on_order(const paper_order& o, order_change change, const execution* e) {
  if (!subscribers_.has(o.account)) return;
  const auto event = render_execution_report(venue().engine(), o, change, e, cancel_id_, venue().now());
  subscribers_.each(o.account, [&](api_session& s) { s.send_event(o.account, event); });
}

void binance_dialect::on_balances(account_number n, instrument_number i) {
  if (!subscribers_.has(n)) return;
  const auto event = render_account_position(venue().engine(), n, i, venue().now());
  subscribers_.each(n, [&](api_session& s) { s.send_event(n, event); });
}

void binance_dialect::on_trade(instrument_number n, const market_trade& t) {
  const auto& i = venue().engine().get_instrument(n);
  streams_.publish(n, channel::trade, [&] { return render_trade(i, t, venue().now()); });
  streams_.publish(n, channel::aggregate_trade, [&] { return render_aggregate_trade(i, t, venue().now()); });
}

void binance_dialect::on_top(instrument_number n, const top_of_book& top) {
  streams_.publish(n, channel::book_ticker, [&] { return render_book_ticker(venue().engine().get_instrument(n), top); });
}

void binance_dialect::on_depth(instrument_number n, const depth_diff& diff) {
  const auto& i = venue().engine().get_instrument(n);
  for (const auto c : {channel::depth, channel::depth_100ms})
    streams_.publish(n, c, [&] { return render_depth(i, diff, venue().now()); });
}

void binance_dialect::on_second() {
  const auto now = venue().now();
  for (std::size_t index = 0; index < venue().engine().instrument_count(); ++index) {
    const auto n = static_cast<instrument_number>(index);
    const auto& i = venue().engine().get_instrument(n);
    const auto& seconds_of = venue().data().candles(n, candle_interval::second);
    const auto& minutes = venue().data().candles(n, candle_interval::minute);
    if (seconds_of.empty()) continue;
    streams_.publish(n, channel::candle_1s, [&] { return render_candle(i, seconds_of.back(), "1s", to_ms(candle_interval::second), now); });
    streams_.publish(n, channel::candle_1m, [&] { return render_candle(i, minutes.back(), "1m", to_ms(candle_interval::minute), now); });
    const auto day = venue().data().day(n, now);
    if (!day) continue;
    const auto top = venue().data().top(n).value_or(top_of_book{});
    streams_.publish(n, channel::mini_ticker, [&] { return render_mini_ticker(i, *day, now); });
    streams_.publish(n, channel::ticker, [&] { return render_ticker(i, *day, top, now); });
  }
}

std::unique_ptr<dialect> make_dialect(simulated_venue& venue) { return std::make_unique<binance_dialect>(venue); }

}  // namespace drover::exchanges::paper::binance
