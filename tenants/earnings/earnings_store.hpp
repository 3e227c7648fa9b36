#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "tenants/earnings/ledger.hpp"

namespace drover::tenants {

struct earnings_total {
  std::string source, asset;
  decimal amount;
  std::int64_t count = 0;
};

struct earnings_point {
  /// Start of the bucket; buckets are aligned to 1970-01-01T00:00:00Z.
  wall_time at;
  /// Sum of the bucket, and running total at its end.
  decimal amount, total;
};

struct earnings_filter {
  std::optional<account_id> account;
  std::optional<std::string> source;
  std::optional<wall_time> from, to;
  /// At most 1,000.
  int limit = 100;
  std::int64_t before_id = 0;
};

/// Reads a user's earnings. Errors are tenant_errc.
class earnings_store {
public:
  virtual ~earnings_store() = default;
  /// Newest first. `from` is included, `to` is not.
  virtual task<result<std::vector<earning>>> list(user_id, earnings_filter) = 0;
  virtual task<result<std::vector<earnings_total>>> totals(user_id) = 0;
  /// Buckets of `bucket` (>= 1 s) of one asset over all sources: the newest 2,000, oldest first; empty ones are left
  /// out. The running total counts what came before `from` too.
  virtual task<result<std::vector<earnings_point>>> series(user_id, std::string asset, wall_time from,
                                                           seconds bucket) = 0;
  /// The sum of every asset over the whole ledger (source "ledger"); each amount must be zero. Reads all postings.
  virtual task<result<std::vector<earnings_total>>> ledger_imbalances() = 0;
};

std::unique_ptr<earnings_store> make_postgres_earnings_store(database&);

}  // namespace drover::tenants
