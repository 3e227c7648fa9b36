#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/strategies/execution.hpp"

namespace drover::engine {

struct dca_parameters {
  std::string symbol;
  exchanges::side side = exchanges::side::buy;
  decimal order_notional;
  seconds interval{86'400};
  int safety_orders = 0;
  /// Fall (rise, for sells) below the first price that calls for the first safety order, as a share; each further one
  /// is `safety_step_scale` times as far from the one before, and `safety_scale` times as large.
  decimal safety_step, safety_step_scale, safety_scale, safety_notional;
  /// Share above the average price at which all is sold; zero = never.
  decimal take_profit;
  /// Zero = no limit.
  decimal max_total;
  execution_style style;
  std::string shape() const;
};

const parameter_form& dca_form();
/// The detail of an error names the field.
result<dca_parameters> parse_dca_parameters(const std::string& json_text);

/// Buys (or sells) a fixed worth at an interval. Between them safety orders buy more when the price has fallen by
/// steps, and a take-profit sells everything bought once the price is the wanted share above its average; then a new
/// round begins with the next interval. What is held and at which average comes from the books, so that no restart can
/// forget it.
///
/// An interval's order that could not trade whole is added to the next one's. Intervals that passed while the engine
/// was away are not made up for.
///
/// With `max_total` it buys until the position has cost that much (sells: until so much was sold); with nothing left to
/// do it is finished.
class dca final : public paced_strategy {
public:
  explicit dca(dca_parameters p) : parameters_(std::move(p)), entry_("entry"), exit_("take_profit") {}

private:
  void decide(plan&) override;
  std::string shape() const override { return parameters_.shape(); }
  void save(json&) const override;
  void load(const json&) override;

  bool take_profit(plan&);
  void count_interval(plan&);
  void count_safety_orders(const strategy_context&);
  decimal traded() const;
  decimal room(const strategy_context&) const;
  bool is_at_its_end(const strategy_context&) const;
  /// Distance of the n-th safety order (from 1) from the first price, as a share.
  decimal safety_distance(int n) const;
  decimal safety_size(int n) const;

  dca_parameters parameters_;
  executor entry_, exit_;
  wall_time next_at_;
  /// Worth of all orders that were due so far, and what had been traded then: of this round.
  decimal due_, base_traded_;
  /// Price of the round's first order; zero: none yet.
  decimal first_price_;
  int safety_done_ = 0;
  bool exiting_ = false;
};

result<std::unique_ptr<strategy>> make_dca(const std::string& parameters_json, const std::string& state_json);
result<std::string> dca_symbol(const std::string& parameters_json);

}  // namespace drover::engine
