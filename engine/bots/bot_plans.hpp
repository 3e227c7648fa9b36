#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

/// Reads strategies and parameters once for all bots that have the same at one exchange: thousands of default bots share one
/// plan. Trading thread only.
class bot_plans {
 public:
  bot_plans(std::shared_ptr<const bots_config> config, const strategy_kind* (*find_kind)(std::string_view))
      : config_(std::move(config)), find_kind_(find_kind) {}
  /// `venue` may be null (an exchange that is not configured). Never null; what is wrong with it is its `problem`.
  std::shared_ptr<const bot_plan> get(const bot&, const exchanges::exchange* venue);

 private:
  std::shared_ptr<const bots_config> config_;
  const strategy_kind* (*find_kind_)(std::string_view);
  /// By strategy, parameters and exchange.
  std::map<std::tuple<std::string, std::string, const exchanges::exchange*>, std::weak_ptr<const bot_plan>> plans_;
  /// Plans that nobody has any more are dropped when there are so many.
  std::size_t sweep_at_ = 64;
};

}  // namespace drover::engine
