#include "exchanges/kucoin/requests.hpp"

#include <algorithm>

#include "exchanges/kucoin/endpoints.hpp"
#include "exchanges/kucoin/names.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::kucoin {

namespace {

/// `endpoint` is a literal: "GET /api/v1/timestamp"; its path is the request's unless that holds an id.
wire_request make(std::string_view endpoint, rule pool, int weight) {
  wire_request out;
  const auto space = endpoint.find(' ');
  out.method = endpoint.substr(0, space);
  out.path = endpoint.substr(space + 1);
  out.endpoint = endpoint;
  out.is_private = pool != public_pool;
  out.charges.push_back({pool, weight});
  return out;
}

wire_request make_for_symbol(std::string_view endpoint, rule pool, int weight, std::string_view symbol) {
  auto out = make(endpoint, pool, weight);
  out.query.add("symbol", to_venue_symbol(symbol));
  return out;
}

std::unexpected<error> refuse(std::string reason) { return fail(exchange_errc::refused, std::move(reason)); }

wire_request make_candles(const venue_call& call) {
  auto out = make_for_symbol("GET /api/v1/market/candles", public_pool, 3, call.symbol);
  out.query.add("type", to_venue_interval(call.interval));
  if (!call.since) return out;
  const auto start = call.since->ms() / 1'000;
  out.query.add("startAt", start);
  if (call.limit > 0) out.query.add("endAt", start + call.limit * length_of(call.interval).count());
  return out;
}

/// Empty: the combination exists.
std::string problem_of(const order_request& o) {
  const bool market = o.type == order_type::market;
  if (o.type == order_type::limit_maker && o.tif != time_in_force::gtc) return "a post-only order cannot be IOC or FOK";
  if (market && o.tif == time_in_force::fok) return "KuCoin has no fill-or-kill market orders";
  if (!o.quote_quantity.is_zero() && (!market || o.side != side::buy)) return "only market buys can be sized in the quote asset";
  if (!market && !o.price.is_positive()) return "a limit order needs a price";
  if (!o.quantity.is_positive() && !o.quote_quantity.is_positive()) return "an order needs a quantity";
  return {};
}

result<wire_request> make_create_order(const order_request& o) {
  if (auto problem = problem_of(o); !problem.empty()) return refuse(std::move(problem));
  auto out = make(create_order_endpoint, spot_pool, 1);
  json_object body;
  body.text("clientOid", o.client_order_id).text("side", to_string(o.side)).text("symbol", to_venue_symbol(o.symbol));
  if (o.type == order_type::market) {
    body.text("type", "market");
    // `size` is in the base asset, `funds` in the quote asset.
    if (o.quote_quantity.is_zero())
      body.text("size", o.quantity);
    else
      body.text("funds", o.quote_quantity);
  } else {
    body.text("type", "limit").text("size", o.quantity).text("price", o.price);
    if (o.type == order_type::limit_maker) body.boolean("postOnly", true);
    if (o.tif != time_in_force::gtc) body.text("timeInForce", o.tif == time_in_force::ioc ? "IOC" : "FOK");
  }
  out.json = body.done();
  return out;
}

/// By the venue's id where it is known: client ids are unique among active orders only.
result<wire_request> make_for_order(const order_ref& of, std::string_view by_id, std::string_view by_client_id, int weight) {
  if (of.symbol.empty()) return refuse("KuCoin names orders together with their symbol");
  if (of.venue_order_id.empty() && of.client_order_id.empty()) return refuse("an order id is needed");
  const bool by_venue_id = !of.venue_order_id.empty();
  auto out = make_for_symbol(by_venue_id ? by_id : by_client_id, spot_pool, weight, of.symbol);
  out.path = by_venue_id ? "/api/v1/hf/orders/" + of.venue_order_id : "/api/v1/hf/orders/client-order/" + of.client_order_id;
  // Ids go into the path as they are: nothing in them may end it.
  const auto& id = by_venue_id ? of.venue_order_id : of.client_order_id;
  const bool plain = std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
  if (!plain) return refuse("not an order id of KuCoin");
  return out;
}

wire_request make_open_orders(const venue_call& call) {
  // The list wants a symbol: without one the symbols with open orders are asked for first.
  if (call.symbol.empty() && call.step == 0) return make("GET /api/v1/hf/orders/active/symbols", spot_pool, 2);
  auto symbol = call.symbol.empty() ? std::string_view(call.cursor).substr(0, call.cursor.find(',')) : std::string_view(call.symbol);
  return make_for_symbol("GET /api/v1/hf/orders/active", spot_pool, 2, symbol);
}

result<wire_request> make_fills(const venue_call& call) {
  if (call.symbol.empty()) return refuse("KuCoin lists fills by symbol");
  auto out = make_for_symbol("GET /api/v1/hf/fills", spot_pool, 2, call.symbol);
  out.query.add("limit", std::int64_t{call.limit > 0 ? std::min(call.limit, fills_page) : fills_page});
  out.query.add_if("lastId", call.cursor);
  return out;
}

wire_request make_cancel_all(const venue_call& call) {
  if (call.symbol.empty()) return make("DELETE /api/v1/hf/orders/cancelAll", spot_pool, 30);
  return make_for_symbol("DELETE /api/v1/hf/orders", spot_pool, 2, call.symbol);
}

result<wire_request> make_dead_man(milliseconds after) {
  const auto whole = std::chrono::ceil<seconds>(after);
  if (after.count() > 0 && (whole < dead_man_floor || whole > dead_man_ceiling))
    return refuse("KuCoin's dead-man timer takes 5 to 86400 seconds");
  auto out = make("POST /api/v1/hf/orders/dead-cancel-all", spot_pool, 2);
  out.json = json_object().number("timeout", after.count() > 0 ? std::int64_t{whole.count()} : std::int64_t{-1}).done();
  return out;
}

}  // namespace

result<wire_request> make_wire_request(const venue_call& call) {
  // Weights and pools: the documentation's page of each endpoint ("API rate limit pool", "weight"), 2025.
  switch (call.op) {
    case operation::server_time: return make("GET /api/v1/timestamp", public_pool, 3);
    case operation::instruments: return make("GET /api/v2/symbols", public_pool, 4);
    case operation::ticker: return make_for_symbol("GET /api/v1/market/orderbook/level1", public_pool, 2, call.symbol);
    case operation::trades: return make_for_symbol("GET /api/v1/market/histories", public_pool, 3, call.symbol);
    case operation::book:
      if (call.limit > 0 && call.limit <= 20)
        return make_for_symbol("GET /api/v1/market/orderbook/level2_20", public_pool, 2, call.symbol);
      return make_for_symbol("GET /api/v1/market/orderbook/level2_100", public_pool, 4, call.symbol);
    case operation::candles: return make_candles(call);
    case operation::permissions: return make("GET /api/v1/user/api-key", management_pool, 20);
    case operation::balances: return make("GET /api/v1/accounts", management_pool, 5);
    case operation::create_order: return make_create_order(call.order);
    case operation::cancel_order:
      return make_for_order(call.of, "DELETE /api/v1/hf/orders/{orderId}", "DELETE /api/v1/hf/orders/client-order/{clientOid}", 1);
    case operation::cancel_all_orders: return make_cancel_all(call);
    case operation::find_order:
      return make_for_order(call.of, "GET /api/v1/hf/orders/{orderId}", "GET /api/v1/hf/orders/client-order/{clientOid}", 2);
    case operation::open_orders: return make_open_orders(call);
    case operation::fills: return make_fills(call);
    case operation::stream_access:
      return call.market_stream ? make("POST /api/v1/bullet-public", public_pool, 10) : make("POST /api/v1/bullet-private", spot_pool, 10);
    case operation::keep_stream_access:
      return fail(exchange_errc::unsupported, "KuCoin's stream tokens are not prolonged; a new one is asked for");
    case operation::set_dead_man: return make_dead_man(call.dead_man_after);
  }
  return fail(exchange_errc::unsupported, "unknown operation");
}

}  // namespace drover::exchanges::kucoin
