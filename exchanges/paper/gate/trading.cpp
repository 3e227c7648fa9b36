#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/gate/gate_dialect.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

constexpr std::int64_t shortest_countdown_s = 5;
constexpr std::size_t longest_text = 28;
constexpr std::string_view text_prefix = "t-";

std::unexpected<refused> refuse(std::string label, std::string message, int status = 400) {
  return std::unexpected(refused{status, std::move(label), std::move(message)});
}

std::unexpected<refused> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter: return refuse("INVALID_PRECISION", "invalid price precision");
    case refusal::lot_size:
      if (t.quantity < i.min_quantity) return refuse("AMOUNT_TOO_LITTLE", "amount too little");
      return refuse("INVALID_PRECISION", "invalid amount precision");
    case refusal::min_notional: {
      const auto size = t.quote_quantity.is_positive() ? t.quote_quantity : decimal::multiply(t.price, t.quantity, rounding::down);
      return refuse("INVALID_PARAM_VALUE", fmt::format("Your order size {0} {1} is too small. The minimum is {2} {1}", fixed(size, 8), i.quote_asset,
                                                       i.min_notional.to_string()));
    }
    case refusal::insufficient_funds: return refuse("BALANCE_NOT_ENOUGH", "Not enough balance");
    case refusal::would_match: return refuse("POC_FILL_IMMEDIATELY", "POC order would fill immediately");
    case refusal::duplicate_client_id: return refuse("REPEATED_CREATION", "Duplicate text");
    case refusal::market_closed: return refuse("TRADE_RESTRICTED", "Trading is suspended");
    case refusal::too_many_orders: return refuse("TOO_MANY_ORDERS", "Too many open orders");
  }
  return refuse("BAD_REQUEST", "Bad request");
}

bool is_good_text(std::string_view text) {
  if (!text.starts_with(text_prefix) || text.size() > text_prefix.size() + longest_text) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
  });
}

/// Pages count from 1; out-of-range ones are empty.
struct page {
  std::size_t first = 0, size = 0;
};
outcome<page> read_page(const request_fields& f, std::int64_t most) {
  const auto limit = f.whole("limit"), number = f.whole("page");
  if (!limit || !number || limit->value_or(1) < 1 || limit->value_or(1) > most || number->value_or(1) < 1 || number->value_or(1) > 1'000'000)
    return refuse("INVALID_PARAM_VALUE", "Invalid limit or page");
  const auto size = limit->value_or(100);
  return page{static_cast<std::size_t>((number->value_or(1) - 1) * size), static_cast<std::size_t>(size)};
}

outcome<void> read_kind(const request_fields& f, order_ticket& t) {
  const auto side_word = f.text("side");
  if (side_word != "buy" && side_word != "sell") return refuse("INVALID_PARAM_VALUE", "Invalid side");
  t.side = side_word == "buy" ? side::buy : side::sell;
  const auto type = f.has("type") ? f.text("type") : "limit";
  if (type != "limit" && type != "market") return refuse("INVALID_PARAM_VALUE", "Invalid type");
  const auto tif = f.has("time_in_force") ? f.text("time_in_force") : "gtc";
  if (tif != "gtc" && tif != "ioc" && tif != "poc" && tif != "fok") return refuse("INVALID_PARAM_VALUE", "Invalid time_in_force");
  if (type == "market" && tif != "ioc" && tif != "fok")
    return refuse("INVALID_PARAM_VALUE", "time_in_force of market orders must be ioc or fok");
  t.type = type == "market" ? order_type::market : tif == "poc" ? order_type::limit_maker : order_type::limit;
  t.tif = tif == "ioc" ? time_in_force::ioc : tif == "fok" ? time_in_force::fok : time_in_force::gtc;
  return {};
}

}  // namespace

outcome<std::string> gate_dialect::route_private(const request& r) {
  const auto path = std::string_view(r.http.path).substr(std::string_view("/api/v4").size());
  const std::string_view method = r.http.method;
  constexpr std::string_view orders = "/spot/orders/";
  const auto key = request_meter::make_key(r.account.number);
  const bool places = path == "/spot/orders" && method == "POST";
  const bool cancels = method == "DELETE";
  if (!places && !cancels) {
    const auto endpoint = std::string(method) + " " + std::string(path.starts_with(orders) ? orders : path);
    if (endpoint_limits_.size() > 100 && !endpoint_limits_.contains(endpoint)) return refuse("NOT_FOUND", "Not found", 404);
    if (auto allowed = charge(limit_of(endpoint, true), key); !allowed) return std::unexpected(allowed.error());
  }
  if (cancels)
    if (auto allowed = charge(cancelling_limit_, key); !allowed) return std::unexpected(allowed.error());
  if (!r.account.permissions.read) return refuse("FORBIDDEN", "Request API key does not have spot permission", 403);
  if (method != "GET" && !r.account.permissions.trade) return refuse("READ_ONLY", "Request API key is read-only", 403);
  if (path == "/account/detail" && method == "GET") {
    std::vector<std::string> addresses;
    for (const auto& a : r.account.addresses) addresses.push_back(paper::quoted(a));
    return fmt::format(R"({{"user_id":{},"ip_whitelist":{},"currency_pairs":[],"key":{{"mode":1}},"tier":0}})",
                       to_index(r.account.number) + 1'000'000, join_list(addresses));
  }
  if (path == "/account/main_keys" && method == "GET") {
    const auto withdraw = r.account.permissions.withdraw ? R"(,{"name":"withdraw","read_only":false})" : "";
    return fmt::format(R"([{{"state":1,"mode":1,"name":"paper","user_id":{},"key":"{}","ip_whitelist":[],"currency_pairs":[],)"
                       R"("perms":[{{"name":"spot","read_only":{}}},{{"name":"account","read_only":true}}{}]}}])",
                       to_index(r.account.number) + 1'000'000, r.account.api_key, r.account.permissions.trade ? "false" : "true", withdraw);
  }
  if (path == "/spot/accounts" && method == "GET") return render_accounts(r.account);
  if (places) return place(r);
  if (path == "/spot/orders" && method == "GET") return list_orders_of(r);
  if (path == "/spot/orders" && cancels) return cancel_all(r);
  if (path == "/spot/open_orders" && method == "GET") return list_all_open(r);
  if (path == "/spot/my_trades" && method == "GET") return list_fills_of(r);
  if (path == "/spot/countdown_cancel_all" && method == "POST") return start_countdown(r);
  if (path.starts_with(orders) && method == "GET") return find(r, path.substr(orders.size()));
  if (path.starts_with(orders) && cancels) return cancel(r, path.substr(orders.size()));
  return refuse("NOT_FOUND", "Not found", 404);
}

outcome<std::string> gate_dialect::place(const request& r) {
  const auto& f = r.fields;
  order_ticket t;
  t.account = r.account.number;
  auto pair = read_pair(f);
  if (!pair) return std::unexpected(pair.error());
  t.instrument = *pair;
  const auto key = request_meter::make_key(t.account, t.instrument);
  if (auto allowed = charge(placing_limit_, key); !allowed) return std::unexpected(allowed.error());
  if (const auto expiry = find_header(r.http.headers, "X-Gate-Exptime"); !expiry.empty()) {
    const auto at = decimal::parse(expiry);
    if (!at) return refuse("INVALID_PARAM_VALUE", "Invalid X-Gate-Exptime");
    if (*at < decimal(venue().now().ms())) return refuse("REQUEST_EXPIRED", "request expired", 403);
  }
  if (auto read = read_kind(f, t); !read) return std::unexpected(read.error());
  auto amount = f.amount("amount"), price = f.amount("price");
  if (!amount || !price) return refuse("INVALID_PRECISION", "invalid precision");
  if (!*amount) return refuse("MISSING_REQUIRED_PARAM", "Missing required parameter: amount");
  if (t.type == order_type::market && t.side == side::buy) t.quote_quantity = **amount;
  else t.quantity = **amount;
  if (t.type != order_type::market) {
    if (!*price) return refuse("MISSING_REQUIRED_PARAM", "Missing required parameter: price");
    t.price = **price;
  }
  t.client_id = f.text("text");
  if (!t.client_id.empty() && !is_good_text(t.client_id))
    return refuse("INVALID_PARAM_VALUE", "Invalid value `" + t.client_id.substr(0, 40) + "` for text: must start with t-");
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), venue().engine().get_instrument(t.instrument), t);
  return render_order(*placed->order, {});
}

/// Texts name open orders only.
const paper_order* gate_dialect::find_order(const api_account& account, std::string_view id) const {
  if (id.starts_with(text_prefix)) {
    const auto* o = find_visible_order(venue(), account, id);
    return o != nullptr && !is_terminal(o->status) ? o : nullptr;
  }
  const auto number = decimal::parse(id);
  constexpr std::int64_t greatest = 9'000'000'000'000'000;
  if (!number || number->is_negative() || *number > decimal(greatest) || !number->is_multiple_of(decimal(1))) return nullptr;
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  return find_visible_order(venue(), account, static_cast<order_number>(number->raw() / one));
}

outcome<std::string> gate_dialect::find(const request& r, std::string_view id) {
  const auto* o = find_order(r.account, id);
  if (o == nullptr) return refuse("ORDER_NOT_FOUND", "Order not found", 404);
  return render_order(*o, {});
}

outcome<std::string> gate_dialect::cancel(const request& r, std::string_view id) {
  auto pair = read_pair(r.fields);
  if (!pair) return std::unexpected(pair.error());
  const auto* o = find_order(r.account, id);
  if (o == nullptr || o->instrument != *pair) return refuse("ORDER_NOT_FOUND", "Order not found", 404);
  if (o->status == order_status::filled) return refuse("ORDER_CLOSED", "Order cannot be cancelled as it has been closed");
  if (is_terminal(o->status)) return refuse("ORDER_CANCELLED", "Order already cancelled");
  const auto* done = venue().cancel(r.account.number, o->number);
  if (done == nullptr) return refuse("ORDER_NOT_FOUND", "Order not found", 404);
  return render_order(*done, {});
}

outcome<std::string> gate_dialect::cancel_all(const request& r) {
  std::optional<instrument_number> only;
  if (r.fields.has("currency_pair")) {
    auto pair = read_pair(r.fields);
    if (!pair) return std::unexpected(pair.error());
    only = *pair;
  }
  std::vector<order_number> numbers;
  for (const auto* o : list_open_orders(venue(), r.account, only)) numbers.push_back(o->number);
  std::vector<std::string> out;
  for (const auto n : numbers)
    if (const auto* done = venue().cancel(r.account.number, n)) out.push_back(render_order(*done, {}));
  return join_list(out);
}

outcome<std::string> gate_dialect::list_orders_of(const request& r) {
  auto pair = read_pair(r.fields);
  if (!pair) return std::unexpected(pair.error());
  const auto status = r.fields.text("status");
  if (status != "open" && status != "finished") return refuse("INVALID_PARAM_VALUE", "invalid argument: status");
  auto p = read_page(r.fields, status == "open" ? 100 : 1'000);
  if (!p) return std::unexpected(p.error());
  auto orders = status == "open" ? list_open_orders(venue(), r.account, *pair) : list_orders(venue(), r.account, *pair);
  if (status == "finished") std::erase_if(orders, [](const paper_order* o) { return !is_terminal(o->status); });
  std::ranges::reverse(orders);
  std::vector<std::string> out;
  for (auto i = p->first; i < orders.size() && out.size() < p->size; ++i) out.push_back(render_order(*orders[i], {}));
  return join_list(out);
}

outcome<std::string> gate_dialect::list_all_open(const request& r) {
  auto p = read_page(r.fields, 100);
  if (!p) return std::unexpected(p.error());
  std::vector<std::string> pairs;
  for (const auto n : list_instruments(venue())) {
    auto orders = list_open_orders(venue(), r.account, n);
    if (orders.empty()) continue;
    std::ranges::reverse(orders);
    std::vector<std::string> rows;
    for (auto i = p->first; i < orders.size() && rows.size() < p->size; ++i) rows.push_back(render_order(*orders[i], {}));
    pairs.push_back(fmt::format(R"({{"currency_pair":"{}","total":{},"orders":{}}})", pair_of(venue(), n), rows.size(), join_list(rows)));
  }
  return join_list(pairs);
}

outcome<std::string> gate_dialect::list_fills_of(const request& r) {
  std::optional<instrument_number> only;
  if (r.fields.has("currency_pair")) {
    auto pair = read_pair(r.fields);
    if (!pair) return std::unexpected(pair.error());
    only = *pair;
  }
  auto p = read_page(r.fields, 1'000);
  if (!p) return std::unexpected(p.error());
  const auto from = r.fields.whole("from"), to = r.fields.whole("to");
  if (!from || !to) return refuse("INVALID_PARAM_VALUE", "Invalid time range");
  constexpr std::int64_t week_s = 7 * 24 * 3'600, longest_s = 30 * 24 * 3'600;
  const auto now = to_epoch_seconds(venue().now());
  const auto end = *to ? **to : *from ? **from + week_s : now;
  const auto begin = *from ? **from : end - week_s;
  if (end - begin > longest_s) return refuse("INVALID_PARAM_VALUE", "time range must not exceed 30 days");
  auto fills = list_fills(venue(), r.account, only);
  std::erase_if(fills, [&](const execution* e) {
    const auto at = to_epoch_seconds(e->at);
    return at < begin || at > end;
  });
  std::ranges::reverse(fills);
  std::vector<std::string> out;
  for (auto i = p->first; i < fills.size() && out.size() < p->size; ++i) {
    const auto* o = venue().engine().find_order(fills[i]->order);
    if (o != nullptr) out.push_back(render_fill(*o, *fills[i], false));
  }
  return join_list(out);
}

outcome<std::string> gate_dialect::start_countdown(const request& r) {
  const auto timeout = r.fields.whole("timeout");
  if (!timeout || !*timeout || **timeout < 0 || **timeout > 86'400 || (**timeout > 0 && **timeout < shortest_countdown_s))
    return refuse("INVALID_PARAM_VALUE", "Invalid timeout");
  std::optional<instrument_number> only;
  if (r.fields.has("currency_pair")) {
    auto pair = read_pair(r.fields);
    if (!pair) return std::unexpected(pair.error());
    only = *pair;
  }
  const auto place = std::pair(r.account.number, std::string(r.fields.text("currency_pair")));
  const auto count = ++countdown_count_;
  countdowns_[place] = count;
  const seconds wait(**timeout);
  if (wait.count() == 0) {
    countdowns_.erase(place);
    return std::string(R"({"triggerTime":"0"})");
  }
  venue().later(wait, [this, place, count, only] {
    auto now = countdowns_.find(place);
    if (now == countdowns_.end() || now->second != count) return;
    countdowns_.erase(now);
    std::vector<order_number> numbers;
    for (const auto* o : list_open_orders(venue(), venue().accounts().get(place.first), only)) numbers.push_back(o->number);
    for (const auto n : numbers) venue().cancel(place.first, n);
  });
  return fmt::format(R"({{"triggerTime":"{}"}})", (venue().now() + wait).ms());
}

}  // namespace drover::exchanges::paper::gate
