#include <algorithm>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::bybit {

namespace {

constexpr int most_levels = 200, most_trades = 60, most_candles = 1'000;
constexpr std::int64_t orders_per_page = 50, fills_per_page = 100;
constexpr std::size_t instruments_limit_bytes = 16 * 1024 * 1024;

wire_request open_request(std::string_view path, std::string_view endpoint) {
  wire_request out;
  out.path = path;
  out.endpoint = endpoint;
  out.charges = {{all_requests, 1}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string_view path, std::string_view endpoint, rule charged) {
  wire_request out;
  out.method = method;
  out.path = path;
  out.endpoint = endpoint;
  out.is_private = true;
  out.charges = {{all_requests, 1}, {charged, 1}};
  return out;
}

std::int64_t count_of(const venue_call& call, int most) {
  return call.limit > 0 ? std::min(call.limit, most) : most;
}

std::string_view interval_of(candle_interval i) {
  switch (i) {
    case candle_interval::m5:
      return "5";
    case candle_interval::m15:
      return "15";
    case candle_interval::h1:
      return "60";
    case candle_interval::h4:
      return "240";
    case candle_interval::d1:
      return "D";
    default:
      return "1";
  }
}

std::unexpected<error> refuse(std::string reason) {
  return fail(exchange_errc::refused, std::move(reason));
}

result<wire_request> make_create(const order_request& r) {
  const bool market = r.type == order_type::market;
  if (r.type == order_type::limit_maker && r.tif != time_in_force::gtc)
    return refuse("a post-only order cannot be immediate");
  if (market && r.tif == time_in_force::fok)
    return refuse("the exchange has no market orders that are filled whole or not at all");
  const bool by_quote = market && r.side == side::buy && !r.quote_quantity.is_zero();
  json_object body;
  body.text("category", "spot")
      .text("symbol", to_venue_symbol(r.symbol))
      .text("side", r.side == side::buy ? "Buy" : "Sell");
  body.text("orderType", market ? "Market" : "Limit").text("qty", by_quote ? r.quote_quantity : r.quantity);
  if (market) {
    body.text("marketUnit", by_quote ? "quoteCoin" : "baseCoin");
  } else {
    body.text("price", r.price);
    body.text("timeInForce", r.type == order_type::limit_maker ? "PostOnly"
                             : r.tif == time_in_force::ioc     ? "IOC"
                             : r.tif == time_in_force::fok     ? "FOK"
                                                               : "GTC");
  }
  body.text_if("orderLinkId", r.client_order_id);
  auto out = keyed_request("POST", "/v5/order/create", "POST /v5/order/create", place_requests);
  out.json = body.done();
  return out;
}

/// Without a name the exchange would answer for all orders.
bool is_unnamed(const order_ref& of) {
  return of.venue_order_id.empty() && of.client_order_id.empty();
}

result<wire_request> make_cancel(const order_ref& of) {
  if (is_unnamed(of)) return refuse("an order is named by its id or its client id");
  json_object body;
  body.text("category", "spot").text("symbol", to_venue_symbol(of.symbol));
  of.venue_order_id.empty() ? body.text("orderLinkId", of.client_order_id) : body.text("orderId", of.venue_order_id);
  auto out = keyed_request("POST", "/v5/order/cancel", "POST /v5/order/cancel", cancel_requests);
  out.json = body.done();
  return out;
}

result<wire_request> make_find(const venue_call& call) {
  if (is_unnamed(call.of)) return refuse("an order is named by its id or its client id");
  const bool recent = call.step == 0;
  auto out = recent ? keyed_request("GET", "/v5/order/realtime", "GET /v5/order/realtime", query_requests)
                    : keyed_request("GET", "/v5/order/history", "GET /v5/order/history", query_requests);
  out.query.add("category", "spot").add("symbol", to_venue_symbol(call.of.symbol));
  call.of.venue_order_id.empty() ? out.query.add("orderLinkId", call.of.client_order_id)
                                 : out.query.add("orderId", call.of.venue_order_id);
  return out;
}

wire_request make_open_orders(const venue_call& call) {
  auto out = keyed_request("GET", "/v5/order/realtime", "GET /v5/order/realtime", query_requests);
  out.query.add("category", "spot").add_if("symbol", to_venue_symbol(call.symbol)).add("openOnly", std::int64_t{0});
  out.query.add("limit", orders_per_page).add_if("cursor", call.cursor);
  return out;
}

wire_request make_fills(const venue_call& call) {
  auto out = keyed_request("GET", "/v5/execution/list", "GET /v5/execution/list", query_requests);
  out.query.add("category", "spot").add_if("symbol", to_venue_symbol(call.symbol)).add("execType", "Trade");
  if (call.since) out.query.add("startTime", call.since->ms());
  out.query.add("limit", fills_per_page).add_if("cursor", call.cursor);
  return out;
}

wire_request make_market(const venue_call& call, std::string_view path, std::string_view endpoint) {
  auto out = open_request(path, endpoint);
  out.query.add("category", "spot").add("symbol", to_venue_symbol(call.symbol));
  return out;
}

}  // namespace

std::string to_venue_symbol(std::string_view symbol) {
  std::string out(symbol);
  std::erase(out, '/');
  return out;
}

result<wire_request> make_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time:
      return open_request("/v5/market/time", "GET /v5/market/time");
    case operation::instruments: {
      auto out = open_request("/v5/market/instruments-info", "GET /v5/market/instruments-info");
      out.query.add("category", "spot");
      out.response_limit_bytes = instruments_limit_bytes;
      return out;
    }
    case operation::ticker:
      return make_market(call, "/v5/market/tickers", "GET /v5/market/tickers");
    case operation::book: {
      auto out = make_market(call, "/v5/market/orderbook", "GET /v5/market/orderbook");
      out.query.add("limit", count_of(call, most_levels));
      return out;
    }
    case operation::trades: {
      auto out = make_market(call, "/v5/market/recent-trade", "GET /v5/market/recent-trade");
      out.query.add("limit", count_of(call, most_trades));
      return out;
    }
    case operation::candles: {
      auto out = make_market(call, "/v5/market/kline", "GET /v5/market/kline");
      out.query.add("interval", interval_of(call.interval));
      if (call.since) out.query.add("start", call.since->ms());
      out.query.add("limit", count_of(call, most_candles));
      return out;
    }
    case operation::permissions:
      return keyed_request("GET", "/v5/user/query-api", "GET /v5/user/query-api", account_requests);
    case operation::balances: {
      auto out = keyed_request("GET", "/v5/account/wallet-balance", "GET /v5/account/wallet-balance", account_requests);
      out.query.add("accountType", "UNIFIED");
      return out;
    }
    case operation::create_order:
      return make_create(call.order);
    case operation::cancel_order:
      return make_cancel(call.of);
    case operation::cancel_all_orders: {
      json_object body;
      body.text("category", "spot").text_if("symbol", to_venue_symbol(call.symbol));
      auto out = keyed_request("POST", "/v5/order/cancel-all", "POST /v5/order/cancel-all", cancel_requests);
      out.json = body.done();
      return out;
    }
    case operation::find_order:
      return make_find(call);
    case operation::open_orders:
      return make_open_orders(call);
    case operation::fills:
      return make_fills(call);
    case operation::set_dead_man:
      return fail(exchange_errc::unsupported,
                  "the exchange cancels when the private stream is lost, not when a timer runs out");
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace drover::exchanges::bybit
