#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/postgres.hpp"

namespace drover::engine {

struct stream_overview {
  std::string stream;
  std::uint64_t last_sequence = 0, compiled_to = 0, rows_read = 0, rejected = 0, open_gaps = 0;
};
/// Blocking, read only.
result<std::vector<stream_overview>> read_raw_overview(const database_config&);

struct gap_overview {
  std::string stream, from, to, what, reason, state, outcome;
};
/// Latest first. Blocking, read only.
result<std::vector<gap_overview>> read_gaps(const database_config&, bool open_only, int limit);

}  // namespace drover::engine
