#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/strategies/strategy.hpp"

namespace drover::bench {

/// Orders on every tick: the shortest way from a frame to a request.
class eager_strategy : public engine::strategy {
public:
  engine::strategy_actions on_start(const engine::strategy_context&) override { return {}; }
  engine::strategy_actions on_tick(const engine::strategy_context& ctx) override {
    return {engine::place_order{exchanges::side::buy, exchanges::order_type::limit, ctx.ticker->bid_price, "0.001"_dec,
                                "eager"}};
  }
  engine::strategy_actions on_order(const engine::strategy_context&, const engine::live_order&) override { return {}; }
  engine::strategy_actions on_fill(const engine::strategy_context&, const exchanges::fill&, std::string_view) override {
    return {};
  }
  std::string save_state() const override { return {}; }
};

/// A kind of strategy of a benchmark, without parameters.
template <class Strategy>
engine::strategy_kind make_kind(std::string_view name) {
  return {name, "for a benchmark", "{}",
          [](const std::string&, const std::string&) -> result<std::unique_ptr<engine::strategy>> {
            return std::make_unique<Strategy>();
          },
          [](const std::string&) -> result<std::string> { return "BTC/USDT"; }};
}

inline const engine::strategy_kind* eager_kind(std::string_view) {
  static const auto kind = make_kind<eager_strategy>("eager");
  return &kind;
}

}  // namespace drover::bench
