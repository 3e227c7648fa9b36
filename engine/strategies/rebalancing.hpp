#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/strategies/execution.hpp"

namespace drover::engine {

struct rebalancing_parameters {
  std::string symbol;
  decimal target_share, band, min_trade;
  bool on_breach = true;
  seconds interval{3600}, rest{30};
  execution_style style;
};

const parameter_form& rebalancing_form();
/// The detail of an error names the field.
result<rebalancing_parameters> parse_rebalancing_parameters(const std::string& json_text);

/// Keeps the base asset of one pair at a share of the account's worth in both of its assets. When the share is farther
/// off than the band (looked at with every ticker, or once an interval), it trades the difference back to the target;
/// afterwards it rests, so that balances can catch up with fills. It never finishes.
class rebalancing final : public paced_strategy {
public:
  explicit rebalancing(rebalancing_parameters p) : parameters_(std::move(p)), slot_("rebalance") {}

private:
  void decide(plan&) override;
  std::string shape() const override { return parameters_.symbol; }
  void save(json&) const override;
  void load(const json&) override;
  /// What has to be bought (negative: sold) to be at the target; zero inside the band.
  decimal find_gap(const strategy_context&, decimal mid) const;
  void end_trade(wall_time now);

  rebalancing_parameters parameters_;
  executor slot_;
  /// While it trades: where the net quantity of all trades is to end, and until when that is tried.
  std::optional<decimal> goal_;
  wall_time next_at_, give_up_at_;
};

result<std::unique_ptr<strategy>> make_rebalancing(const std::string& parameters_json, const std::string& state_json);
result<std::string> rebalancing_symbol(const std::string& parameters_json);

}  // namespace drover::engine
