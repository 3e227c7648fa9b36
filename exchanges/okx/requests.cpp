#include <algorithm>

#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::okx {

namespace {

constexpr int most_levels = 400, most_trades = 500, most_old_trades = 100, most_candles = 300;
constexpr std::int64_t per_page = 100;
constexpr std::size_t instruments_limit_bytes = 16 * 1024 * 1024;

std::string replace(std::string_view text, char from, char to) {
  std::string out(text);
  std::ranges::replace(out, from, to);
  return out;
}

wire_request open_request(std::string_view path, std::string_view endpoint) {
  wire_request out;
  out.path = path;
  out.endpoint = endpoint;
  out.charges = {{public_requests, 1}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string_view path, std::string_view endpoint, rule charged) {
  wire_request out;
  out.method = method;
  out.path = path;
  out.endpoint = endpoint;
  out.is_private = true;
  out.charges = {{charged, 1}};
  return out;
}

std::int64_t count_of(const venue_call& call, int most) {
  return call.limit > 0 ? std::min(call.limit, most) : most;
}

std::string_view bar_of(candle_interval i) {
  switch (i) {
    case candle_interval::m5:
      return "5m";
    case candle_interval::m15:
      return "15m";
    case candle_interval::h1:
      return "1H";
    case candle_interval::h4:
      return "4H";
    case candle_interval::d1:
      return "1Dutc";
    default:
      return "1m";
  }
}

wire_request make_candles(const venue_call& call) {
  auto out = open_request("/api/v5/market/candles", "GET /api/v5/market/candles");
  const auto count = count_of(call, most_candles);
  out.query.add("instId", to_instrument_id(call.symbol)).add("bar", bar_of(call.interval)).add("limit", count);
  // Both bounds are exclusive; "after" is the later one.
  if (call.since) {
    out.query.add("before", call.since->ms() - 1);
    out.query.add("after", (*call.since + length_of(call.interval) * count).ms());
  }
  return out;
}

/// The latest, or those before a time ("Get trades history": three months back; type 2 pages by time, and "after" means before it).
wire_request make_trades(const venue_call& call) {
  const auto instrument = to_instrument_id(call.symbol);
  if (call.until) {
    auto out = open_request("/api/v5/market/history-trades", "GET /api/v5/market/history-trades");
    out.query.add("instId", instrument).add("type", "2").add("after", call.until->ms()).add("limit", count_of(call, most_old_trades));
    return out;
  }
  auto out = open_request("/api/v5/market/trades", "GET /api/v5/market/trades");
  out.query.add("instId", instrument).add("limit", count_of(call, most_trades));
  return out;
}

std::string_view order_kind(const order_request& r) {
  if (r.type == order_type::market) return "market";
  if (r.type == order_type::limit_maker) return "post_only";
  return r.tif == time_in_force::ioc ? "ioc" : r.tif == time_in_force::fok ? "fok" : "limit";
}

std::unexpected<error> refuse(std::string reason) {
  return fail(exchange_errc::refused, std::move(reason));
}

result<wire_request> make_create(const order_request& r) {
  if (r.type == order_type::limit_maker && r.tif != time_in_force::gtc)
    return refuse("a post-only order cannot be immediate");
  if (r.type == order_type::market && r.tif == time_in_force::fok)
    return refuse("the exchange has no market orders that are filled whole or not at all");
  const bool by_quote = r.type == order_type::market && r.side == side::buy && !r.quote_quantity.is_zero();
  json_object body;
  body.text("instId", to_instrument_id(r.symbol))
      .text("tdMode", "cash")
      .text("side", to_string(r.side))
      .text("ordType", order_kind(r));
  body.text("sz", by_quote ? r.quote_quantity : r.quantity);
  if (r.type == order_type::market) body.text("tgtCcy", by_quote ? "quote_ccy" : "base_ccy");
  if (r.type != order_type::market) body.text("px", r.price);
  body.text_if("clOrdId", r.client_order_id);
  auto out = keyed_request("POST", "/api/v5/trade/order", "POST /api/v5/trade/order", place_requests);
  out.json = body.done();
  return out;
}

bool is_unnamed(const order_ref& of) {
  return of.venue_order_id.empty() && of.client_order_id.empty();
}

result<wire_request> make_cancel(const order_ref& of) {
  if (is_unnamed(of)) return refuse("an order is named by its id or its client id");
  json_object body;
  body.text("instId", to_instrument_id(of.symbol));
  of.venue_order_id.empty() ? body.text("clOrdId", of.client_order_id) : body.text("ordId", of.venue_order_id);
  auto out = keyed_request("POST", "/api/v5/trade/cancel-order", "POST /api/v5/trade/cancel-order", cancel_requests);
  out.json = body.done();
  return out;
}

/// First the list of open orders, then one request that cancels a page of them.
result<wire_request> make_cancel_all(const venue_call& call) {
  if (!call.earlier) {
    auto out = keyed_request("GET", "/api/v5/trade/orders-pending", "GET /api/v5/trade/orders-pending", list_requests);
    out.query.add("instType", "SPOT").add_if("instId", to_instrument_id(call.symbol)).add("limit", per_page);
    return out;
  }
  constexpr std::size_t batch_limit = 20;
  std::string list = "[";
  if (const auto* orders = std::get_if<std::vector<order>>(call.earlier.get()))
    for (std::size_t i = 0; i < orders->size() && i < batch_limit; ++i)
      list += (i > 0 ? "," : "") + json_object()
                                       .text("instId", to_instrument_id((*orders)[i].symbol))
                                       .text("ordId", (*orders)[i].venue_order_id)
                                       .done();
  auto out = keyed_request("POST", "/api/v5/trade/cancel-batch-orders", "POST /api/v5/trade/cancel-batch-orders",
                           cancel_requests);
  out.json = list + "]";
  return out;
}

result<wire_request> make_find(const venue_call& call) {
  if (is_unnamed(call.of)) return refuse("an order is named by its id or its client id");
  // Cancelled orders without fills leave the first place after two hours, but not the history.
  const bool recent = call.step == 0;
  auto out =
      recent ? keyed_request("GET", "/api/v5/trade/order", "GET /api/v5/trade/order", query_requests)
             : keyed_request("GET", "/api/v5/trade/orders-history", "GET /api/v5/trade/orders-history", list_requests);
  if (!recent) out.query.add("instType", "SPOT");
  out.query.add("instId", to_instrument_id(call.of.symbol));
  if (!recent) {
    out.query.add("limit", per_page).add_if("after", call.cursor);
    return out;
  }
  call.of.venue_order_id.empty() ? out.query.add("clOrdId", call.of.client_order_id)
                                 : out.query.add("ordId", call.of.venue_order_id);
  return out;
}

wire_request make_fills(const venue_call& call) {
  auto out = keyed_request("GET", "/api/v5/trade/fills-history", "GET /api/v5/trade/fills-history", account_requests);
  out.query.add("instType", "SPOT");
  if (!call.symbol.empty()) out.query.add("instId", to_instrument_id(call.symbol));
  if (call.since) out.query.add("begin", call.since->ms());
  out.query.add("limit", per_page).add_if("after", call.cursor);
  return out;
}

}  // namespace

std::string to_instrument_id(std::string_view symbol) {
  return replace(symbol, '/', '-');
}
std::string to_symbol(std::string_view instrument_id) {
  return replace(instrument_id, '-', '/');
}

result<wire_request> make_request(const venue_call& call) {
  const auto instrument = to_instrument_id(call.symbol);
  switch (call.op) {
    case operation::server_time:
      return open_request("/api/v5/public/time", "GET /api/v5/public/time");
    case operation::instruments: {
      auto out = open_request("/api/v5/public/instruments", "GET /api/v5/public/instruments");
      out.query.add("instType", "SPOT");
      out.response_limit_bytes = instruments_limit_bytes;
      return out;
    }
    case operation::ticker: {
      auto out = open_request("/api/v5/market/ticker", "GET /api/v5/market/ticker");
      out.query.add("instId", instrument);
      return out;
    }
    case operation::book: {
      auto out = open_request("/api/v5/market/books", "GET /api/v5/market/books");
      out.query.add("instId", instrument).add("sz", count_of(call, most_levels));
      return out;
    }
    case operation::trades:
      return make_trades(call);
    case operation::candles:
      return make_candles(call);
    case operation::permissions:
      return keyed_request("GET", "/api/v5/account/config", "GET /api/v5/account/config", account_requests);
    case operation::balances:
      return keyed_request("GET", "/api/v5/account/balance", "GET /api/v5/account/balance", account_requests);
    case operation::create_order:
      return make_create(call.order);
    case operation::cancel_order:
      return make_cancel(call.of);
    case operation::cancel_all_orders:
      return make_cancel_all(call);
    case operation::find_order:
      return make_find(call);
    case operation::open_orders: {
      auto out =
          keyed_request("GET", "/api/v5/trade/orders-pending", "GET /api/v5/trade/orders-pending", list_requests);
      out.query.add("instType", "SPOT")
          .add_if("instId", instrument)
          .add("limit", per_page)
          .add_if("after", call.cursor);
      return out;
    }
    case operation::fills:
      return make_fills(call);
    case operation::set_dead_man: {
      auto out = keyed_request("POST", "/api/v5/trade/cancel-all-after", "POST /api/v5/trade/cancel-all-after",
                               account_requests);
      const auto timeout = std::chrono::ceil<seconds>(call.dead_man_after).count();
      if (timeout != 0 && (timeout < 10 || timeout > 120))
        return fail(exchange_errc::refused, "the timer takes 10 to 120 seconds");
      out.json = json_object().text("timeOut", std::to_string(timeout)).done();
      return out;
    }
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace drover::exchanges::okx
