#include "exchanges/paper/control_api.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "exchanges/paper/frame_sender.hpp"

namespace drover::exchanges::paper {

namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr std::size_t key_limit_bytes = 256, secret_limit_bytes = 4'096, addresses_limit = 100;
constexpr std::int64_t latest_ms = 9'000'000'000'000, bytes_limit = 64 * 1024 * 1024;
constexpr int balance_places = 8;
constexpr std::int64_t longest_delay_ms = 3'600'000;

/// Thrown and caught in this file only: what is wrong with the request.
struct bad_request {
  int status = 400;
  std::string what;
};

net::http_response respond(int status, const json& body) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  out.body = body.dump(-1, ' ', true, json::error_handler_t::replace);
  return out;
}

std::string text_of(const json& body, const char* key) {
  auto it = body.find(key);
  if (it == body.end() || it->is_null()) return {};
  if (!it->is_string()) throw bad_request{400, std::string(key) + " must be a string"};
  return it->get<std::string>();
}

bool flag_of(const json& body, const char* key, bool usual) {
  auto it = body.find(key);
  if (it == body.end()) return usual;
  if (!it->is_boolean()) throw bad_request{400, std::string(key) + " must be true or false"};
  return it->get<bool>();
}

std::int64_t whole_of(const json& body, const char* key, std::int64_t usual, std::int64_t least, std::int64_t most) {
  auto it = body.find(key);
  if (it == body.end()) return usual;
  if (!it->is_number_integer() || *it < least || *it > most)
    throw bad_request{400, std::string(key) + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most)};
  return it->get<std::int64_t>();
}

/// Amounts are strings, or whole numbers, so that no digit is lost.
decimal amount_of(const json& value, const std::string& name) {
  const bool readable = value.is_string() || value.is_number_integer();
  auto amount = decimal::parse(value.is_string() ? value.get_ref<const std::string&>() : value.dump());
  if (!readable || !amount || amount->is_negative() || *amount > decimal(simulated_venue::credit_limit) ||
      *amount != amount->round_to_places(balance_places, rounding::down))
    throw bad_request{400, name + " must be a string with a number from 0 to 1e12 of at most 8 places"};
  return *amount;
}

bool is_key_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view("-_/+=.:").contains(c);
}

std::string key_text_of(const json& body, const char* key) {
  auto text = text_of(body, key);
  if (text.size() > key_limit_bytes || !std::ranges::all_of(text, is_key_character))
    throw bad_request{400, std::string(key) + " must be at most 256 letters, digits and -_/+=.:"};
  return text;
}

/// Keys in PEM have lines.
std::string long_key_of(const json& body, const char* name) {
  auto text = text_of(body, name);
  const bool plain = std::ranges::all_of(text, [](char c) { return is_key_character(c) || c == ' ' || c == '\n'; });
  if (text.size() > secret_limit_bytes || !plain)
    throw bad_request{400, std::string(name) + " must be at most 4096 characters of a key, base64 or PEM"};
  return text;
}

signing_key_form key_form_of(const json& body) {
  const auto text = text_of(body, "key_form");
  if (text.empty() || text == "sec1") return signing_key_form::sec1;
  if (text == "pkcs8") return signing_key_form::pkcs8;
  if (text == "ed25519") return signing_key_form::ed25519;
  throw bad_request{400, "key_form must be sec1, pkcs8 or ed25519"};
}

std::vector<std::string> addresses_of(const json& body) {
  std::vector<std::string> out;
  auto it = body.find("addresses");
  if (it == body.end()) return out;
  const bool texts = it->is_array() && it->size() <= addresses_limit && std::ranges::all_of(*it, [](const json& a) { return a.is_string(); });
  if (!texts) throw bad_request{400, "addresses must be a list of at most 100 addresses"};
  return it->get<std::vector<std::string>>();
}

std::optional<wall_time> expiry_of(const json& body) {
  const auto ms = whole_of(body, "expires_at_ms", -1, 0, latest_ms);
  return ms < 0 ? std::nullopt : std::optional(wall_time::from_ms(ms));
}

key_permissions permissions_of(const json& body, key_permissions usual) {
  auto it = body.find("permissions");
  if (it == body.end()) return usual;
  if (!it->is_object()) throw bad_request{400, "permissions must be an object"};
  return {flag_of(*it, "read", usual.read), flag_of(*it, "trade", usual.trade), flag_of(*it, "withdraw", usual.withdraw),
          flag_of(*it, "ip_restrict", usual.ip_restrict)};
}

std::vector<std::pair<std::string, decimal>> balances_of(const json& body) {
  std::vector<std::pair<std::string, decimal>> out;
  auto it = body.find("balances");
  if (it == body.end()) return out;
  if (!it->is_object()) throw bad_request{400, "balances must be an object of asset and amount"};
  for (const auto& [asset, value] : it->items()) {
    const bool plain = !asset.empty() && asset.size() <= 16 &&
                       std::ranges::all_of(asset, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    if (!plain) throw bad_request{400, "an asset is 1 to 16 capital letters and digits"};
    out.emplace_back(asset, amount_of(value, "balances." + asset));
  }
  return out;
}

json key_of(const api_account& a) {
  json out{{"venue", a.venue}, {"api_key", a.api_key}};
  if (a.public_key.empty()) out["api_secret"] = a.api_secret;
  if (!a.passphrase.empty()) out["passphrase"] = a.passphrase;
  if (a.key_version != 0) out["key_version"] = a.key_version;
  return out;
}

/// What both ways of opening accounts read: everything but the credentials.
account_request account_request_of(const json& body) {
  account_request out;
  out.venue = text_of(body, "venue");
  out.key_version = static_cast<int>(whole_of(body, "key_version", 0, 0, 9));
  out.key_form = key_form_of(body);
  out.permissions = permissions_of(body, {});
  out.addresses = addresses_of(body);
  out.expires_at = expiry_of(body);
  out.balances = balances_of(body);
  return out;
}

const api_account& open_account(simulated_venue& v, const account_request& wanted) {
  auto opened = v.open_account(wanted);
  if (!opened) throw bad_request{opened.error().code == make_error_code(errc::not_found) ? 404 : 400, opened.error().detail};
  return **opened;
}

// POST /paper/accounts: opens one account.
net::http_response post_account(simulated_venue& v, const json& body) {
  auto wanted = account_request_of(body);
  wanted.api_key = key_text_of(body, "api_key");
  wanted.api_secret = long_key_of(body, "api_secret");
  wanted.public_key = long_key_of(body, "public_key");
  wanted.passphrase = key_text_of(body, "passphrase");
  if (!wanted.api_key.empty() && v.accounts().find(wanted.api_key) != nullptr) throw bad_request{409, "the api_key is taken"};
  return respond(201, key_of(open_account(v, wanted)));
}

// POST /paper/accounts/bulk: opens many alike.
net::http_response post_accounts(simulated_venue& v, const json& body) {
  const auto count = whole_of(body, "count", 1, 1, control_api::bulk_limit);
  const auto wanted = account_request_of(body);
  json out = json::array();
  for (std::int64_t i = 0; i < count; ++i) out.push_back(key_of(open_account(v, wanted)));
  return respond(201, out);
}

api_account& account_of(simulated_venue& v, std::string_view key) {
  auto* a = v.accounts().find(key);
  if (a == nullptr) throw bad_request{404, "no account has this api_key"};
  return *a;
}

// PATCH /paper/accounts: changes permissions, adds to balances.
net::http_response patch_account(simulated_venue& v, const json& body) {
  auto& a = account_of(v, text_of(body, "api_key"));
  const auto added = balances_of(body);
  a.permissions = permissions_of(body, a.permissions);
  if (body.contains("addresses")) a.addresses = addresses_of(body);
  if (body.contains("expires_at_ms")) a.expires_at = expiry_of(body);
  for (const auto& [asset, amount] : added) v.credit(a.number, asset, amount);
  v.count_change();
  return respond(200, json::object());
}

json describe(const matching_engine& e, const paper_order& o) {
  return {{"order_id", o.number}, {"client_order_id", o.client_id}, {"symbol", e.get_instrument(o.instrument).venue_symbol},
          {"side", to_string(o.side)}, {"type", to_string(o.type)}, {"tif", to_string(o.tif)}, {"status", to_string(o.status)},
          {"price", o.price.to_string()}, {"quantity", o.quantity.to_string()}, {"filled", o.filled_quantity.to_string()},
          {"filled_notional", o.filled_notional.to_string()}, {"created_ms", o.created_at.ms()}, {"updated_ms", o.updated_at.ms()}};
}

json describe(const matching_engine& e, const execution& f) {
  return {{"trade_id", f.trade_id}, {"order_id", f.order}, {"symbol", e.get_instrument(f.instrument).venue_symbol},
          {"side", to_string(f.side)}, {"price", f.price.to_string()}, {"quantity", f.quantity.to_string()}, {"fee", f.fee.to_string()},
          {"fee_asset", e.asset_name(f.fee_asset)}, {"maker", f.maker}, {"at_ms", f.at.ms()}};
}

json describe(const simulated_venue& v, const api_account& a) {
  const auto& e = v.engine();
  const auto& book = e.account(a.number);
  json balances = json::object(), orders = json::array(), fills = json::array();
  for (const auto& h : book.balances.holdings())
    balances[e.asset_name(h.asset)] = {{"free", h.free.to_string()}, {"locked", h.locked.to_string()}};
  for (const auto number : book.orders) orders.push_back(describe(e, *e.find_order(number)));
  for (const auto& f : book.fills) fills.push_back(describe(e, f));
  return {{"venue", a.venue}, {"api_key", a.api_key}, {"balances", std::move(balances)}, {"orders", std::move(orders)}, {"fills", std::move(fills)}};
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) return percent_decode(part.substr(name.size() + 1)).value_or("");
  }
  return {};
}

// GET /paper/state[?api_key=…]: accounts with every order and fill that is remembered, for checkers.
net::http_response get_state(simulated_venue& v, std::string_view query) {
  json accounts = json::array(), fees = json::object(), prices = json::object();
  const auto only = query_value(query, "api_key");
  if (!only.empty())
    accounts.push_back(describe(v, account_of(v, only)));
  else
    for (const auto& a : v.accounts().all()) accounts.push_back(describe(v, a));
  for (std::size_t i = 0; i < v.engine().asset_count(); ++i)
    fees[v.engine().asset_name(static_cast<asset_number>(i))] = v.engine().collected_fees()[i].to_string();
  for (std::size_t i = 0; i < v.engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    prices[v.engine().get_instrument(n).venue_symbol] = v.engine().last_price(n).to_string();
  }
  return respond(200, {{"accounts", std::move(accounts)}, {"collected_fees", std::move(fees)}, {"last_prices", std::move(prices)},
                       {"connections", v.connections().size()}, {"paused", v.paused()}});
}

std::uint32_t probability_of(const json& body) {
  auto it = body.find("probability");
  if (it == body.end()) return 1'000'000;
  if (!it->is_number() || it->get<double>() < 0 || it->get<double>() > 1) throw bad_request{400, "probability must be a number from 0 to 1"};
  return static_cast<std::uint32_t>(std::llround(it->get<double>() * 1e6));
}

/// Cuts or silences open WebSockets at once. False when the fault is of another kind.
bool strike_connections(simulated_venue& v, const fault& f) {
  if (!f.websocket || (f.kind != fault_kind::reset && f.kind != fault_kind::half_open)) return false;
  const std::vector<frame_sender*> open(v.connections().begin(), v.connections().end());
  for (auto* s : open) {
    if (!v.connections().contains(s) || !s->path().starts_with(f.path) || (!f.venue.empty() && f.venue != s->venue_name())) continue;
    if (f.kind == fault_kind::reset)
      s->session()->abort();
    else
      s->fall_silent();
  }
  return true;
}

/// "/bybit/v5/order" is "/v5/order" of Bybit.
void split_prefix(const simulated_venue& v, fault& f) {
  if (!f.path.starts_with('/')) return;
  const auto segment = f.path.substr(1, f.path.find('/', 1) - 1);
  if (v.find_habits(segment) == nullptr) return;
  f.venue = segment;
  f.path.erase(0, segment.size() + 1);
}

// POST /paper/faults: plans a fault, or strikes open WebSockets.
net::http_response post_fault(simulated_venue& v, const json& body) {
  fault f;
  const auto kind = parse_fault_kind(text_of(body, "kind"));
  if (!kind) throw bad_request{400, "kind is not one of the kinds of faults"};
  f.kind = *kind;
  f.count = whole_of(body, "count", 1, -1, 1'000'000'000);
  f.probability_ppm = probability_of(body);
  f.path = text_of(body, "path");
  f.venue = text_of(body, "venue");
  if (!f.venue.empty() && v.find_habits(f.venue) == nullptr) throw bad_request{404, "no venue of that name is running"};
  split_prefix(v, f);
  f.websocket = flag_of(body, "websocket", f.path.starts_with("/ws") || f.path.starts_with("/stream"));
  f.bytes = static_cast<std::size_t>(whole_of(body, "bytes", static_cast<std::int64_t>(f.bytes), 0, bytes_limit));
  f.method = text_of(body, "method");
  f.delay = milliseconds(whole_of(body, "ms", 0, -longest_delay_ms, longest_delay_ms));
  if (strike_connections(v, f)) return respond(200, json::object());
  if (!v.faults().add(std::move(f))) throw bad_request{409, "too many faults are planned"};
  return respond(201, json::object());
}

// GET /paper/faults: what is still planned.
net::http_response get_faults(simulated_venue& v) {
  json out = json::array();
  for (const auto& f : v.faults().all())
    out.push_back({{"kind", to_string(f.kind)}, {"count", f.count}, {"probability_ppm", f.probability_ppm}, {"venue", f.venue},
                   {"path", f.path}, {"websocket", f.websocket}, {"method", f.method}, {"ms", f.delay.count()}});
  return respond(200, out);
}

// POST /paper/price: moves a generated market.
net::http_response post_price(simulated_venue& v, const json& body) {
  auto symbol = text_of(body, "symbol");
  std::erase(symbol, '/');
  const auto n = v.engine().find_instrument(symbol);
  if (!n) throw bad_request{404, "no such instrument"};
  auto it = body.find("price");
  const auto price = amount_of(it == body.end() ? json() : *it, "price");
  const auto& i = v.engine().get_instrument(*n);
  if (!price.is_positive() || !price.is_multiple_of(i.tick_size)) throw bad_request{400, "price must be a positive multiple of " + i.tick_size.to_string()};
  if (!v.set_price(*n, price)) throw bad_request{409, "this instrument shows a recording"};
  return respond(200, json::object());
}

// POST /paper/market: pauses and continues the generator and the recording.
net::http_response post_market(simulated_venue& v, const json& body) {
  v.set_paused(flag_of(body, "paused", v.paused()));
  return respond(200, {{"paused", v.paused()}});
}

// GET /paper/health: alive, and which instruments show a recording.
net::http_response get_health(const simulated_venue& v) {
  json recorded = json::array();
  for (std::size_t i = 0; i < v.engine().instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    if (v.data().is_recorded(n)) recorded.push_back(v.engine().get_instrument(n).venue_symbol);
  }
  return respond(200, {{"status", "ok"}, {"recorded", std::move(recorded)}, {"accounts", v.accounts().all().size()}});
}

json body_of(const net::http_request& r) {
  if (r.body.empty()) return json::object();
  auto body = json::parse(r.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) throw bad_request{400, "the body is not a JSON object"};
  return body;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

}  // namespace

// GET /paper/limits: requests, refusals for limits and refusals during bans, of each venue.
net::http_response control_api::get_limits() const {
  json out = json::object();
  for (const auto* d : dialects_) {
    const auto& s = d->meter().get_statistics();
    out[std::string(d->name())] = {{"requests", s.requests}, {"denied", s.denied}, {"banned", s.banned}};
  }
  return respond(200, out);
}

// POST /paper/limits: whether a venue enforces its limits from now on. It goes on counting.
net::http_response control_api::post_limits(const json& body) {
  const auto name = text_of(body, "venue");
  auto found = std::ranges::find(dialects_, name, &dialect::name);
  if (found == dialects_.end()) throw bad_request{404, "no venue of that name is running"};
  auto& meter = (*found)->meter();
  meter.set_enforced(flag_of(body, "enforced", meter.enforced()));
  return respond(200, {{"venue", name}, {"enforced", meter.enforced()}});
}

// GET /paper/venues: the dialects, the default first, and what their accounts' keys hold.
net::http_response control_api::get_venues() const {
  json out = json::array();
  for (const auto* d : dialects_)
    out.push_back({{"venue", d->name()}, {"passphrase", d->habits().credentials.passphrase},
                   {"signing_key", d->habits().credentials.secret == secret_style::signing_key},
                   {"fee_in_quote", d->habits().rules.fee == fee_rule::quote_asset}});
  return respond(200, out);
}

net::http_response control_api::dispatch(const net::http_request& r) {
  auto& v = venue_;
  const auto is = [&](std::string_view method, std::string_view path) { return r.method == method && r.path == path; };
  if (is("GET", "/paper/limits")) return get_limits();
  if (is("GET", "/paper/venues")) return get_venues();
  if (is("GET", "/paper/state")) return get_state(v, r.query);
  if (is("GET", "/paper/faults")) return get_faults(v);
  if (is("GET", "/paper/health")) return get_health(v);
  if (is("DELETE", "/paper/faults")) {
    v.faults().clear();
    return respond(200, json::object());
  }
  const auto body = body_of(r);
  if (is("POST", "/paper/accounts")) return post_account(v, body);
  if (is("PATCH", "/paper/accounts")) return patch_account(v, body);
  if (is("POST", "/paper/accounts/bulk")) return post_accounts(v, body);
  if (is("POST", "/paper/limits")) return post_limits(body);
  if (is("POST", "/paper/faults")) return post_fault(v, body);
  if (is("POST", "/paper/price")) return post_price(v, body);
  if (is("POST", "/paper/market")) return post_market(v, body);
  throw bad_request{404, "no such control call; see the README of the paper exchange"};
}

bool control_api::is_allowed(const net::http_request& r) const {
  if (!token_) return true;
  const auto given = find_header(r.headers, "Authorization");
  return given.starts_with(bearer) && constant_time_equal(given.substr(bearer.size()), token_->reveal());
}

net::http_response control_api::handle(const net::http_request& r) {
  if (!is_loopback(r.remote_address)) return respond(403, {{"error", "control calls come from this machine only"}});
  if (!is_allowed(r)) return respond(401, {{"error", "control calls need the bearer token of the control token file"}});
  try {
    return dispatch(r);
  } catch (const bad_request& bad) {
    return respond(bad.status, {{"error", bad.what}});
  }
}

}  // namespace drover::exchanges::paper
