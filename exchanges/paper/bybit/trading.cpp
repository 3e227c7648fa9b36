#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "exchanges/paper/bybit/bybit_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::bybit {

namespace {

/// Order ids have nineteen digits there.
constexpr std::int64_t id_base = 1'800'000'000'000'000'000;
constexpr std::size_t client_id_limit = 36;

std::string order_id(order_number n) {
  return std::to_string(id_base + n);
}

std::optional<order_number> number_of(std::string_view text) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value <= id_base) return std::nullopt;
  return value - id_base;
}

bool is_client_id(std::string_view text) {
  return text.size() <= client_id_limit && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

std::unexpected<refused> refuse(int code, std::string message) {
  return std::unexpected(refused{code, std::move(message)});
}

std::unexpected<refused> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter:
      return refuse(170'134, "Order price decimal too long.");
    case refusal::lot_size:
      if (t.quantity < i.min_quantity) return refuse(170'136, "Order quantity exceeded lower limit.");
      return refuse(170'137, "Order volume decimal too long.");
    case refusal::min_notional:
      return refuse(170'140, "Order value exceeded lower limit.");
    case refusal::insufficient_funds:
      return refuse(170'131, "Insufficient balance.");
    case refusal::would_match:
      return refuse(170'218, "The LIMIT-MAKER order is rejected due to invalid price.");
    case refusal::duplicate_client_id:
      return refuse(170'141, "Duplicate clientOrderId");
    case refusal::market_closed:
      return refuse(170'151, "The trading pair is not open yet.");
    case refusal::too_many_orders:
      return refuse(170'210, "New order rejected.");
  }
  return refuse(170'210, "New order rejected.");
}

std::string_view status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open:
      return "New";
    case order_status::partially_filled:
      return "PartiallyFilled";
    case order_status::filled:
      return "Filled";
    case order_status::rejected:
      return "Rejected";
    default:
      break;
  }
  return o.filled_quantity.is_zero() ? "Cancelled" : "PartiallyFilledCanceled";
}

std::string_view tif_of(const paper_order& o) {
  if (o.type == order_type::limit_maker) return "PostOnly";
  if (o.type == order_type::market) return "IOC";
  return o.tif == time_in_force::ioc ? "IOC" : o.tif == time_in_force::fok ? "FOK" : "GTC";
}

std::string render_ids(const paper_order& o) {
  return fmt::format(R"({{"orderId":"{}","orderLinkId":{}}})", order_id(o.number), paper::quoted(o.client_id));
}

}  // namespace

std::string bybit_dialect::render_order(const paper_order& o) const {
  const auto average =
      o.filled_quantity.is_zero() ? std::string() : (o.filled_notional / o.filled_quantity).to_string();
  const bool by_quote = !o.quote_quantity.is_zero(), market = o.type == order_type::market;
  return fmt::format(
      R"({{"category":"spot","symbol":"{}","orderId":"{}","orderLinkId":{},"blockTradeId":"","side":"{}","positionIdx":0,"orderStatus":"{}","cancelType":"UNKNOWN",)"
      R"("rejectReason":"EC_NoError","timeInForce":"{}","isLeverage":"0","price":"{}","qty":"{}","avgPrice":"{}","leavesQty":"{}","leavesValue":"0",)"
      R"("cumExecQty":"{}","cumExecValue":"{}","cumExecFee":"0","orderType":"{}","stopOrderType":"","orderIv":"","triggerPrice":"0","marketUnit":"{}",)"
      R"("createdTime":"{}","updatedTime":"{}","feeCurrency":""}})",
      venue_symbol(o.instrument), order_id(o.number), paper::quoted(o.client_id), o.side == side::buy ? "Buy" : "Sell",
      status_of(o), tif_of(o), market ? "0" : o.price.to_string(),
      by_quote ? o.quote_quantity.to_string() : o.quantity.to_string(), average,
      is_terminal(o.status) ? "0" : o.remaining().to_string(), o.filled_quantity.to_string(),
      o.filled_notional.to_string(), market ? "Market" : "Limit", market ? (by_quote ? "quoteCoin" : "baseCoin") : "",
      o.created_at.ms(), o.updated_at.ms());
}

std::string bybit_dialect::render_execution(const execution& e) const {
  const auto* o = venue().engine().find_order(e.order);
  return fmt::format(
      R"({{"category":"spot","symbol":"{}","orderId":"{}","orderLinkId":{},"side":"{}","orderPrice":"{}","orderQty":"{}","orderType":"{}","execFee":"{}",)"
      R"("feeCurrency":"{}","execId":"{}","execPrice":"{}","execQty":"{}","execType":"Trade","execValue":"{}","execTime":"{}","isMaker":{},"feeRate":"0.001",)"
      R"("leavesQty":"0","isLeverage":"0","seq":{}}})",
      venue_symbol(e.instrument), order_id(e.order), paper::quoted(o == nullptr ? "" : o->client_id),
      e.side == side::buy ? "Buy" : "Sell", o == nullptr ? "0" : o->price.to_string(),
      o == nullptr ? "0" : o->quantity.to_string(), o != nullptr && o->type == order_type::market ? "Market" : "Limit",
      e.fee.to_string(), venue().engine().asset_name(e.fee_asset), e.trade_id, e.price.to_string(),
      e.quantity.to_string(), (e.price * e.quantity).to_string(), e.at.ms(), e.maker ? "true" : "false", e.trade_id);
}

std::string bybit_dialect::render_wallet(const api_account& account) const {
  std::vector<std::string> coins;
  for (const auto& h : venue().engine().account(account.number).balances.holdings())
    coins.push_back(fmt::format(
        R"({{"coin":"{}","equity":"{}","usdValue":"0","walletBalance":"{}","free":"","locked":"{}","borrowAmount":"0","availableToWithdraw":"",)"
        R"("accruedInterest":"0","totalOrderIM":"0","totalPositionIM":"0"}})",
        venue().engine().asset_name(h.asset), (h.free + h.locked).to_string(), (h.free + h.locked).to_string(),
        h.locked.to_string()));
  return fmt::format(
      R"({{"accountType":"UNIFIED","accountLTV":"0","totalEquity":"0","totalWalletBalance":"0","totalAvailableBalance":"0","coin":{}}})",
      join_list(coins));
}

outcome bybit_dialect::place(const api_account& account, const request_fields& f) {
  if (f.text("category") != "spot") return refuse(10'001, "Illegal category");
  order_ticket t;
  t.account = account.number;
  const auto instrument = venue().engine().find_instrument(f.text("symbol"));
  if (!instrument) return refuse(170'121, "Invalid symbol.");
  t.instrument = *instrument;
  t.client_id = f.text("orderLinkId");
  if (!is_client_id(t.client_id)) return refuse(10'001, "Invalid orderLinkId.");
  const auto side_text = f.text("side"), type = f.text("orderType"), tif = f.text("timeInForce");
  if (side_text != "Buy" && side_text != "Sell") return refuse(10'001, "Side invalid");
  t.side = side_text == "Buy" ? side::buy : side::sell;
  if (type != "Limit" && type != "Market") return refuse(10'001, "OrderType invalid");
  t.type = type == "Market" ? order_type::market : tif == "PostOnly" ? order_type::limit_maker : order_type::limit;
  t.tif = tif == "IOC" ? time_in_force::ioc : tif == "FOK" ? time_in_force::fok : time_in_force::gtc;
  auto quantity = f.amount("qty"), price = f.amount("price");
  if (!quantity || !*quantity)
    return refuse(quantity.has_value() ? 10'001 : 170'137,
                  quantity.has_value() ? "Qty invalid" : "Order volume decimal too long.");
  if (t.type != order_type::market && (!price || !*price)) return refuse(170'134, "Order price decimal too long.");
  const bool by_quote = t.type == order_type::market && t.side == side::buy && f.text("marketUnit") != "baseCoin";
  (by_quote ? t.quote_quantity : t.quantity) = **quantity;
  if (t.type != order_type::market) t.price = **price;
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), venue().engine().get_instrument(t.instrument), t);
  return render_ids(*placed->order);
}

outcome bybit_dialect::cancel(const api_account& account, const request_fields& f) {
  const auto number = number_of(f.text("orderId"));
  const paper_order* o = number                 ? find_visible_order(venue(), account, *number)
                         : f.has("orderLinkId") ? find_visible_order(venue(), account, f.text("orderLinkId"))
                                                : nullptr;
  if (o == nullptr || is_terminal(o->status)) return refuse(170'213, "Order does not exist.");
  const auto id = o->number;
  return render_ids(*venue().cancel(account.number, id));
}

outcome bybit_dialect::cancel_all(const call& c) {
  std::optional<instrument_number> only;
  if (c.fields.has("symbol")) {
    only = venue().engine().find_instrument(c.fields.text("symbol"));
    if (!only) return refuse(170'121, "Invalid symbol.");
  }
  std::vector<order_number> numbers;
  for (const auto* o : list_open_orders(venue(), *c.account, only)) numbers.push_back(o->number);
  std::vector<std::string> out;
  for (const auto n : numbers) out.push_back(render_ids(*venue().cancel(c.account->number, n)));
  return fmt::format(R"({{"list":{},"success":"1"}})", join_list(out));
}

outcome bybit_dialect::route_private(const call& c) {
  const std::string_view path = c.http.path;
  const auto& rights = c.account->permissions;
  if (c.http.method == "POST" ? !rights.trade : !rights.read)
    return refuse(10'005, "Permission denied, please check your API key permissions.");
  const bool changes = path == "/v5/order/create" || path.starts_with("/v5/order/cancel");
  if (changes != (c.http.method == "POST")) return refuse(10'017, "Route not found.");
  if (path == "/v5/order/create") return place(*c.account, c.fields);
  if (path == "/v5/order/cancel") return cancel(*c.account, c.fields);
  if (path == "/v5/order/cancel-all") return cancel_all(c);
  if (path == "/v5/order/realtime" || path == "/v5/order/history") return find_orders(c, path.ends_with("history"));
  if (path == "/v5/execution/list") return list_fills_of(c);
  if (path == "/v5/account/wallet-balance") return R"({"list":[)" + render_wallet(*c.account) + "]}";
  if (path == "/v5/account/info")
    return std::string(
        R"({"unifiedMarginStatus":5,"marginMode":"REGULAR_MARGIN","dcpStatus":"OFF","timeWindow":0,"smpGroup":0,"updatedTime":"0"})");
  if (path == "/v5/asset/coin/query-info") return std::string(R"({"rows":[]})");
  if (path == "/v5/user/query-api") {
    const auto ips = c.account->addresses.empty() ? std::string(rights.ip_restrict ? "127.0.0.1" : "*")
                                                  : c.account->addresses.front();
    return fmt::format(
        R"({{"id":"1","note":"key","apiKey":"{}","readOnly":{},"secret":"","permissions":{{"ContractTrade":[],"Spot":[{}],"Wallet":[{}],"Options":[],)"
        R"("Derivatives":[],"Exchange":[]}},"ips":["{}"],"type":1,"uta":1,"userID":1,"isMaster":true,"unified":0}})",
        c.account->api_key, rights.trade ? 0 : 1, rights.trade ? R"("SpotTrade")" : "",
        rights.withdraw ? R"("AccountTransfer","Withdraw")" : "", ips);
  }
  return refuse(10'001, "Request parameter error.");
}

outcome bybit_dialect::find_orders(const call& c, bool history) {
  std::optional<instrument_number> only;
  if (c.fields.has("symbol")) {
    only = venue().engine().find_instrument(c.fields.text("symbol"));
    if (!only) return refuse(170'121, "Invalid symbol.");
  }
  std::vector<std::string> out;
  const auto list = [&] {
    return fmt::format(R"({{"category":"spot","list":{},"nextPageCursor":""}})", join_list(out));
  };
  const bool named = c.fields.has("orderId") || c.fields.has("orderLinkId");
  if (named) {
    const auto number = number_of(c.fields.text("orderId"));
    const auto* o = number ? find_visible_order(venue(), *c.account, *number)
                    : c.fields.has("orderLinkId")
                        ? find_visible_order(venue(), *c.account, c.fields.text("orderLinkId"))
                        : nullptr;
    // Recently closed orders are still in both places.
    if (o != nullptr && (!history || is_terminal(o->status)) && (!only || o->instrument == *only))
      out.push_back(render_order(*o));
    return list();
  }
  const auto status = c.fields.text("orderStatus");
  auto limit = c.fields.whole("limit");
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(limit ? limit->value_or(20) : 20, 1, 50));
  auto orders = history ? list_orders(venue(), *c.account, only) : list_open_orders(venue(), *c.account, only);
  const auto before = number_of(c.fields.text("cursor"));
  std::string cursor;
  for (auto o = orders.rbegin(); o != orders.rend(); ++o) {
    const bool wanted = (!history || is_terminal((*o)->status)) && (status.empty() || status_of(**o) == status) &&
                        (!before || (*o)->number < *before);
    if (!wanted) continue;
    if (out.size() == most) break;
    out.push_back(render_order(**o));
    cursor = order_id((*o)->number);
  }
  return fmt::format(R"({{"category":"spot","list":{},"nextPageCursor":"{}"}})", join_list(out),
                     out.size() == most ? cursor : std::string());
}

outcome bybit_dialect::list_fills_of(const call& c) {
  std::optional<instrument_number> only;
  if (c.fields.has("symbol")) only = venue().engine().find_instrument(c.fields.text("symbol"));
  const auto order = number_of(c.fields.text("orderId"));
  auto limit = c.fields.whole("limit"), start = c.fields.whole("startTime"), cursor = c.fields.whole("cursor");
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(limit ? limit->value_or(50) : 50, 1, 100));
  auto fills = list_fills(venue(), *c.account, only);
  std::vector<std::string> out;
  std::size_t next = 0;
  for (std::size_t i = fills.size(); i-- > 0;) {
    const auto& x = *fills[i];
    const auto place_in_list = static_cast<std::int64_t>(i) + 1;
    if ((order && x.order != *order) || (cursor && *cursor && place_in_list >= **cursor) ||
        (start && *start && x.at.ms() < **start))
      continue;
    if (out.size() == most) {
      next = i + 2;
      break;
    }
    out.push_back(render_execution(x));
  }
  return fmt::format(R"({{"category":"spot","list":{},"nextPageCursor":"{}"}})", join_list(out),
                     next > 0 ? std::to_string(next) : std::string());
}

void bybit_dialect::on_order(const paper_order& o, order_change, const execution* e) {
  if (!users_.has(o.account)) return;
  const auto text = "[" + render_order(o) + "]";
  const auto done = e == nullptr ? std::string() : "[" + render_execution(*e) + "]";
  users_.each(o.account, [&](session& s) {
    if (!done.empty()) s.tell("execution", done);
    s.tell("order", text);
  });
}

void bybit_dialect::on_balances(account_number n, instrument_number) {
  if (!users_.has(n)) return;
  const auto text = "[" + render_wallet(venue().accounts().get(n)) + "]";
  users_.each(n, [&](session& s) { s.tell("wallet", text); });
}

}  // namespace drover::exchanges::paper::bybit
