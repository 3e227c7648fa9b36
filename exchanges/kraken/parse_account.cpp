#include <algorithm>
#include <map>

#include "exchanges/kraken/names.hpp"
#include "exchanges/kraken/parse_detail.hpp"

namespace drover::exchanges::kraken {

namespace {

tristate to_tristate(bool value) { return value ? tristate::yes : tristate::no; }

order_status status_of(json_fields& f, std::string_view status, const order& o) {
  if (status == "open" || status == "pending") return o.filled_quantity.is_zero() ? order_status::open : order_status::partially_filled;
  if (status == "closed") return order_status::filled;
  if (status == "canceled") return order_status::cancelled;
  if (status == "expired") return order_status::expired;
  f.note("status");
  return order_status::open;
}

bool has_flag(std::string_view flags, std::string_view flag) {
  for (auto rest = flags; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == flag) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

void read_description(json_fields& f, order& o, const instrument_table& table) {
  auto description = f.optional_object("descr");
  if (!description) return f.note("descr");
  json_fields d(*description);
  o.symbol = to_symbol(d.text("pair"), table);
  o.side = read_side(d, "type");
  o.type = d.text("ordertype") == "market" ? order_type::market : order_type::limit;
  o.price = d.amount("price");
  f.take_problem(d);
}

}  // namespace

wall_time seconds_of(json_fields& f, decimal seconds, std::string_view key) {
  constexpr std::int64_t latest_s = 7'258'118'400;
  if (seconds.is_negative() || seconds >= decimal(latest_s)) {
    f.note(key);
    return {};
  }
  // 18 digits behind the point: the ninth is the nanosecond.
  return {nanoseconds(static_cast<std::int64_t>(seconds.raw() / 1'000'000'000))};
}

wall_time seconds_of(json_fields& f, std::string_view token, std::string_view key) {
  auto parsed = decimal::parse(token);
  if (!parsed) f.note(key);
  return parsed ? seconds_of(f, *parsed, key) : wall_time{};
}

wall_time read_seconds(json_fields& f, std::string_view key) { return seconds_of(f, f.id(key), key); }

wall_time read_timestamp(json_fields& f, std::string_view key) {
  auto time = parse_rfc3339(f.text(key));
  if (!time) f.note(key);
  return time.value_or(wall_time{});
}

side read_side(json_fields& f, std::string_view key) { return side_of(f, f.text(key), key); }

side side_of(json_fields& f, std::string_view text, std::string_view key) {
  if (text == "buy") return side::buy;
  if (text != "sell") f.note(key);
  return side::sell;
}

permissions read_permissions(json_fields& result) {
  permissions out{tristate::no, tristate::no, tristate::no, tristate::unknown};
  auto granted = result.optional_array("permissions");
  // An answer without the one field that guards people's money is no answer.
  if (!granted) {
    result.note("permissions");
    return out;
  }
  for (auto entry : *granted) {
    std::string_view word;
    if (entry.get_string().get(word)) {
      result.note("permissions");
      return out;
    }
    if (word == "query-funds") out.read = tristate::yes;
    if (word == "modify-trades") out.trade = tristate::yes;
    if (word == "withdraw-funds") out.withdraw = tristate::yes;
  }
  if (auto addresses = result.optional_array("ipAllowlist")) {
    bool empty = true;
    if (addresses->is_empty().get(empty)) result.note("ipAllowlist");
    out.address_bound = to_tristate(!empty);
  }
  return out;
}

std::vector<balance> read_balances(json_fields& top) {
  std::map<std::string, balance> by_asset;
  auto result = top.optional_object("result");
  if (!result) top.note("result");
  if (!result) return {};
  for_members(top, *result, [&](const std::string& name, json_fields& f) {
    auto code = std::string_view(name);
    // "XBT.F" earns by itself and is spent through its asset; other suffixes (.S, .M, .B, …) are bound.
    if (code.ends_with(".F")) code.remove_suffix(2);
    if (code.find('.') != std::string_view::npos) return;
    const auto total = f.amount("balance");
    const auto held = f.optional_amount("hold_trade").value_or(decimal{});
    if (total.is_zero() && held.is_zero()) return;
    auto& b = by_asset[to_asset(code)];
    b.asset = to_asset(code);
    b.free = within_range(f, "balance", [&] { return b.free + std::max(total - held, decimal{}); });
    b.locked = within_range(f, "hold_trade", [&] { return b.locked + held; });
  });
  std::vector<balance> out;
  for (auto& [asset, b] : by_asset) out.push_back(std::move(b));
  return out;
}

order read_order(json_fields& f, std::string_view txid, const instrument_table& table) {
  order o;
  o.venue_order_id = txid;
  o.client_order_id = f.optional_text("cl_ord_id");
  const auto status = std::string(f.text("status"));
  const auto flags = std::string(f.optional_text("oflags"));
  o.filled_quantity = f.amount("vol_exec");
  o.filled_notional = f.amount("cost");
  o.quantity = f.amount("vol");
  // Sized in the quote asset: what was bought is all that can be said.
  if (has_flag(flags, "viqc")) o.quantity = o.filled_quantity;
  o.status = status_of(f, status, o);
  const auto closed = f.optional_amount("closetm").value_or(decimal{});
  o.updated_at = closed.is_zero() ? read_seconds(f, "opentm") : seconds_of(f, closed, "closetm");
  read_description(f, o, table);
  if (o.type == order_type::limit && has_flag(flags, "post")) o.type = order_type::limit_maker;
  return o;
}

fill read_fill(json_fields& f, std::string_view txid, const instrument_table& table) {
  fill out;
  out.trade_id = txid;
  out.venue_order_id = f.text("ordertxid");
  out.symbol = to_symbol(f.text("pair"), table);
  out.side = read_side(f, "type");
  out.price = f.amount("price");
  out.quantity = f.amount("vol");
  out.fee = f.number("fee");
  const auto slash = out.symbol.find('/');
  out.fee_asset = slash == std::string::npos ? std::string() : out.symbol.substr(slash + 1);
  out.maker = f.optional_boolean("maker").value_or(false);
  out.at = read_seconds(f, "time");
  return out;
}

}  // namespace drover::exchanges::kraken
