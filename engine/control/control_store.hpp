#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "base/task.hpp"
#include "engine/control/control.hpp"
#include "engine/orders/risk_book.hpp"

namespace drover::engine {

struct kill_page {
  /// At most 200, newest first.
  int limit = 50;
  /// Not valid: everybody's.
  user_id owner{};
  bool active_only = false;
};

/// Kills, locks and limits in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc. In PostgreSQL
/// each change is audited in the same transaction.
class control_store {
 public:
  virtual ~control_store() = default;

  /// Stores a new kill, or answers the one that is stored already: the same id, the same caller's key, or an active one of the
  /// same verb, scope and authority.
  virtual task<result<kill>> add_kill(kill) = 0;
  /// State and receipt of one that is not released.
  virtual task<result<void>> update_kill(uuid, kill_state, kill_receipt) = 0;
  /// Nothing happens to one that is released already.
  virtual task<result<void>> release_kill(uuid, user_id by, wall_time at) = 0;
  /// not_found.
  virtual task<result<kill>> get_kill(uuid) = 0;
  virtual task<result<std::vector<kill>>> list_kills(kill_page) = 0;
  /// Those that are not released, oldest first.
  virtual task<result<std::vector<kill>>> load_active() = 0;

  /// The same state a second time (told again by a note on the disk, or after an answer that was lost) changes nothing
  /// and is not put on record twice.
  virtual task<result<void>> set_lock(lock_state) = 0;
  /// Those that were ever set.
  virtual task<result<std::vector<lock_state>>> load_locks() = 0;

  /// The user whose bot, account or self it is, also of deleted ones; nothing when there is no such thing.
  virtual task<result<std::optional<user_id>>> find_owner(halt_scope) = 0;

  /// Limits that somebody set; `by` not valid: the operator of the machine. Replaces what was set before.
  virtual task<result<void>> set_limits(limits_row, user_id by) = 0;
  virtual task<result<std::vector<limits_row>>> load_limits() = 0;
  /// Losses from before `at` count no more; account 0: those of the whole engine.
  virtual task<result<void>> clear_loss(account_id, user_id by, wall_time at) = 0;
  /// What was realised since `midnight`, or since it was cleared after that; account 0: of the whole engine.
  virtual task<result<std::vector<realised_row>>> load_realised(wall_time midnight) = 0;
};

std::unique_ptr<control_store> make_postgres_control_store(database&);

/// Stands in for tables of others. Any thread; no audit.
struct memory_control_facts {
  std::function<std::optional<user_id>(const halt_scope&)> owner_of;
  std::function<std::vector<realised_row>(wall_time midnight)> realised_since;
};
std::unique_ptr<control_store> make_memory_control_store(memory_control_facts);

}  // namespace drover::engine
