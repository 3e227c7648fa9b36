#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace drover::exchanges {

/// What a limit of the venue is counted by.
enum class rate_scope { address, account, account_symbol };

enum class rate_model {
  /// Starts anew at whole multiples of the window on the venue's clock.
  fixed_window,
  /// No window of this length, wherever it begins, may hold more.
  sliding_window,
  /// A counter that falls steadily: `limit` in `window`.
  decaying_counter,
};

/// One published limit. The figures' source stands beside each table.
struct rate_rule {
  /// "request_weight_1m": metric label and name in GET /admin/exchanges/limits. A literal.
  std::string_view name;
  rate_scope scope = rate_scope::address;
  rate_model model = rate_model::sliding_window;
  int limit = 0;
  nanoseconds window{};
};

/// What a request costs: `rule` is an index into the venue's rules.
struct rate_charge {
  std::size_t rule = 0;
  int weight = 1;
};

/// What the venue's headers said about a rule after a request.
struct limit_reading {
  std::size_t rule = 0;
  std::optional<int> used;
  /// Replaces the published limit from now on (venues that grade their users).
  std::optional<int> limit;
  std::optional<nanoseconds> resets_in;
};

struct limit_report {
  std::vector<limit_reading> readings;
  /// Everybody on our address has to be silent for so long (429, 418, 403 "too frequent", …).
  std::optional<nanoseconds> address_ban;
  /// Only this account has.
  std::optional<nanoseconds> account_ban;
};

}  // namespace drover::exchanges
