#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/strategies/execution.hpp"

namespace drover::engine {

struct twap_parameters {
  std::string symbol;
  exchanges::side side = exchanges::side::buy;
  /// Exactly one of them.
  std::optional<decimal> total_quantity, total_notional;
  seconds duration{3600}, overtime{3600};
  int slices = 12;
  bool catch_up = true;
  execution_style style;
  std::string shape() const;
};

const parameter_form& twap_form();
/// The detail of an error names the field.
result<twap_parameters> parse_twap_parameters(const std::string& json_text);

/// Buys or sells a total in equal slices at equal distances in time: the first at once, the last one distance before
/// the end. What a slice could not trade is added to the next. When all is traded (but for what is below the smallest
/// order), or when the overtime is over, the bot is finished.
///
/// Time without the engine: with catch_up the slices that were missed are due at once; without it the plan is moved, at
/// most one slice is open at a time.
class twap final : public paced_strategy {
public:
  explicit twap(twap_parameters p) : parameters_(std::move(p)), slot_("slice") {}

private:
  void decide(plan&) override;
  std::string shape() const override { return parameters_.shape(); }
  void save(json&) const override;
  void load(const json&) override;
  result<void> check_total(const strategy_context&, decimal price) const;
  void release(wall_time now, bool open);
  /// What is due and not traded yet, in the base asset.
  decimal due_quantity(const strategy_context&) const;
  std::string progress(const strategy_context&) const;

  twap_parameters parameters_;
  executor slot_;
  wall_time started_at_, next_at_;
  int released_ = 0;
};

result<std::unique_ptr<strategy>> make_twap(const std::string& parameters_json, const std::string& state_json);
result<std::string> twap_symbol(const std::string& parameters_json);

}  // namespace drover::engine
