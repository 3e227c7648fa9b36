#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/offload.hpp"
#include "base/task_scope.hpp"
#include "engine/bots/bot_manager.hpp"
#include "engine/copy/fan_out.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
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
  /// SIGTERM, where the bot manager runs: it drains, then it is gone.
  void drain();
  bool is_leaving() const { return leaving_; }
  /// Nothing of it runs any more; it may be destroyed.
  bool buried() const { return buried_ && undertaker_.size() == 0; }
  /// Another engine has the lease of one of its bare desks, which take none again.
  bool was_replaced() const;
  /// The first account that does not, and why.
  std::string why_not_running() const;
  /// What the engine itself thinks it holds, where it can be asked.
  std::optional<decimal> position(account_id) const;
  /// Hears of each account once more, brings what it recorded to the database and records nothing any more.
  void stop_recording();
  /// Whether that is done; then the number of segments that it left on the disk.
  std::optional<std::size_t> left_in_spool() const { return left_in_spool_; }
  /// NOTIFY accounts_changed.
  void account_changed(account_id);
  /// NOTIFY rooms_changed.
  void room_changed(engine::room_id);
  /// Notifications of rooms may have been missed.
  void reload_rooms();
  /// Its wall clock jumps.
  void set_clock_error(nanoseconds ahead);

private:
  task<void> run();
  task<void> bury();
  task<void> run_drain();
  task<void> open_recorder();
  task<void> end_recording();
  void record(const std::string& venue, std::string_view channel, std::string_view account);
  task<void> run_desks();
  void start_bots();
  void follow_rooms(engine::bot_manager_parts&);

  setting& around_;
  std::shared_ptr<life_line> life_;
  machine_clock time_;
  virtual_timers timers_;
  seeded_random random_;
  std::unique_ptr<engine::order_journal> journal_;
  std::unique_ptr<tenants::account_store> accounts_;
  std::unique_ptr<engine::bot_store> bots_;
  std::unique_ptr<file_system> files_;
  worker_pool workers_;
  std::unique_ptr<exchanges::spooling_raw_recorder> recorder_;
  std::optional<std::size_t> left_in_spool_;
  /// By name.
  std::map<std::string, std::unique_ptr<exchanges::exchange>> links_;
  std::vector<std::unique_ptr<desk_trader>> traders_;
  engine::bot_board board_;
  engine::order_counters counters_{time_};
  std::unique_ptr<engine::bot_manager> manager_;
  std::unique_ptr<engine::copy_store> rooms_;
  /// Only where somebody follows somebody.
  std::unique_ptr<engine::fan_out> fan_out_;
  bool buried_ = false, leaving_ = false, draining_ = false, recording_ = false;
  wake_event drained_;
  task_scope undertaker_;
  task_scope scope_;
};

}  // namespace drover::simulation
