#include "engine/strategies/sizing.hpp"

#include <algorithm>

namespace drover::engine {

using exchanges::side;

namespace {

constexpr std::size_t asset_length_limit = 16;

bool is_asset(std::string_view name) {
  return !name.empty() && name.size() <= asset_length_limit &&
         std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

bool is_symbol(std::string_view text) {
  const auto slash = text.find('/');
  return slash != text.npos && is_asset(text.substr(0, slash)) && is_asset(text.substr(slash + 1));
}

decimal mid_of(const exchanges::book_ticker& t) {
  return decimal::divide(t.bid_price + t.ask_price, decimal(2));
}

decimal touch_of(const exchanges::book_ticker& t, side taker) {
  return taker == side::buy ? t.ask_price : t.bid_price;
}

exchanges::balance balance_of(const strategy_context& ctx, const std::string& asset) {
  for (const auto& b : ctx.balances)
    if (b.asset == asset) return b;
  return {asset, {}, {}};
}

decimal free_balance(const strategy_context& ctx, const std::string& asset) {
  return balance_of(ctx, asset).free;
}

decimal total_balance(const strategy_context& ctx, const std::string& asset) {
  const auto b = balance_of(ctx, asset);
  return b.free + b.locked;
}

decimal base_effect(const exchanges::instrument& i, const exchanges::fill& f) {
  const auto fee = f.fee_asset == i.base_asset ? f.fee : decimal();
  return f.side == side::buy ? f.quantity - fee : -f.quantity - fee;
}

decimal passive_price(const exchanges::instrument& i, side s, decimal price) {
  return price.round_to_multiple(i.tick_size, s == side::buy ? rounding::down : rounding::up);
}

decimal bound_price(const exchanges::instrument& i, side s, decimal price, decimal share) {
  const auto away = price * share;
  return passive_price(i, s, s == side::buy ? price + away : price - away);
}

decimal sellable(const exchanges::instrument& i, decimal quantity, decimal price) {
  auto size = quantity.round_to_multiple(i.lot_size, rounding::down);
  if (i.max_quantity.is_positive()) size = std::min(size, i.max_quantity.round_to_multiple(i.lot_size, rounding::down));
  const bool enough = size.is_positive() && size >= i.min_quantity && size * price >= i.min_notional;
  return enough ? size : decimal();
}

decimal affordable(const exchanges::instrument& i, decimal notional, decimal price) {
  if (!price.is_positive() || !notional.is_positive()) return {};
  return sellable(i, decimal::divide(notional, price, rounding::down), price);
}

result<void> check_order_size(std::string_view field, const exchanges::instrument& i, decimal size, decimal price) {
  const std::string name(field);
  if (size < i.min_quantity || !size.is_positive())
    return fail(errc::out_of_range, name + " is too small: an order at " + price.to_string() + " would be " +
                                        size.to_string() + " " + i.base_asset + ", the least is " +
                                        std::max(i.min_quantity, i.lot_size).to_string());
  if (size * price < i.min_notional)
    return fail(errc::out_of_range, name + " is too small: an order at " + price.to_string() + " would be worth " +
                                        (size * price).to_string() + " " + i.quote_asset + ", the least is " +
                                        i.min_notional.to_string());
  if (i.max_quantity.is_positive() && size > i.max_quantity)
    return fail(errc::out_of_range,
                name + " is too large: the largest order is " + i.max_quantity.to_string() + " " + i.base_asset);
  return {};
}

}  // namespace drover::engine
