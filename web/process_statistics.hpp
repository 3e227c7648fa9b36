#pragma once

#include <cstdint>

#include "base/files.hpp"

namespace drover::web {

/// What /proc/self tells about this process; fields that cannot be read stay 0.
struct process_statistics {
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  double cpu_seconds = 0;
  std::int64_t threads = 0;
};

process_statistics read_process_statistics(file_system&);

}  // namespace drover::web
