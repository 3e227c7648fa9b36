#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "simulation/desk_trader.hpp"

namespace drover::simulation {

/// One engine process: everything that dies with it.
class model_engine {
public:
  model_engine(setting&, int number);
  ~model_engine();

  void start();
  /// kill -9: from now on nothing of it reaches the outside. Its coroutines then end where nobody sees it.
  void kill();
  bool killed() const { return life_->cut; }
  /// Nothing of it runs any more; it may be destroyed.
  bool buried() const { return buried_ && undertaker_.size() == 0; }
  /// Each of its accounts trades.
  bool all_running() const;
  const std::vector<std::unique_ptr<desk_trader>>& traders() const { return traders_; }
  machine_clock& time() { return time_; }
  void measure_clocks();

private:
  task<void> run();
  task<void> bury();
  std::uint64_t draw_seed();

  setting& around_;
  std::shared_ptr<life_line> life_;
  machine_clock time_;
  virtual_timers timers_;
  seeded_random random_;
  std::unique_ptr<engine::order_journal> journal_;
  std::vector<std::unique_ptr<exchanges::exchange>> links_;
  std::vector<std::unique_ptr<desk_trader>> traders_;
  bool buried_ = false;
  task_scope undertaker_;
  task_scope scope_;
};

}  // namespace drover::simulation
