#pragma once

#include "engine/strategies/strategy.hpp"

namespace drover::simulation {

/// A strategy that wants this and that, by chance: parameters {"seed": 7}. While `*quiet` it only cancels what it has.
const engine::strategy_kind* random_strategy_kind();
/// Strategies are made by plain functions: what they share is told here, once for a run.
void set_random_strategy_quiet(const bool* quiet);

}  // namespace drover::simulation
