#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/files.hpp"
#include "simulation/fault_plan.hpp"
#include "simulation/oracle.hpp"
#include "simulation/reply.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

/// A machine's disk. What is written is in the kernel and outlives the process; only what was synced outlives the
/// power. It may be full, refuse reads and writes, and fail to sync: what a failed sync dropped no later one brings
/// back.
class model_disk {
public:
  model_disk(world&, oracle&, const fault_plan&);

  /// What an engine sees; once it is cut off nothing of it changes anything.
  std::unique_ptr<file_system> open(std::shared_ptr<const life_line>);
  /// Unsynced tails are lost, torn or there by luck; files whose removal was not synced may be back.
  void lose_power();
  /// A minute of it: it fills up, and somebody makes room.
  void pass_minute();
  void calm_down() { full_until_ = world_.now(); }
  bool is_full() const { return world_.now() < full_until_; }

private:
  friend class disk_view;
  friend class disk_file;
  struct content {
    std::string bytes;
    std::size_t synced = 0;
    /// A sync failed: later ones answer well and save nothing.
    bool forsaken = false;
  };
  result<void> append(const std::string& name, std::string_view bytes);
  result<void> sync(const std::string& name);
  result<void> strike(std::string_view doing);

  world& world_;
  oracle& judge_;
  const fault_plan& faults_;
  std::map<std::string, content> files_;
  /// Since the folder was synced.
  std::map<std::string, content> removed_;
  steady_time full_until_;
};

}  // namespace drover::simulation
