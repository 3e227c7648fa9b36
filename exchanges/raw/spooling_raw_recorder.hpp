#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include "base/files.hpp"
#include "base/offload.hpp"
#include "base/postgres.hpp"
#include "base/timer.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

struct raw_recorder_config {
  /// Folder of the spool; made when absent. One recorder a folder.
  std::filesystem::path folder;
  /// Spooled bytes from which on public data is dropped (with a gap row); account data is kept up to twice as much.
  std::uint64_t spool_limit_bytes = 2ull << 30;
  /// Free bytes of the disk below which the same happens.
  std::uint64_t free_disk_floor_bytes = 512ull << 20;
  /// A segment of this size is closed and copied.
  std::uint64_t segment_limit_bytes = 8ull << 20;
  /// A segment that holds anything is closed and copied after this time, when the database keeps up.
  milliseconds copy_interval{500};
  /// Longest time a record waits for the disk (power loss window).
  milliseconds sync_interval{200};
  /// Wait between attempts while the database is away.
  milliseconds retry_floor{200}, retry_ceiling{10'000};
  /// Days of raw records to keep; older ones are dropped once a day when everything of them is compiled. 0 = all.
  int retention_days = 0;
};

/// The raw recorder with its spool and its copier. Trading thread only; files are read and synced on the worker pool.
class spooling_raw_recorder : public raw_recorder {
 public:
  /// Copies the spool to the database and syncs it, until stop(). Spawn it once. Throws when it cannot go on; a new process can.
  virtual task<void> run() = 0;
  /// Closes the segment, gives the copier `limit` to empty the spool (what stays is copied at the next start), ends run().
  virtual task<void> stop(nanoseconds limit) = 0;

  /// Other bounds from now on, as in its configuration.
  virtual void set_bounds(std::uint64_t spool_limit_bytes, int retention_days) = 0;

  struct statistics {
    std::uint64_t recorded = 0, dropped = 0, stored = 0, quarantined = 0;
    /// Files that the disk refused to sync, and segments that could not be read at all.
    std::uint64_t sync_failures = 0, left_alone = 0;
    std::uint64_t spooled_bytes = 0;
    std::size_t segments = 0;
    /// Gap rows that were noted, by exchange.
    std::map<std::string, std::uint64_t> gaps;
    /// The last number of each stream that is in the store, since the start.
    std::map<std::string, std::uint64_t> stored_to;
  };
  virtual statistics get_statistics() const = 0;
  /// Grows as long as run() gets on: whenever what was due is synced (or nothing was), and whenever a segment is stored.
  virtual std::uint64_t progress() const = 0;
};

/// Opens the spool: cuts a torn tail, takes the sequences up where they ended. errc::io when the folder cannot be used.
/// Blocking (reads at most the last segments); call before the executor runs. References outlive the recorder.
result<std::unique_ptr<spooling_raw_recorder>> make_raw_recorder(executor, timer_queue&, file_system&, database&,
                                                                 worker_pool&, raw_recorder_config);

/// Keeps nothing: for tools and benches.
std::unique_ptr<raw_recorder> make_discarding_recorder();

}  // namespace drover::exchanges
