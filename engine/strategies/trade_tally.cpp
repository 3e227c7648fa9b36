#include "engine/strategies/trade_tally.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

/// Differences up to this share of what orders reported are fees in the base asset.
const decimal fee_share = decimal::literal("0.01");

/// More than live at once and are remembered.
constexpr std::size_t restored_orders_limit = 1'000;

}  // namespace

decimal trade_tally::record::notional() const {
  return told >= filled ? told_notional : told_notional + (filled - told) * price;
}

trade_tally::amount trade_tally::total(side s) const {
  auto out = s == side::buy ? bought_ : sold_;
  for (const auto& r : records_) {
    if (r.side != s) continue;
    out.quantity += r.filled;
    out.notional += r.notional();
  }
  return out;
}

trade_tally::record* trade_tally::find(const uuid& id) {
  const auto at = std::ranges::find(records_, id, &record::id);
  return at == records_.end() ? nullptr : &*at;
}

void trade_tally::fold(const record& r) {
  closed(r.side).quantity += r.filled;
  closed(r.side).notional += r.notional();
}

trade_tally::record& trade_tally::adopt(const live_order& order) {
  const auto oldest = std::ranges::find(records_, true, &record::ended);
  if (records_.size() >= remembered_orders && oldest != records_.end()) {
    fold(*oldest);
    records_.erase(oldest);
  }
  expected_.erase(order.tag);
  records_.push_back({order.id, order.tag, order.side, order.price, {}, {}, {}, false, false});
  return records_.back();
}

void trade_tally::begin(const strategy_context& ctx) {
  expected_.clear();
  for (const auto& order : ctx.orders) {
    auto* known = find(order.id);
    if (known == nullptr) known = &adopt(order);
    known->filled = order.filled_quantity;
    known->is_older = true;
  }
  // Later news of orders that ended before are history: the books tell what they did.
  for (const auto& r : records_)
    if (std::ranges::find(ctx.orders, r.id, &live_order::id) == ctx.orders.end()) fold(r);
  std::erase_if(records_, [&](const record& r) {
    return std::ranges::find(ctx.orders, r.id, &live_order::id) == ctx.orders.end();
  });
  if (was_running_) settle(ctx);
  remember(ctx);
}

void trade_tally::settle(const strategy_context& ctx) {
  const auto reported = net_quantity() - counted_;
  const auto tolerance = reported.abs() * fee_share;
  const auto books = std::max(decimal(), books_quantity_ + reported);
  auto missed = ctx.position.quantity - books;
  if (missed.abs() <= tolerance) missed = {};
  const auto price = ctx.ticker != nullptr ? mid_of(*ctx.ticker) : last_price_;
  if (missed.is_positive()) {
    const auto cost = ctx.position.cost - books_cost_;
    bought_.quantity += missed;
    bought_.notional += cost.is_positive() && reported.is_zero() ? cost : missed * price;
  }
  // Coins that the books never held leave no trace there, only in the balance.
  const auto missing = base_total_ + reported + missed - total_balance(ctx, ctx.instrument.base_asset);
  auto sold = missed.is_negative() ? -missed : decimal();
  if (ctx.position.quantity.is_zero() && !ctx.balances.empty() && missing > tolerance) sold += missing;
  sold_.quantity += sold;
  sold_.notional += sold * price;
}

/// An order that is gone while its end is still to be told has moved the books, and is not counted yet.
bool trade_tally::is_in_step(const strategy_context& ctx) const {
  const auto lives = [&](const auto& matches) { return std::ranges::any_of(ctx.orders, matches); };
  for (const auto& r : records_)
    if (!r.ended && !lives([&](const live_order& o) { return o.id == r.id; })) return false;
  return expected_.empty();
}

void trade_tally::remember(const strategy_context& ctx) {
  if (!is_in_step(ctx)) return;
  was_running_ = true;
  counted_ = net_quantity();
  books_quantity_ = ctx.position.quantity;
  books_cost_ = ctx.position.cost;
  base_total_ = total_balance(ctx, ctx.instrument.base_asset);
  if (ctx.ticker != nullptr) last_price_ = mid_of(*ctx.ticker);
}

void trade_tally::watch(const strategy_context& ctx) {
  for (const auto& order : ctx.orders) {
    auto* known = find(order.id);
    if (known == nullptr) known = &adopt(order);
    known->filled = std::max(known->filled, order.filled_quantity);
  }
  remember(ctx);
}

void trade_tally::note_order(const live_order& order) {
  auto* known = find(order.id);
  if (known == nullptr && order.id != uuid{} && expected_.contains(order.tag)) known = &adopt(order);
  const bool refused = order.state == intent_state::refused || order.state == intent_state::not_placed;
  if (refused) expected_.erase(order.tag);
  if (known == nullptr) return;
  known->filled = std::max(known->filled, order.filled_quantity);
  known->ended = known->ended || refused || order.state == intent_state::closed;
}

bool trade_tally::is_awaited(std::string_view tag) const {
  return expected_.contains(tag) ||
         std::ranges::any_of(records_, [&](const record& r) { return !r.ended && r.tag == tag; });
}

bool trade_tally::is_anything_awaited() const {
  return !expected_.empty() || !std::ranges::all_of(records_, &record::ended);
}

void trade_tally::note_fill(const exchanges::fill& fill, std::string_view tag) {
  record* known = nullptr;
  if (auto id = uuid::parse(fill.client_order_id)) {
    known = find(*id);
  } else {
    for (auto& r : records_)
      if (r.tag == tag && r.told < r.filled) known = &r;
  }
  if (known == nullptr || (known->is_older && known->told + fill.quantity > known->filled)) return;
  known->told += fill.quantity;
  known->filled = std::max(known->filled, known->told);
  known->told_notional += fill.quantity * fill.price;
}

json trade_tally::save() const {
  json records = json::array();
  for (const auto& r : records_)
    records.push_back({r.id.to_hex(), r.tag, r.side == side::buy, r.price.to_string(), r.filled.to_string(),
                       r.told.to_string(), r.told_notional.to_string()});
  return {{"bought", bought_.quantity.to_string()},
          {"bought_notional", bought_.notional.to_string()},
          {"sold", sold_.quantity.to_string()},
          {"sold_notional", sold_.notional.to_string()},
          {"books", books_quantity_.to_string()},
          {"books_cost", books_cost_.to_string()},
          {"base", base_total_.to_string()},
          {"counted", counted_.to_string()},
          {"price", last_price_.to_string()},
          {"running", was_running_},
          {"orders", std::move(records)}};
}

void trade_tally::restore(const json& saved) {
  bought_ = {state_amount(saved, "bought"), state_amount(saved, "bought_notional")};
  sold_ = {state_amount(saved, "sold"), state_amount(saved, "sold_notional")};
  books_quantity_ = state_amount(saved, "books");
  books_cost_ = state_amount(saved, "books_cost");
  base_total_ = state_amount(saved, "base");
  counted_ = state_amount(saved, "counted");
  last_price_ = state_amount(saved, "price");
  was_running_ = state_flag(saved, "running");
  const auto& rows = state_member(saved, "orders");
  if (!rows.is_array() || rows.size() > restored_orders_limit)
    throw bad_state{"orders is not a list of remembered orders"};
  const auto number = [](const json& cell) {
    auto value = cell.is_string() ? decimal::parse(cell.get<std::string>()) : result<decimal>(fail(errc::malformed));
    if (!value) throw bad_state{"an amount of an order is not a number"};
    return *value;
  };
  for (const auto& row : rows) {
    const bool shaped =
        row.is_array() && row.size() == 7 && row[0].is_string() && row[1].is_string() && row[2].is_boolean();
    if (!shaped) throw bad_state{"an order is not a row of seven"};
    auto id = uuid::parse(row[0].get<std::string>());
    if (!id) throw bad_state{"an order has no id"};
    // begin() folds those that do not live any more.
    records_.push_back({*id, row[1].get<std::string>(), row[2] == true ? side::buy : side::sell, number(row[3]),
                        number(row[4]), number(row[5]), number(row[6]), false, true});
  }
}

}  // namespace drover::engine
