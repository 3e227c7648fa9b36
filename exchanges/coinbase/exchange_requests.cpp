#include "exchanges/coinbase/exchange_requests.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "exchanges/coinbase/names.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase::institutional {

namespace {

std::optional<std::int64_t> number_of(std::string_view id) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), value);
  const bool whole = failure == std::errc() && end == id.data() + id.size() && value > 0;
  return whole ? std::optional(value) : std::nullopt;
}

constexpr std::int64_t per_page = 1'000, fills_per_page = 1'000;
constexpr int most_trades = 1'000, most_candles = 300;
constexpr std::size_t products_limit_bytes = 16 * 1024 * 1024;

wire_request open_request(std::string path, std::string_view endpoint) {
  wire_request out;
  out.path = std::move(path);
  out.endpoint = endpoint;
  out.charges = {{public_requests, 1}};
  return out;
}

wire_request keyed_request(std::string_view method, std::string path, std::string_view endpoint) {
  wire_request out;
  out.method = method;
  out.path = std::move(path);
  out.endpoint = endpoint;
  out.is_private = true;
  out.charges = {{private_requests, 1}};
  return out;
}

std::string product_path(const venue_call& call, std::string_view tail) {
  return "/products/" + percent_encode(to_product(call.symbol)) + std::string(tail);
}

/// Without a venue id an order is addressed by "client:" and its dashed client id.
std::string order_path(const order_ref& of) {
  if (!of.venue_order_id.empty()) return "/orders/" + percent_encode(of.venue_order_id);
  return "/orders/client:" + percent_encode(to_venue_client_id(of.client_order_id));
}

result<wire_request> make_candles(const venue_call& call) {
  if (call.interval == candle_interval::h4)
    return fail(exchange_errc::unsupported, "the exchange has candles of 1m, 5m, 15m, 1h and 1d");
  auto out = open_request(product_path(call, "/candles"), "GET /products/{product_id}/candles");
  out.query.add("granularity", std::int64_t{length_of(call.interval).count()});
  const auto count = call.limit > 0 ? std::min(call.limit, most_candles) : most_candles;
  if (call.since)
    out.query.add("start", to_rfc3339(*call.since))
        .add("end", to_rfc3339(*call.since + length_of(call.interval) * count));
  return out;
}

wire_request make_create(const order_request& r) {
  auto out = keyed_request("POST", "/orders", "POST /orders");
  json_object body;
  body.text("type", r.type == order_type::market ? "market" : "limit").text("side", to_string(r.side));
  body.text("product_id", to_product(r.symbol)).text("client_oid", to_venue_client_id(r.client_order_id));
  if (r.type == order_type::market) {
    const bool by_funds = r.side == side::buy && !r.quote_quantity.is_zero();
    body.text(by_funds ? "funds" : "size", by_funds ? r.quote_quantity : r.quantity);
  } else {
    body.text("price", r.price).text("size", r.quantity);
    if (r.type == order_type::limit_maker) body.boolean("post_only", true);
    if (r.type == order_type::limit && r.tif != time_in_force::gtc)
      body.text("time_in_force", r.tif == time_in_force::ioc ? "IOC" : "FOK");
  }
  out.json = body.done();
  return out;
}

wire_request make_permissions(const venue_call& call) {
  // The list of accounts needs the right to view; the list of payment methods the right to transfer.
  if (call.step == 0) return keyed_request("GET", "/accounts", "GET /accounts");
  return keyed_request("GET", "/payment-methods", "GET /payment-methods");
}

}  // namespace

result<wire_request> make_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time:
      return open_request("/time", "GET /time");
    case operation::instruments: {
      auto out = open_request("/products", "GET /products");
      out.response_limit_bytes = products_limit_bytes;
      return out;
    }
    case operation::ticker:
    case operation::book: {
      auto out = open_request(product_path(call, "/book"), "GET /products/{product_id}/book");
      out.query.add("level", std::int64_t{call.op == operation::ticker ? 1 : 2});
      return out;
    }
    case operation::trades: {
      auto out = open_request(product_path(call, "/trades"), "GET /products/{product_id}/trades");
      const std::int64_t limit = call.limit > 0 ? std::min(call.limit, most_trades) : most_trades;
      out.query.add("limit", limit);
      // "after" gives what is older than an id, newest first: the page right behind the known one ends before this.
      if (const auto known = number_of(call.after)) out.query.add("after", *known + limit + 1);
      return out;
    }
    case operation::candles:
      return make_candles(call);
    case operation::permissions:
      return make_permissions(call);
    case operation::balances:
      return keyed_request("GET", "/accounts", "GET /accounts");
    case operation::create_order:
      return make_create(call.order);
    case operation::cancel_order: {
      auto out = keyed_request("DELETE", order_path(call.of), "DELETE /orders/{id}");
      if (!call.of.symbol.empty()) out.query.add("product_id", to_product(call.of.symbol));
      return out;
    }
    case operation::cancel_all_orders: {
      auto out = keyed_request("DELETE", "/orders", "DELETE /orders");
      if (!call.symbol.empty()) out.query.add("product_id", to_product(call.symbol));
      return out;
    }
    case operation::find_order:
      return keyed_request("GET", order_path(call.of), "GET /orders/{id}");
    case operation::open_orders: {
      auto out = keyed_request("GET", "/orders", "GET /orders");
      if (!call.symbol.empty()) out.query.add("product_id", to_product(call.symbol));
      out.query.add("status", "open")
          .add("status", "pending")
          .add("status", "active")
          .add("limit", per_page)
          .add_if("after", call.cursor);
      return out;
    }
    case operation::fills: {
      if (call.symbol.empty()) return fail(exchange_errc::unsupported, "fills are listed one instrument at a time");
      auto out = keyed_request("GET", "/fills", "GET /fills");
      out.charges = {{fill_requests, 1}};
      out.query.add("product_id", to_product(call.symbol)).add("limit", fills_per_page).add_if("after", call.cursor);
      return out;
    }
    default:
      return fail(exchange_errc::unsupported, "the exchange has no such function");
  }
}

}  // namespace drover::exchanges::coinbase::institutional
