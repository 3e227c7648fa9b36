#pragma once

#include <span>
#include <string_view>

namespace drover::simulation {

struct plant {
  std::string_view name, what;
  /// Words of the checks that must see it, separated by '|'. Any other failure does not count.
  std::string_view shown_by;
  /// Where it can show (simulation/bias.hpp).
  std::string_view bias = "desks";
};

/// Bugs that engine-sim-planted can have; empty in every other program.
std::span<const plant> plants();
/// From now on the bug of this name is there (none: ""). False when there is no such bug.
bool choose_plant(std::string_view name);
/// The kind of runs to look for it in; "" when there is no such bug.
std::string_view bias_of(std::string_view name);
/// Whether a run that failed so has seen the bug.
bool shows(std::string_view name, std::string_view failure);

}  // namespace drover::simulation
