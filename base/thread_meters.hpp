#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace drover {

/// Bytes that this thread has asked operator new for since it began; what it gave back is not taken off. A program that
/// calls this gets operators new and delete that count; under a sanitizer nothing is counted and the answer is 0.
std::uint64_t allocated_bytes();

/// Time that this thread has had a processor. A system call, unlike the clocks.
nanoseconds thread_processor_time();

}  // namespace drover
