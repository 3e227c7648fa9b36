#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "simulation/fault_plan.hpp"

namespace drover::simulation {

/// What kind of runs a search prefers: those in which something can show at all. What it says nothing about, the seed
/// draws.
struct bias {
  std::optional<bool> bots, grid, copying, recording, loud, scarce;
  /// As they were given; empty where they go without saying.
  std::string words;
  /// Faults that each of these runs has, and that none has.
  std::vector<fault> surely, never;
};

/// Words: "desks" or "bots", "grid", "copy" (bots of which some follow others), "recording", "loud", "scarce", "+FAULT", "-FAULT". Where
/// anything is said, runs record nothing and nobody follows anybody unless it is said.
result<bias> parse_bias(std::string_view text);

}  // namespace drover::simulation
