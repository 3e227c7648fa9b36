#pragma once

#include <optional>
#include <string>

#include "engine/strategies/paced_strategy.hpp"
#include "engine/strategies/parameter_form.hpp"

namespace drover::engine {

/// How an amount is bought or sold.
struct execution_style {
  /// false: at once, limit IOC at the other side's best price plus slippage (a market order whose price is bounded);
  /// true: post-only at the own side's best price, moved after it at most every `reprice`.
  bool maker = false;
  /// Share by which a taker's price may be worse than the best one.
  decimal slippage;
  seconds reprice{10};
  /// Never worse than this.
  std::optional<decimal> bound;
};

/// The parameters execution, max_slippage and reprice_s, for a form.
std::vector<parameter_field> execution_fields(std::string_view default_execution);
execution_style read_execution(const parameter_values&);

enum class pursuit {
  /// An order lives, is on its way, or was asked for now.
  under_way,
  /// No price is known, or it is beyond the bound.
  no_price,
  /// What is wanted, or what the account can pay, is below the smallest order.
  too_small,
  no_funds,
  /// A pause after a refusal, or the order rate's bound.
  paused,
};

/// One slot that buys or sells amounts by a style. Keeps when it last placed.
class executor {
public:
  explicit executor(std::string slot) : slot_(std::move(slot)) {}

  /// Wants `quantity` traded; to be called in each decide() until it is. An order of the other side in the slot is
  /// cancelled first.
  pursuit pursue(paced_strategy::plan&, exchanges::side, decimal quantity, const execution_style&);
  void cancel(paced_strategy::plan&) const;
  const std::string& slot() const { return slot_; }

  json save() const;
  /// Throws bad_state.
  void load(const json&);

private:
  pursuit follow(paced_strategy::plan&, const live_order&, exchanges::side, decimal price,
                 const execution_style&) const;

  std::string slot_;
  wall_time placed_at_;
};

}  // namespace drover::engine
