#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exchanges/paper/kraken/kraken_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kraken {

namespace {

constexpr std::int64_t page_size = 50;
constexpr std::size_t batch_limit = 50;

std::unexpected<failure> fail(std::string text) { return std::unexpected(failure{std::move(text)}); }

std::unexpected<failure> explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter: return fail("EOrder:Invalid price");
    case refusal::lot_size: return fail(t.quantity < i.min_quantity ? "EOrder:Order minimum not met" : "EGeneral:Invalid arguments:volume");
    case refusal::min_notional: return fail("EOrder:Cost minimum not met");
    case refusal::insufficient_funds: return fail("EOrder:Insufficient funds");
    case refusal::would_match: return fail("EOrder:Post only order");
    case refusal::duplicate_client_id: return fail("EGeneral:Invalid arguments:cl_ord_id not unique");
    case refusal::market_closed: return fail("EService:Market in cancel_only mode");
    case refusal::too_many_orders: return fail("EOrder:Orders limit exceeded");
  }
  return fail("EOrder:Invalid order");
}

bool has_flag(std::string_view flags, std::string_view flag) {
  while (!flags.empty()) {
    const auto end = std::min(flags.find(','), flags.size());
    if (flags.substr(0, end) == flag) return true;
    flags.remove_prefix(std::min(end + 1, flags.size()));
  }
  return false;
}

/// A UUID with or without dashes, or up to 18 characters of text.
bool is_client_id(std::string_view id) {
  constexpr std::size_t free_text = 18, hex_digits = 32;
  const bool hex = std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
  return id.size() <= free_text || (id.size() == hex_digits && hex) || is_uuid(id);
}

std::string_view status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::open:
    case order_status::partially_filled: return "open";
    case order_status::filled: return "closed";
    case order_status::expired: return "expired";
    default: return "canceled";
  }
}

std::string object_of(const std::vector<std::string>& members) {
  auto out = join_list(members);
  out.front() = '{';
  out.back() = '}';
  return out;
}

reply<void> read_sizes(const request_fields& f, order_ticket& t) {
  const auto flags = f.text("oflags");
  auto volume = f.amount("volume"), price = f.amount("price");
  if (!volume || !*volume) return fail("EGeneral:Invalid arguments:volume");
  if (!price) return fail("EGeneral:Invalid arguments:price");
  t.price = price->value_or(decimal{});
  if (t.type == order_type::market && has_flag(flags, "viqc")) {
    if (t.side != side::buy) return fail("EGeneral:Invalid arguments:viqc");
    t.quote_quantity = **volume;
  } else {
    t.quantity = **volume;
  }
  if (t.type != order_type::market && t.price.is_zero()) return fail("EGeneral:Invalid arguments:price");
  return {};
}

}  // namespace

reply<std::string> kraken_dialect::add_order(const request& r) {
  const auto& f = r.fields;
  order_ticket t;
  t.account = r.account->number;
  const auto n = find_pair(venue(), f.text("pair"));
  if (!n) return fail("EQuery:Unknown asset pair");
  t.instrument = *n;
  const auto side_text = f.text("type"), kind = f.text("ordertype"), flags = f.text("oflags"), tif = f.text("timeinforce");
  if (side_text != "buy" && side_text != "sell") return fail("EGeneral:Invalid arguments:type");
  if (kind != "limit" && kind != "market") return fail("EGeneral:Invalid arguments:ordertype");
  if (!tif.empty() && tif != "GTC" && tif != "IOC" && tif != "FOK") return fail("EGeneral:Invalid arguments:timeinforce");
  t.side = side_text == "buy" ? side::buy : side::sell;
  t.type = kind == "market" ? order_type::market : has_flag(flags, "post") ? order_type::limit_maker : order_type::limit;
  t.tif = tif == "IOC" ? time_in_force::ioc : tif == "FOK" ? time_in_force::fok : time_in_force::gtc;
  if (t.type == order_type::limit_maker && t.tif != time_in_force::gtc) return fail("EGeneral:Invalid arguments:oflags");
  if (t.type == order_type::market && t.tif == time_in_force::fok) return fail("EGeneral:Invalid arguments:timeinforce");
  t.client_id = f.text("cl_ord_id");
  if (!is_client_id(t.client_id)) return fail("EGeneral:Invalid arguments:cl_ord_id");
  if (auto read = read_sizes(f, t); !read) return std::unexpected(read.error());
  if (f.has("deadline")) {
    const auto deadline = parse_rfc3339(f.text("deadline"));
    if (!deadline || *deadline > venue().now() + 65s) return fail("EGeneral:Invalid arguments:deadline");
    if (*deadline <= venue().now()) return fail("EService:Deadline elapsed");
  }
  if (!meter().charge(pair_limit_, request_meter::make_key(t.account, t.instrument), 1, venue().now()).allowed) return fail("EOrder:Rate limit exceeded");
  const auto& i = venue().engine().get_instrument(*n);
  auto described = fmt::format("{} {} {} @ {}", side_text, f.text("volume"), altname_of(i), kind);
  if (t.type != order_type::market) described += " " + t.price.to_string();
  if (f.flag("validate")) {
    if (auto why = venue().check(t)) return explain(*why, i, t);
    return fmt::format(R"({{"descr":{{"order":{}}}}})", paper::quoted(described));
  }
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), i, t);
  return fmt::format(R"({{"descr":{{"order":{}}},"txid":["{}"]}})", paper::quoted(described), order_txid(placed->order->number));
}

const paper_order* kraken_dialect::find_order(const api_account& account, const request_fields& f) const {
  if (f.has("cl_ord_id")) return find_visible_order(venue(), account, f.text("cl_ord_id"));
  const auto txid = f.text("txid");
  // A client id passes for a txid.
  if (auto number = order_of_txid(txid)) return find_visible_order(venue(), account, *number);
  return nullptr;
}

reply<void> kraken_dialect::charge_cancel(const api_account& account, const paper_order& o) {
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 6> costs{{{5, 8}, {10, 6}, {15, 5}, {45, 4}, {90, 2}, {300, 1}}};
  const auto age_s = (venue().now().ms() - o.created_at.ms()) / 1'000;
  std::int64_t cost = 0;
  for (auto c = costs.rbegin(); c != costs.rend(); ++c)
    if (age_s < c->first) cost = c->second;
  if (!meter().charge(pair_limit_, request_meter::make_key(account.number, o.instrument), cost, venue().now()).allowed)
    return fail("EOrder:Rate limit exceeded");
  return {};
}

reply<std::string> kraken_dialect::cancel_order(const request& r) {
  const auto* o = find_order(*r.account, r.fields);
  if (o == nullptr || is_terminal(o->status)) return fail("EOrder:Unknown order");
  if (auto allowed = charge_cancel(*r.account, *o); !allowed) return std::unexpected(allowed.error());
  venue().cancel(r.account->number, o->number);
  return std::string(R"({"count":1})");
}

reply<std::string> kraken_dialect::cancel_batch(const request& r) {
  const auto* orders = r.fields.member("orders");
  if (orders == nullptr || !orders->is_array() || orders->empty() || orders->size() > batch_limit) return fail("EGeneral:Invalid arguments:orders");
  std::vector<order_number> numbers;
  for (const auto& entry : *orders) {
    if (!entry.is_string()) return fail("EGeneral:Invalid arguments:orders");
    auto number = order_of_txid(entry.get_ref<const std::string&>());
    const auto* o = number ? find_visible_order(venue(), *r.account, *number) : nullptr;
    if (o != nullptr && !is_terminal(o->status)) numbers.push_back(o->number);
  }
  for (auto n : numbers) venue().cancel(r.account->number, n);
  return fmt::format(R"({{"count":{}}})", numbers.size());
}

reply<std::string> kraken_dialect::cancel_all(const request& r) {
  const auto open = venue().engine().account(r.account->number).open_orders;
  for (auto n : open) venue().cancel(r.account->number, n);
  return fmt::format(R"({{"count":{}}})", open.size());
}

reply<std::string> kraken_dialect::cancel_after(const request& r) {
  auto timeout = r.fields.whole("timeout");
  if (!timeout || !*timeout || **timeout < 0 || **timeout > 86'400) return fail("EGeneral:Invalid arguments:timeout");
  const auto now = venue().now();
  if (**timeout == 0) {
    dead_men_.erase(r.account->number);
    return fmt::format(R"({{"currentTime":"{}","triggerTime":"0"}})", to_iso_ms(now));
  }
  const auto fires_at = now + seconds(**timeout);
  dead_men_[r.account->number] = fires_at;
  venue().later(seconds(**timeout), [this, n = r.account->number] { fire_dead_man(n); });
  return fmt::format(R"({{"currentTime":"{}","triggerTime":"{}"}})", to_iso_ms(now), to_iso_ms(fires_at));
}

/// Set anew in the meantime, it is not due yet: then another call will come.
void kraken_dialect::fire_dead_man(account_number n) {
  auto set = dead_men_.find(n);
  if (set == dead_men_.end() || set->second > venue().now()) return;
  dead_men_.erase(set);
  const auto open = venue().engine().account(n).open_orders;
  for (const auto number : open) venue().cancel(n, number);
}

std::string kraken_dialect::render_order(const paper_order& o) const {
  const auto& i = venue().engine().get_instrument(o.instrument);
  decimal fee;
  std::vector<std::string> trades;
  for (const auto& f : venue().engine().account(o.account).fills) {
    if (f.order != o.number) continue;
    fee += f.fee;
    trades.push_back(paper::quoted(trade_txid(f.instrument, f.trade_id)));
  }
  const auto average = o.filled_quantity.is_zero() ? decimal{} : o.filled_notional / o.filled_quantity;
  const bool in_quote = !o.quote_quantity.is_zero();
  std::string flags = "fciq";
  if (o.type == order_type::limit_maker) flags += ",post";
  if (in_quote) flags += ",viqc";
  auto out = fmt::format(
      R"("{}":{{"refid":null,"userref":0,"cl_ord_id":{},"status":"{}","opentm":{},"starttm":0,"expiretm":0,"descr":{{"pair":"{}","type":"{}","ordertype":"{}",)"
      R"("price":"{}","price2":"0","leverage":"none","order":"{} {} {} @ {}","close":""}},"vol":"{}","vol_exec":"{}","cost":"{}","fee":"{}","price":"{}",)"
      R"("stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"{}","trades":{})",
      order_txid(o.number), o.client_id.empty() ? "null" : paper::quoted(o.client_id), status_of(o), paper::to_epoch_seconds(o.created_at, 4), altname_of(i),
      to_string(o.side), o.type == order_type::market ? "market" : "limit", o.price.to_string(), to_string(o.side), o.quantity.to_string(), altname_of(i),
      o.type == order_type::market ? "market" : "limit " + o.price.to_string(), (in_quote ? o.quote_quantity : o.quantity).to_string(),
      o.filled_quantity.to_string(), o.filled_notional.to_string(), fee.to_string(), fixed(average, 8), flags, join_list(trades));
  if (is_terminal(o.status))
    out += fmt::format(R"(,"closetm":{},"reason":{})", paper::to_epoch_seconds(o.updated_at, 4),
                       o.status == order_status::filled ? "null" : R"("User requested")");
  return out + "}";
}

reply<std::string> kraken_dialect::query_orders(const request& r) const {
  std::vector<std::string> out;
  for (auto rest = r.fields.text("txid"); !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    auto number = order_of_txid(rest.substr(0, end));
    const auto* o = number ? find_visible_order(venue(), *r.account, *number) : nullptr;
    if (o == nullptr) return fail("EOrder:Unknown order");
    out.push_back(render_order(*o));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (out.empty()) return fail("EGeneral:Invalid arguments:txid");
  return object_of(out);
}

reply<std::string> kraken_dialect::list_open(const request& r) const {
  std::vector<std::string> out;
  const auto wanted = r.fields.text("cl_ord_id");
  auto orders = list_open_orders(venue(), *r.account);
  for (auto o = orders.rbegin(); o != orders.rend(); ++o)
    if (wanted.empty() || (*o)->client_id == wanted) out.push_back(render_order(**o));
  return fmt::format(R"({{"open":{}}})", object_of(out));
}

reply<std::string> kraken_dialect::list_closed(const request& r) const {
  auto offset = r.fields.whole("ofs");
  if (!offset) return fail("EGeneral:Invalid arguments:ofs");
  const auto wanted = r.fields.text("cl_ord_id");
  auto orders = list_orders(venue(), *r.account);
  std::vector<std::string> out;
  std::int64_t count = 0;
  for (auto o = orders.rbegin(); o != orders.rend(); ++o) {
    if (!is_terminal((*o)->status) || (!wanted.empty() && (*o)->client_id != wanted)) continue;
    if (count >= offset->value_or(0) && static_cast<std::int64_t>(out.size()) < page_size) out.push_back(render_order(**o));
    ++count;
  }
  return fmt::format(R"({{"closed":{},"count":{}}})", object_of(out), count);
}

reply<std::string> kraken_dialect::list_trades(const request& r) const {
  auto offset = r.fields.whole("ofs");
  if (!offset) return fail("EGeneral:Invalid arguments:ofs");
  const auto start_text = r.fields.text("start");
  auto fills = list_fills(venue(), *r.account);
  std::ranges::sort(fills, [](const execution* a, const execution* b) { return a->at < b->at; });
  // Both a time and a trade's id are exclusive.
  wall_time start{};
  if (auto seconds_text = decimal::parse(start_text)) {
    start = wall_time{nanoseconds(static_cast<std::int64_t>(seconds_text->raw() / 1'000'000'000))};
  } else if (!start_text.empty()) {
    const auto known = std::ranges::find_if(fills, [&](const execution* f) { return trade_txid(f->instrument, f->trade_id) == start_text; });
    if (known == fills.end()) return fail("EGeneral:Invalid arguments:start");
    start = (*known)->at;
  }
  std::vector<std::string> out;
  std::int64_t count = 0;
  for (auto x = fills.rbegin(); x != fills.rend(); ++x) {
    const auto& f = **x;
    if (f.at <= start) continue;
    const bool shown = count >= offset->value_or(0) && static_cast<std::int64_t>(out.size()) < page_size;
    ++count;
    if (!shown) continue;
    const auto* o = venue().engine().find_order(f.order);
    out.push_back(fmt::format(
        R"("{}":{{"ordertxid":"{}","postxid":"TKH2SE-M7IF5-CFI7LT","pair":"{}","time":{},"type":"{}","ordertype":"{}","price":"{}","cost":"{}","fee":"{}","vol":"{}",)"
        R"("margin":"0.00000","leverage":"0","misc":"","trade_id":{},"maker":{}}})",
        trade_txid(f.instrument, f.trade_id), order_txid(f.order), altname_of(venue().engine().get_instrument(f.instrument)),
        paper::to_epoch_seconds(f.at, 6), to_string(f.side), o != nullptr && o->type == order_type::market ? "market" : "limit", f.price.to_string(),
        (f.price * f.quantity).to_string(), f.fee.to_string(), f.quantity.to_string(), f.trade_id, f.maker ? "true" : "false"));
  }
  return fmt::format(R"({{"trades":{},"count":{}}})", object_of(out), count);
}

}  // namespace drover::exchanges::paper::kraken
