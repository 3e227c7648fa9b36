#include "exchanges/coinbase/advanced_requests.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "exchanges/coinbase/names.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase::advanced {

namespace {

constexpr std::int64_t accounts_per_page = 250, orders_per_page = 250, fills_per_page = 250;
/// How far before its end a list of past trades is asked for.
constexpr seconds trade_span = std::chrono::days(1);
constexpr int most_trades = 500, most_levels = 500, most_candles = 350;
constexpr std::size_t products_limit_bytes = 32 * 1024 * 1024;
const std::string root = "/api/v3/brokerage";

wire_request open_request(std::string path, std::string_view endpoint) {
  wire_request out;
  out.path = root + path;
  out.endpoint = endpoint;
  out.charges = {{public_requests, 1}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string path, std::string_view endpoint) {
  wire_request out;
  out.method = method;
  out.path = root + path;
  out.endpoint = endpoint;
  out.is_private = true;
  out.charges = {{private_requests, 1}};
  return out;
}

std::int64_t count_of(const venue_call& call, int most) {
  return call.limit > 0 ? std::min(call.limit, most) : most;
}

result<std::string_view> granularity_of(candle_interval i) {
  switch (i) {
    case candle_interval::m1:
      return "ONE_MINUTE";
    case candle_interval::m5:
      return "FIVE_MINUTE";
    case candle_interval::m15:
      return "FIFTEEN_MINUTE";
    case candle_interval::h1:
      return "ONE_HOUR";
    case candle_interval::h4:
      return "FOUR_HOUR";
    case candle_interval::d1:
      return "ONE_DAY";
  }
  return fail(exchange_errc::unsupported, "no such candles");
}

result<wire_request> make_candles(const venue_call& call) {
  auto granularity = granularity_of(call.interval);
  if (!granularity) return std::unexpected(granularity.error());
  auto out = open_request("/market/products/" + percent_encode(to_product(call.symbol)) + "/candles",
                          "GET /api/v3/brokerage/market/products/{product_id}/candles");
  const auto count = count_of(call, most_candles);
  if (call.since) {
    const auto start = std::chrono::duration_cast<seconds>(call.since->since_epoch).count();
    out.query.add("start", start).add("end", start + count * length_of(call.interval).count());
  }
  out.query.add("granularity", *granularity).add("limit", count);
  return out;
}

/// The part of the order that depends on its kind.
result<std::string> make_configuration(const order_request& r) {
  json_object inner;
  if (r.type == order_type::market) {
    if (!r.quote_quantity.is_zero() && r.side == side::buy)
      inner.text("quote_size", r.quote_quantity);
    else
      inner.text("base_size", r.quantity);
    return json_object().raw("market_market_ioc", inner.done()).done();
  }
  inner.text("base_size", r.quantity).text("limit_price", r.price);
  if (r.type == order_type::limit_maker)
    return json_object().raw("limit_limit_gtc", inner.boolean("post_only", true).done()).done();
  switch (r.tif) {
    case time_in_force::gtc:
      return json_object().raw("limit_limit_gtc", inner.boolean("post_only", false).done()).done();
    case time_in_force::ioc:
      return json_object().raw("sor_limit_ioc", inner.done()).done();
    case time_in_force::fok:
      return json_object().raw("limit_limit_fok", inner.done()).done();
  }
  return fail(exchange_errc::refused, "the exchange has no such kind of order");
}

result<wire_request> make_create(const venue_call& call) {
  const auto& r = call.order;
  auto configuration = make_configuration(r);
  if (!configuration) return std::unexpected(configuration.error());
  auto out = keyed_request("POST", "/orders", "POST /api/v3/brokerage/orders");
  out.json = json_object()
                 .text("client_order_id", to_venue_client_id(r.client_order_id))
                 .text("product_id", to_product(r.symbol))
                 .text("side", r.side == side::buy ? "BUY" : "SELL")
                 .raw("order_configuration", *configuration)
                 .done();
  return out;
}

wire_request make_order_list(const std::string& symbol, std::string_view status, const std::string& cursor) {
  auto out = keyed_request("GET", "/orders/historical/batch", "GET /api/v3/brokerage/orders/historical/batch");
  out.query.add_if("order_status", status);
  if (!symbol.empty()) out.query.add("product_ids", to_product(symbol));
  out.query.add("limit", orders_per_page).add_if("cursor", cursor);
  return out;
}

wire_request make_batch_cancel(std::string ids) {
  auto out = keyed_request("POST", "/orders/batch_cancel", "POST /api/v3/brokerage/orders/batch_cancel");
  out.json = json_object().raw("order_ids", ids).done();
  return out;
}

/// Every id of the list that the step before read.
std::string join_ids(const venue_call& call) {
  std::string out = "[";
  if (call.earlier)
    if (const auto* orders = std::get_if<std::vector<order>>(call.earlier.get()))
      for (const auto& o : *orders) out += (out.size() > 1 ? "," : "") + quote_json(o.venue_order_id);
  return out + "]";
}

wire_request make_fills(const venue_call& call) {
  auto out = keyed_request("GET", "/orders/historical/fills", "GET /api/v3/brokerage/orders/historical/fills");
  if (!call.symbol.empty()) out.query.add("product_ids", to_product(call.symbol));
  if (call.since) out.query.add("start_sequence_timestamp", to_rfc3339(*call.since));
  out.query.add("limit", fills_per_page).add_if("cursor", call.cursor);
  return out;
}

}  // namespace

bool looks_through_list(const venue_call& call) {
  return call.of.venue_order_id.empty();
}

result<wire_request> make_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time:
      return open_request("/time", "GET /api/v3/brokerage/time");
    case operation::instruments: {
      auto out = open_request("/market/products", "GET /api/v3/brokerage/market/products");
      out.query.add("product_type", "SPOT");
      out.response_limit_bytes = products_limit_bytes;
      return out;
    }
    case operation::ticker:
    case operation::book: {
      auto out = open_request("/market/product_book", "GET /api/v3/brokerage/market/product_book");
      out.query.add("product_id", to_product(call.symbol));
      out.query.add("limit", call.op == operation::ticker ? 1 : count_of(call, most_levels));
      return out;
    }
    case operation::trades: {
      auto out = open_request("/market/products/" + percent_encode(to_product(call.symbol)) + "/ticker",
                              "GET /api/v3/brokerage/market/products/{product_id}/ticker");
      out.query.add("limit", count_of(call, most_trades));
      if (call.until) {
        // Both are UNIX seconds (docs.cdp.coinbase.com, "Get Public Market Trades"); the latest of the span are given.
        const auto end = std::chrono::ceil<seconds>(call.until->since_epoch);
        out.query.add("start", (end - trade_span).count()).add("end", end.count());
      }
      return out;
    }
    case operation::candles:
      return make_candles(call);
    case operation::permissions:
      return keyed_request("GET", "/key_permissions", "GET /api/v3/brokerage/key_permissions");
    case operation::balances: {
      auto out = keyed_request("GET", "/accounts", "GET /api/v3/brokerage/accounts");
      out.query.add("limit", accounts_per_page).add_if("cursor", call.cursor);
      return out;
    }
    case operation::create_order:
      return make_create(call);
    case operation::cancel_order:
      if (looks_through_list(call)) return make_order_list(call.of.symbol, "OPEN", call.cursor);
      return make_batch_cancel("[" + quote_json(call.of.venue_order_id) + "]");
    case operation::cancel_all_orders:
      if (!call.earlier || !call.cursor.empty()) return make_order_list(call.symbol, "OPEN", call.cursor);
      return make_batch_cancel(join_ids(call));
    case operation::find_order: {
      if (looks_through_list(call)) return make_order_list(call.of.symbol, {}, call.cursor);
      return keyed_request("GET", "/orders/historical/" + percent_encode(call.of.venue_order_id),
                           "GET /api/v3/brokerage/orders/historical/{order_id}");
    }
    case operation::open_orders:
      return make_order_list(call.symbol, "OPEN", call.cursor);
    case operation::fills:
      return make_fills(call);
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace drover::exchanges::coinbase::advanced
