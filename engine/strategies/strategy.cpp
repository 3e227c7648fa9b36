#include "engine/strategies/strategy.hpp"

#include <algorithm>

#include "engine/strategies/dca.hpp"
#include "engine/strategies/grid.hpp"
#include "engine/strategies/market_making.hpp"
#include "engine/strategies/rebalancing.hpp"
#include "engine/strategies/signal_following.hpp"
#include "engine/strategies/trailing_stop.hpp"
#include "engine/strategies/twap.hpp"

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
      {"dca", "Buys or sells a fixed worth at an interval", dca_form().schema(), make_dca, dca_symbol},
      {"market_making", "Quotes both sides of the price with post-only orders", market_making_form().schema(), make_market_making,
       market_making_symbol},
      {"rebalancing", "Keeps one pair's assets at a target share", rebalancing_form().schema(), make_rebalancing, rebalancing_symbol},
      {"signal_following", "Trades after others' signals", signal_following_form().schema(), make_signal_following,
       signal_following_symbol},
      {"trailing_stop", "Sells a position when the price falls from its highest", trailing_stop_form().schema(), make_trailing_stop,
       trailing_stop_symbol},
      {"twap", "Buys or sells a total in equal slices over a time", twap_form().schema(), make_twap, twap_symbol},
  };
  return kinds;
}

const strategy_kind* find_strategy_kind(std::string_view name) {
  const auto& kinds = strategy_kinds();
  auto it = std::ranges::find(kinds, name, &strategy_kind::name);
  return it == kinds.end() ? nullptr : &*it;
}

}  // namespace drover::engine
