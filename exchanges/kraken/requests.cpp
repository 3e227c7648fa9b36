#include "exchanges/kraken/requests.hpp"

#include <algorithm>

#include "exchanges/kraken/endpoints.hpp"
#include "exchanges/kraken/names.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::kraken {

namespace {

wire_request make(std::string_view endpoint) {
  wire_request out;
  const auto space = endpoint.find(' ');
  out.method = endpoint.substr(0, space);
  out.path = endpoint.substr(space + 1);
  out.endpoint = endpoint;
  return out;
}

wire_request make_public(std::string_view endpoint) {
  auto out = make(endpoint);
  out.charges.push_back({public_calls, 1});
  return out;
}

wire_request make_for_pair(std::string_view endpoint, std::string_view symbol) {
  auto out = make_public(endpoint);
  out.query.add("pair", to_pair(symbol));
  return out;
}

/// `weight` on the call counter; 0 for what the matching engine counts instead.
wire_request make_private(std::string_view endpoint, int weight) {
  auto out = make(endpoint);
  out.is_private = true;
  if (weight > 0) out.charges.push_back({call_counter, weight});
  return out;
}

std::unexpected<error> refuse(std::string reason) { return fail(exchange_errc::refused, std::move(reason)); }

wire_request make_candles(const venue_call& call) {
  auto out = make_for_pair("GET /0/public/OHLC", call.symbol);
  out.query.add("interval", to_venue_interval(call.interval));
  // `since` is exclusive.
  if (call.since) out.query.add("since", std::chrono::floor<seconds>(call.since->since_epoch).count() - length_of(call.interval).count());
  return out;
}

std::string problem_of(const order_request& o) {
  const bool market = o.type == order_type::market;
  if (o.type == order_type::limit_maker && o.tif != time_in_force::gtc) return "a post-only order cannot be IOC or FOK";
  if (market && o.tif == time_in_force::fok) return "Kraken fills or kills limit orders only";
  if (!o.quote_quantity.is_zero() && (!market || o.side != side::buy)) return "only market buys can be sized in the quote asset";
  if (!market && !o.price.is_positive()) return "a limit order needs a price";
  if (!o.quantity.is_positive() && !o.quote_quantity.is_positive()) return "an order needs a quantity";
  return {};
}

result<wire_request> make_add_order(const order_request& o) {
  if (auto problem = problem_of(o); !problem.empty()) return refuse(std::move(problem));
  auto out = make_private(add_order_endpoint, 0);
  out.charges.push_back({pair_counter, 1});
  const bool in_quote = !o.quote_quantity.is_zero();
  out.form.add("pair", to_pair(o.symbol)).add("type", to_string(o.side));
  out.form.add("ordertype", o.type == order_type::market ? "market" : "limit");
  out.form.add("volume", in_quote ? o.quote_quantity : o.quantity);
  out.form.add_if("cl_ord_id", o.client_order_id);
  if (o.type != order_type::market) out.form.add("price", o.price);
  // Sells would prefer fees in the base asset; the trade history tells fees in the quote asset only, so that is what is asked for.
  std::string flags = "fciq";
  if (o.type == order_type::limit_maker) flags += ",post";
  if (in_quote) flags += ",viqc";
  out.form.add("oflags", flags);
  if (o.tif != time_in_force::gtc && o.type != order_type::market) out.form.add("timeinforce", o.tif == time_in_force::ioc ? "IOC" : "FOK");
  return out;
}

result<wire_request> make_cancel(const order_ref& of) {
  auto out = make_private("POST /0/private/CancelOrder", 0);
  // Up to 8 for an order younger than five seconds; how old this one is nobody knows here.
  out.charges.push_back({pair_counter, 8});
  if (!of.venue_order_id.empty())
    out.form.add("txid", of.venue_order_id);
  else if (!of.client_order_id.empty())
    out.form.add("cl_ord_id", of.client_order_id);
  else
    return refuse("an order id is needed");
  return out;
}

/// All orders at once, or those of a symbol: listed first, then cancelled batch by batch.
wire_request make_cancel_all(const venue_call& call) {
  if (call.symbol.empty()) return make_private("POST /0/private/CancelAll", 1);
  if (call.step == 0) return make_private("POST /0/private/OpenOrders", 1);
  auto out = make_private("POST /0/private/CancelOrderBatch", 1);
  out.charges.push_back({pair_counter, 8});
  std::string ids;
  std::size_t count = 0;
  for (std::string_view rest = call.cursor; !rest.empty() && count < cancel_batch; ++count) {
    const auto end = std::min(rest.find(','), rest.size());
    ids += (ids.empty() ? "" : ",") + quote_json(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out.json = json_object().raw("orders", "[" + ids + "]").done();
  return out;
}

result<wire_request> make_find(const venue_call& call) {
  if (!call.of.venue_order_id.empty()) {
    auto out = make_private("POST /0/private/QueryOrders", 1);
    out.form.add("txid", call.of.venue_order_id);
    return out;
  }
  if (call.of.client_order_id.empty()) return refuse("an order id is needed");
  // QueryOrders does not know client ids; the two lists do.
  auto out = make_private(call.step == 0 ? "POST /0/private/OpenOrders" : "POST /0/private/ClosedOrders", 1);
  out.form.add("cl_ord_id", call.of.client_order_id);
  return out;
}

wire_request make_fills(const venue_call& call) {
  auto out = make_private("POST /0/private/TradesHistory", 2);
  // `start` is exclusive, so a second earlier; what is known is left out when the answer is read. By id only without a time.
  if (call.since)
    out.form.add("start", std::chrono::floor<seconds>(call.since->since_epoch).count() - 1);
  else
    out.form.add_if("start", call.after);
  out.form.add_if("ofs", call.cursor);
  return out;
}

result<wire_request> make_dead_man(milliseconds after) {
  const auto whole = std::chrono::ceil<seconds>(after).count();
  if (whole < 0 || whole > 86'400) return refuse("Kraken's dead-man timer takes at most 86400 seconds");
  auto out = make_private("POST /0/private/CancelAllOrdersAfter", 1);
  out.form.add("timeout", std::int64_t{whole});
  return out;
}

}  // namespace

result<wire_request> make_wire_request(const venue_call& call) {
  switch (call.op) {
    case operation::server_time: return make_public("GET /0/public/Time");
    case operation::instruments: return make_public("GET /0/public/AssetPairs");
    case operation::ticker: return make_for_pair("GET /0/public/Ticker", call.symbol);
    case operation::trades: {
      auto out = make_for_pair("GET /0/public/Trades", call.symbol);
      // Oldest first from there on, at most 1,000.
      if (call.since) out.query.add("since", call.since->since_epoch.count());
      if (call.limit > 0) out.query.add("count", std::int64_t{std::min(call.limit, 1'000)});
      return out;
    }
    case operation::book: {
      auto out = make_for_pair("GET /0/public/Depth", call.symbol);
      if (call.limit > 0) out.query.add("count", std::int64_t{std::min(call.limit, 500)});
      return out;
    }
    case operation::candles: return make_candles(call);
    case operation::permissions: return make_private("POST /0/private/GetApiKeyInfo", 1);
    case operation::balances: return make_private("POST /0/private/BalanceEx", 1);
    case operation::create_order: return make_add_order(call.order);
    case operation::cancel_order: return make_cancel(call.of);
    case operation::cancel_all_orders: return make_cancel_all(call);
    case operation::find_order: return make_find(call);
    case operation::open_orders: return make_private("POST /0/private/OpenOrders", 1);
    case operation::fills: return make_fills(call);
    case operation::stream_access: return make_private("POST /0/private/GetWebSocketsToken", 1);
    case operation::keep_stream_access:
      return fail(exchange_errc::unsupported, "Kraken's stream tokens stay valid while they are used");
    case operation::set_dead_man: return make_dead_man(call.dead_man_after);
  }
  return fail(exchange_errc::unsupported, "unknown operation");
}

}  // namespace drover::exchanges::kraken
