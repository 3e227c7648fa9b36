#pragma once

#include <memory>

#include "exchanges/runtime/venue_core.hpp"

namespace drover::exchanges {

/// Keeps an account's timer at the venue from running out while somebody trades on it: repeated at a third of its length.
/// Switched off when destroyed: orders then stay. Trading thread only.
class dead_man_guard {
 public:
  static constexpr int refreshes_per_length = 3;

  dead_man_guard(std::shared_ptr<venue_core>, std::shared_ptr<key_session>, milliseconds after);
  ~dead_man_guard();
  dead_man_guard(const dead_man_guard&) = delete;
  dead_man_guard& operator=(const dead_man_guard&) = delete;

 private:
  struct state;
  static task<void> run(std::shared_ptr<state>);
  static task<void> switch_off(std::shared_ptr<state>);

  std::shared_ptr<state> state_;
};

}  // namespace drover::exchanges
