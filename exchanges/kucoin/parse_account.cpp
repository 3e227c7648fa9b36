#include <algorithm>

#include "exchanges/kucoin/names.hpp"
#include "exchanges/kucoin/parse_detail.hpp"

namespace drover::exchanges::kucoin {

namespace {

/// "General,Spot" has the word "Spot".
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    auto end = std::min(list.find(','), list.size());
    auto entry = list.substr(0, end);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

tristate to_tristate(bool value) { return value ? tristate::yes : tristate::no; }

order_type read_type(json_fields& f) {
  auto type = std::string(f.text("type"));
  if (type == "market") return order_type::market;
  if (type != "limit") f.note("type");
  return f.optional_boolean("postOnly").value_or(false) ? order_type::limit_maker : order_type::limit;
}

order_status read_status(json_fields& f, const order& o) {
  if (f.boolean("active")) return o.filled_quantity.is_zero() ? order_status::open : order_status::partially_filled;
  // What a market order could not trade is gone although nobody cancelled it.
  const bool short_of_size = !o.quantity.is_zero() && o.filled_quantity < o.quantity;
  return f.boolean("cancelExist") || short_of_size ? order_status::cancelled : order_status::filled;
}

fill read_fill(json_fields& f) {
  fill out;
  out.symbol = to_symbol(f.text("symbol"));
  out.trade_id = f.id("tradeId");
  out.venue_order_id = f.text("orderId");
  out.side = read_side(f, "side");
  out.price = f.amount("price");
  out.quantity = f.amount("size");
  // Negative when the venue pays the maker.
  out.fee = f.number("fee");
  out.fee_asset = f.text("feeCurrency");
  out.maker = f.text("liquidity") == "maker";
  out.at = read_time(f, "createdAt");
  return out;
}

}  // namespace

side read_side(json_fields& f, std::string_view key) {
  auto text = f.text(key);
  if (text == "buy") return side::buy;
  if (text != "sell") f.note(key);
  return side::sell;
}

wall_time read_time(json_fields& f, std::string_view key) {
  // Later than any millisecond that checked_ms accepts.
  constexpr std::int64_t least_ns = 10'000'000'000'000;
  auto value = whole_number(f, f.id(key), key);
  return checked_ms(f, value >= least_ns ? value / 1'000'000 : value, key);
}

permissions read_permissions(json_fields& f) {
  const auto granted = std::string(f.text("permission"));
  permissions out;
  out.read = to_tristate(has_word(granted, "General"));
  out.trade = to_tristate(has_word(granted, "Spot") || has_word(granted, "Trade") || has_word(granted, "Unified"));
  // "Transfer" is the old name of a permission that includes withdrawals.
  out.withdraw = to_tristate(has_word(granted, "Withdrawal") || has_word(granted, "Withdraw") || has_word(granted, "Transfer"));
  if (auto addresses = f.optional_array("ipWhitelist")) {
    out.address_bound = to_tristate(addresses->is_empty().value_unsafe() == false);
    return out;
  }
  const auto list = f.optional_text("ipWhitelist");
  if (!list.empty()) out.address_bound = tristate::yes;
  return out;
}

std::vector<balance> read_balances(json_fields& top) {
  // Accounts from before the high-frequency system have both types; orders then spend "trade_hf".
  std::vector<balance> trade, trade_hf;
  top.each("data", [&](json_fields& f) {
    const auto type = f.text("type");
    auto* list = type == "trade" ? &trade : type == "trade_hf" ? &trade_hf : nullptr;
    if (!list) return;
    balance b;
    b.asset = f.text("currency");
    b.free = f.amount("available");
    b.locked = f.amount("holds");
    if (!b.free.is_zero() || !b.locked.is_zero()) list->push_back(std::move(b));
  });
  return trade_hf.empty() ? trade : trade_hf;
}

order read_order(json_fields& f) {
  order o;
  o.symbol = to_symbol(f.text("symbol"));
  o.venue_order_id = f.text("id");
  o.client_order_id = f.optional_text("clientOid");
  o.side = read_side(f, "side");
  o.type = read_type(f);
  o.price = f.optional_amount("price").value_or(decimal{});
  o.quantity = f.optional_amount("size").value_or(decimal{});
  o.filled_quantity = f.amount("dealSize");
  o.filled_notional = f.amount("dealFunds");
  o.status = read_status(f, o);
  o.updated_at = read_time(f, "lastUpdatedAt");
  return o;
}

std::vector<fill> read_fills(json_fields& data) {
  std::vector<fill> out;
  data.each("items", [&out](json_fields& f) { out.push_back(read_fill(f)); });
  return out;
}

}  // namespace drover::exchanges::kucoin
