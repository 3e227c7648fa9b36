#include "exchanges/paper/market_generator.hpp"

#include <algorithm>
#include <optional>

namespace drover::exchanges::paper {

namespace {
/// Value of a usual level in the quote asset.
const decimal level_notional(20'000);
/// Grid of quoted prices: one basis point.
const decimal grid_divisor(10'000);
/// One step in this many brings a taker.
constexpr std::uint64_t taker_odds = 2;
/// Fineness of the random walk's steps.
constexpr std::int64_t walk_resolution = 1'000;
}  // namespace

market_generator::market_generator(matching_engine& engine, generator_rules rules, std::uint64_t seed)
    : engine_(engine), rules_(rules), random_(seed) {}

market_generator::market_state* market_generator::find(instrument_number n) {
  auto it = std::ranges::find(markets_, n, &market_state::instrument);
  return it == markets_.end() ? nullptr : &*it;
}

bool market_generator::drives(instrument_number n) const {
  return std::ranges::find(markets_, n, &market_state::instrument) != markets_.end();
}

decimal market_generator::mid(instrument_number n) const {
  auto it = std::ranges::find(markets_, n, &market_state::instrument);
  return it == markets_.end() ? decimal() : it->mid;
}

void market_generator::add(instrument_number n, decimal price, wall_time now) {
  const auto& i = engine_.get_instrument(n);
  market_state m{.instrument = n, .mid = price};
  m.spacing = std::max(i.tick_size, decimal::divide(price, grid_divisor).round_to_multiple(i.tick_size, rounding::half_even));
  m.level_quantity = std::max(i.lot_size, decimal::divide(level_notional, price).round_to_multiple(i.lot_size, rounding::up));
  engine_.set_reference_price(n, price);
  markets_.push_back(m);
  quote(markets_.back(), now);
}

decimal market_generator::random_quantity(const market_state& m) {
  const auto lot = engine_.get_instrument(m.instrument).lot_size;
  const auto percent = static_cast<std::int64_t>(10 + random_.below(190));
  const auto quantity = decimal::divide(m.level_quantity * decimal(percent), decimal(100), rounding::down);
  return std::max(lot, quantity.round_to_multiple(lot, rounding::down));
}

void market_generator::quote(market_state& m, wall_time now) {
  const decimal bid = (m.mid - engine_.get_instrument(m.instrument).tick_size).round_to_multiple(m.spacing, rounding::down);
  const decimal ask = bid + m.spacing;
  const decimal depth = m.spacing * decimal(rules_.levels - 1);
  withdraw_outside(m, side::buy, bid, bid - depth, now);
  withdraw_outside(m, side::sell, ask, ask + depth, now);
  quote_side(m, side::buy, bid, now);
  quote_side(m, side::sell, ask, now);
}

void market_generator::withdraw_outside(market_state& m, side s, decimal nearest, decimal farthest, wall_time now) {
  std::vector<decimal> gone;
  for (const auto& [key, level] : engine_.book(m.instrument).of(s).levels()) {
    if (level.house_total.is_zero()) continue;
    const bool inside = s == side::buy ? level.price <= nearest && level.price >= farthest
                                       : level.price >= nearest && level.price <= farthest;
    if (!inside) gone.push_back(level.price);
  }
  for (const decimal price : gone) engine_.set_house_level(m.instrument, s, price, decimal(), now);
}

/// Levels that are quoted keep their quantity, so that the queue in them stays; thin ones and a random one change.
void market_generator::quote_side(market_state& m, side s, decimal nearest, wall_time now) {
  const auto changed = static_cast<int>(random_.below(static_cast<std::uint64_t>(rules_.levels)));
  for (int k = 0; k < rules_.levels; ++k) {
    const decimal away = m.spacing * decimal(k);
    const decimal price = s == side::buy ? nearest - away : nearest + away;
    if (!price.is_positive()) return;
    const auto* level = engine_.book(m.instrument).of(s).find(price);
    const decimal quoted = level == nullptr ? decimal() : level->house_total;
    const bool thin = quoted + quoted + quoted + quoted < m.level_quantity;
    if (k == changed || thin) engine_.set_house_level(m.instrument, s, price, random_quantity(m), now);
  }
}

void market_generator::trade(market_state& m, wall_time now) {
  if (random_.below(taker_odds) != 0) return;
  const side s = random_.below(2) == 0 ? side::buy : side::sell;
  const auto* best = engine_.book(m.instrument).of(opposite(s)).best();
  if (best == nullptr) return;
  const decimal reach = m.spacing * decimal(static_cast<std::int64_t>(random_.below(2)));
  const decimal limit = s == side::buy ? best->price + reach : best->price - reach;
  engine_.take_as_house(m.instrument, s, random_quantity(m), limit, now);
}

void market_generator::step(instrument_number n, wall_time now) {
  auto* m = find(n);
  if (m == nullptr) return;
  const auto draw = static_cast<std::int64_t>(random_.below(2 * walk_resolution + 1)) - walk_resolution;
  const decimal share = decimal::divide(decimal(draw * rules_.step_basis_points), decimal(walk_resolution * 10'000));
  const auto tick = engine_.get_instrument(n).tick_size;
  const decimal moved = (m->mid + m->mid * share).round_to_multiple(tick, rounding::half_even);
  m->mid = std::max(moved, m->spacing);
  quote(*m, now);
  trade(*m, now);
}

void market_generator::stir(instrument_number n, wall_time now) {
  auto* m = find(n);
  if (m == nullptr) return;
  for (const auto s : {side::buy, side::sell}) {
    std::optional<decimal> farthest;
    for (const auto& [key, level] : engine_.book(n).of(s).levels())
      if (level.house_total.is_positive()) farthest = level.price;
    if (farthest) engine_.set_house_level(n, s, *farthest, random_quantity(*m), now);
  }
}

void market_generator::set_mid(instrument_number n, decimal mid, wall_time now) {
  auto* m = find(n);
  if (m == nullptr) return;
  const side s = mid > m->mid ? side::buy : side::sell;
  m->mid = mid;
  withdraw_outside(*m, opposite(s), mid, mid, now);
  engine_.sweep_accounts(n, s, mid, now);
  quote(*m, now);
}

}  // namespace drover::exchanges::paper
