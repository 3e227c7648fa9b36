#include "exchanges/binance/requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "exchanges/binance/endpoints.hpp"

namespace drover::exchanges::binance {

namespace {

/// The list of all instruments is by far the largest answer there is.
constexpr std::size_t exchange_info_limit = 64 * 1024 * 1024;
constexpr int most_levels = 5'000, usual_levels = 1'000, most_trades = 1'000, most_candles = 1'000;

/// `label` is "<method> <path>"; weights: Binance spot REST documentation, "IP limits" of each endpoint.
wire_request make(std::string_view label, int weight, bool is_private) {
  wire_request r;
  const auto space = label.find(' ');
  r.method = label.substr(0, space);
  r.path = label.substr(space + 1);
  r.endpoint = label;
  r.is_private = is_private;
  r.charges = {{rules::request_weight, weight}, {rules::raw_requests, 1}};
  return r;
}

std::string_view type_name(order_type t) {
  constexpr std::array<std::string_view, 3> names{"LIMIT", "MARKET", "LIMIT_MAKER"};
  return names[static_cast<std::size_t>(t)];
}

std::string_view tif_name(time_in_force t) {
  constexpr std::array<std::string_view, 3> names{"GTC", "IOC", "FOK"};
  return names[static_cast<std::size_t>(t)];
}

int bounded(int wanted, int usual, int most) { return wanted > 0 ? std::min(wanted, most) : usual; }

result<wire_request> make_create(const order_request& o) {
  if (o.type == order_type::limit_maker && o.tif != time_in_force::gtc)
    return fail(exchange_errc::refused, "a post-only order rests until it is cancelled: time in force must be GTC");
  const bool by_quote = !o.quote_quantity.is_zero();
  if (by_quote && o.type != order_type::market) return fail(exchange_errc::refused, "only market orders are sized by what they spend");
  auto r = make("POST /api/v3/order", 1, true);
  r.charges.push_back({rules::orders_10s, 1});
  r.charges.push_back({rules::orders_1d, 1});
  r.form.add("symbol", to_venue_symbol(o.symbol)).add("side", o.side == side::buy ? "BUY" : "SELL");
  r.form.add_if("newClientOrderId", o.client_order_id).add("newOrderRespType", "FULL").add("type", type_name(o.type));
  if (by_quote)
    r.form.add("quoteOrderQty", o.quote_quantity);
  else
    r.form.add("quantity", o.quantity);
  if (o.type != order_type::market) r.form.add("price", o.price);
  if (o.type == order_type::limit) r.form.add("timeInForce", tif_name(o.tif));
  return r;
}

/// Our own id where it is known: it is the one that certainly names our order.
result<wire_request> make_lookup(std::string_view label, int weight, const order_ref& of) {
  auto r = make(label, weight, true);
  r.query.add("symbol", to_venue_symbol(of.symbol));
  if (!of.client_order_id.empty())
    r.query.add("origClientOrderId", of.client_order_id);
  else if (!of.venue_order_id.empty())
    r.query.add("orderId", of.venue_order_id);
  else
    return fail(exchange_errc::refused, "an order is named by its client order id or the exchange's id");
  return r;
}

result<wire_request> make_book(const venue_call& c) {
  const int levels = bounded(c.limit, usual_levels, most_levels);
  const int weight = levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1'000 ? 50 : 250;
  auto r = make("GET /api/v3/depth", weight, false);
  r.query.add("symbol", to_venue_symbol(c.symbol)).add("limit", std::int64_t{levels});
  return r;
}

result<wire_request> make_candles(const venue_call& c) {
  auto r = make("GET /api/v3/klines", 2, false);
  r.query.add("symbol", to_venue_symbol(c.symbol)).add("interval", to_string(c.interval));
  if (c.since) r.query.add("startTime", c.since->ms());
  r.query.add("limit", std::int64_t{bounded(c.limit, 500, most_candles)});
  return r;
}

/// Trade ids of an instrument count up: the list goes on behind the last known one.
result<std::int64_t> id_behind(const std::string& known) {
  std::int64_t id = 0;
  const auto [end, failure] = std::from_chars(known.data(), known.data() + known.size(), id);
  if (failure != std::errc() || end != known.data() + known.size() || id < 0)
    return fail(exchange_errc::refused, "not a trade id of this exchange");
  return id + 1;
}

result<wire_request> make_fills(const venue_call& c) {
  const auto& behind = c.cursor.empty() ? c.after : c.cursor;
  result<std::int64_t> first = behind.empty() ? 0 : id_behind(behind);
  if (!first) return std::unexpected(std::move(first.error()));
  const auto from = *first;
  auto r = make("GET /api/v3/myTrades", 20, true);
  r.query.add("symbol", to_venue_symbol(c.symbol)).add("fromId", from);
  r.query.add("limit", std::int64_t{bounded(c.limit, fills_per_page, fills_per_page)});
  return r;
}

wire_request make_for_symbol(std::string_view label, int weight, bool is_private, const std::string& symbol) {
  auto r = make(label, weight, is_private);
  if (!symbol.empty()) r.query.add("symbol", to_venue_symbol(symbol));
  return r;
}

/// The latest ones, or from an id on.
result<wire_request> make_trades(const venue_call& c) {
  if (c.after.empty()) {
    auto r = make_for_symbol("GET /api/v3/trades", 25, false, c.symbol);
    r.query.add("limit", std::int64_t{bounded(c.limit, 500, most_trades)});
    return r;
  }
  auto first = id_behind(c.after);
  if (!first) return std::unexpected(std::move(first.error()));
  auto r = make_for_symbol("GET /api/v3/historicalTrades", 25, false, c.symbol);
  r.query.add("limit", std::int64_t{bounded(c.limit, most_trades, most_trades)}).add("fromId", *first);
  return r;
}

result<wire_request> make_cancel_all(const venue_call& c) {
  if (c.symbol.empty()) return fail(exchange_errc::unsupported, "orders are cancelled one instrument at a time");
  return make_for_symbol("DELETE /api/v3/openOrders", 1, true, c.symbol);
}

}  // namespace

result<wire_request> make_request(const venue_call& c) {
  switch (c.op) {
    case operation::server_time: return make("GET /api/v3/time", 1, false);
    case operation::instruments: {
      auto r = make("GET /api/v3/exchangeInfo", 20, false);
      r.response_limit_bytes = exchange_info_limit;
      return r;
    }
    case operation::ticker: return make_for_symbol("GET /api/v3/ticker/bookTicker", 2, false, c.symbol);
    case operation::trades: return make_trades(c);
    case operation::book: return make_book(c);
    case operation::candles: return make_candles(c);
    case operation::permissions: return make("GET /sapi/v1/account/apiRestrictions", 1, true);
    case operation::balances: return make("GET /api/v3/account", 20, true);
    case operation::create_order: return make_create(c.order);
    case operation::cancel_order: return make_lookup("DELETE /api/v3/order", 1, c.of);
    case operation::cancel_all_orders: return make_cancel_all(c);
    case operation::find_order: return make_lookup("GET /api/v3/order", 4, c.of);
    case operation::open_orders: return make_for_symbol("GET /api/v3/openOrders", c.symbol.empty() ? 80 : 6, true, c.symbol);
    case operation::fills: return make_fills(c);
    case operation::stream_access:
    case operation::keep_stream_access:
      return fail(exchange_errc::unsupported, "private streams are opened with a signature; nothing is fetched before");
    case operation::set_dead_man: return fail(exchange_errc::unsupported, "the exchange has no timer that cancels orders");
  }
  return fail(exchange_errc::unsupported);
}

}  // namespace drover::exchanges::binance
