#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/strategies/execution.hpp"

namespace drover::engine {

struct trailing_stop_parameters {
  std::string symbol;
  /// Distance below the highest bid at which it sells, as a share.
  decimal trail;
  /// Existing coins: how many of them; not set = all that is free at the start.
  std::optional<decimal> quantity;
  /// Buy first, for this worth.
  std::optional<decimal> entry_notional, entry_limit;
  /// The trail begins when the bid has reached this price.
  std::optional<decimal> activation_price;
  bool rearm = false;
  seconds rearm_pause{3600};
  execution_style style;
  std::string shape() const;
};

const parameter_form& trailing_stop_form();
/// The detail of an error names the field.
result<trailing_stop_parameters> parse_trailing_stop_parameters(const std::string& json_text);

/// Protects a long position: remembers the highest bid, and sells everything when the bid is `trail` below it. What it
/// protects exists already, or it buys it first. It sells by orders that trade at once and never more than the collar
/// (max_slippage) below the best bid of that moment; what such an order leaves, the next one sells. When all is sold it
/// is finished, or, with `rearm`, begins again after a pause.
class trailing_stop final : public paced_strategy {
public:
  explicit trailing_stop(trailing_stop_parameters p) : parameters_(std::move(p)), entry_("entry"), exit_("exit") {}

private:
  enum class phase { enter, arm, trail, exit };

  void decide(plan&) override;
  std::string shape() const override { return parameters_.shape(); }
  void save(json&) const override;
  void load(const json&) override;

  void enter(plan&);
  void arm(plan&);
  void follow(plan&);
  void leave(plan&);
  void begin_round();

  trailing_stop_parameters parameters_;
  executor entry_, exit_;
  phase phase_ = phase::enter;
  /// What is protected in this round, and what had been traded before it.
  decimal protected_, bought_before_, spent_before_, sold_before_;
  decimal peak_;
  wall_time resting_until_;
};

result<std::unique_ptr<strategy>> make_trailing_stop(const std::string& parameters_json, const std::string& state_json);
result<std::string> trailing_stop_symbol(const std::string& parameters_json);

}  // namespace drover::engine
