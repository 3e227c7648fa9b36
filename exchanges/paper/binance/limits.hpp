#pragma once

#include <optional>
#include <string_view>

#include "exchanges/paper/binance/error.hpp"
#include "exchanges/paper/paper_server.hpp"
#include "exchanges/paper/request_meter.hpp"

namespace drover::exchanges::paper::binance {

/// Request weight per address and minute, orders per account and ten seconds and day. Past the limit: 429 with
/// Retry-After; who goes on in spite of it is banned: 418.
class request_limits {
 public:
  /// Requests that may run into 429 within a minute before the address is banned.
  static constexpr int patience = 20;
  static constexpr seconds ban{120};

  struct denial {
    refused why;
    seconds retry_after{};
  };

  request_limits(request_meter&, const paper_config&);

  /// Counts a request; what to answer instead when it is too much.
  std::optional<denial> charge(std::string_view address, int weight, wall_time now);
  std::int64_t used_weight(std::string_view address, wall_time now) const;
  std::optional<denial> charge_order(account_number, wall_time now);

  struct order_counts {
    std::int64_t ten_seconds = 0, day = 0;
  };
  order_counts get_order_counts(account_number, wall_time now) const;

  std::int64_t weight_limit() const { return meter_.rule(weight_).limit; }
  std::int64_t orders_10s_limit() const { return meter_.rule(orders_10s_).limit; }
  std::int64_t orders_1d_limit() const { return meter_.rule(orders_1d_).limit; }

 private:
  request_meter& meter_;
  limit_number weight_, orders_10s_, orders_1d_;
};

}  // namespace drover::exchanges::paper::binance
