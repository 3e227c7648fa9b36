#include "exchanges/gate/requests.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "exchanges/gate/limits.hpp"
#include "exchanges/gate/names.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::gate {

namespace {

constexpr int most_trades = 1000, most_levels = 100, most_candles = 999;
constexpr std::int64_t shortest_countdown_s = 5;
constexpr std::size_t pairs_limit_bytes = 16 * 1024 * 1024;

wire_request open_request(std::string_view path, std::string_view endpoint, std::size_t rule) {
  wire_request out;
  out.path = path;
  out.endpoint = endpoint;
  out.charges = {{rule, 1}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string path, std::string_view endpoint, std::size_t rule) {
  wire_request out;
  out.method = method;
  out.path = std::move(path);
  out.endpoint = endpoint;
  out.is_private = true;
  out.charges = {{rule, 1}};
  return out;
}

int count_of(const venue_call& call, int most) { return call.limit > 0 ? std::min(call.limit, most) : most; }

wire_request make_candles(const venue_call& call) {
  auto out = open_request("/api/v4/spot/candlesticks", "GET /api/v4/spot/candlesticks", limit::public_candles);
  out.query.add("currency_pair", to_pair(call.symbol)).add("interval", to_string(call.interval));
  const std::int64_t count = count_of(call, most_candles);
  if (!call.since) {
    out.query.add("limit", count);
    return out;
  }
  // The venue refuses a limit beside a range.
  const auto from = std::chrono::duration_cast<seconds>(call.since->since_epoch).count();
  out.query.add("from", from).add("to", from + (count - 1) * length_of(call.interval).count());
  return out;
}

struct order_shape {
  std::string_view type, tif;
  decimal amount, price;
};

result<order_shape> shape_market_order(const order_request& r) {
  const std::string_view tif = r.tif == time_in_force::fok ? "fok" : "ioc";
  if (r.side == side::sell) return order_shape{"market", tif, r.quantity, {}};
  if (r.quote_quantity.is_positive()) return order_shape{"market", tif, r.quote_quantity, {}};
  // A market buy is sized in the quote asset only.
  if (r.price.is_positive()) return order_shape{"limit", tif, r.quantity, r.price};
  return fail(exchange_errc::refused, "the exchange sizes market buys in the quote asset: give a quote amount, or the worst acceptable price");
}

result<order_shape> shape_order(const order_request& r) {
  if (r.type == order_type::market) return shape_market_order(r);
  if (r.type == order_type::limit_maker) {
    if (r.tif != time_in_force::gtc) return fail(exchange_errc::refused, "a post-only order cannot be immediate");
    return order_shape{"limit", "poc", r.quantity, r.price};
  }
  switch (r.tif) {
    case time_in_force::gtc: return order_shape{"limit", "gtc", r.quantity, r.price};
    case time_in_force::ioc: return order_shape{"limit", "ioc", r.quantity, r.price};
    case time_in_force::fok: return order_shape{"limit", "fok", r.quantity, r.price};
  }
  return fail(exchange_errc::refused, "the exchange has no such time in force");
}

result<wire_request> make_create(const order_request& r) {
  auto shape = shape_order(r);
  if (!shape) return std::unexpected(shape.error());
  auto out = keyed_request("POST", "/api/v4/spot/orders", "POST /api/v4/spot/orders", limit::order_placing);
  json_object body;
  body.text_if("text", to_text(r.client_order_id))
      .text("currency_pair", to_pair(r.symbol))
      .text("type", shape->type)
      .text("account", "spot")
      .text("side", to_string(r.side))
      .text("amount", shape->amount);
  if (shape->type == "limit") body.text("price", shape->price);
  out.json = body.text("time_in_force", shape->tif).done();
  return out;
}

std::string path_of(const order_ref& of) {
  const auto id = of.venue_order_id.empty() ? to_text(of.client_order_id) : of.venue_order_id;
  return "/api/v4/spot/orders/" + percent_encode(id);
}

result<wire_request> make_single(const venue_call& call, std::string_view method, std::string_view endpoint, std::size_t rule) {
  if (call.of.venue_order_id.empty() && call.of.client_order_id.empty())
    return fail(exchange_errc::refused, "an order is named by its id or its client id");
  auto out = keyed_request(method, path_of(call.of), endpoint, rule);
  out.query.add("account", "spot").add("currency_pair", to_pair(call.of.symbol));
  return out;
}

wire_request make_order_list(const std::string& symbol, std::string_view status, int page) {
  auto out = keyed_request("GET", "/api/v4/spot/orders", "GET /api/v4/spot/orders", limit::order_lists);
  out.query.add("account", "spot").add("currency_pair", to_pair(symbol)).add("status", status);
  out.query.add("page", page).add("limit", orders_per_page);
  return out;
}

wire_request make_open_orders(const venue_call& call) {
  if (!call.symbol.empty()) return make_order_list(call.symbol, "open", call.step + 1);
  auto out = keyed_request("GET", "/api/v4/spot/open_orders", "GET /api/v4/spot/open_orders", limit::open_orders);
  out.query.add("account", "spot").add("page", call.step + 1).add("limit", orders_per_page);
  return out;
}

result<wire_request> make_fills(const venue_call& call) {
  if (asks_time_first(call)) return open_request("/api/v4/spot/time", "GET /api/v4/spot/time", limit::public_time);
  auto out = keyed_request("GET", "/api/v4/spot/my_trades", "GET /api/v4/spot/my_trades", limit::my_trades);
  if (!call.symbol.empty()) out.query.add("currency_pair", to_pair(call.symbol));
  out.query.add("account", "spot").add("limit", fills_per_page);
  const auto window = call.cursor.empty() ? fill_window{} : parse_cursor(call.cursor);
  if (!window) return fail(exchange_errc::refused, "no cursor of this exchange");
  out.query.add("page", window->page);
  if (call.since) out.query.add("from", window->from).add("to", std::min(window->from + fill_window_s, window->end));
  return out;
}

wire_request make_countdown(const venue_call& call) {
  auto out = keyed_request("POST", "/api/v4/spot/countdown_cancel_all", "POST /api/v4/spot/countdown_cancel_all", limit::countdown);
  auto timeout = std::chrono::ceil<seconds>(call.dead_man_after).count();
  if (timeout > 0) timeout = std::max<std::int64_t>(timeout, shortest_countdown_s);
  out.json = json_object().number("timeout", static_cast<std::int64_t>(timeout)).done();
  return out;
}

wire_request make_cancel_all(const venue_call& call) {
  auto out = keyed_request("DELETE", "/api/v4/spot/orders", "DELETE /api/v4/spot/orders", limit::order_cancelling);
  out.query.add("account", "spot");
  if (!call.symbol.empty()) out.query.add("currency_pair", to_pair(call.symbol));
  return out;
}

wire_request make_book(const venue_call& call, int levels) {
  auto out = open_request("/api/v4/spot/order_book", "GET /api/v4/spot/order_book", limit::public_book);
  out.query.add("currency_pair", to_pair(call.symbol)).add("limit", levels).add("with_id", "true");
  return out;
}

}  // namespace

bool asks_finished_orders(const venue_call& call) { return call.op == operation::find_order && call.step > 0; }
bool asks_time_first(const venue_call& call) { return call.op == operation::fills && call.since && call.step == 0; }

std::string to_cursor(fill_window w) {
  return std::to_string(w.from) + "-" + std::to_string(w.end) + "-" + std::to_string(w.page);
}

std::optional<fill_window> parse_cursor(std::string_view text) {
  fill_window out;
  const auto* at = text.data();
  const auto* end = at + text.size();
  const auto read = [&](auto& value, bool last) {
    auto [stop, failure] = std::from_chars(at, end, value);
    if (failure != std::errc() || value < 0) return false;
    at = stop;
    if (last) return at == end;
    return at != end && *at++ == '-';
  };
  if (!read(out.from, false) || !read(out.end, false) || !read(out.page, true)) return std::nullopt;
  return out;
}

result<wire_request> make_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time: return open_request("/api/v4/spot/time", "GET /api/v4/spot/time", limit::public_time);
    case operation::instruments: {
      auto out = open_request("/api/v4/spot/currency_pairs", "GET /api/v4/spot/currency_pairs", limit::public_pairs);
      out.response_limit_bytes = pairs_limit_bytes;
      return out;
    }
    case operation::ticker: return make_book(call, 1);
    case operation::book: return make_book(call, count_of(call, most_levels));
    case operation::trades: {
      auto out = open_request("/api/v4/spot/trades", "GET /api/v4/spot/trades", limit::public_trades);
      out.query.add("currency_pair", to_pair(call.symbol)).add("limit", count_of(call, most_trades));
      // Whole seconds, the last one included; without "from" the list begins 30 days ago (github.com/gateio/gateapi-python,
      // SpotApi.list_trades).
      if (call.until) out.query.add("to", std::chrono::ceil<seconds>(call.until->since_epoch).count());
      return out;
    }
    case operation::candles: return make_candles(call);
    case operation::permissions:
      if (call.step == 0) return keyed_request("GET", "/api/v4/account/detail", "GET /api/v4/account/detail", limit::account_detail);
      return keyed_request("GET", "/api/v4/account/main_keys", "GET /api/v4/account/main_keys", limit::account_keys);
    case operation::balances: return keyed_request("GET", "/api/v4/spot/accounts", "GET /api/v4/spot/accounts", limit::spot_accounts);
    case operation::create_order: return make_create(call.order);
    case operation::cancel_order:
      return make_single(call, "DELETE", "DELETE /api/v4/spot/orders/{order_id}", limit::order_cancelling);
    case operation::cancel_all_orders: return make_cancel_all(call);
    case operation::find_order:
      if (asks_finished_orders(call)) return make_order_list(call.of.symbol, "finished", call.step);
      return make_single(call, "GET", "GET /api/v4/spot/orders/{order_id}", limit::single_orders);
    case operation::open_orders: return make_open_orders(call);
    case operation::fills: return make_fills(call);
    case operation::set_dead_man: return make_countdown(call);
    case operation::stream_access:
    case operation::keep_stream_access: return fail(exchange_errc::unsupported, "private streams of the exchange are opened by key");
  }
  return fail(exchange_errc::unsupported, "the exchange has no such function");
}

}  // namespace drover::exchanges::gate
