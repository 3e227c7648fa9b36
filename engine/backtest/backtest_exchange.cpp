#include "engine/backtest/backtest_exchange.hpp"

#include <algorithm>
#include <stdexcept>

namespace drover::engine {

using exchanges::side;

namespace {

decimal& shown(market_event::quote& q, side taker) {
  return taker == side::buy ? q.ask_quantity : q.bid_quantity;
}
decimal touch(const market_event::quote& q, side taker) {
  return taker == side::buy ? q.ask_price : q.bid_price;
}
bool reaches(side s, decimal price, decimal other) {
  return s == side::buy ? price >= other : price <= other;
}

}  // namespace

backtest_exchange::backtest_exchange(exchanges::instrument i, backtest_fees fees,
                                     std::vector<exchanges::balance> balances, listener& l)
    : instrument_(std::move(i)), fees_(fees), balances_(std::move(balances)), listener_(l) {
  for (const auto& asset : {instrument_.base_asset, instrument_.quote_asset})
    if (std::ranges::find(balances_, asset, &exchanges::balance::asset) == balances_.end())
      balances_.push_back({asset, {}, {}});
}

exchanges::balance& backtest_exchange::balance(const std::string& asset) {
  return *std::ranges::find(balances_, asset, &exchanges::balance::asset);
}

exchanges::balance& backtest_exchange::paying(const backtest_order& o) {
  return balance(o.side == side::buy ? instrument_.quote_asset : instrument_.base_asset);
}

/// What is locked for so much of an order: a market buy at the best price of the moment.
decimal backtest_exchange::cost(const backtest_order& o, decimal quantity) const {
  if (o.side == side::sell) return quantity;
  return quantity * (o.type == exchanges::order_type::market ? top_.ask_price : o.price);
}

void backtest_exchange::place(backtest_order o, wall_time now) {
  const auto other = touch(top_, o.side);
  const bool is_market = o.type == exchanges::order_type::market;
  if (!other.is_positive()) return listener_.on_refused(o, "there is no market yet");
  const bool takes = is_market || reaches(o.side, o.price, other);
  if (o.type == exchanges::order_type::limit_maker && takes)
    return listener_.on_refused(o, "the post-only order would trade at once");
  auto& payer = paying(o);
  const auto locked = cost(o, o.quantity);
  if (locked > payer.free) return listener_.on_refused(o, "not enough " + payer.asset);
  if (is_market) o.price = top_.ask_price;
  payer.free -= locked;
  payer.locked += locked;
  listener_.on_accepted(o);
  auto& available = shown(top_, o.side);
  const bool whole_only = o.tif == exchanges::time_in_force::fok && available < o.quantity;
  const auto taken = takes && !whole_only
                         ? std::min(o.quantity, available).round_to_multiple(instrument_.lot_size, rounding::down)
                         : decimal();
  if (taken.is_positive()) {
    available -= taken;
    fill(o, other, taken, false, now);
  }
  if (is_market || o.tif != exchanges::time_in_force::gtc || o.filled == o.quantity) return close(o);
  orders_.push_back({std::move(o), {}, false});
  update_queues();
}

void backtest_exchange::cancel(const uuid& id, wall_time) {
  const auto at = std::ranges::find_if(orders_, [&](const resting& r) { return r.order.id == id; });
  if (at == orders_.end()) return;
  const auto order = std::move(at->order);
  orders_.erase(at);
  close(order);
}

void backtest_exchange::fill(backtest_order& o, decimal price, decimal quantity, bool maker, wall_time now) {
  const bool buys = o.side == side::buy;
  auto& payer = paying(o);
  const auto locked = buys ? quantity * o.price : quantity;
  payer.locked -= locked;
  if (buys) payer.free += locked - quantity * price;
  const auto received = buys ? quantity : quantity * price;
  const auto& asset = buys ? instrument_.base_asset : instrument_.quote_asset;
  exchanges::fill f;
  f.symbol = instrument_.symbol;
  f.trade_id = std::to_string(++trades_);
  f.client_order_id = o.id.to_hex();
  f.side = o.side;
  f.price = price;
  f.quantity = quantity;
  f.fee = received * (maker ? fees_.maker : fees_.taker);
  f.fee_asset = asset;
  f.maker = maker;
  f.at = now;
  balance(asset).free += received - f.fee;
  o.filled += quantity;
  listener_.on_fill(o, f);
}

void backtest_exchange::close(const backtest_order& o) {
  auto& payer = paying(o);
  const auto left = o.side == side::buy ? (o.quantity - o.filled) * o.price : o.quantity - o.filled;
  payer.locked -= left;
  payer.free += left;
  listener_.on_closed(o);
}

void backtest_exchange::update_queues() {
  for (auto& r : orders_) {
    const bool buys = r.order.side == side::buy;
    const auto best = buys ? top_.bid_price : top_.ask_price;
    const auto displayed = buys ? top_.bid_quantity : top_.ask_quantity;
    if (r.order.price == best) {
      r.ahead = r.queued ? std::min(r.ahead, displayed) : displayed;
      r.queued = true;
    } else if (reaches(r.order.side, r.order.price, best)) {
      r.ahead = {};
      r.queued = true;
    }
  }
}

void backtest_exchange::trade_resting(const market_event::print& p, wall_time now) {
  // The taker of the trade sold when the buyer was the maker: it meets resting buys.
  const auto meets = p.buyer_is_maker ? side::buy : side::sell;
  auto left = p.quantity;
  for (auto& r : orders_) {
    auto& o = r.order;
    if (o.side != meets || !reaches(o.side, o.price, p.price)) continue;
    if (o.price == p.price) {
      if (!r.queued) continue;
      const auto used = std::min(r.ahead, left);
      r.ahead -= used;
      left -= used;
    }
    const auto quantity = std::min(o.quantity - o.filled, left).round_to_multiple(instrument_.lot_size, rounding::down);
    if (!quantity.is_positive()) continue;
    left -= quantity;
    fill(o, o.price, quantity, true, now);
  }
}

void backtest_exchange::cross_resting(wall_time now) {
  for (auto& r : orders_) {
    auto& o = r.order;
    const auto other = touch(top_, o.side);
    if (!other.is_positive() || !reaches(o.side, o.price, other)) continue;
    auto& available = shown(top_, o.side);
    const auto quantity =
        std::min(o.quantity - o.filled, available).round_to_multiple(instrument_.lot_size, rounding::down);
    if (!quantity.is_positive()) continue;
    available -= quantity;
    fill(o, o.price, quantity, true, now);
  }
}

void backtest_exchange::drop_filled() {
  std::vector<backtest_order> done;
  for (auto& r : orders_)
    if (r.order.filled == r.order.quantity) done.push_back(r.order);
  std::erase_if(orders_, [](const resting& r) { return r.order.filled == r.order.quantity; });
  for (const auto& o : done) close(o);
}

void backtest_exchange::take_market(const market_event& e) {
  if (e.trade) trade_resting(*e.trade, e.at);
  if (e.top) {
    top_ = *e.top;
    cross_resting(e.at);
    update_queues();
  }
  drop_filled();
}

}  // namespace drover::engine
