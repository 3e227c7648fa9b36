#pragma once

#include <functional>

#include "simulation/run.hpp"

namespace drover::simulation {

/// From a run that fails a smaller one that fails too, whatever for: without faults that are not needed, and shorter.
/// `tell` hears of each step.
run_options shrink(run_options failing, const std::function<void(const run_options&, const run_verdict&)>& tell);

}  // namespace drover::simulation
