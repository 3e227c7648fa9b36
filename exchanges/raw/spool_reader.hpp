#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/files.hpp"
#include "base/offload.hpp"
#include "base/timer.hpp"
#include "exchanges/raw/spool_format.hpp"

namespace drover::exchanges {

/// Reads, sets aside and removes closed segments on the worker pool. Trading thread only; references outlive it.
class spool_reader {
 public:
  spool_reader(file_system&, worker_pool&, timer_queue&, nanoseconds retry_pause);

  /// Writes the lane's state first: the numbers of what reaches the database must outlive a loss of power, or they would be given
  /// again and what is new be taken for what is there. Where it cannot be written the segment is synced instead, if `may_sync` (a
  /// sync that failed once proves nothing any more). Damaged stretches are written to `bad_path`.
  /// Null when neither is possible or the file cannot be read after several attempts.
  task<std::shared_ptr<segment_content>> read(std::filesystem::path path, std::filesystem::path bad_path,
                                              std::filesystem::path state_path, std::string state, bool may_sync);
  /// Appends records, encoded, to a quarantine file.
  task<result<void>> set_aside(std::filesystem::path bad_path, std::string bytes);
  /// Writes the lane's state, then removes the segment: a removed one is no longer there to count from.
  task<result<void>> remove(std::filesystem::path path, std::filesystem::path state_path, std::string state);

 private:
  file_system& files_;
  worker_pool& workers_;
  timer_queue& timers_;
  nanoseconds retry_pause_;
};

/// A segment holds at least one record however large, so it may pass its limit by one body.
inline constexpr std::size_t segment_read_limit = body_limit + (64u << 20);

}  // namespace drover::exchanges
