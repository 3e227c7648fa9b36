#include "engine/strategies/strategy.hpp"

#include <algorithm>

#include "engine/strategies/grid.hpp"

namespace drover::engine {

strategy_actions strategy::on_signal(const strategy_context&, const trade_signal& signal) {
  strategy_actions out;
  out.emplace_back(signal_verdict{signal.id, signal_outcome::skipped, {}, {}, "this strategy follows no signals"});
  return out;
}

const std::vector<strategy_kind>& strategy_kinds() {
  static const std::vector<strategy_kind> kinds{
      {"grid", "Buys below and sells above the price, one spacing of profit a round", grid_parameter_schema, make_grid,
       grid_symbol},
  };
  return kinds;
}

const strategy_kind* find_strategy_kind(std::string_view name) {
  const auto& kinds = strategy_kinds();
  auto it = std::ranges::find(kinds, name, &strategy_kind::name);
  return it == kinds.end() ? nullptr : &*it;
}

}  // namespace drover::engine
