#pragma once

#include <cstddef>
#include <memory>

#include "engine/bots/turn_mark.hpp"

namespace drover::app {

/// One last line on standard error when the process dies of a fault of its own: the signal or the type of the
/// exception, the thread, and the bot whose code was running. Never a value, so never a secret (REL-54). Signals that
/// somebody handles already, as sanitizers do, are left to them. Once, early.
void watch_fatal_signals();

/// From here on the calling thread is the one that runs strategies, and what it dies of is written into `turns`, which
/// must outlive the process's threads.
void blame_strategies_of_this_thread(engine::turn_mark& turns);
/// Ends that, before the turns go while the process stays.
void blame_no_strategy();

/// While it lives, fatal signals of this thread are handled on a stack of their own: a stack that is exhausted cannot
/// tell.
class signal_stack {
public:
  signal_stack();
  ~signal_stack();
  signal_stack(const signal_stack&) = delete;
  signal_stack& operator=(const signal_stack&) = delete;

private:
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace drover::app
