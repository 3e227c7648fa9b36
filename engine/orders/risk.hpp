#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

/// Limits of one account; an order past one is not sent. Amounts in the instrument's quote asset; zero = no limit.
struct risk_limits {
  decimal max_order_notional{1'000'000};
  int max_open_orders = 100;
  decimal max_position_notional;
  /// How far a limit price may be from the last mid price, as a share (0.1 = 10 %).
  decimal price_collar;
  int max_orders_per_minute = 600;
};

/// What the check needs to know of the account at this moment.
struct risk_state {
  int open_orders = 0;
  decimal position_quantity;
  /// Quantity that resting buy orders would add.
  decimal resting_buy_quantity;
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

/// Pure rules plus the order-rate window. One account, trading thread.
class risk_check {
 public:
  explicit risk_check(risk_limits);
  /// An order that passes counts towards the order rate.
  result<void> check(const exchanges::order_request&, const exchanges::instrument&, const risk_state&, steady_time now);

 private:
  result<void> count_order(steady_time now);

  risk_limits limits_;
  /// Ring of the last orders' times, grown at need: an idle account costs nothing.
  std::vector<steady_time> recent_;
  std::size_t oldest_ = 0;
};

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::risk_errc> : std::true_type {};
