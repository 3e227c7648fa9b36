#include "engine/strategies/execution.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

bool is_beyond(side s, decimal price, decimal bound) {
  return s == side::buy ? price > bound : price < bound;
}

/// The price to ask for; nothing when the market is beyond the bound.
std::optional<decimal> choose_price(const strategy_context& ctx, side s, const execution_style& style) {
  const auto& i = ctx.instrument;
  const auto other = s == side::buy ? side::sell : side::buy;
  const auto touch = touch_of(*ctx.ticker, style.maker ? other : s);
  if (!touch.is_positive()) return std::nullopt;
  if (!style.maker && style.bound && is_beyond(s, touch, *style.bound)) return std::nullopt;
  auto price = style.maker ? passive_price(i, s, touch) : bound_price(i, s, touch, style.slippage);
  if (style.bound && is_beyond(s, price, *style.bound)) price = passive_price(i, s, *style.bound);
  if (!price.is_positive()) return std::nullopt;
  return price;
}

}  // namespace

std::vector<parameter_field> execution_fields(std::string_view default_execution) {
  return {{.name = "execution",
           .title = "Execution",
           .description = "market: trades at once, never worse than max_slippage; limit: a post-only order at the best "
                          "price of its own side.",
           .kind = parameter_kind::choice,
           .fallback = default_execution,
           .least = {},
           .most = {},
           .unit = {},
           .choices = {"market", "limit"}},
          {.name = "max_slippage",
           .title = "Price bound of market orders",
           .description = "How much worse than the best price a market order may trade, as a share (0.002 = 0.2 %).",
           .fallback = "0.002",
           .least = "0",
           .most = "0.2",
           .unit = "share",
           .choices = {}},
          {.name = "reprice_s",
           .title = "Follow the price every",
           .description = "How often a limit order may be moved after the market.",
           .kind = parameter_kind::whole,
           .fallback = "10",
           .least = "1",
           .most = "86400",
           .unit = "s",
           .choices = {}}};
}

execution_style read_execution(const parameter_values& v) {
  return {.maker = v.text("execution") == "limit",
          .slippage = v.amount("max_slippage"),
          .reprice = v.duration("reprice_s"),
          .bound = {}};
}

pursuit executor::pursue(paced_strategy::plan& next, side s, decimal quantity, const execution_style& style) {
  const auto& ctx = next.ctx;
  // A limit order follows the price; after sales the tally waits for the balance. Who only waits for time hears no
  // tickers.
  if (ctx.ticker == nullptr || style.maker || s == side::sell) next.watch_price();
  if (ctx.ticker == nullptr) return pursuit::no_price;
  const auto price = choose_price(ctx, s, style);
  if (!price) next.watch_price();
  if (const auto* order = next.find(slot_)) return follow(next, *order, s, price.value_or(decimal()), style);
  if (!next.is_free(slot_)) return pursuit::under_way;
  if (!price) return pursuit::no_price;
  const auto worth = std::min(*price, mid_of(*ctx.ticker));
  if (sellable(ctx.instrument, quantity, worth).is_zero()) return pursuit::too_small;
  const auto funds = s == side::buy
                         ? decimal::divide(free_balance(ctx, ctx.instrument.quote_asset), *price, rounding::down)
                         : free_balance(ctx, ctx.instrument.base_asset);
  const auto size = sellable(ctx.instrument, std::min(quantity, funds), worth);
  if (size.is_zero()) {
    next.watch_price();
    return pursuit::no_funds;
  }
  const auto type = style.maker ? exchanges::order_type::limit_maker : exchanges::order_type::limit;
  const auto tif = style.maker ? exchanges::time_in_force::gtc : exchanges::time_in_force::ioc;
  if (!next.place(slot_, {.side = s, .type = type, .price = *price, .quantity = size, .tag = {}, .tif = tif}))
    return pursuit::paused;
  placed_at_ = ctx.now;
  return pursuit::under_way;
}

pursuit executor::follow(paced_strategy::plan& next, const live_order& order, side s, decimal price,
                         const execution_style& style) const {
  if (order.side != s) {
    next.cancel(order);
    return pursuit::under_way;
  }
  if (!style.maker || price == order.price) return pursuit::under_way;
  const auto due = placed_at_ + style.reprice;
  if (next.ctx.now < due) {
    next.wake_at(due);
  } else {
    next.cancel(order);
  }
  return pursuit::under_way;
}

void executor::cancel(paced_strategy::plan& next) const {
  if (const auto* order = next.find(slot_)) next.cancel(*order);
}

json executor::save() const {
  return to_state(placed_at_);
}

void executor::load(const json& saved) {
  if (!saved.is_number_integer()) throw bad_state{"a time of placing is missing"};
  placed_at_ = {nanoseconds(saved.get<std::int64_t>())};
}

}  // namespace drover::engine
