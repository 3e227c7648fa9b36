#pragma once

#include "base/clock.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::simulation {

/// What its bots need of the world that they are in.
class random_strategy_world {
public:
  virtual ~random_strategy_world() = default;
  /// Nobody wants anything: orders are cancelled, none is placed.
  virtual bool is_quiet() const = 0;
  /// A decision is made on a price that left the venue at `told_at`.
  virtual void on_decision(steady_time told_at) = 0;
};

/// A strategy that wants this and that, by chance: parameters {"seed": 7}.
const engine::strategy_kind* random_strategy_kind();
/// Strategies are made by plain functions: what they share is told here, once for a run.
void set_random_strategy_world(random_strategy_world*);

}  // namespace drover::simulation
