#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "simulation/bias.hpp"
#include "simulation/fault_plan.hpp"
#include "simulation/oracle.hpp"

namespace drover::simulation {

struct run_options {
  std::uint64_t seed = 1;
  nanoseconds span = std::chrono::hours(1);
  /// Faults that are left out although the seed draws them.
  std::vector<fault> without;
  bias preferred;
  bool print = false;
};

struct run_verdict {
  /// Empty: all held.
  std::string failure;
  std::uint64_t hash = 0, steps = 0, lines = 0;
  /// Until the end, or until it failed.
  nanoseconds simulated{};
  /// Of it outside of quiet stretches.
  nanoseconds busy{};
  std::vector<fault> faults;
  oracle::totals totals;
  /// Things that venues said to engines which record.
  std::uint64_t records = 0;
  /// Fills of leads, and what became of them at followers.
  std::uint64_t signals = 0, receipts = 0;
  /// Things that went wrong.
  std::uint64_t struck = 0;
  std::deque<std::string> last_lines;
};

/// One world from its seed: with faults for `span` (safety), then without until everything has come to rest (liveness).
run_verdict run_simulation(const run_options&);

}  // namespace drover::simulation
