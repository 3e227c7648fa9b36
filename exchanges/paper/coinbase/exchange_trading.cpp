#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exchanges/paper/coinbase/exchange_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::int64_t longest_page = 1'000;

std::string_view side_text(side s) {
  return s == side::buy ? "buy" : "sell";
}

bool is_done(const paper_order& o) {
  return is_terminal(o.status);
}

std::string status_of(const paper_order& o) {
  if (o.status == order_status::rejected) return "rejected";
  return is_done(o) ? "done" : "open";
}

std::unexpected<refused> refuse(std::string message, int status = 400) {
  return std::unexpected(refused{status, std::move(message)});
}

std::unexpected<refused> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter:
      return refuse("price is too accurate. Smallest unit is " + fixed(i.tick_size, 8));
    case refusal::lot_size:
      if (t.quantity < i.min_quantity) return refuse("size is too small. Minimum size is " + fixed(i.min_quantity, 8));
      return refuse("size is too accurate. Smallest unit is " + fixed(i.lot_size, 8));
    case refusal::min_notional:
      return refuse("funds is too small. Minimum size is " + fixed(i.min_notional, 8));
    case refusal::insufficient_funds:
      return refuse("Insufficient funds");
    case refusal::duplicate_client_id:
      return refuse("Duplicate client_oid");
    case refusal::market_closed:
      return refuse("Cancel only mode");
    case refusal::too_many_orders:
      return refuse("Max open orders exceeded");
    case refusal::would_match:
      return refuse("Post only order would match");
  }
  return refuse("Bad Request");
}

outcome<void> read_amounts(const request_fields& f, order_ticket& t) {
  const std::array<std::pair<std::string_view, decimal*>, 3> wanted{
      {{"price", &t.price}, {"size", &t.quantity}, {"funds", &t.quote_quantity}}};
  for (const auto& [name, target] : wanted) {
    auto value = f.amount(name);
    if (!value) return refuse("Invalid " + std::string(name));
    *target = value->value_or(decimal{});
  }
  return {};
}

/// What a cursor list answers: the newest first, older ones behind `after`.
struct page {
  std::int64_t limit = longest_page, after = 0;
};
outcome<page> read_page(const request_fields& f) {
  page out;
  auto limit = f.whole("limit"), after = f.whole("after");
  if (!limit || !after) return refuse("Invalid pagination parameter");
  out.limit = std::clamp<std::int64_t>(limit->value_or(100), 1, longest_page);
  out.after = after->value_or(0);
  return out;
}

}  // namespace

outcome<std::string> exchange_dialect::route_private(const request& r) {
  const std::string_view path = r.http.path, method = r.http.method;
  const auto& rights = r.account->permissions;
  constexpr std::string_view orders = "/orders/";
  const refused forbidden{403, "Forbidden"};
  if (path == "/payment-methods" && method == "GET") {
    if (!rights.withdraw) return std::unexpected(forbidden);
    return std::string("[]");
  }
  const bool writes = method != "GET";
  if (writes ? !rights.trade : !rights.read) return std::unexpected(forbidden);
  if (path == "/accounts" && method == "GET") return render_accounts(*r.account);
  if (path == "/fills" && method == "GET") return list_fills_of(r);
  if (path == "/orders" && method == "POST") return place(r);
  if (path == "/orders" && method == "GET") return list_orders_of(r);
  if (path == "/orders" && method == "DELETE") return cancel_all(r);
  if (path.starts_with(orders) && method == "GET") return find(r, path.substr(orders.size()));
  if (path.starts_with(orders) && method == "DELETE") return cancel(r, path.substr(orders.size()));
  return refuse("NotFound", 404);
}

std::string exchange_dialect::render_order(const paper_order& o, bool pending) const {
  const auto& account = venue().accounts().get(o.account);
  auto out = fmt::format(
      R"({{"id":"{}","size":"{}","product_id":"{}","profile_id":"{}","side":"{}","type":"{}","time_in_force":"{}","post_only":{},)"
      R"("created_at":"{}","fill_fees":"0.0000000000000000","filled_size":"{}","executed_value":"{}","status":"{}","settled":{})",
      order_uuid(o.number), fixed(o.quantity, 8), product_of(venue(), o.instrument),
      number_to_uuid(static_cast<std::int64_t>(to_index(account.number)), account_salt), side_text(o.side),
      o.type == order_type::market ? "market" : "limit",
      o.tif == time_in_force::ioc   ? "IOC"
      : o.tif == time_in_force::fok ? "FOK"
                                    : "GTC",
      o.type == order_type::limit_maker, to_iso_ms(o.created_at), pending ? "0.00000000" : fixed(o.filled_quantity, 8),
      pending ? "0.0000000000000000" : fixed(o.filled_notional, 16), pending ? "pending" : status_of(o),
      !pending && is_done(o));
  if (o.type != order_type::market) out += fmt::format(R"(,"price":"{}")", fixed(o.price, 8));
  if (!o.client_id.empty()) out += fmt::format(R"(,"client_oid":{})", paper::quoted(o.client_id));
  if (!pending && is_done(o) && o.status != order_status::rejected)
    out += fmt::format(R"(,"done_at":"{}","done_reason":"{}")", to_iso_ms(o.updated_at),
                       o.status == order_status::filled ? "filled" : "canceled");
  if (o.status == order_status::rejected) out += R"(,"reject_reason":"post only")";
  return out + "}";
}

const paper_order* exchange_dialect::find_order(const api_account& account, std::string_view id) const {
  constexpr std::string_view by_client = "client:";
  const paper_order* o = nullptr;
  if (id.starts_with(by_client))
    o = find_visible_order(venue(), account, id.substr(by_client.size()));
  else if (auto number = order_of_uuid(id))
    o = find_visible_order(venue(), account, *number);
  // Cancelled orders without fills are forgotten at once.
  const bool forgotten =
      o != nullptr && is_done(*o) && o->filled_quantity.is_zero() && o->status != order_status::rejected;
  return forgotten ? nullptr : o;
}

outcome<std::string> exchange_dialect::place(const request& r) {
  const auto& f = r.fields;
  order_ticket t;
  t.account = r.account->number;
  const auto product = find_product(venue(), f.text("product_id"));
  if (!product) return refuse("Product not found", 404);
  t.instrument = *product;
  if (f.text("side") != "buy" && f.text("side") != "sell") return refuse("Invalid side");
  t.side = f.text("side") == "buy" ? side::buy : side::sell;
  const auto type = f.has("type") ? f.text("type") : "limit";
  if (type != "limit" && type != "market") return refuse("Invalid order type");
  t.type = type == "market" ? order_type::market : f.flag("post_only") ? order_type::limit_maker : order_type::limit;
  const auto tif = f.text("time_in_force");
  if (!tif.empty() && tif != "GTC" && tif != "IOC" && tif != "FOK") return refuse("Invalid time_in_force");
  t.tif = tif == "IOC" ? time_in_force::ioc : tif == "FOK" ? time_in_force::fok : time_in_force::gtc;
  t.client_id = f.text("client_oid");
  if (!t.client_id.empty() && !is_uuid(t.client_id)) return refuse("Invalid client_oid");
  if (auto read = read_amounts(f, t); !read) return std::unexpected(read.error());
  if (t.type != order_type::market && (t.price.is_zero() || t.quantity.is_zero()))
    return refuse("price and size are required");
  if (t.type == order_type::market && t.quantity.is_zero() && t.quote_quantity.is_zero())
    return refuse("size or funds is required");
  if (t.type != order_type::market) t.quote_quantity = {};
  if (!t.quantity.is_zero()) t.quote_quantity = {};
  auto placed = venue().place(t);
  if (placed) return render_order(*placed->order, true);
  return explain(placed.error(), venue().engine().get_instrument(t.instrument), t);
}

outcome<std::string> exchange_dialect::find(const request& r, std::string_view id) {
  const auto* o = find_order(*r.account, id);
  if (o == nullptr) return refuse("NotFound", 404);
  return render_order(*o, false);
}

outcome<std::string> exchange_dialect::cancel(const request& r, std::string_view id) {
  const auto* o = find_order(*r.account, id);
  if (o == nullptr) return refuse("order not found", 404);
  if (is_done(*o)) return refuse("Order already done");
  const auto number = o->number;
  venue().cancel(r.account->number, number);
  return paper::quoted(order_uuid(number));
}

outcome<std::string> exchange_dialect::cancel_all(const request& r) {
  std::optional<instrument_number> only;
  if (auto product = r.fields.text("product_id"); !product.empty()) {
    only = find_product(venue(), product);
    if (!only) return refuse("Product not found", 404);
  }
  std::vector<order_number> numbers;
  for (const auto* o : list_open_orders(venue(), *r.account, only)) numbers.push_back(o->number);
  std::vector<std::string> out;
  for (const auto n : numbers) {
    venue().cancel(r.account->number, n);
    out.push_back(paper::quoted(order_uuid(n)));
  }
  return join_list(out);
}

outcome<std::string> exchange_dialect::list_orders_of(const request& r) {
  std::optional<instrument_number> only;
  if (auto product = r.fields.text("product_id"); !product.empty()) {
    only = find_product(venue(), product);
    if (!only) return refuse("Product not found", 404);
  }
  // "status" may come many times; fields keep the query as text, so it is looked up there.
  const std::string_view query = r.http.query;
  const bool named = query.find("status=") != query.npos, all = query.find("status=all") != query.npos;
  const bool done = all || query.find("status=done") != query.npos;
  const bool open = all || !named || query.find("status=open") != query.npos;
  auto p = read_page(r.fields);
  if (!p) return std::unexpected(p.error());
  auto orders = list_orders(venue(), *r.account, only);
  std::vector<std::string> out;
  for (auto o = orders.rbegin(); o != orders.rend(); ++o) {
    const bool wanted = is_done(**o) ? done && !(*o)->filled_quantity.is_zero() : open;
    if (!wanted || (p->after > 0 && (*o)->number >= p->after)) continue;
    if (static_cast<std::int64_t>(out.size()) == p->limit) {
      answer_headers_.emplace_back("CB-AFTER", std::to_string((*o)->number + 1));
      break;
    }
    out.push_back(render_order(**o, false));
  }
  return join_list(out);
}

outcome<std::string> exchange_dialect::list_fills_of(const request& r) {
  const auto product = find_product(venue(), r.fields.text("product_id"));
  const auto order = order_of_uuid(r.fields.text("order_id"));
  if (!product && !order) return refuse("Either order_id or product_id is required");
  auto p = read_page(r.fields);
  if (!p) return std::unexpected(p.error());
  auto fills = list_fills(venue(), *r.account, product);
  std::vector<std::string> out;
  for (auto x = fills.rbegin(); x != fills.rend(); ++x) {
    const auto& f = **x;
    if ((order && f.order != *order) || (p->after > 0 && f.trade_id >= p->after)) continue;
    if (static_cast<std::int64_t>(out.size()) == p->limit) {
      answer_headers_.emplace_back("CB-AFTER", std::to_string(f.trade_id + 1));
      break;
    }
    out.push_back(fmt::format(
        R"({{"created_at":"{}","trade_id":{},"product_id":"{}","order_id":"{}","user_id":"u","profile_id":"{}","liquidity":"{}",)"
        R"("price":"{}","size":"{}","fee":"{}","side":"{}","settled":true,"usd_volume":"{}"}})",
        to_iso_ms(f.at), f.trade_id, product_of(venue(), f.instrument), order_uuid(f.order),
        number_to_uuid(static_cast<std::int64_t>(to_index(r.account->number)), account_salt), f.maker ? "M" : "T",
        fixed(f.price, 8), fixed(f.quantity, 8), f.fee.to_string(), side_text(f.side),
        (f.price * f.quantity).to_string()));
  }
  return join_list(out);
}

}  // namespace drover::exchanges::paper::coinbase
