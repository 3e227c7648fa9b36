#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "exchanges/paper/okx/okx_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::okx {

namespace {

/// Order ids have eighteen digits there.
constexpr std::int64_t id_base = 680'000'000'000'000'000;
constexpr std::size_t client_id_limit = 32, batch_limit = 20;
constexpr std::int64_t longest_page = 100;

std::string order_id(order_number n) {
  return std::to_string(id_base + n);
}

std::optional<order_number> number_of(std::string_view text) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value <= id_base) return std::nullopt;
  return value - id_base;
}

bool is_alphanumeric(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// The header expTime, milliseconds: the latest time at which the order may be taken. Absent = any.
bool has_expired(std::string_view latest_ms, wall_time now) {
  std::int64_t latest = 0;
  const auto [end, failure] = std::from_chars(latest_ms.data(), latest_ms.data() + latest_ms.size(), latest);
  return !latest_ms.empty() &&
         (failure != std::errc() || end != latest_ms.data() + latest_ms.size() || latest < now.ms());
}

okx_dialect::acknowledgement refuse(const request_fields& f, std::string_view code, std::string_view message) {
  return {false, fmt::format(R"({{"clOrdId":{},"ordId":"","sCode":"{}","sMsg":{},"tag":"","ts":"0"}})",
                             paper::quoted(f.text("clOrdId")), code, paper::quoted(message))};
}

okx_dialect::acknowledgement accept(const paper_order& o) {
  return {true, fmt::format(R"({{"clOrdId":{},"ordId":"{}","sCode":"0","sMsg":"","tag":"","ts":"{}"}})",
                            paper::quoted(o.client_id), order_id(o.number), o.updated_at.ms())};
}

okx_dialect::acknowledgement explain(refusal why, const request_fields& f, const exchanges::instrument& i,
                                     const order_ticket& t) {
  switch (why) {
    case refusal::price_filter:
      return refuse(f, "51000", "Parameter px error");
    case refusal::lot_size:
      if (t.quantity < i.min_quantity)
        return refuse(f, "51020", "Your order should meet or exceed the minimum order amount.");
      return refuse(f, "51121", "Order quantity must be a multiple of the lot size.");
    case refusal::min_notional:
      return refuse(f, "51020", "Your order should meet or exceed the minimum order amount.");
    case refusal::insufficient_funds:
      return refuse(
          f, "51008",
          "Order failed. Insufficient " + (t.side == side::buy ? i.quote_asset : i.base_asset) + " balance in account");
    case refusal::duplicate_client_id:
      return refuse(f, "51016", "Client order ID already exists.");
    case refusal::market_closed:
      return refuse(f, "51022", "Contract suspended");
    case refusal::too_many_orders:
      return refuse(f, "51004", "Order amount exceeds current tier limit.");
    case refusal::would_match:
      return refuse(f, "51000", "Parameter ordType error");
  }
  return refuse(f, "51000", "Parameter error");
}

std::string_view state_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open:
      return "live";
    case order_status::partially_filled:
      return "partially_filled";
    case order_status::filled:
      return "filled";
    default:
      return "canceled";
  }
}

std::string_view kind_of(const paper_order& o) {
  if (o.type == order_type::market) return "market";
  if (o.type == order_type::limit_maker) return "post_only";
  return o.tif == time_in_force::ioc ? "ioc" : o.tif == time_in_force::fok ? "fok" : "limit";
}

}  // namespace

std::string okx_dialect::render_order(const paper_order& o, const execution* e) const {
  const auto average =
      o.filled_quantity.is_zero() ? std::string() : (o.filled_notional / o.filled_quantity).to_string();
  const bool by_quote = !o.quote_quantity.is_zero();
  auto out = fmt::format(
      R"({{"instType":"SPOT","instId":"{}","tgtCcy":"{}","ccy":"","ordId":"{}","clOrdId":{},"tag":"","px":"{}","sz":"{}","pnl":"0","ordType":"{}","side":"{}",)"
      R"("posSide":"net","tdMode":"cash","accFillSz":"{}","avgPx":"{}","state":"{}","lever":"","feeCcy":"","fee":"0","rebateCcy":"","rebate":"0",)"
      R"("category":"normal","cancelSource":"{}","uTime":"{}","cTime":"{}")",
      instrument_id(o.instrument), o.type == order_type::market ? (by_quote ? "quote_ccy" : "base_ccy") : "",
      order_id(o.number), paper::quoted(o.client_id), o.type == order_type::market ? "" : o.price.to_string(),
      by_quote ? o.quote_quantity.to_string() : o.quantity.to_string(), kind_of(o),
      o.side == side::buy ? "buy" : "sell", o.filled_quantity.to_string(), average, state_of(o),
      o.cancelled_as_taker ? "31" : "", o.updated_at.ms(), o.created_at.ms());
  if (e == nullptr) return out + R"(,"tradeId":"","fillPx":"","fillSz":"0","fillTime":""})";
  return out +
         fmt::format(
             R"(,"tradeId":"{}","fillPx":"{}","fillSz":"{}","fillTime":"{}","fillFee":"{}","fillFeeCcy":"{}","execType":"{}"}})",
             e->trade_id, e->price.to_string(), e->quantity.to_string(), e->at.ms(), (-e->fee).to_string(),
             venue().engine().asset_name(e->fee_asset), e->maker ? "M" : "T");
}

okx_dialect::acknowledgement okx_dialect::place(const api_account& account, const request_fields& f) {
  order_ticket t;
  t.account = account.number;
  const auto instrument = find_instrument(f.text("instId"));
  if (!instrument) return refuse(f, "51001", "Instrument ID doesn't exist.");
  t.instrument = *instrument;
  t.client_id = f.text("clOrdId");
  if (t.client_id.size() > client_id_limit || !is_alphanumeric(t.client_id))
    return refuse(f, "51000", "Parameter clOrdId error");
  if (f.text("tdMode") != "cash") return refuse(f, "51000", "Parameter tdMode error");
  if (f.text("side") != "buy" && f.text("side") != "sell") return refuse(f, "51000", "Parameter side error");
  t.side = f.text("side") == "buy" ? side::buy : side::sell;
  const auto kind = f.text("ordType");
  constexpr std::array<std::string_view, 5> kinds{"limit", "market", "post_only", "ioc", "fok"};
  if (std::ranges::find(kinds, kind) == kinds.end()) return refuse(f, "51000", "Parameter ordType error");
  t.type = kind == "market" ? order_type::market : kind == "post_only" ? order_type::limit_maker : order_type::limit;
  t.tif = kind == "ioc" ? time_in_force::ioc : kind == "fok" ? time_in_force::fok : time_in_force::gtc;
  auto size = f.amount("sz"), price = f.amount("px");
  if (!size || !*size) return refuse(f, "51000", "Parameter sz error");
  if (t.type != order_type::market && (!price || !*price)) return refuse(f, "51000", "Parameter px error");
  const bool by_quote = t.type == order_type::market && t.side == side::buy && f.text("tgtCcy") != "base_ccy";
  (by_quote ? t.quote_quantity : t.quantity) = **size;
  if (t.type != order_type::market) t.price = **price;
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), f, venue().engine().get_instrument(t.instrument), t);
  return accept(*placed->order);
}

okx_dialect::acknowledgement okx_dialect::cancel(const api_account& account, const request_fields& f) {
  const auto by_number = number_of(f.text("ordId"));
  const paper_order* o = nullptr;
  if (by_number)
    o = find_visible_order(venue(), account, *by_number);
  else if (f.has("clOrdId"))
    o = find_visible_order(venue(), account, f.text("clOrdId"));
  if (o == nullptr || is_terminal(o->status))
    return refuse(f, "51400", "Cancellation failed as the order has been filled, canceled or does not exist.");
  const auto number = o->number;
  return accept(*venue().cancel(account.number, number));
}

outcome okx_dialect::route_private(const call& c) {
  const std::string_view path = c.http.path, method = c.http.method;
  const auto& rights = c.account->permissions;
  const bool writes = method == "POST";
  if (writes ? !rights.trade : !rights.read)
    return std::unexpected(refused{403, "50120", "This API key doesn't have permission to use this function."});
  constexpr std::array<std::string_view, 5> changes{"/api/v5/trade/batch-orders", "/api/v5/trade/cancel-order",
                                                    "/api/v5/trade/cancel-batch-orders",
                                                    "/api/v5/trade/cancel-all-after", "/api/v5/trade/order"};
  const bool asks = path == "/api/v5/trade/order" && method == "GET";
  if (!asks && writes != (std::ranges::find(changes, path) != changes.end()))
    return std::unexpected(refused{405, "50115", "Invalid request method"});
  if (path == "/api/v5/account/config") {
    std::string perm = "read_only";
    if (rights.trade) perm += ",trade";
    if (rights.withdraw) perm += ",withdraw";
    return fmt::format(
        R"([{{"uid":"{}","mainUid":"1","acctLv":"1","posMode":"net_mode","label":"key","perm":"{}","ip":"{}"}}])",
        to_index(c.account->number), perm,
        rights.ip_restrict || !c.account->addresses.empty()
            ? (c.account->addresses.empty() ? "127.0.0.1" : c.account->addresses.front())
            : "");
  }
  if (path == "/api/v5/account/balance") return "[" + render_balances(*c.account) + "]";
  if (path == "/api/v5/asset/currencies") return std::string("[]");
  if (path == "/api/v5/trade/order" && method == "GET") return find_order(c);
  if (path == "/api/v5/trade/order" || path == "/api/v5/trade/batch-orders") return answer_batch(c, true);
  if (path == "/api/v5/trade/cancel-order" || path == "/api/v5/trade/cancel-batch-orders")
    return answer_batch(c, false);
  if (path == "/api/v5/trade/orders-pending") return list_orders_of(c, true);
  if (path == "/api/v5/trade/orders-history") return list_orders_of(c, false);
  if (path == "/api/v5/trade/fills" || path == "/api/v5/trade/fills-history") return list_fills_of(c);
  if (path == "/api/v5/trade/cancel-all-after") return start_dead_man(c);
  return std::unexpected(refused{404, "50404", "Not found"});
}

outcome okx_dialect::answer_batch(const call& c, bool places) {
  if (places && has_expired(find_header(c.http.headers, "expTime"), venue().now()))
    return std::unexpected(refused{200, "50036", "The expTime can't be earlier than the current system time."});
  std::vector<request_fields> orders;
  if (c.http.body.starts_with("[")) {
    const auto list = read_loose_json(c.http.body);
    if (!list || !list->is_array() || list->empty() || list->size() > batch_limit)
      return std::unexpected(refused{400, "50002", "JSON syntax error"});
    for (const auto& item : *list) orders.push_back(request_fields::from_json(item));
  } else {
    orders.push_back(c.fields);
  }
  std::vector<std::string> out;
  std::size_t done = 0;
  for (const auto& f : orders) {
    auto answered = places ? place(*c.account, f) : cancel(*c.account, f);
    done += answered.done ? 1 : 0;
    out.push_back(std::move(answered.json));
  }
  const auto* code = done == out.size() ? "0" : done == 0 ? "1" : "2";
  const auto* message = done == out.size() ? ""
                        : done == 0        ? "All operations failed"
                                           : "Bulk operation partially succeeded";
  return fmt::format(R"({{"code":"{}","data":{},"inTime":"0","msg":"{}","outTime":"0"}})", code, join_list(out),
                     message);
}

outcome okx_dialect::start_dead_man(const call& c) {
  constexpr std::int64_t shortest_s = 10, longest_s = 120;
  auto given = c.fields.whole("timeOut");
  const auto timeout = given ? given->value_or(-1) : -1;
  if (timeout != 0 && (timeout < shortest_s || timeout > longest_s))
    return std::unexpected(refused{200, "51000", "Parameter timeOut error"});
  const auto account = c.account->number;
  const auto timer = ++last_timer_;
  dead_men_[account] = timer;
  if (timeout > 0)
    venue().later(seconds(timeout), [this, account, timer] {
      if (dead_men_[account] != timer) return;
      for (const auto* o : std::vector(list_open_orders(venue(), venue().accounts().get(account))))
        venue().cancel(account, o->number);
    });
  const auto trigger = timeout > 0 ? (venue().now() + seconds(timeout)).ms() : 0;
  return fmt::format(R"([{{"triggerTime":"{}","tag":"","ts":"{}"}}])", trigger, venue().now().ms());
}

outcome okx_dialect::find_order(const call& c) {
  const auto number = number_of(c.fields.text("ordId"));
  const auto* o = number                    ? find_visible_order(venue(), *c.account, *number)
                  : c.fields.has("clOrdId") ? find_visible_order(venue(), *c.account, c.fields.text("clOrdId"))
                                            : nullptr;
  if (o == nullptr || instrument_id(o->instrument) != c.fields.text("instId"))
    return std::unexpected(refused{200, "51603", "Order does not exist"});
  return "[" + render_order(*o, nullptr) + "]";
}

outcome okx_dialect::list_orders_of(const call& c, bool open) {
  std::optional<instrument_number> only;
  if (c.fields.has("instId")) {
    only = find_instrument(c.fields.text("instId"));
    if (!only) return std::unexpected(refused{200, "51001", "Instrument ID doesn't exist."});
  }
  auto limit = c.fields.whole("limit");
  const auto most = static_cast<std::size_t>(
      std::clamp<std::int64_t>(limit ? limit->value_or(longest_page) : longest_page, 1, longest_page));
  const auto before = number_of(c.fields.text("after"));
  const auto state = c.fields.text("state");
  auto orders = open ? list_open_orders(venue(), *c.account, only) : list_orders(venue(), *c.account, only);
  std::vector<std::string> out;
  for (auto o = orders.rbegin(); o != orders.rend() && out.size() < most; ++o) {
    const bool wanted = (open || is_terminal((*o)->status)) && (state.empty() || state_of(**o) == state) &&
                        (!before || (*o)->number < *before);
    if (wanted) out.push_back(render_order(**o, nullptr));
  }
  return join_list(out);
}

outcome okx_dialect::list_fills_of(const call& c) {
  std::optional<instrument_number> only;
  if (c.fields.has("instId")) only = find_instrument(c.fields.text("instId"));
  const auto order = number_of(c.fields.text("ordId"));
  auto limit = c.fields.whole("limit"), after = c.fields.whole("after"), begin = c.fields.whole("begin");
  const auto most = static_cast<std::size_t>(
      std::clamp<std::int64_t>(limit ? limit->value_or(longest_page) : longest_page, 1, longest_page));
  auto fills = list_fills(venue(), *c.account, only);
  std::vector<std::string> out;
  // Bills are numbered in the order of the account's fills.
  for (std::size_t i = fills.size(); i-- > 0 && out.size() < most;) {
    const auto& x = *fills[i];
    const auto bill = static_cast<std::int64_t>(i) + 1;
    if ((order && x.order != *order) || (after && *after && bill >= **after) ||
        (begin && *begin && x.at.ms() < **begin))
      continue;
    const auto* o = venue().engine().find_order(x.order);
    out.push_back(fmt::format(
        R"({{"instType":"SPOT","instId":"{}","tradeId":"{}","ordId":"{}","clOrdId":{},"billId":"{}","tag":"","fillPx":"{}","fillSz":"{}",)"
        R"("side":"{}","posSide":"net","execType":"{}","feeCcy":"{}","fee":"{}","ts":"{}","fillTime":"{}"}})",
        instrument_id(x.instrument), x.trade_id, order_id(x.order), paper::quoted(o == nullptr ? "" : o->client_id),
        bill, x.price.to_string(), x.quantity.to_string(), x.side == side::buy ? "buy" : "sell", x.maker ? "M" : "T",
        venue().engine().asset_name(x.fee_asset), (-x.fee).to_string(), x.at.ms(), x.at.ms()));
  }
  return join_list(out);
}

std::string okx_dialect::render_balances(const api_account& account) const {
  std::vector<std::string> details;
  for (const auto& h : venue().engine().account(account.number).balances.holdings())
    details.push_back(fmt::format(
        R"({{"ccy":"{}","cashBal":"{}","eq":"{}","availBal":"{}","availEq":"{}","frozenBal":"{}","ordFrozen":"{}","uTime":"{}"}})",
        venue().engine().asset_name(h.asset), (h.free + h.locked).to_string(), (h.free + h.locked).to_string(),
        h.free.to_string(), h.free.to_string(), h.locked.to_string(), h.locked.to_string(), venue().now().ms()));
  return fmt::format(R"({{"uTime":"{}","totalEq":"0","details":{}}})", venue().now().ms(), join_list(details));
}

void okx_dialect::on_order(const paper_order& o, order_change, const execution* e) {
  if (!users_.has(o.account)) return;
  const auto data = render_order(o, e);
  const auto id = instrument_id(o.instrument);
  users_.each(o.account, [&](session& s) { s.tell("orders", id, data); });
}

void okx_dialect::on_balances(account_number n, instrument_number) {
  if (!users_.has(n)) return;
  const auto data = render_balances(venue().accounts().get(n));
  users_.each(n, [&](session& s) { s.tell("account", {}, data); });
}

}  // namespace drover::exchanges::paper::okx
