#pragma once

#include <exception>
#include <expected>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "engine/bots/bot_failure.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

/// Calls a strategy and keeps its faults to itself: exceptions become values, slow calls are counted. Trading thread only.
class strategy_runner {
 public:
  /// Calls over budget within `strike_window` that end the bot.
  static constexpr int strike_limit = 10;
  static constexpr seconds strike_window{60};
  /// Actions of one call; more is a fault.
  static constexpr std::size_t actions_limit = 256;

  strategy_runner(std::unique_ptr<strategy> s, const clock& c, milliseconds budget)
      : strategy_(std::move(s)), clock_(c), budget_(budget) {}

  using outcome = std::expected<strategy_actions, bot_failure>;
  /// `call` is given the strategy. The actions of a call that failed, or that was one too slow, are dropped.
  template <class Call>
  outcome run(Call call) {
    const auto begin = clock_.now();
    try {
      auto actions = call(*strategy_);
      return judge(begin, std::move(actions));
    } catch (const std::exception& e) {
      return std::unexpected(threw(e.what()));
    } catch (...) {
      return std::unexpected(threw("an exception of unknown type"));
    }
  }
  std::expected<bool, bot_failure> wants_tick(const exchanges::book_ticker&);
  std::expected<std::string, bot_failure> save_state() const;

 private:
  outcome judge(steady_time begin, strategy_actions);
  static bot_failure threw(std::string_view what);

  std::unique_ptr<strategy> strategy_;
  const clock& clock_;
  milliseconds budget_;
  steady_time first_strike_;
  int strikes_ = 0;
};

}  // namespace drover::engine
