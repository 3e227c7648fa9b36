#include <algorithm>

#include "exchanges/paper/matching_engine.hpp"

namespace drover::exchanges::paper {

/// How much of `available` at `price` the aggressor can take: what is left of its quantity, or what the rest of its quote
/// amount buys, in whole lots.
decimal matching_engine::fillable(const aggressor& a, decimal price, decimal available) const {
  if (!a.quote_left) return std::min(a.quantity, available);
  const auto& m = market(a.instrument);
  decimal least = price;
  const bool fee_inside = a.side == side::buy && account(a.order->account).rules.fee == fee_rule::quote_asset;
  if (fee_inside) least += decimal::divide(decimal::multiply(price, decimal(rules_.taker_fee_basis_points)), decimal(10'000), rounding::up);
  decimal most = decimal::divide(*a.quote_left, least, rounding::down).round_to_multiple(m.instrument.lot_size, rounding::down);
  if (a.side == side::sell)
    most = std::min(most, account(a.order->account).balances.free(m.base).round_to_multiple(m.instrument.lot_size, rounding::down));
  return std::min(most, available);
}

void matching_engine::match(aggressor& a) {
  auto& other = market(a.instrument).book.of(opposite(a.side));
  auto it = other.levels().begin();
  while (it != other.levels().end()) {
    auto& level = it->second;
    if (a.limit && !other.reaches(*a.limit, level.price)) break;
    const decimal before = level.total;
    match_level(a, level);
    const bool spent = a.last || fillable(a, level.price, decimal(1)).is_zero();
    if (level.total != before) listener_.on_level(a.instrument, opposite(a.side), level.price, level.total);
    it = other.drop_if_empty(it);
    if (spent) break;
  }
}

void matching_engine::match_level(aggressor& a, book_side::level& level) {
  auto& other = market(a.instrument).book.of(opposite(a.side));
  const bool house_trades = a.house_policy == house_lots::trade ||
                            (a.house_policy == house_lots::trade_at_limit && a.limit && level.price == *a.limit);
  const decimal lot_size = market(a.instrument).instrument.lot_size;
  auto lot = level.queue.begin();
  while (lot != level.queue.end()) {
    auto current = lot++;
    if (current->order == house && !house_trades) continue;
    paper_order* maker = current->order == house ? nullptr : &orders_.at(current->order);
    if (maker != nullptr && a.order != nullptr && maker->account == a.order->account) {
      other.reduce(level, current, current->quantity);
      maker->expired_in_match = true;
      finish(*maker, order_status::expired, a.now, order_change::expired);
      continue;
    }
    const decimal quantity = fillable(a, level.price, current->quantity);
    if (quantity.is_zero()) return;
    const decimal price = level.price;
    other.reduce(level, current, quantity);
    a.quantity -= a.quote_left ? decimal() : quantity;
    if (a.quote_left) {
      const decimal notional = decimal::multiply(price, quantity);
      *a.quote_left -= notional;
      if (a.side == side::buy && account(a.order->account).rules.fee == fee_rule::quote_asset)
        *a.quote_left -= cut_fee(notional, rules_.taker_fee_basis_points);
    }
    a.last = a.quote_left && fillable(a, price, lot_size).is_zero();
    const bool printed_elsewhere = maker == nullptr && a.house_policy == house_lots::trade_at_limit;
    if (!printed_elsewhere) trade(a, maker, price, quantity);
    if (a.last) return;
  }
}

void matching_engine::trade(aggressor& a, paper_order* maker, decimal price, decimal quantity) {
  auto& m = market(a.instrument);
  m.last_price = price;
  const market_trade print{.id = ++m.last_trade, .price = price, .quantity = quantity,
                           .buyer_is_maker = a.side == side::sell, .at = a.now};
  execution e{.trade_id = print.id, .instrument = a.instrument, .price = price, .quantity = quantity, .at = a.now};
  if (a.order != nullptr) {
    e.order = a.order->number;
    e.side = a.side;
    e.maker = false;
    settle(*a.order, e, a.order->type == order_type::market ? decimal() : a.order->price, a.last);
    if (a.fills != nullptr) a.fills->push_back(account(a.order->account).fills.back());
  }
  if (maker != nullptr) {
    e.order = maker->number;
    e.side = maker->side;
    e.maker = true;
    settle(*maker, e, maker->price, false);
  }
  listener_.on_trade(a.instrument, print);
}

/// Books one side of a trade: balances, fee, order, event. `price_of_lock` is the price at which a buyer's money was
/// locked; zero when nothing was locked (market orders). `last`: the quote amount of the order is spent.
void matching_engine::settle(paper_order& o, execution e, decimal price_of_lock, bool last) {
  const auto& m = market(o.instrument);
  auto& owner = accounts_[to_index(o.account)];
  const decimal notional = decimal::multiply(e.price, e.quantity);
  const bool buying = o.side == side::buy;
  const asset_number paid_asset = buying ? m.quote : m.base;
  const decimal paid = buying ? notional : e.quantity;
  const decimal received = buying ? e.quantity : notional;
  if (price_of_lock.is_zero()) {
    owner.balances.spend_free(paid_asset, paid);
  } else {
    const decimal locked = buying ? decimal::multiply(price_of_lock, e.quantity) : e.quantity;
    owner.balances.spend_locked(paid_asset, locked);
    owner.balances.credit(paid_asset, locked - paid);
  }
  const int basis_points = e.maker ? rules_.maker_fee_basis_points : rules_.taker_fee_basis_points;
  const bool fee_on_top = buying && owner.rules.fee == fee_rule::quote_asset;
  e.fee = cut_fee(fee_on_top ? notional : received, basis_points);
  e.fee_asset = buying && !fee_on_top ? m.base : m.quote;
  fees_[to_index(e.fee_asset)] += e.fee;
  owner.balances.credit(buying ? m.base : m.quote, fee_on_top ? received : received - e.fee);
  if (fee_on_top && price_of_lock.is_zero()) {
    owner.balances.spend_free(m.quote, e.fee);
  } else if (fee_on_top) {
    owner.balances.spend_locked(m.quote, e.fee);
    o.locked_fee -= e.fee;
  }

  o.filled_quantity += e.quantity;
  o.filled_notional += notional;
  o.updated_at = e.at;
  o.status = order_status::partially_filled;
  owner.fills.push_back(e);
  touch(o.account, o.instrument);
  if (o.quote_quantity.is_positive()) o.quantity = o.filled_quantity;
  if (last || (o.quote_quantity.is_zero() && o.filled_quantity == o.quantity))
    finish(o, order_status::filled, e.at, order_change::traded);
  listener_.on_order(o, order_change::traded, &owner.fills.back());
  if (owner.fills.size() > rules_.history_limit) owner.fills.pop_front();
}

void matching_engine::finish(paper_order& o, order_status status, wall_time now, order_change change) {
  o.status = status;
  o.updated_at = now;
  auto& owner = accounts_[to_index(o.account)];
  std::erase(owner.open_orders, o.number);
  if (status != order_status::filled) release_lock(o);
  if (o.locked_fee.is_positive()) owner.balances.unlock(market(o.instrument).quote, o.locked_fee);
  o.locked_fee = {};
  touch(o.account, o.instrument);
  if (change != order_change::traded) listener_.on_order(o, change, nullptr);
}

void matching_engine::release_lock(const paper_order& o) {
  if (o.type == order_type::market) return;
  const auto& m = market(o.instrument);
  auto& balances = accounts_[to_index(o.account)].balances;
  if (o.side == side::buy)
    balances.unlock(m.quote, decimal::multiply(o.price, o.remaining()));
  else
    balances.unlock(m.base, o.remaining());
}

void matching_engine::touch(account_number n, instrument_number i) {
  const auto pair = std::pair(n, i);
  if (touched_.empty() || touched_.back() != pair) touched_.push_back(pair);
}

void matching_engine::flush_balances() {
  std::ranges::sort(touched_);
  const auto repeated = std::ranges::unique(touched_);
  touched_.erase(repeated.begin(), repeated.end());
  for (auto [n, i] : touched_) listener_.on_balances(n, i);
  touched_.clear();
}

void matching_engine::trim_history(account_book& owner) {
  while (owner.orders.size() >= rules_.history_limit) {
    auto oldest = orders_.find(owner.orders.front());
    if (!is_terminal(oldest->second.status)) return;
    auto named = owner.by_client_id.find(oldest->second.client_id);
    if (named != owner.by_client_id.end() && named->second == oldest->first) owner.by_client_id.erase(named);
    orders_.erase(oldest);
    owner.orders.pop_front();
  }
}

void matching_engine::set_house_level(instrument_number n, side s, decimal price, decimal quantity, wall_time now) {
  auto& book = market(n).book;
  auto& own_side = book.of(s);
  if (quantity.is_positive()) {
    const auto* best = book.of(opposite(s)).best();
    if (best != nullptr && book.of(opposite(s)).reaches(price, best->price)) {
      aggressor a{.instrument = n, .side = s, .limit = price, .quantity = quantity, .house_policy = house_lots::skip, .now = now};
      match(a);
      quantity = a.quantity;
    }
  }
  const auto* level = own_side.find(price);
  const decimal before = level == nullptr ? decimal() : level->total;
  own_side.set_house(price, quantity);
  level = own_side.find(price);
  const decimal after = level == nullptr ? decimal() : level->total;
  if (after != before) listener_.on_level(n, s, price, after);
  flush_balances();
}

decimal matching_engine::take_as_house(instrument_number n, side s, decimal quantity, decimal limit, wall_time now) {
  aggressor a{.instrument = n, .side = s, .limit = limit, .quantity = quantity, .house_policy = house_lots::trade, .now = now};
  match(a);
  flush_balances();
  return quantity - a.quantity;
}

void matching_engine::sweep_accounts(instrument_number n, side s, decimal limit, wall_time now) {
  const auto& other = market(n).book.of(opposite(s));
  decimal all;
  for (const auto& [key, level] : other.levels()) {
    if (!other.reaches(limit, level.price)) break;
    all += level.total - level.house_total;
  }
  if (all.is_zero()) return;
  aggressor a{.instrument = n, .side = s, .limit = limit, .quantity = all, .house_policy = house_lots::skip, .now = now};
  match(a);
  flush_balances();
}

void matching_engine::print_trade(instrument_number n, side s, decimal price, decimal quantity, wall_time now) {
  market(n).last_price = price;
  aggressor a{.instrument = n, .side = s, .limit = price, .quantity = quantity, .house_policy = house_lots::trade_at_limit, .now = now};
  match(a);
  market(n).last_price = price;
  flush_balances();
}

}  // namespace drover::exchanges::paper
