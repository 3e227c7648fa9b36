#include "engine/bots/bot_plans.hpp"

#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::engine {

namespace {

order_desk_config desk_config_at(const exchanges::exchange& venue, const bots_config& config) {
  auto out = config.orders;
  const auto& traits = venue.traits();
  const auto wanted = config.venue_processing_bound;
  out.venue_processing_bound = wanted > 0ms ? wanted : traits.processing_bound;
  out.visibility_delay = traits.visibility_delay;
  return out;
}

}  // namespace

std::shared_ptr<const bot_plan> bot_plans::get(const bot& row, const exchanges::exchange* venue) {
  auto& known = plans_[{row.strategy, row.parameters, venue}];
  if (auto plan = known.lock()) return plan;
  auto plan = std::make_shared<bot_plan>();
  plan->strategy = row.strategy;
  plan->parameters = row.parameters;
  plan->symbol = row.symbol;
  plan->config = config_;
  if (venue != nullptr) plan->desk = desk_config_at(*venue, *config_);
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
