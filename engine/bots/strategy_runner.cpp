#include "engine/bots/strategy_runner.hpp"

#include <utility>

namespace drover::engine {

bot_failure strategy_runner::threw(std::string_view what) {
  return {bot_failure::kind::crashed, "The strategy failed: " + std::string(what), std::nullopt};
}

strategy_runner::outcome strategy_runner::judge(steady_time begin, strategy_actions actions) {
  if (actions.size() > actions_limit)
    return std::unexpected(threw(std::to_string(actions.size()) + " actions in one call, at most " + std::to_string(actions_limit) + " are allowed"));
  const auto now = clock_.now();
  if (now - begin <= budget_) return actions;
  if (strikes_ == 0 || now - first_strike_ > strike_window) {
    first_strike_ = now;
    strikes_ = 0;
  }
  if (++strikes_ < strike_limit) return actions;
  const auto took = std::chrono::duration_cast<milliseconds>(now - begin).count();
  return std::unexpected(bot_failure{bot_failure::kind::permanent,
                                     "The strategy is too slow: " + std::to_string(strikes_) + " calls took longer than " +
                                         std::to_string(budget_.count()) + " ms, the last one " + std::to_string(took) + " ms",
                                     std::nullopt});
}

std::expected<bool, bot_failure> strategy_runner::wants_tick(const exchanges::book_ticker& ticker) {
  try {
    return strategy_->wants_tick(ticker);
  } catch (const std::exception& e) {
    return std::unexpected(threw(e.what()));
  } catch (...) {
    return std::unexpected(threw("an exception of unknown type"));
  }
}

std::expected<std::string, bot_failure> strategy_runner::save_state() const {
  try {
    return strategy_->save_state();
  } catch (const std::exception& e) {
    return std::unexpected(threw(e.what()));
  } catch (...) {
    return std::unexpected(threw("an exception of unknown type"));
  }
}

}  // namespace drover::engine
