#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.hpp"

namespace drover::bench {

/// Calls `once` in batches for about `limit` and answers calls per second.
template <class Once>
double rate(nanoseconds limit, int batch, Once once) {
  const auto& time = system_clock();
  const auto start = time.now();
  std::int64_t calls = 0;
  while (time.now() - start < limit) {
    for (int i = 0; i < batch; ++i) once();
    calls += batch;
  }
  return static_cast<double>(calls) / std::chrono::duration<double>(time.now() - start).count();
}

/// What is measured and its floor, in turns and each with its best: others on the machine only ever slow a round down.
template <class Ours, class Floor>
std::pair<double, double> best_rates(nanoseconds each, int batch, Ours ours, Floor floor) {
  constexpr int rounds = 3;
  std::pair<double, double> best{};
  for (int i = 0; i < rounds; ++i) {
    best.first = std::max(best.first, rate(each / rounds, batch, ours));
    best.second = std::max(best.second, rate(each / rounds, batch, floor));
  }
  return best;
}

}  // namespace drover::bench
