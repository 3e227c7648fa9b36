#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::engine {

/// What of a strategy is being called.
enum class strategy_call : std::uint8_t { none, make, start, wants_tick, tick, order, fill, timer, signal, save };
/// "on_tick"
std::string_view to_string(strategy_call);

/// A bot in whose code an earlier process died.
struct poisoned_bot {
  bot_id bot;
  strategy_call call = strategy_call::none;
  /// That ended the process, raised by the bot's own code; 0 = somebody else ended it, as a watchdog does.
  int signal = 0;
  /// Processes that died in it.
  int deaths = 0;
  /// For a person: what happened and what to do.
  std::string reason() const;
};

/// Says which bot's code is running, in memory that outlives the process (a mapped_page): the next one finds there
/// whose turn was never ended, and does not start that bot (REL-53). A mark is one plain store.
///
/// Blamed at once is a bot whose turn raised a fatal signal, or during whose turn the thread had not moved for
/// `hang_limit`. One whose turn was cut short from outside (kill -9 at a bad moment, a lost machine) is only suspected,
/// and blamed the second time. Whoever is blamed stays so over any number of restarts until forgive().
///
/// One thread, where the strategies run, but for what says otherwise.
class turn_mark {
public:
  static constexpr std::size_t size_bytes = 8 * 1024;
  static constexpr milliseconds hang_limit{1'000};

  /// `memory`: size_bytes, aligned to eight, outlives this. Reads what an earlier process left, and takes it over.
  explicit turn_mark(std::span<std::byte> memory);

  /// While it lives the bot's code runs. Not nested.
  class turn {
  public:
    turn(turn_mark* of, bot_id bot, strategy_call call) : of_(of) {
      if (of_ != nullptr)
        of_->set(static_cast<std::uint64_t>(bot.value) << call_bits | static_cast<std::uint64_t>(call));
    }
    ~turn() {
      if (of_ != nullptr) of_->set(0);
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

  private:
    turn_mark* of_;
  };

  /// Not to be started; nothing when nothing is known against it.
  std::optional<poisoned_bot> find(bot_id) const;
  /// Somebody changed the bot or asks for another try.
  void forgive(bot_id);
  /// Whom this process found guilty at its start.
  const std::optional<poisoned_bot>& culprit() const { return culprit_; }
  /// The process ends in order: nobody is suspected any more.
  void end_in_order();

  /// How long the strategies' thread has not moved. Any thread.
  void note_stall(milliseconds);
  /// A fatal signal was raised by the strategies' own thread. Async-signal-safe.
  void note_signal(int number);
  /// Whose turn it is; nothing between turns. Any thread, async-signal-safe.
  struct running_turn {
    std::int64_t bot = 0;
    strategy_call call = strategy_call::none;
  };
  std::optional<running_turn> running() const;

private:
  static constexpr int call_bits = 8;
  struct page;
  struct record;
  void set(std::uint64_t mark);
  record* find_record(bot_id) const;
  record& make_record(bot_id);
  void judge_last_turn();

  page* page_;
  /// Of the page; the header is all that the hot path sees.
  std::atomic<std::uint64_t>* mark_;
  std::optional<poisoned_bot> culprit_;
};

inline void turn_mark::set(std::uint64_t mark) {
  mark_->store(mark, std::memory_order_relaxed);
}

}  // namespace drover::engine
