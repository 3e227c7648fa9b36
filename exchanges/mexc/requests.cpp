#include "exchanges/mexc/requests.hpp"

#include <algorithm>
#include <charconv>

#include "exchanges/mexc/limits.hpp"
#include "exchanges/mexc/names.hpp"

namespace drover::exchanges::mexc {

namespace {

constexpr int most_levels = 5000, most_candles = 500;
constexpr milliseconds widest_trade_span = 1h;
constexpr std::size_t instruments_limit_bytes = 32 * 1024 * 1024;

wire_request open_request(std::string_view path, std::string_view endpoint, int weight) {
  wire_request out;
  out.path = path;
  out.endpoint = endpoint;
  out.charges = {{limit::address_weight, weight}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string_view path, std::string_view endpoint, int weight) {
  auto out = open_request(path, endpoint, weight);
  out.method = method;
  out.is_private = true;
  out.charges.push_back({limit::account_weight, weight});
  return out;
}

int count_of(const venue_call& call, int most) { return call.limit > 0 ? std::min(call.limit, most) : most; }

result<std::string_view> type_of(const order_request& r) {
  if (r.type == order_type::market) {
    if (r.tif != time_in_force::fok) return "MARKET";
    return fail(exchange_errc::refused, "the exchange has no market orders that are filled whole or not at all");
  }
  if (r.type == order_type::limit_maker) {
    if (r.tif == time_in_force::gtc) return "LIMIT_MAKER";
    return fail(exchange_errc::refused, "a post-only order cannot be immediate");
  }
  switch (r.tif) {
    case time_in_force::gtc: return "LIMIT";
    case time_in_force::ioc: return "IMMEDIATE_OR_CANCEL";
    case time_in_force::fok: return "FILL_OR_KILL";
  }
  return fail(exchange_errc::refused, "the exchange has no such time in force");
}

result<wire_request> make_create(const order_request& r) {
  auto type = type_of(r);
  if (!type) return std::unexpected(type.error());
  auto out = keyed_request("POST", "/api/v3/order", "POST /api/v3/order", 1);
  out.query.add("symbol", to_venue_symbol(r.symbol)).add("side", r.side == side::buy ? "BUY" : "SELL").add("type", *type);
  if (r.type == order_type::market && r.side == side::buy && r.quote_quantity.is_positive())
    out.query.add("quoteOrderQty", r.quote_quantity);
  else
    out.query.add("quantity", r.quantity);
  if (r.type != order_type::market) out.query.add("price", r.price);
  out.query.add_if("newClientOrderId", r.client_order_id);
  return out;
}

result<wire_request> make_single(const order_ref& of, std::string_view method, std::string_view endpoint, int weight) {
  auto out = keyed_request(method, "/api/v3/order", endpoint, weight);
  out.query.add("symbol", to_venue_symbol(of.symbol));
  if (!of.venue_order_id.empty())
    out.query.add("orderId", of.venue_order_id);
  else if (!of.client_order_id.empty())
    out.query.add("origClientOrderId", of.client_order_id);
  else
    return fail(exchange_errc::refused, "an order is named by its id or its client id");
  return out;
}

result<wire_request> make_open_list(const std::string& symbol, std::string_view method, std::string_view endpoint, int weight) {
  if (symbol.empty()) return fail(exchange_errc::unsupported, "the exchange lists and cancels open orders of one symbol at a time");
  auto out = keyed_request(method, "/api/v3/openOrders", endpoint, weight);
  out.query.add("symbol", to_venue_symbol(symbol));
  return out;
}

result<wire_request> make_fills(const venue_call& call) {
  if (call.symbol.empty()) return fail(exchange_errc::unsupported, "the exchange lists fills of one symbol at a time");
  auto out = keyed_request("GET", "/api/v3/myTrades", "GET /api/v3/myTrades", 10);
  out.query.add("symbol", to_venue_symbol(call.symbol));
  if (call.since) out.query.add("startTime", call.since->ms());
  out.query.add_if("endTime", call.cursor).add("limit", fills_per_page);
  return out;
}

wire_request make_candles(const venue_call& call) {
  auto out = open_request("/api/v3/klines", "GET /api/v3/klines", 1);
  const std::int64_t count = count_of(call, most_candles);
  out.query.add("symbol", to_venue_symbol(call.symbol)).add("interval", to_rest_interval(call.interval));
  if (call.since) {
    const auto length = std::chrono::duration_cast<milliseconds>(length_of(call.interval)).count();
    out.query.add("startTime", call.since->ms()).add("endTime", call.since->ms() + count * length);
  }
  out.query.add("limit", count);
  return out;
}

wire_request make_instruments(const venue_call& call) {
  if (call.step > 0) return open_request("/api/v3/defaultSymbols", "GET /api/v3/defaultSymbols", 1);
  auto out = open_request("/api/v3/exchangeInfo", "GET /api/v3/exchangeInfo", 10);
  out.response_limit_bytes = instruments_limit_bytes;
  return out;
}

wire_request make_listed(const venue_call& call, std::string_view path, std::string_view endpoint, int weight, int most) {
  auto out = open_request(path, endpoint, weight);
  out.query.add("symbol", to_venue_symbol(call.symbol));
  if (most > 0) out.query.add("limit", count_of(call, most));
  return out;
}

wire_request make_trades(const venue_call& call) {
  auto out = open_request("/api/v3/aggTrades", "GET /api/v3/aggTrades", 1);
  out.query.add("symbol", to_venue_symbol(call.symbol));
  if (call.until) out.query.add("startTime", (*call.until - trade_span_of(call)).ms()).add("endTime", call.until->ms());
  out.query.add("limit", count_of(call, most_trades));
  return out;
}

}  // namespace

milliseconds trade_span_of(const venue_call& call) {
  std::int64_t ms = 0;
  const auto [end, failure] = std::from_chars(call.cursor.data(), call.cursor.data() + call.cursor.size(), ms);
  return failure == std::errc() && ms > 0 ? std::min(milliseconds(ms), widest_trade_span) : widest_trade_span;
}

result<wire_request> make_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time: return open_request("/api/v3/time", "GET /api/v3/time", 1);
    case operation::instruments: return make_instruments(call);
    case operation::ticker: return make_listed(call, "/api/v3/ticker/bookTicker", "GET /api/v3/ticker/bookTicker", 1, 0);
    case operation::trades: return make_trades(call);
    case operation::book: return make_listed(call, "/api/v3/depth", "GET /api/v3/depth", 1, most_levels);
    case operation::candles: return make_candles(call);
    case operation::permissions:
    case operation::balances: return keyed_request("GET", "/api/v3/account", "GET /api/v3/account", 10);
    case operation::create_order: return make_create(call.order);
    case operation::cancel_order: return make_single(call.of, "DELETE", "DELETE /api/v3/order", 1);
    case operation::cancel_all_orders: return make_open_list(call.symbol, "DELETE", "DELETE /api/v3/openOrders", 1);
    case operation::find_order: return make_single(call.of, "GET", "GET /api/v3/order", 2);
    case operation::open_orders: return make_open_list(call.symbol, "GET", "GET /api/v3/openOrders", 3);
    case operation::fills: return make_fills(call);
    case operation::stream_access: return keyed_request("POST", "/api/v3/userDataStream", "POST /api/v3/userDataStream", 1);
    case operation::keep_stream_access: {
      if (!call.access) return fail(exchange_errc::refused, "no listen key to prolong");
      auto out = keyed_request("PUT", "/api/v3/userDataStream", "PUT /api/v3/userDataStream", 1);
      out.query.add("listenKey", call.access->token.reveal());
      return out;
    }
    case operation::set_dead_man: return fail(exchange_errc::unsupported, "the exchange has no dead-man timer");
  }
  return fail(exchange_errc::unsupported, "the exchange has no such function");
}

}  // namespace drover::exchanges::mexc
