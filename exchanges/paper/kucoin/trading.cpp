#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exchanges/paper/kucoin/kucoin_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kucoin {

namespace {

constexpr std::string_view orders_path = "/api/v1/hf/orders";
constexpr std::string_view by_client = "client-order/", synchronous = "sync/";
constexpr std::int64_t longest_page = 100;
constexpr std::size_t longest_client_id = 40;

std::unexpected<denied> deny(std::string code, std::string message, int status = 200) {
  return std::unexpected(denied{std::move(code), std::move(message), status});
}

std::unexpected<denied> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter: return deny("400100", "Price increment invalid.");
    case refusal::lot_size:
      return deny("400100", t.quantity < i.min_quantity ? "Order size below the minimum requirement." : "Order size increment invalid.");
    case refusal::min_notional: return deny("600101", "The order funds should more then " + i.min_notional.to_string() + " " + i.quote_asset + ".");
    case refusal::insufficient_funds: return deny("200004", "Balance insufficient!");
    case refusal::would_match: return deny("400100", "Post-only order would be matched immediately.");
    case refusal::duplicate_client_id: return deny("400100", "validation.createOrder.clientOidDuplicated");
    case refusal::market_closed: return deny("200003", "The trading pair is suspended");
    case refusal::too_many_orders: return deny("400100", "The number of open orders has reached the limit.");
  }
  return deny("400100", "Parameter error.");
}

bool is_client_id(std::string_view id) {
  return id.size() <= longest_client_id && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
         });
}

reply<void> read_amounts(const request_fields& f, order_ticket& t) {
  const std::array<std::pair<std::string_view, decimal*>, 3> wanted{{{"price", &t.price}, {"size", &t.quantity}, {"funds", &t.quote_quantity}}};
  for (const auto& [name, target] : wanted) {
    auto value = f.amount(name);
    if (!value) return deny("400100", std::string(name == "price" ? "Price" : "Order size") + " increment invalid.");
    *target = value->value_or(decimal{});
  }
  return {};
}

/// Side, kind, sizes.
reply<void> read_ticket(const request_fields& f, order_ticket& t) {
  const auto side_text = f.text("side"), tif = f.text("timeInForce");
  const auto type = f.has("type") ? f.text("type") : "limit";
  t.client_id = f.text("clientOid");
  if (!is_client_id(t.client_id)) return deny("400100", "clientOid is invalid");
  if (side_text != "buy" && side_text != "sell") return deny("400100", "side is invalid");
  if (type != "limit" && type != "market") return deny("400100", "type is invalid");
  t.side = side_text == "buy" ? side::buy : side::sell;
  t.type = type == "market" ? order_type::market : f.flag("postOnly") ? order_type::limit_maker : order_type::limit;
  t.tif = tif == "IOC" ? time_in_force::ioc : tif == "FOK" ? time_in_force::fok : time_in_force::gtc;
  if (t.type == order_type::limit_maker && t.tif != time_in_force::gtc) return deny("400100", "postOnly is invalid with IOC or FOK");
  if (auto read = read_amounts(f, t); !read) return read;
  if (t.type != order_type::market) t.quote_quantity = {};
  if (!t.quantity.is_zero()) t.quote_quantity = {};
  if (t.quantity.is_zero() && t.quote_quantity.is_zero()) return deny("400100", "size or funds is required");
  return {};
}

}  // namespace

reply<std::string> kucoin_dialect::route_trading(const request& r) {
  std::string_view path = r.http.path;
  const std::string_view method = r.http.method;
  if (path == "/api/v1/hf/fills" && method == "GET") return list_trades(r);
  if (path == orders_path && method == "POST") return place(r);
  if (path == orders_path && method == "DELETE") return cancel_all(r);
  if (!path.starts_with(orders_path) || path.size() <= orders_path.size() + 1) return deny("404000", "Not Found", 404);
  const auto rest = path.substr(orders_path.size() + 1);
  if (rest == "dead-cancel-all" && method == "POST") return set_dead_man(r);
  if (rest == "dead-cancel-all/query" && method == "GET") return render_dead_man(r.account->number);
  if (rest == "cancelAll" && method == "DELETE") return cancel_all(r);
  if (rest == "active" && method == "GET") return list_active(r);
  if (rest == "active/symbols" && method == "GET") {
    std::vector<std::string> symbols;
    for (const auto* o : list_open_orders(venue(), *r.account)) {
      auto name = paper::quoted(symbol_of(o->instrument));
      if (std::ranges::find(symbols, name) == symbols.end()) symbols.push_back(std::move(name));
    }
    return fmt::format(R"({{"symbols":{}}})", join_list(symbols));
  }
  if (rest == "done" && method == "GET") return list_done(r);
  if (method == "GET") return find(r, rest);
  if (method == "DELETE") return cancel(r, rest.starts_with(synchronous) ? rest.substr(synchronous.size()) : rest);
  return deny("404000", "Not Found", 404);
}

reply<std::string> kucoin_dialect::place(const request& r) {
  order_ticket t;
  t.account = r.account->number;
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return deny("900001", "symbol not exists");
  t.instrument = *n;
  if (auto read = read_ticket(r.fields, t); !read) return std::unexpected(read.error());
  auto sent = r.fields.whole("clientTimestamp"), window = r.fields.whole("allowMaxTimeWindow");
  if (!sent || !window) return deny("400100", "clientTimestamp is invalid");
  if (*sent && *window && venue().now().ms() - **sent > **window) return deny("400100", "The order has exceeded the allowMaxTimeWindow.");
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), venue().engine().get_instrument(t.instrument), t);
  return fmt::format(R"({{"orderId":"{}","clientOid":{}}})", number_to_hex24(placed->order->number, order_salt), paper::quoted(t.client_id));
}

const paper_order* kucoin_dialect::find_order(const request& r, std::string_view rest) const {
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return nullptr;
  const paper_order* o = nullptr;
  if (rest.starts_with(by_client)) {
    o = find_visible_order(venue(), *r.account, rest.substr(by_client.size()));
  } else if (auto number = hex24_to_number(rest, order_salt)) {
    o = find_visible_order(venue(), *r.account, *number);
  }
  return o != nullptr && o->instrument == *n ? o : nullptr;
}

reply<std::string> kucoin_dialect::find(const request& r, std::string_view rest) {
  if (!r.fields.has("symbol")) return deny("400100", "symbol is required");
  const auto* o = find_order(r, rest);
  if (o == nullptr) return deny("400100", "The order does not exist.");
  return render_order(*o);
}

reply<std::string> kucoin_dialect::cancel(const request& r, std::string_view rest) {
  if (!r.fields.has("symbol")) return deny("400100", "symbol is required");
  const auto* o = find_order(r, rest);
  if (o == nullptr || is_terminal(o->status)) return deny("400100", "order_not_exist_or_not_allow_to_cancel");
  const auto number = o->number;
  const auto client_id = o->client_id;
  venue().cancel(r.account->number, number);
  if (rest.starts_with(by_client)) return fmt::format(R"({{"clientOid":{}}})", paper::quoted(client_id));
  return fmt::format(R"({{"orderId":"{}"}})", number_to_hex24(number, order_salt));
}

reply<std::string> kucoin_dialect::cancel_all(const request& r) {
  const bool everything = r.http.path.ends_with("cancelAll");
  std::optional<instrument_number> only;
  if (!everything) {
    only = find_symbol(r.fields.text("symbol"));
    if (!only) return deny("900001", "symbol not exists");
  }
  std::vector<order_number> numbers;
  std::vector<std::string> symbols;
  for (const auto* o : list_open_orders(venue(), *r.account, only)) {
    numbers.push_back(o->number);
    auto name = paper::quoted(symbol_of(o->instrument));
    if (std::ranges::find(symbols, name) == symbols.end()) symbols.push_back(std::move(name));
  }
  for (const auto n : numbers) venue().cancel(r.account->number, n);
  if (everything) return fmt::format(R"({{"succeedSymbols":{},"failedSymbols":[]}})", join_list(symbols));
  return std::string(R"("success")");
}

reply<std::string> kucoin_dialect::list_active(const request& r) const {
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return deny("400100", "symbol is required");
  auto orders = list_open_orders(venue(), *r.account, n);
  std::vector<std::string> out;
  for (auto o = orders.rbegin(); o != orders.rend(); ++o) out.push_back(render_order(**o));
  return join_list(out);
}

reply<std::string> kucoin_dialect::list_done(const request& r) const {
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return deny("400100", "symbol is required");
  const auto limit = r.fields.whole(r.fields.has("pageSize") ? "pageSize" : "limit"), last = r.fields.whole("lastId");
  const auto most = std::clamp<std::int64_t>(limit ? limit->value_or(20) : 20, 1, longest_page);
  const auto before = last ? last->value_or(0) : 0;
  auto orders = list_orders(venue(), *r.account, n);
  std::vector<std::string> out;
  std::int64_t last_id = 0;
  for (auto o = orders.rbegin(); o != orders.rend() && static_cast<std::int64_t>(out.size()) < most; ++o) {
    if (!is_terminal((*o)->status) || (before > 0 && (*o)->number >= before)) continue;
    out.push_back(render_order(**o));
    last_id = (*o)->number;
  }
  return fmt::format(R"({{"lastId":{},"items":{}}})", last_id, join_list(out));
}

reply<std::string> kucoin_dialect::list_trades(const request& r) const {
  const auto n = find_symbol(r.fields.text("symbol"));
  if (!n) return deny("400100", "symbol is required");
  const auto limit = r.fields.whole("limit"), last = r.fields.whole("lastId"), start = r.fields.whole("startAt"), end = r.fields.whole("endAt");
  if (!limit || !last || !start || !end) return deny("400100", "Parameter error.");
  const auto most = std::clamp<std::int64_t>(limit->value_or(20), 1, longest_page);
  const auto order = hex24_to_number(r.fields.text("orderId"), order_salt);
  auto fills = list_fills(venue(), *r.account, n);
  std::vector<std::string> out;
  std::int64_t last_id = 0;
  for (auto x = fills.rbegin(); x != fills.rend() && static_cast<std::int64_t>(out.size()) < most; ++x) {
    const auto& f = **x;
    const bool wanted = (last->value_or(0) == 0 || f.trade_id < **last) && (!order || f.order == *order) && f.at.ms() >= start->value_or(0) &&
                        (end->value_or(0) == 0 || f.at.ms() <= **end);
    if (!wanted) continue;
    const auto* o = venue().engine().find_order(f.order);
    last_id = f.trade_id;
    out.push_back(fmt::format(
        R"({{"id":{},"orderId":"{}","counterOrderId":"{}","tradeId":{},"symbol":"{}","side":"{}","liquidity":"{}","type":"{}","forceTaker":false,"price":"{}",)"
        R"("size":"{}","funds":"{}","fee":"{}","feeRate":"0.001","feeCurrency":"{}","stop":"","tradeType":"TRADE","taxRate":"0","tax":"0","createdAt":{}}})",
        f.trade_id, number_to_hex24(f.order, order_salt), number_to_hex24(f.trade_id, stranger_salt), f.trade_id, symbol_of(f.instrument),
        to_string(f.side), f.maker ? "maker" : "taker", o != nullptr && o->type == order_type::market ? "market" : "limit", f.price.to_string(),
        f.quantity.to_string(), (f.price * f.quantity).to_string(), f.fee.to_string(), venue().engine().asset_name(f.fee_asset), f.at.ms()));
  }
  return fmt::format(R"({{"items":{},"lastId":{}}})", join_list(out), last_id);
}

std::string kucoin_dialect::render_order(const paper_order& o) const {
  decimal fee;
  for (const auto& f : venue().engine().account(o.account).fills)
    if (f.order == o.number) fee += f.fee;
  const bool active = !is_terminal(o.status), market = o.type == order_type::market;
  const auto funds = o.quote_quantity.is_zero() ? o.price * o.quantity : o.quote_quantity;
  const bool cancelled = !active && o.status != order_status::filled;
  const auto left = o.quantity - o.filled_quantity;
  return fmt::format(
      R"({{"id":"{}","symbol":"{}","opType":"DEAL","type":"{}","side":"{}","price":"{}","size":"{}","funds":"{}","dealSize":"{}","dealFunds":"{}","fee":"{}",)"
      R"("feeCurrency":"{}","stp":"","timeInForce":"{}","postOnly":{},"hidden":false,"iceberg":false,"visibleSize":"0","cancelAfter":0,"channel":"API",)"
      R"("clientOid":{},"remark":"","tags":"","cancelExist":{},"createdAt":{},"lastUpdatedAt":{},"tradeType":"TRADE","inOrderBook":{},"cancelledSize":"{}",)"
      R"("cancelledFunds":"0","remainSize":"{}","remainFunds":"0","tax":"0","active":{}}})",
      number_to_hex24(o.number, order_salt), symbol_of(o.instrument), market ? "market" : "limit", to_string(o.side), o.price.to_string(),
      o.quote_quantity.is_zero() ? o.quantity.to_string() : "0", funds.to_string(), o.filled_quantity.to_string(), o.filled_notional.to_string(),
      fee.to_string(), venue().engine().get_instrument(o.instrument).quote_asset,
      o.tif == time_in_force::ioc ? "IOC" : o.tif == time_in_force::fok ? "FOK" : "GTC", o.type == order_type::limit_maker ? "true" : "false",
      paper::quoted(o.client_id), cancelled ? "true" : "false", o.created_at.ms(), o.updated_at.ms(), active ? "true" : "false",
      cancelled ? left.to_string() : "0", active ? left.to_string() : "0", active ? "true" : "false");
}

reply<std::string> kucoin_dialect::set_dead_man(const request& r) {
  constexpr std::int64_t shortest_s = 5, longest_s = 86'400;
  auto timeout = r.fields.whole("timeout");
  if (!timeout || !*timeout) return deny("400100", "timeout is required");
  const auto timeout_s = **timeout;
  if (timeout_s == -1) {
    dead_men_.erase(r.account->number);
  } else if (timeout_s < shortest_s || timeout_s > longest_s) {
    return deny("400100", "timeout not in the given range!");
  } else {
    dead_men_[r.account->number] = {timeout_s, venue().now() + seconds(timeout_s)};
    venue().later(seconds(timeout_s), [this, n = r.account->number] { fire_dead_man(n); });
  }
  const auto now_s = to_epoch_seconds(venue().now());
  return fmt::format(R"({{"currentTime":{},"triggerTime":{}}})", now_s, timeout_s == -1 ? 0 : now_s + timeout_s);
}

std::string kucoin_dialect::render_dead_man(account_number n) const {
  auto set = dead_men_.find(n);
  if (set == dead_men_.end()) return "null";
  return fmt::format(R"({{"timeout":{},"symbols":"","currentTime":{},"triggerTime":{}}})", set->second.timeout_s, to_epoch_seconds(venue().now()),
                     to_epoch_seconds(set->second.fires_at));
}

/// Set anew in the meantime, it is not due yet: then another call will come.
void kucoin_dialect::fire_dead_man(account_number n) {
  auto set = dead_men_.find(n);
  if (set == dead_men_.end() || set->second.fires_at > venue().now()) return;
  dead_men_.erase(set);
  const auto open = venue().engine().account(n).open_orders;
  for (const auto number : open) venue().cancel(n, number);
}

}  // namespace drover::exchanges::paper::kucoin
