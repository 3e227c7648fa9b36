#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/strategies/paced_strategy.hpp"
#include "engine/strategies/parameter_form.hpp"

namespace drover::engine {

struct market_making_parameters {
  std::string symbol;
  /// Distance of the first bid and ask from the mid price, as a share; each level is `level_spacing` farther.
  decimal bid_spread, ask_spread, level_spacing;
  decimal order_notional;
  int levels = 1;
  seconds refresh{30};
  /// A quote that is nearer than this share to where it should be stays.
  decimal tolerance;
  /// Share of the account's worth that should be in the base asset; negative: not looked at.
  decimal target_base_share = decimal(-1);
  /// Deviation from the target, as a share, at which one side is no longer quoted and the other is doubled.
  decimal inventory_range;
  /// A resting quote that the mid price comes nearer to than this share is cancelled at once.
  decimal min_spread;
};

const parameter_form& market_making_form();
/// The detail of an error names the field.
result<market_making_parameters> parse_market_making_parameters(const std::string& json_text);

/// Quotes both sides of the mid price with post-only orders and earns the spread. Every `refresh` it looks where the
/// quotes should be; those that are off by more than the tolerance, or were filled, are renewed, the others keep their
/// place in the queue. With a target share of the base asset the side that leads away from it shrinks and the other one
/// grows. A quote is never placed where it would trade with one of its own that still lives.
class market_making final : public paced_strategy {
public:
  explicit market_making(market_making_parameters p) : parameters_(std::move(p)) {}

private:
  struct quote {
    exchanges::side side = exchanges::side::buy;
    decimal price, quantity;
    bool placed = false;
  };
  void decide(plan&) override;
  std::string shape() const override { return parameters_.symbol; }
  void save(json&) const override;
  void load(const json&) override;
  std::size_t orders_per_minute() const override { return 300; }

  void lay_quotes(const strategy_context&);
  decimal side_factor(const strategy_context&, exchanges::side, decimal mid) const;
  void cancel_misplaced(plan&) const;
  void place_quotes(plan&);
  static std::string slot_of(std::size_t index);

  market_making_parameters parameters_;
  /// Bids at even places, asks at odd ones, the nearest first.
  std::vector<quote> quotes_;
  wall_time refreshed_at_;
};

result<std::unique_ptr<strategy>> make_market_making(const std::string& parameters_json, const std::string& state_json);
result<std::string> market_making_symbol(const std::string& parameters_json);

}  // namespace drover::engine
