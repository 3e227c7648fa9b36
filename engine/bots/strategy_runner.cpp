#include "engine/bots/strategy_runner.hpp"

#include <algorithm>
#include <utility>

#include "base/failpoint.hpp"

namespace drover::engine {

bot_failure strategy_runner::threw(std::string_view what) {
  return {bot_failure::kind::crashed, "The strategy failed: " + std::string(what), std::nullopt};
}

/// `bots.turn.<bot>`: a test makes one bot's code hang or crash the process.
void strategy_runner::pass_failpoint() const {
  if constexpr (failpoints_compiled) failpoint("bots.turn." + std::to_string(bot_.value));
}

strategy_runner::spent strategy_runner::look() const {
  spent now{.at = clock_.now()};
  if (watched_ && meters_.processor_time != nullptr) now.processor = meters_.processor_time();
  if (meters_.allocated_bytes != nullptr) now.memory_bytes = meters_.allocated_bytes();
  return now;
}

strategy_runner::outcome strategy_runner::judge(const spent& begin, strategy_actions actions) {
  if (actions.size() > actions_limit)
    return std::unexpected(threw(std::to_string(actions.size()) + " actions in one call, at most " + std::to_string(actions_limit) + " are allowed"));
  const bool was_watched = watched_;
  const auto now = look();
  auto took = now.at - begin.at;
  if (took > budget_.time && meters_.processor_time != nullptr) {
    watched_ = true;
    // The first slow call is not held against it: perhaps the machine stood still.
    took = was_watched ? now.processor - begin.processor : nanoseconds{};
  }
  const auto bytes = now.memory_bytes - begin.memory_bytes;
  const bool too_long = took > budget_.time, too_much = bytes > budget_.memory_bytes;
  if (!too_long && !too_much) return actions;
  if (count_strikes(took, too_long) < strike_limit) return actions;
  const auto times = std::to_string(strike_limit) + " times within " + std::to_string(strike_window.count()) + " s more than ";
  const auto what = too_long ? "The strategy is too slow: it took " + times + std::to_string(budget_.time.count()) + " ms, the last call " +
                                   std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms"
                             : "The strategy takes too much memory: it took " + times + std::to_string(budget_.memory_bytes / 1024) +
                                   " KiB in one call, the last time " + std::to_string(bytes / 1024) + " KiB";
  return std::unexpected(bot_failure{bot_failure::kind::greedy, what, std::nullopt});
}

int strategy_runner::count_strikes(nanoseconds took, bool too_long) {
  const auto now = clock_.now();
  if (strikes_ == 0 || now - first_strike_ > strike_window) {
    first_strike_ = now;
    strikes_ = 0;
  }
  strikes_ += too_long ? static_cast<int>(std::clamp<std::int64_t>(took / budget_.time, 1, strike_limit)) : 1;
  return strikes_;
}

std::expected<bool, bot_failure> strategy_runner::wants_tick(const exchanges::book_ticker& ticker) {
  try {
    return in_turn(strategy_call::wants_tick, [&] { return strategy_->wants_tick(ticker); });
  } catch (const std::exception& e) {
    return std::unexpected(threw(e.what()));
  } catch (...) {
    return std::unexpected(threw("an exception of unknown type"));
  }
}

std::expected<std::string, bot_failure> strategy_runner::save_state() const {
  try {
    return in_turn(strategy_call::save, [&] { return strategy_->save_state(); });
  } catch (const std::exception& e) {
    return std::unexpected(threw(e.what()));
  } catch (...) {
    return std::unexpected(threw("an exception of unknown type"));
  }
}

}  // namespace drover::engine
