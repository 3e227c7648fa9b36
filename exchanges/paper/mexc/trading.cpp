#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "exchanges/paper/mexc/mexc_dialect.hpp"
#include "exchanges/paper/mexc/symbols.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::mexc {

namespace {

constexpr std::size_t longest_client_id = 32, most_listen_keys = 60;
constexpr nanoseconds listen_key_life = 60min;

std::unexpected<refused> refuse(int code, std::string message, int status = 400) {
  return std::unexpected(refused{status, code, std::move(message)});
}

std::unexpected<refused> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter: return refuse(t.price.is_multiple_of(i.tick_size) ? 30010 : 400, t.price.is_multiple_of(i.tick_size) ? "no valid trade price" : "price scale is invalid");
    case refusal::lot_size:
      if (t.quantity < i.min_quantity) return refuse(30002, "The minimum transaction volume cannot be less than:" + i.min_quantity.to_string() + i.base_asset);
      return refuse(400, "quantity scale is invalid");
    case refusal::min_notional: return refuse(30002, "The minimum transaction volume cannot be less than:" + i.min_notional.to_string() + i.quote_asset);
    case refusal::insufficient_funds:
      return t.side == side::buy ? refuse(30004, "Insufficient position") : refuse(30005, "Oversold");
    case refusal::would_match: return refuse(30041, "post only order would match");
    case refusal::duplicate_client_id: return refuse(-2010, "Duplicate order sent.");
    case refusal::market_closed: return refuse(30016, "Trading disabled");
    case refusal::too_many_orders: return refuse(30029, "cannot exceed the maximum order limit");
  }
  return refuse(33333, "param error");
}

std::string_view type_of(const paper_order& o) {
  if (o.type == order_type::market) return "MARKET";
  if (o.type == order_type::limit_maker) return "LIMIT_MAKER";
  if (o.tif == time_in_force::ioc) return "IMMEDIATE_OR_CANCEL";
  return o.tif == time_in_force::fok ? "FILL_OR_KILL" : "LIMIT";
}

std::string_view status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open: return "NEW";
    case order_status::partially_filled: return "PARTIALLY_FILLED";
    case order_status::filled: return "FILLED";
    default: return o.filled_quantity.is_zero() ? "CANCELED" : "PARTIALLY_CANCELED";
  }
}

outcome<void> read_type(const request_fields& f, order_ticket& t) {
  const auto side_word = f.text("side"), type = f.text("type");
  if (side_word != "BUY" && side_word != "SELL") return refuse(400, "side is invalid");
  t.side = side_word == "BUY" ? side::buy : side::sell;
  if (type == "MARKET") t.type = order_type::market;
  else if (type == "LIMIT_MAKER") t.type = order_type::limit_maker;
  else if (type == "IMMEDIATE_OR_CANCEL") t.tif = time_in_force::ioc;
  else if (type == "FILL_OR_KILL") t.tif = time_in_force::fok;
  else if (type != "LIMIT") return refuse(400, "type is invalid");
  return {};
}

}  // namespace

outcome<std::string> mexc_dialect::route_private(const request& r) {
  const auto path = std::string_view(r.http.path).substr(std::string_view("/api/v3").size());
  const std::string_view method = r.http.method;
  if (path == "/account" && method == "GET") return render_account(r.account);
  if (path == "/capital/config/getall" && method == "GET") return std::string("[]");
  if (path == "/order" && method == "POST") return place(r, false);
  if (path == "/order/test" && method == "POST") return place(r, true);
  if (path == "/order" && method == "DELETE") return cancel(r);
  if (path == "/order" && method == "GET") return find(r);
  if (path == "/openOrders" && method == "DELETE") return cancel_all(r);
  if (path == "/openOrders" && method == "GET") return list_orders_of(r, true);
  if (path == "/allOrders" && method == "GET") return list_orders_of(r, false);
  if (path == "/myTrades" && method == "GET") return list_fills_of(r);
  if (path == "/userDataStream") return manage_listen_key(r);
  return refuse(404, "Not found", 404);
}

std::string mexc_dialect::render_order(const paper_order& o) const {
  const auto client_id = o.client_id.empty() ? std::string("null") : paper::quoted(o.client_id);
  return fmt::format(
      R"({{"symbol":"{}","orderId":"{}","orderListId":-1,"clientOrderId":{},"price":"{}","origQty":"{}","executedQty":"{}","cummulativeQuoteQty":"{}",)"
      R"("status":"{}","timeInForce":null,"type":"{}","side":"{}","stopPrice":null,"icebergQty":null,"time":{},"updateTime":{},"isWorking":true,)"
      R"("origQuoteOrderQty":"{}"}})",
      symbol_of(venue(), o.instrument), order_id_of(o.number), client_id, o.price.to_string(), o.quantity.to_string(), o.filled_quantity.to_string(),
      o.filled_notional.to_string(), status_of(o), type_of(o), o.side == side::buy ? "BUY" : "SELL", o.created_at.ms(), o.updated_at.ms(),
      (o.quote_quantity.is_positive() ? o.quote_quantity : o.price * o.quantity).to_string());
}

outcome<std::string> mexc_dialect::place(const request& r, bool only_test) {
  const auto& f = r.fields;
  order_ticket t;
  t.account = r.account.number;
  auto n = read_symbol(f);
  if (!n) return std::unexpected(n.error());
  t.instrument = *n;
  if (auto read = read_type(f, t); !read) return std::unexpected(read.error());
  auto price = f.amount("price"), quantity = f.amount("quantity"), quote = f.amount("quoteOrderQty");
  if (!price) return refuse(400, "price scale is invalid");
  if (!quantity || !quote) return refuse(400, "quantity scale is invalid");
  if (t.type != order_type::market) {
    if (!*price || !*quantity) return refuse(700004, "Mandatory parameter 'price' or 'quantity' was not sent");
    t.price = **price;
    t.quantity = **quantity;
  } else if (t.side == side::buy && *quote) {
    t.quote_quantity = **quote;
  } else if (*quantity) {
    t.quantity = **quantity;
  } else {
    return refuse(700004, "Mandatory parameter 'quantity' was not sent");
  }
  t.client_id = f.text("newClientOrderId");
  if (t.client_id.size() > longest_client_id) return refuse(700004, "newClientOrderId is too long");
  const auto& instrument = venue().engine().get_instrument(t.instrument);
  if (only_test) {
    if (auto why = venue().check(t)) return explain(*why, instrument, t);
    return std::string("{}");
  }
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), instrument, t);
  const auto& o = *placed->order;
  return fmt::format(R"({{"symbol":"{}","orderId":"{}","orderListId":-1,"price":"{}","origQty":"{}","type":"{}","side":"{}","transactTime":{}}})",
                     symbol_of(venue(), o.instrument), order_id_of(o.number), o.price.to_string(), o.quantity.to_string(), type_of(o),
                     o.side == side::buy ? "BUY" : "SELL", o.created_at.ms());
}

const paper_order* mexc_dialect::find_order(const api_account& account, const request_fields& f) const {
  const paper_order* o = nullptr;
  if (f.has("orderId")) {
    if (auto number = parse_order_id(f.text("orderId"))) o = find_visible_order(venue(), account, *number);
  } else if (f.has("origClientOrderId")) {
    o = find_visible_order(venue(), account, f.text("origClientOrderId"));
  }
  return o != nullptr && symbol_of(venue(), o->instrument) == f.text("symbol") ? o : nullptr;
}

outcome<std::string> mexc_dialect::find(const request& r) {
  if (auto n = read_symbol(r.fields); !n) return std::unexpected(n.error());
  if (!r.fields.has("orderId") && !r.fields.has("origClientOrderId"))
    return refuse(700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null");
  const auto* o = find_order(r.account, r.fields);
  if (o == nullptr) return refuse(-2013, "Order does not exist.");
  return render_order(*o);
}

outcome<std::string> mexc_dialect::cancel(const request& r) {
  if (auto n = read_symbol(r.fields); !n) return std::unexpected(n.error());
  const auto* o = find_order(r.account, r.fields);
  if (o == nullptr || is_terminal(o->status)) return refuse(-2011, "Unknown order id.");
  const auto* done = venue().cancel(r.account.number, o->number);
  if (done == nullptr) return refuse(-2011, "Unknown order id.");
  return render_order(*done);
}

outcome<std::string> mexc_dialect::cancel_all(const request& r) {
  auto n = read_symbol(r.fields);
  if (!n) return std::unexpected(n.error());
  std::vector<order_number> numbers;
  for (const auto* o : list_open_orders(venue(), r.account, *n)) numbers.push_back(o->number);
  std::vector<std::string> out;
  for (const auto number : numbers)
    if (const auto* done = venue().cancel(r.account.number, number)) out.push_back(render_order(*done));
  return join_list(out);
}

outcome<std::string> mexc_dialect::list_orders_of(const request& r, bool open_only) {
  auto n = read_symbol(r.fields);
  if (!n) return std::unexpected(n.error());
  const auto limit = r.fields.whole("limit");
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(limit && *limit ? **limit : 500, 1, 1'000));
  auto orders = open_only ? list_open_orders(venue(), r.account, *n) : list_orders(venue(), r.account, *n);
  std::vector<std::string> out;
  for (auto o = orders.rbegin(); o != orders.rend() && (open_only || out.size() < most); ++o) out.push_back(render_order(**o));
  return join_list(out);
}

outcome<std::string> mexc_dialect::list_fills_of(const request& r) {
  auto n = read_symbol(r.fields);
  if (!n) return std::unexpected(n.error());
  const auto from = r.fields.whole("startTime"), to = r.fields.whole("endTime"), limit = r.fields.whole("limit");
  if (!from || !to || !limit) return refuse(33333, "param error");
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(limit->value_or(100), 1, 100));
  const auto order = parse_order_id(r.fields.text("orderId"));
  const auto fills = list_fills(venue(), r.account, *n);
  std::vector<std::string> out;
  for (auto e = fills.rbegin(); e != fills.rend() && out.size() < most; ++e) {
    const auto& x = **e;
    if ((*from && x.at.ms() < **from) || (*to && x.at.ms() > **to) || (order && x.order != *order)) continue;
    const auto* o = venue().engine().find_order(x.order);
    const auto client_id = o == nullptr || o->client_id.empty() ? std::string("null") : paper::quoted(o->client_id);
    out.push_back(fmt::format(
        R"({{"symbol":"{}","id":"{}","orderId":"{}","orderListId":-1,"price":"{}","qty":"{}","quoteQty":"{}","commission":"{}","commissionAsset":"{}",)"
        R"("time":{},"isBuyer":{},"isMaker":{},"isBestMatch":true,"isSelfTrade":false,"clientOrderId":{}}})",
        symbol_of(venue(), x.instrument), x.trade_id, order_id_of(x.order), x.price.to_string(), x.quantity.to_string(), (x.price * x.quantity).to_string(),
        x.fee.to_string(), venue().engine().asset_name(x.fee_asset), x.at.ms(), x.side == side::buy, x.maker, client_id));
  }
  return join_list(out);
}

std::string mexc_dialect::render_account(const api_account& account) const {
  std::vector<std::string> out;
  for (const auto& h : venue().engine().account(account.number).balances.holdings())
    out.push_back(fmt::format(R"({{"asset":"{}","free":"{}","locked":"{}","available":"{}"}})", venue().engine().asset_name(h.asset), h.free.to_string(),
                              h.locked.to_string(), h.free.to_string()));
  return fmt::format(R"({{"canTrade":true,"canWithdraw":true,"canDeposit":true,"updateTime":null,"accountType":"SPOT","balances":{},"permissions":["SPOT"]}})",
                     join_list(out));
}

outcome<std::string> mexc_dialect::manage_listen_key(const request& r) {
  const auto now = venue().now();
  std::erase_if(listen_keys_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  const auto mine = [&](const auto& entry) { return entry.second.account == r.account.number; };
  if (r.http.method == "GET") {
    std::vector<std::string> out;
    for (const auto& entry : listen_keys_)
      if (mine(entry)) out.push_back(paper::quoted(entry.first));
    return fmt::format(R"({{"listenKey":{}}})", join_list(out));
  }
  if (r.http.method == "POST") {
    if (static_cast<std::size_t>(std::ranges::count_if(listen_keys_, mine)) >= most_listen_keys) return refuse(730001, "too many listen keys");
    std::string bytes(32, '\0');
    venue().random().fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    const auto key = to_hex(bytes);
    listen_keys_[key] = {r.account.number, now + listen_key_life};
    return fmt::format(R"({{"listenKey":"{}"}})", key);
  }
  const auto found = listen_keys_.find(r.fields.text("listenKey"));
  if (found == listen_keys_.end() || !mine(*found)) return refuse(730002, "Listen key not found");
  const auto key = found->first;
  if (r.http.method == "PUT") found->second.expires_at = now + listen_key_life;
  else if (r.http.method == "DELETE") listen_keys_.erase(found);
  else return refuse(405, "Method not allowed", 405);
  return fmt::format(R"({{"listenKey":"{}"}})", key);
}

}  // namespace drover::exchanges::paper::mexc
