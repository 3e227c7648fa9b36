#pragma once

#include <memory>
#include <vector>

#include "base/postgres.hpp"
#include "exchanges/raw/spool_format.hpp"

namespace drover::exchanges {

/// Where spooled records end up. Storing a record that is there already changes nothing.
class raw_store {
 public:
  virtual ~raw_store() = default;

  struct outcome {
    std::size_t stored = 0;
    /// Records the database will never take (by index into the batch); the others of the batch are stored.
    std::vector<std::size_t> refused;
  };
  /// db_errc::unavailable, in_doubt, timed_out, retry or errc::overloaded: store the same batch again later.
  virtual task<result<outcome>> store(std::shared_ptr<const std::vector<spool_record>>) = 0;
  /// Makes the partitions of the coming days. Failure does no harm: rows go to the default partition.
  virtual task<result<void>> prepare_days() = 0;
  /// Drops the days (UTC) that ended before `t` and of which everything is compiled; answers how many partitions went.
  virtual task<result<int>> drop_days_before(wall_time t) = 0;
};

/// raw_records and data_gaps.
std::unique_ptr<raw_store> make_postgres_raw_store(database&);

}  // namespace drover::exchanges
