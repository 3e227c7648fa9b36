#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace drover::engine {

class turn_mark;

/// What the calls of strategies are marked and measured with. Null = not.
struct strategy_meters {
  turn_mark* turns = nullptr;
  /// Processor time of the calling thread: a pause of the machine is not the strategy's fault.
  nanoseconds (*processor_time)() = nullptr;
  /// Bytes that the calling thread has allocated since it began.
  std::uint64_t (*allocated_bytes)() = nullptr;
};

/// What one call of a strategy may take.
struct call_budget {
  milliseconds time{20};
  std::uint64_t memory_bytes = 512 * 1024;
};

}  // namespace drover::engine
