#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/life_signs.hpp"
#include "base/mapped_page.hpp"
#include "base/task.hpp"
#include "engine/bots/turn_mark.hpp"

namespace drover::app {

struct process_watch_parts {
  executor trading, web;
  timer_queue& trading_timers;
  timer_queue& web_timers;
  /// Grows while raw data gets to the disk or the database, or there is none. Asked on the trading thread.
  std::function<std::uint64_t()> writer_progress;
  /// Past the recovery gate. Any thread.
  std::function<bool()> is_ready;
  /// What the process is doing, in a line for `systemctl status`. Any thread.
  std::function<std::string()> status;
  /// Null = turns are not marked.
  engine::turn_mark* turns;
};

/// Watches the process from its main thread and reports to whatever started it (systemd, or any NOTIFY_SOCKET): READY=1
/// past the recovery gate, STATUS=, and WATCHDOG=1 at most half of WATCHDOG_USEC apart, as long as each thread turned,
/// their timers came on time and the raw record's writer got on, each of them since the last WATCHDOG=1 (REL-61). A
/// start is given more time on the same proof. Also tells the turn mark how long the trading thread has not moved.
class process_watch {
public:
  explicit process_watch(process_watch_parts);
  ~process_watch();

  /// Before the threads run.
  void start();
  /// Until the task is cancelled; on the main thread.
  task<void> run(timer_queue& main_timers);
  /// The parts stop one after the other from here on, in bounded time: the watchdog is fed without proof.
  void begin_stopping() { stopping_ = true; }
  /// Before threads and timers end, on the parts' own threads.
  void stop_trading_heart();
  void stop_web_heart();

private:
  void look(steady_time now);
  void feed(steady_time now);
  void report(steady_time now);

  process_watch_parts parts_;
  life_signs signs_;
  life_round feeding_{signs_}, starting_{signs_};
  life_sign& trading_sign_;
  life_sign& web_sign_;
  life_sign& writer_sign_;
  heart trading_heart_, web_heart_;
  std::uint64_t last_progress_ = 0;
  nanoseconds feed_interval_{};
  steady_time next_feed_, next_report_;
  std::string told_status_;
  bool ready_told_ = false, silence_told_ = false, stopping_ = false;
};

/// The turn mark of this process, in a file of the folder; in plain memory, with a warning, when there can be none.
class turn_mark_file {
public:
  explicit turn_mark_file(const std::string& folder);
  engine::turn_mark& mark() { return *mark_; }

private:
  std::optional<mapped_page> page_;
  std::unique_ptr<std::byte[]> memory_;
  std::optional<engine::turn_mark> mark_;
};

}  // namespace drover::app
