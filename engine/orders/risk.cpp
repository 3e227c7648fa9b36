#include "engine/orders/risk.hpp"

#include <algorithm>

namespace drover::engine {
namespace {

constexpr nanoseconds rate_window = std::chrono::minutes(1);

std::string_view message_of(int value) {
  switch (static_cast<risk_errc>(value)) {
    case risk_errc::limit: return "the order breaks a limit";
    case risk_errc::blocked: return "new orders are not allowed now";
  }
  return "unknown risk error";
}

const enum_category category("risk", message_of);

std::unexpected<error> broken(std::string_view limit, decimal value, decimal bound) {
  return broken_limit(limit, value.to_string(), bound.to_string());
}

result<void> check_shape(const exchanges::order_request& order, const exchanges::instrument& i) {
  if (!i.trading) return fail(risk_errc::blocked, i.symbol + " is not trading");
  if (!order.quantity.is_positive()) return broken("quantity", order.quantity, decimal());
  if (i.lot_size.is_positive() && !order.quantity.is_multiple_of(i.lot_size))
    return broken("lot size", order.quantity, i.lot_size);
  if (order.quantity < i.min_quantity) return broken("least quantity", order.quantity, i.min_quantity);
  if (i.max_quantity.is_positive() && order.quantity > i.max_quantity)
    return broken("greatest quantity", order.quantity, i.max_quantity);
  if (order.type == exchanges::order_type::market) return {};
  if (!order.price.is_positive()) return broken("price", order.price, decimal());
  if (i.tick_size.is_positive() && !order.price.is_multiple_of(i.tick_size))
    return broken("tick size", order.price, i.tick_size);
  return {};
}

result<void> check_notional(const exchanges::order_request& order, const exchanges::instrument& i,
                            const risk_limits& limits, const risk_state& state) {
  const decimal price = price_of(order, state);
  if (!price.is_positive()) return fail(risk_errc::blocked, "no market price is known yet");
  const decimal notional = price * order.quantity;
  if (notional < i.min_notional) return broken("least notional", notional, i.min_notional);
  if (limits.max_order_notional.is_positive() && notional > limits.max_order_notional)
    return broken("max_order_notional", notional, limits.max_order_notional);
  return {};
}

result<void> check_position(const exchanges::order_request& order, const risk_limits& limits, const risk_state& state) {
  if (!limits.max_position_notional.is_positive() || order.side != exchanges::side::buy) return {};
  const decimal price = state.mid_price.is_positive() ? state.mid_price : price_of(order, state);
  const decimal here = price * (state.position_quantity + state.resting_buy_quantity + order.quantity);
  const decimal after = here + state.other_position_notional;
  if (after > limits.max_position_notional) return broken("max_position_notional", after, limits.max_position_notional);
  return {};
}

result<void> check_collar(const exchanges::order_request& order, const risk_limits& limits, const risk_state& state) {
  if (!limits.price_collar.is_positive() || order.type == exchanges::order_type::market) return {};
  if (!state.mid_price.is_positive()) return fail(risk_errc::blocked, "no market price is known yet");
  const decimal away = (order.price - state.mid_price).abs();
  const decimal allowed = state.mid_price * limits.price_collar;
  if (away > allowed) return broken("price_collar", away, allowed);
  return {};
}

result<void> check_limits(const exchanges::order_request& order, const exchanges::instrument& i,
                          const risk_limits& limits, const risk_state& state) {
  if (!state.entries_allowed) return fail(risk_errc::blocked, state.entries_blocked_because);
  if (auto done = check_shape(order, i); !done) return done;
  if (auto done = check_notional(order, i, limits, state); !done) return done;
  if (auto done = check_collar(order, limits, state); !done) return done;
  if (auto done = check_position(order, limits, state); !done) return done;
  if (limits.max_open_orders > 0 && state.open_orders >= limits.max_open_orders)
    return broken_limit("max_open_orders", std::to_string(state.open_orders + 1), std::to_string(limits.max_open_orders));
  return {};
}

result<void> check_reduction(const exchanges::order_request& order, const risk_state& state) {
  const bool sells = order.side == exchanges::side::sell;
  const decimal held = sells ? state.position_quantity : decimal() - state.position_quantity;
  const decimal out = order.quantity + (sells ? state.resting_sell_quantity : state.resting_buy_quantity);
  if (out > held) return fail(risk_errc::blocked, "a closing order would do more than close the position of " + held.to_string());
  return {};
}

result<void> check_way_out(const exchanges::order_request& order, const exchanges::instrument& i, const risk_state& state) {
  if (!state.entries_allowed) return fail(risk_errc::blocked, state.entries_blocked_because);
  if (auto done = check_shape(order, i); !done) return done;
  if (auto done = check_reduction(order, state); !done) return done;
  return check_notional(order, i, {.max_order_notional = decimal()}, state);
}

}  // namespace

result<void> check_closing(const exchanges::order_request& order, const exchanges::instrument& i, const risk_state& state) {
  try {
    return check_way_out(order, i, state);
  } catch (const decimal_overflow&) {
    return fail(risk_errc::limit, "price times quantity is out of range");
  }
}

std::error_code make_error_code(risk_errc value) { return {static_cast<int>(value), category}; }

std::unexpected<error> broken_limit(std::string_view limit, const std::string& value, const std::string& bound) {
  return fail(risk_errc::limit, std::string(limit) + ": " + value + " against a limit of " + bound);
}

decimal price_of(const exchanges::order_request& order, const risk_state& state) {
  return order.type == exchanges::order_type::market ? state.mid_price : order.price;
}

bool order_rate::has_room(int limit, steady_time now) const {
  if (limit <= 0 || recent_.size() < static_cast<std::size_t>(limit)) return true;
  if (recent_.size() == static_cast<std::size_t>(limit)) return now - recent_[oldest_] >= rate_window;
  // The limit was lowered: those of the last minute are counted.
  return std::ranges::count_if(recent_, [now](steady_time t) { return now - t < rate_window; }) < limit;
}

void order_rate::count(int limit, steady_time now) {
  if (limit <= 0) return;
  if (recent_.size() == static_cast<std::size_t>(limit)) {
    recent_[oldest_] = now;
    oldest_ = (oldest_ + 1) % recent_.size();
    return;
  }
  // The ring is not full, or the limit changed: entries are put in order from the front, and old ones make room before it grows.
  std::ranges::rotate(recent_, recent_.begin() + static_cast<std::ptrdiff_t>(oldest_));
  std::erase_if(recent_, [now](steady_time t) { return now - t >= rate_window; });
  recent_.push_back(now);
  oldest_ = 0;
}

result<void> check_order(const exchanges::order_request& order, const exchanges::instrument& i, const risk_limits& limits,
                         const risk_state& state) {
  try {
    return check_limits(order, i, limits, state);
  } catch (const decimal_overflow&) {
    return fail(risk_errc::limit, "price times quantity is out of range");
  }
}

risk_check::risk_check(risk_limits limits) : limits_(limits) {}

result<void> risk_check::check(const exchanges::order_request& order, const exchanges::instrument& i,
                               const risk_state& state, steady_time now) {
  if (auto done = check_order(order, i, limits_, state); !done) return done;
  const int limit = limits_.max_orders_per_minute;
  if (!rate_.has_room(limit, now))
    return broken_limit("max_orders_per_minute", std::to_string(limit + 1), std::to_string(limit));
  rate_.count(limit, now);
  return {};
}

}  // namespace drover::engine
