#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "engine/strategies/paced_strategy.hpp"
#include "engine/strategies/parameter_form.hpp"

namespace drover::engine {

enum class signal_sizing {
  /// Every signal for the same worth.
  fixed,
  /// A share of the sender's quantity.
  ratio,
  /// The sender's quantity times own worth through the sender's worth.
  equity,
};

struct signal_following_parameters {
  std::string symbol;
  /// Empty: every source.
  std::string source;
  signal_sizing sizing = signal_sizing::equity;
  decimal order_notional, ratio;
  decimal max_slippage;
  seconds max_age{10};
  /// Zero = no limit.
  decimal max_position_notional;
  std::string shape() const { return symbol; }
};

const parameter_form& signal_following_form();
/// The detail of an error names the field.
result<signal_following_parameters> parse_signal_following_parameters(const std::string& json_text);

/// Trades after others: each signal is sized, held against the guards, and answered with one verdict. What is too small
/// for an order is carried, exact and both sides netted, to the next signal. Orders trade at once and never farther
/// from the signal's price than the slippage guard; their tag is "signal:<id>". It sells at most what it bought itself.
///
/// Signals are known by their ids, the last `remembered_signals` of them also over restarts.
///
/// The state's "drift" is how far the position is from what all signals add up to, followed or not, as a share of it:
/// 0 = exactly as the signals, 1 = nothing of it.
class signal_following final : public paced_strategy {
public:
  static constexpr std::size_t remembered_signals = 256;
  static constexpr std::size_t id_length_limit = 100;
  static constexpr std::size_t orders_limit = 20;

  explicit signal_following(signal_following_parameters p) : parameters_(std::move(p)) {}

  strategy_actions on_signal(const strategy_context&, const trade_signal&) override;

private:
  void decide(plan&) override;
  std::string shape() const override { return parameters_.shape(); }
  void save(json&) const override;
  void load(const json&) override;
  std::size_t orders_per_minute() const override { return 300; }

  /// Why it is not followed; empty when it passes.
  std::string find_objection(const strategy_context&, const trade_signal&) const;
  result<decimal> size_of(const strategy_context&, const trade_signal&) const;
  signal_verdict judge(plan&, const trade_signal&);
  signal_verdict trade(plan&, const trade_signal&, decimal wanted);
  decimal held() const;
  decimal drift() const;

  signal_following_parameters parameters_;
  /// The oldest first.
  std::deque<std::string> seen_;
  /// Not ordered yet, below the smallest order: positive to buy.
  decimal carried_;
  /// What all signals add up to; never below zero, nobody follows into a short position.
  decimal target_;
  /// As of the last event; absent before the first.
  std::optional<decimal> books_quantity_;
  /// During on_signal().
  const trade_signal* signal_ = nullptr;
};

result<std::unique_ptr<strategy>> make_signal_following(const std::string& parameters_json,
                                                        const std::string& state_json);
result<std::string> signal_following_symbol(const std::string& parameters_json);

}  // namespace drover::engine
