#include "engine/strategies/grid.hpp"

#include <algorithm>
#include <utility>

#include "engine/strategies/grid_tag.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

struct grid::view {
  view(const strategy_context& c, const grid_ladder& ladder) : ctx(c), by_cell(ladder.cells()) {
    for (const auto& order : c.orders) add(order, ladder);
  }
  void add(const live_order& order, const grid_ladder& ladder) {
    auto tag = parse_grid_tag(order.tag);
    const bool ours = tag && tag->cell < by_cell.size() && tag->side == order.side && by_cell[tag->cell] == nullptr;
    const bool on_line = ours && order.price == (order.side == side::buy ? ladder.buy_price(tag->cell) : ladder.sell_price(tag->cell));
    ++(order.side == side::buy ? buys : sells);
    if (on_line) {
      by_cell[tag->cell] = &order;
    } else {
      strays.push_back(&order);
    }
    if (order.side == side::buy && order.state != intent_state::accepted) unlocked += order.price * order.quantity;
  }
  int& count(side s) { return s == side::buy ? buys : sells; }

  const strategy_context& ctx;
  std::vector<const live_order*> by_cell;
  std::vector<const live_order*> strays;
  int buys = 0, sells = 0;
  /// Worth of buys that the balances may not show yet.
  decimal unlocked;
};

grid::grid(std::shared_ptr<const grid_parameters> parameters) : parameters_(std::move(parameters)) {}

strategy_actions grid::on_start(const strategy_context& ctx) {
  if (restored_reference_.is_positive()) {
    auto ladder = grid_ladder::make(*parameters_, ctx.instrument, restored_reference_);
    if (ladder) ladder_ = std::move(*ladder);
  }
  if (!ladder_) cells_.clear();
  if (ladder_) reuse_orders(ctx);
  return decide(ctx);
}

/// What was filled of surviving orders before the restart is not told again. A sell that rests proves what its cell holds,
/// even when the state was saved before.
void grid::reuse_orders(const strategy_context& ctx) {
  cells_.resize(ladder_->cells());
  const view now(ctx, *ladder_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto* order = now.by_cell[i];
    if (order == nullptr) continue;
    cells_[i].seen = order->filled_quantity;
    if (order->side == side::sell) cells_[i].held = std::max(cells_[i].held, order->quantity - order->filled_quantity);
  }
}

bool grid::wants_tick(const exchanges::book_ticker& t) {
  if (retry_ticks_ > 0 && --retry_ticks_ == 0) return true;
  if (dirty_) return true;
  const auto mid = mid_of(t);
  return mid < quiet_from_ || mid > quiet_to_;
}

strategy_actions grid::on_tick(const strategy_context& ctx) {
  dirty_ = true;
  return decide(ctx);
}

strategy_actions grid::on_order(const strategy_context& ctx, const live_order& order) {
  dirty_ = true;
  if (order.state == intent_state::refused || order.state == intent_state::not_placed) {
    pause_.note_refusal(ctx.now);
    return {set_timer{pause_.until()}};
  }
  if (order.state == intent_state::accepted) pause_.note_success();
  auto tag = parse_grid_tag(order.tag);
  const bool over = order.state == intent_state::closed;
  if (over && tag && tag->cell < cells_.size()) cells_[tag->cell].expected = order.filled_quantity;
  return decide(ctx);
}

strategy_actions grid::on_fill(const strategy_context& ctx, const exchanges::fill& fill, std::string_view tag) {
  dirty_ = true;
  auto slot = parse_grid_tag(tag);
  if (slot && slot->cell < cells_.size()) {
    auto& c = cells_[slot->cell];
    c.held = std::max(decimal(), c.held + base_effect(ctx.instrument, fill));
    c.seen += fill.quantity;
    if (fill.side == side::buy) c.lent = false;
  }
  return decide(ctx);
}

strategy_actions grid::on_timer(const strategy_context& ctx) {
  return decide(ctx);
}

strategy_actions grid::decide(const strategy_context& ctx) {
  if (ctx.ticker == nullptr || pause_.holds(ctx.now)) return {};
  const auto mid = mid_of(*ctx.ticker);
  if (!ladder_) return lay(ctx, mid);
  view now(ctx, *ladder_);
  if (!std::exchange(adopted_, true)) adopt_position(ctx, now, mid);
  const bool outside = mid < ladder_->lower_edge() || mid > ladder_->upper_edge();
  if (outside && !parameters_->has_fixed_range() && may_move(ctx.instrument)) return lay(ctx, mid);
  strategy_actions actions;
  for (const auto* stray : now.strays)
    if (!stray->cancel_requested) actions.push_back(cancel_order{stray->id});
  plan_sells(now, actions);
  plan_buys(now, mid, actions);
  set_quiet_band(mid);
  dirty_ = false;
  return actions;
}

strategy_actions grid::clear(const strategy_context& ctx) const {
  strategy_actions actions;
  for (const auto& order : ctx.orders)
    if (!order.cancel_requested) actions.push_back(cancel_order{order.id});
  return actions;
}

/// A new grid around `mid`, once the old one's orders are gone.
strategy_actions grid::lay(const strategy_context& ctx, decimal mid) {
  if (!ctx.orders.empty()) {
    quiet_from_ = quiet_to_ = mid;
    return clear(ctx);
  }
  auto ladder = grid_ladder::make(*parameters_, ctx.instrument, mid);
  if (!ladder) return {stop_bot{ladder.error().detail}};
  ladder_ = std::move(*ladder);
  cells_.assign(ladder_->cells(), {});
  lent_ = false;
  adopted_ = false;
  lend(ctx, mid);
  return decide(ctx);
}

void grid::lend(const strategy_context& ctx, decimal mid) {
  if (parameters_->sides != grid_sides::both) return;
  auto left = free_balance(ctx, ctx.instrument.base_asset) - ctx.position.quantity;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (ladder_->buy_price(i) < mid) continue;
    const auto size = sellable(ctx.instrument, order_size(*parameters_, ctx.instrument, ladder_->buy_price(i)), ladder_->sell_price(i));
    if (size > left || size.is_zero()) return;
    cells_[i].held = size;
    cells_[i].lent = lent_ = true;
    left -= size;
  }
}

/// After a crash the books may know of fills that the saved state does not. Missing coins are taken from cells without a
/// resting sell, unless coins were lent (the books do not show those). Coins too many go to free cells above the price,
/// the nearest first.
void grid::adopt_position(const strategy_context& ctx, const view& now, decimal mid) {
  auto extra = ctx.position.quantity;
  for (const auto& c : cells_)
    if (!c.lent) extra -= c.held;
  for (std::size_t i = 0; i < cells_.size() && extra.is_negative() && !lent_; ++i) {
    if (now.by_cell[i] != nullptr) continue;
    const auto taken = std::min(cells_[i].held, -extra);
    cells_[i].held -= taken;
    extra += taken;
  }
  cell* last = nullptr;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto price = ladder_->sell_price(i);
    if (price <= mid || now.by_cell[i] != nullptr || holds(i, ctx.instrument)) continue;
    const auto part = std::min(extra, order_size(*parameters_, ctx.instrument, ladder_->buy_price(i)));
    if (sellable(ctx.instrument, part, price).is_zero()) break;
    last = &cells_[i];
    last->held += part;
    extra -= part;
  }
  if (last != nullptr) last->held += extra;
}

bool grid::holds(std::size_t i, const exchanges::instrument& instrument) const {
  return !sellable(instrument, cells_[i].held, ladder_->sell_price(i)).is_zero();
}

bool grid::may_move(const exchanges::instrument& instrument) const {
  for (std::size_t i = 0; i < cells_.size(); ++i)
    if (cells_[i].waits() || (!cells_[i].lent && holds(i, instrument))) return false;
  return true;
}

void grid::place(view& now, side s, std::size_t i, decimal quantity, strategy_actions& actions) {
  if (now.count(s) >= parameters_->levels) {
    // Room for a nearer order: the farthest one gives way. Cells ascend, so "far" is low for buys and high for sells.
    const live_order* farthest = nullptr;
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      const auto* order = now.by_cell[k];
      if (order == nullptr || order->side != s || (s == side::buy ? k > i : k < i)) continue;
      if (farthest == nullptr || s == side::sell) farthest = order;
    }
    if (farthest != nullptr && !farthest->cancel_requested) actions.push_back(cancel_order{farthest->id});
    return;
  }
  ++now.count(s);
  cells_[i].seen = cells_[i].expected = decimal();
  const auto price = s == side::buy ? ladder_->buy_price(i) : ladder_->sell_price(i);
  actions.push_back(place_order{s, exchanges::order_type::limit, price, quantity, to_grid_tag({s, i})});
}

void grid::plan_sells(view& now, strategy_actions& actions) {
  int wanted = 0;
  for (std::size_t i = 0; i < cells_.size() && wanted < parameters_->levels; ++i) {
    const auto* order = now.by_cell[i];
    if (order != nullptr && order->side == side::sell) ++wanted;
    if (order != nullptr || cells_[i].waits() || !holds(i, now.ctx.instrument)) continue;
    ++wanted;
    place(now, side::sell, i, sellable(now.ctx.instrument, cells_[i].held, ladder_->sell_price(i)), actions);
  }
}

void grid::plan_buys(view& now, decimal mid, strategy_actions& actions) {
  auto funds = free_balance(now.ctx, now.ctx.instrument.quote_asset) - now.unlocked;
  int wanted = 0;
  for (std::size_t i = cells_.size(); i-- > 0 && wanted < parameters_->levels;) {
    const auto price = ladder_->buy_price(i);
    const auto* order = now.by_cell[i];
    if (order != nullptr && order->side == side::buy) ++wanted;
    if (order != nullptr || ladder_->entry_price(i) > mid || cells_[i].waits() || holds(i, now.ctx.instrument)) continue;
    const auto size = order_size(*parameters_, now.ctx.instrument, price);
    if (price * size > funds) {
      // Money of an order that just ended may be on its way back: look again soon.
      retry_ticks_ = funds_retry_ticks;
      return;
    }
    ++wanted;
    funds -= price * size;
    place(now, side::buy, i, size, actions);
  }
}

void grid::set_quiet_band(decimal mid) {
  quiet_from_ = ladder_->lower_edge();
  quiet_to_ = ladder_->upper_edge();
  if (mid < quiet_from_) quiet_to_ = std::exchange(quiet_from_, decimal());
  if (mid > quiet_to_) quiet_from_ = std::exchange(quiet_to_, mid + mid);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto line = ladder_->entry_price(i);
    if (line <= mid) quiet_from_ = std::max(quiet_from_, line);
    if (line >= mid) quiet_to_ = std::min(quiet_to_, line);
  }
}

}  // namespace drover::engine
