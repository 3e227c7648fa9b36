#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "exchanges/raw/raw_interpreter.hpp"

namespace drover::engine {

struct check_request {
  wall_time from;
  std::optional<wall_time> to;
};

/// One stream by the recorder's own numbers: received + gap rows + explained holes = the span of numbers.
struct stream_check {
  std::string stream;
  std::uint64_t received = 0, gap_rows = 0, open_gaps = 0;
  /// Numbers that were given but are not there: with a gap row over their time, and without.
  std::uint64_t explained = 0, silent = 0;
};

/// The public trades of one instrument by the venue's numbers, of venues that number them one by one.
struct trade_check {
  std::string exchange, symbol;
  std::uint64_t received = 0, in_gaps = 0, silent = 0;
  /// The first number that is missing without a gap row.
  std::int64_t first_silent = 0;
};

struct check_outcome {
  std::vector<stream_check> streams;
  std::vector<trade_check> trades;
  bool is_complete() const;
};

/// Whether anything is missing silently: reads all raw records of that time and the gap rows. Trades that were filled in over REST
/// count as received. Blocking, read only.
result<check_outcome> check_raw_records(const database_config&, const exchanges::protocol_source&, const check_request&);

}  // namespace drover::engine
