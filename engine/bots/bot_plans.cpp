#include "engine/bots/bot_plans.hpp"

namespace drover::engine {

std::shared_ptr<const bot_plan> bot_plans::get(const bot& row) {
  auto& known = plans_[{row.strategy, row.parameters}];
  if (auto plan = known.lock()) return plan;
  auto plan = std::make_shared<bot_plan>();
  plan->strategy = row.strategy;
  plan->parameters = row.parameters;
  plan->symbol = row.symbol;
  plan->config = config_;
  plan->kind = find_kind_(row.strategy);
  if (plan->kind == nullptr) {
    plan->problem = "There is no strategy '" + row.strategy + "'; make a bot with another one";
  } else {
    auto symbol = plan->kind->symbol_of(row.parameters);
    auto made = plan->kind->make(row.parameters, "");
    if (!made) plan->problem = "The strategy's parameters are wrong: " + made.error().detail;
    if (!symbol) plan->problem = "The strategy's parameters are wrong: " + symbol.error().detail;
    if (symbol) plan->symbol = std::move(*symbol);
  }
  known = plan;
  if (plans_.size() >= sweep_at_) {
    std::erase_if(plans_, [](const auto& item) { return item.second.expired(); });
    sweep_at_ = 2 * plans_.size() + 64;
  }
  return plan;
}

}  // namespace drover::engine
