#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

/// Limits of one account, or of the whole engine; an order past one is not sent. Amounts in the instrument's quote asset, for
/// each quote asset apart; zero = no limit.
struct risk_limits {
  decimal max_order_notional{1'000'000};
  int max_open_orders = 100;
  /// Of all markets together.
  decimal max_position_notional;
  /// Realised since 00:00 UTC by the books; past it there are no new orders until the next day.
  decimal max_daily_loss{};
  /// How far a limit price may be from the last mid price, as a share (0.1 = 10 %).
  decimal price_collar;
  int max_orders_per_minute = 600;
};

inline const risk_limits no_limits{.max_order_notional = decimal(), .max_open_orders = 0, .max_orders_per_minute = 0};

/// What the check needs to know of the account at this moment.
struct risk_state {
  int open_orders = 0;
  decimal position_quantity;
  /// What is held on other markets of the same quote asset.
  decimal other_position_notional{};
  /// Quantity that resting buy orders would add.
  decimal resting_buy_quantity;
  /// Quantity that resting sell orders would take away.
  decimal resting_sell_quantity{};
  decimal mid_price;
  /// False while draining, locked, or an earlier order's outcome on this instrument is unknown.
  bool entries_allowed = true;
  std::string entries_blocked_because;
};

enum class risk_errc {
  /// The order breaks a limit; the detail names limit, value and bound.
  limit = 1,
  /// New orders are not allowed now; the detail says why.
  blocked,
};
std::error_code make_error_code(risk_errc);

/// No more than so many orders in a minute. A ring of times, grown at need: an idle account costs nothing.
class order_rate {
 public:
  /// Whether one more passes; `limit` 0 = always.
  bool has_room(int limit, steady_time now) const;
  void count(int limit, steady_time now);

 private:
  std::vector<steady_time> recent_;
  std::size_t oldest_ = 0;
};

/// The rules without the order rate.
result<void> check_order(const exchanges::order_request&, const exchanges::instrument&, const risk_limits&, const risk_state&);
/// "max_open_orders: 11 against a limit of 10"
std::unexpected<error> broken_limit(std::string_view limit, const std::string& value, const std::string& bound);
/// A market order is valued at the mid price; zero while there is none.
decimal price_of(const exchanges::order_request&, const risk_state&);

/// Of an order that only gets out: the instrument's own rules, and that it makes the position smaller whatever rests already.
result<void> check_closing(const exchanges::order_request&, const exchanges::instrument&, const risk_state&);

/// Pure rules plus the order-rate window. One account, trading thread.
class risk_check {
 public:
  explicit risk_check(risk_limits);
  /// An order that passes counts towards the order rate.
  result<void> check(const exchanges::order_request&, const exchanges::instrument&, const risk_state&, steady_time now);

 private:
  risk_limits limits_;
  order_rate rate_;
};

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::risk_errc> : std::true_type {};
