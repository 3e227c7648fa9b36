#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exchanges/paper/binance_dialect_error.hpp"
#include "exchanges/paper/paper_server.hpp"

namespace drover::exchanges::paper::binance {

/// Request weight per address and minute, orders per account and ten seconds and day. Past the limit: 429 with
/// Retry-After; who goes on in spite of it is banned: 418. Pure bookkeeping: time is passed in.
class request_limits {
 public:
  /// Requests that may run into 429 within a minute before the address is banned.
  static constexpr int patience = 20;
  static constexpr seconds ban{120};
  static constexpr std::size_t address_limit = 10'000;

  struct denial {
    refused why;
    seconds retry_after{};
  };

  explicit request_limits(const paper_config& c)
      : enforced_(c.enforce_limits), weight_limit_(c.request_weight_per_minute),
        orders_10s_limit_(c.orders_per_ten_seconds), orders_1d_limit_(c.orders_per_day) {}

  /// Counts a request; what to answer instead when it is too much.
  std::optional<denial> charge(std::string_view address, int weight, wall_time now);
  std::int64_t used_weight(std::string_view address, wall_time now) const;
  std::optional<denial> charge_order(account_number, wall_time now);

  struct order_counts {
    int ten_seconds = 0, day = 0;
  };
  order_counts get_order_counts(account_number, wall_time now) const;

  int weight_limit() const { return weight_limit_; }
  int orders_10s_limit() const { return orders_10s_limit_; }
  int orders_1d_limit() const { return orders_1d_limit_; }

 private:
  struct address_window {
    std::int64_t minute = 0;
    std::int64_t used = 0;
    int denied = 0;
    std::int64_t banned_until_ms = 0;
  };
  struct order_window {
    std::int64_t ten_seconds = 0, day = 0;
    order_counts counts;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view t) const { return std::hash<std::string_view>{}(t); }
  };
  bool enforced_;
  int weight_limit_, orders_10s_limit_, orders_1d_limit_;
  std::unordered_map<std::string, address_window, text_hash, std::equal_to<>> addresses_;
  std::unordered_map<account_number, order_window> orders_;
};

}  // namespace drover::exchanges::paper::binance
