#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/task_scope.hpp"
#include "engine/orders/order_journal.hpp"
#include "simulation/fault_plan.hpp"
#include "simulation/oracle.hpp"
#include "simulation/reply.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

class copy_office;

/// The database server: what was committed stays, whatever becomes of the engines. It may be slow, away, or take a
/// commit and not live to say so.
class model_database {
public:
  model_database(world&, oracle&, const fault_plan&);
  ~model_database();

  engine::order_journal& committed() { return *journal_; }
  bool is_down() const { return world_.now() < down_until_; }
  /// A minute of it: outages begin.
  void pass_minute();
  void calm_down() { down_until_ = world_.now(); }

  /// What becomes of one statement, drawn when it is sent.
  struct fate {
    nanoseconds before{}, after{};
    bool lost_before = false, lost_after = false;
  };
  fate draw_fate(bool write);
  world& get_world() { return world_; }
  oracle& get_oracle() { return oracle_; }
  /// Statements run here, so that they outlive who sent them.
  task_scope& statements() { return statements_; }
  task<void> stop();
  /// Where fills of leads become signals; null where nobody follows anybody.
  copy_office* rooms() const { return rooms_; }
  void set_rooms(copy_office* rooms) { rooms_ = rooms; }

private:
  world& world_;
  oracle& oracle_;
  const fault_plan& faults_;
  std::unique_ptr<engine::order_journal> journal_;
  copy_office* rooms_ = nullptr;
  steady_time down_until_;
  task_scope statements_;
};

/// One engine's connections to the database; behaves as the PostgreSQL journal does, doubtful commits included. A
/// severed one answers nobody any more; what it had sent may still be done.
std::unique_ptr<engine::order_journal> make_model_journal(model_database&, std::shared_ptr<const life_line>);

}  // namespace drover::simulation
