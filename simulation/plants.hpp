#pragma once

#include <span>
#include <string_view>

namespace drover::simulation {

struct plant {
  std::string_view name, what;
};

/// Bugs that engine-sim-planted can have; empty in every other program.
std::span<const plant> plants();
/// From now on the bug of this name is there (none: ""). False when there is no such bug.
bool choose_plant(std::string_view name);

}  // namespace drover::simulation
