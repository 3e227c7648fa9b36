#include <algorithm>
#include <array>

#include "exchanges/paper/binance/binance_dialect.hpp"
#include "exchanges/paper/binance/render.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::size_t client_id_limit = 36;
constexpr std::size_t made_id_bytes = 11;
constexpr std::int64_t default_page = 500, longest_page = 1'000;

outcome<instrument_number> instrument_of(const call& c) {
  const auto symbol = c.params.text("symbol");
  if (symbol.empty()) return std::unexpected(missing_parameter("symbol"));
  const auto n = c.venue.engine().find_instrument(symbol);
  if (!n) return std::unexpected(invalid_symbol());
  return *n;
}

/// The id in `name`, or one made up when it is absent.
outcome<std::string> client_id_of(const call& c, std::string_view name) {
  const auto given = c.params.text(name);
  if (given.empty()) return c.venue.random().hex(made_id_bytes);
  const bool allowed = given.size() <= client_id_limit && std::ranges::all_of(given, [](char x) {
    return (x >= '0' && x <= '9') || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || std::string_view(".:/_-").contains(x);
  });
  if (!allowed)
    return std::unexpected(refused{400, -1100, "Illegal characters found in parameter '" + std::string(name) +
                                                   "'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'."});
  return std::string(given);
}

outcome<void> read_kind(const call& c, order_ticket& t) {
  const auto side_text = c.params.text("side"), type = c.params.text("type"), tif = c.params.text("timeInForce");
  if (side_text.empty()) return std::unexpected(missing_parameter("side"));
  if (side_text != "BUY" && side_text != "SELL") return std::unexpected(refused{400, -1117, "Invalid side."});
  t.side = side_text == "BUY" ? side::buy : side::sell;
  if (type.empty()) return std::unexpected(missing_parameter("type"));
  if (type == "LIMIT")
    t.type = order_type::limit;
  else if (type == "MARKET")
    t.type = order_type::market;
  else if (type == "LIMIT_MAKER")
    t.type = order_type::limit_maker;
  else
    return std::unexpected(refused{400, -1116, "Invalid orderType."});
  if (t.type != order_type::limit) return {};
  if (tif.empty()) return std::unexpected(missing_parameter("timeInForce"));
  if (tif != "GTC" && tif != "IOC" && tif != "FOK") return std::unexpected(refused{400, -1115, "Invalid timeInForce."});
  t.tif = tif == "IOC" ? time_in_force::ioc : tif == "FOK" ? time_in_force::fok : time_in_force::gtc;
  return {};
}

outcome<order_ticket> ticket_of(const call& c) {
  order_ticket t;
  t.account = c.account->number;
  auto instrument = instrument_of(c);
  if (!instrument) return std::unexpected(instrument.error());
  t.instrument = *instrument;
  if (auto kind = read_kind(c, t); !kind) return std::unexpected(kind.error());
  auto id = client_id_of(c, "newClientOrderId");
  if (!id) return std::unexpected(id.error());
  t.client_id = std::move(*id);
  auto quantity = c.params.amount("quantity");
  if (!quantity) return std::unexpected(quantity.error());
  auto quote = c.params.amount("quoteOrderQty");
  if (!quote) return std::unexpected(quote.error());
  auto price = c.params.amount("price");
  if (!price) return std::unexpected(price.error());
  const bool market = t.type == order_type::market;
  if (market && c.params.has("price")) return std::unexpected(refused{400, -1106, "Parameter 'price' sent when not required."});
  if (!market && !c.params.has("price")) return std::unexpected(missing_parameter("price"));
  if (!market && c.params.has("quoteOrderQty"))
    return std::unexpected(refused{400, -1106, "Parameter 'quoteOrderQty' sent when not required."});
  if (market && c.params.has("quoteOrderQty") == c.params.has("quantity"))
    return std::unexpected(refused{400, -1128, "Combination of optional parameters invalid."});
  if (!market && !c.params.has("quantity")) return std::unexpected(missing_parameter("quantity"));
  if (c.params.has("quoteOrderQty") && !quote->is_positive())
    return std::unexpected(refused{400, -1013, "Invalid quantity."});
  t.quantity = *quantity;
  t.quote_quantity = *quote;
  t.price = *price;
  return t;
}

outcome<response_kind> response_kind_of(const call& c, const order_ticket& t) {
  const auto text = c.params.text("newOrderRespType");
  if (text == "ACK") return response_kind::ack;
  if (text == "RESULT") return response_kind::result;
  if (text == "FULL") return response_kind::full;
  if (!text.empty()) return std::unexpected(refused{400, -1122, "Invalid newOrderRespType."});
  return t.type == order_type::limit_maker ? response_kind::ack : response_kind::full;
}

// POST /api/v3/order: places an order.
answer place_order(call& c) {
  auto ticket = ticket_of(c);
  if (!ticket) return std::unexpected(ticket.error());
  auto kind = response_kind_of(c, *ticket);
  if (!kind) return std::unexpected(kind.error());
  auto placed = c.venue.place(*ticket);
  if (!placed) return std::unexpected(to_refused(placed.error()));
  return render_placed(c.venue.engine(), *placed, *kind);
}

// POST /api/v3/order/test: checks an order as if it were placed.
answer test_order(call& c) {
  auto ticket = ticket_of(c);
  if (!ticket) return std::unexpected(ticket.error());
  if (auto refusal = c.venue.check(*ticket)) return std::unexpected(to_refused(*refusal));
  return "{}";
}

/// The account's order that orderId or origClientOrderId names; `unknown` when there is none.
outcome<const paper_order*> order_of(const call& c, const refused& unknown) {
  auto instrument = instrument_of(c);
  if (!instrument) return std::unexpected(instrument.error());
  auto number = c.params.whole("orderId");
  if (!number) return std::unexpected(number.error());
  const auto id = c.params.text("origClientOrderId");
  if (!*number && id.empty())
    return std::unexpected(refused{400, -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"});
  const auto* o = *number ? find_visible_order(c.venue, *c.account, **number) : find_visible_order(c.venue, *c.account, id);
  if (o == nullptr || o->instrument != *instrument) return std::unexpected(unknown);
  return o;
}

// GET /api/v3/order: one order by id or client id.
answer query_order(call& c) {
  auto o = order_of(c, {400, -2013, "Order does not exist."});
  if (!o) return std::unexpected(o.error());
  return render_order(c.venue.engine(), **o);
}

// DELETE /api/v3/order: cancels an open order.
answer cancel_order(call& c) {
  const refused unknown{400, -2011, "Unknown order sent."};
  auto o = order_of(c, unknown);
  if (!o) return std::unexpected(o.error());
  auto cancel_id = client_id_of(c, "newClientOrderId");
  if (!cancel_id) return std::unexpected(cancel_id.error());
  const auto* cancelled = c.dialect.cancel(c.account->number, (*o)->number, *cancel_id);
  if (cancelled == nullptr) return std::unexpected(unknown);
  return render_cancelled(c.venue.engine(), *cancelled, *cancel_id);
}

// GET /api/v3/openOrders: open orders, of one symbol or all.
answer query_open_orders(call& c) {
  std::optional<instrument_number> only;
  if (c.params.has("symbol")) {
    auto instrument = instrument_of(c);
    if (!instrument) return std::unexpected(instrument.error());
    only = *instrument;
  }
  std::vector<std::string> out;
  for (const auto* o : list_open_orders(c.venue, *c.account, only)) out.push_back(render_order(c.venue.engine(), *o));
  return join_list(out);
}

// DELETE /api/v3/openOrders: cancels all open orders of a symbol.
answer cancel_open_orders(call& c) {
  auto instrument = instrument_of(c);
  if (!instrument) return std::unexpected(instrument.error());
  std::vector<std::string> out;
  for (const auto* open : list_open_orders(c.venue, *c.account, *instrument)) {
    const auto cancel_id = c.venue.random().hex(made_id_bytes);
    if (const auto* o = c.dialect.cancel(c.account->number, open->number, cancel_id))
      out.push_back(render_cancelled(c.venue.engine(), *o, cancel_id));
  }
  if (out.empty()) return std::unexpected(refused{400, -2011, "Unknown order sent."});
  return join_list(out);
}

/// Bounds of a list: limit, times, and the id to start from.
struct page {
  std::int64_t limit = default_page;
  std::optional<std::int64_t> from_id, start_ms, end_ms, order;
  bool holds(std::int64_t id, std::int64_t at_ms) const {
    return (!from_id || id >= *from_id) && (!start_ms || at_ms >= *start_ms) && (!end_ms || at_ms <= *end_ms);
  }
  /// Lists that start somewhere are cut at the end, others show the latest.
  bool from_start() const { return from_id || start_ms; }
};

outcome<page> page_of(const call& c, std::string_view id_name) {
  page out;
  std::optional<std::int64_t> limit;
  const std::array<std::pair<std::string_view, std::optional<std::int64_t>*>, 5> wanted{{
      {"limit", &limit}, {id_name, &out.from_id}, {"startTime", &out.start_ms}, {"endTime", &out.end_ms}, {"orderId", &out.order}}};
  for (const auto& [name, target] : wanted) {
    auto value = c.params.whole(name);
    if (!value) return std::unexpected(value.error());
    *target = *value;
  }
  if (limit == 0) return std::unexpected(refused{400, -1130, "Data sent for parameter 'limit' is not valid."});
  out.limit = std::min(limit.value_or(default_page), longest_page);
  return out;
}

template <class T>
void cut(std::vector<T>& items, const page& p) {
  const auto most = static_cast<std::size_t>(p.limit);
  if (items.size() <= most) return;
  if (p.from_start())
    items.resize(most);
  else
    items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(most));
}

// GET /api/v3/allOrders: orders of a symbol, oldest first.
answer query_all_orders(call& c) {
  auto instrument = instrument_of(c);
  if (!instrument) return std::unexpected(instrument.error());
  auto p = page_of(c, "orderId");
  if (!p) return std::unexpected(p.error());
  std::vector<const paper_order*> found;
  for (const auto* o : list_orders(c.venue, *c.account, *instrument))
    if (p->holds(o->number, o->created_at.ms())) found.push_back(o);
  cut(found, *p);
  std::vector<std::string> out;
  for (const auto* o : found) out.push_back(render_order(c.venue.engine(), *o));
  return join_list(out);
}

// GET /api/v3/myTrades: fills of a symbol, oldest first.
answer query_fills(call& c) {
  auto instrument = instrument_of(c);
  if (!instrument) return std::unexpected(instrument.error());
  auto p = page_of(c, "fromId");
  if (!p) return std::unexpected(p.error());
  std::vector<const execution*> found;
  for (const auto* f : list_fills(c.venue, *c.account, *instrument))
    if (p->holds(f->trade_id, f->at.ms()) && (!p->order || f->order == *p->order)) found.push_back(f);
  cut(found, *p);
  std::vector<std::string> out;
  for (const auto* f : found) out.push_back(render_fill(c.venue.engine(), *f));
  return join_list(out);
}

constexpr std::array routes{
    route{"POST", "/api/v3/order", access::trade, place_order, 1, true},
    route{"POST", "/api/v3/order/test", access::trade, test_order, 1},
    route{"GET", "/api/v3/order", access::read, query_order, 4},
    route{"DELETE", "/api/v3/order", access::trade, cancel_order, 1},
    route{"GET", "/api/v3/openOrders", access::read, query_open_orders, 6},
    route{"DELETE", "/api/v3/openOrders", access::trade, cancel_open_orders, 1},
    route{"GET", "/api/v3/allOrders", access::read, query_all_orders, 20},
    route{"GET", "/api/v3/myTrades", access::read, query_fills, 20},
};

}  // namespace

std::span<const route> trading_routes() { return routes; }

}  // namespace drover::exchanges::paper::binance
