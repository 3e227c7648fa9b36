#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "engine/bots/bot_manager.hpp"
#include "engine/control/control_note.hpp"
#include "engine/control/control_store.hpp"
#include "engine/orders/risk_book.hpp"

namespace drover::engine {

struct control_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  const clock& wall;
  control_store& store;
  entry_gate& gate;
  risk_book& risk;
  bot_manager& bots;
  const bot_board& board;
  std::function<bool(const std::string& exchange)> knows_exchange;
  /// After a lock of logins or a lockdown was set or lifted; on the trading thread.
  std::function<void()> on_access_changed = {};
  /// Keeps beyond the process what the database does not have yet; null: nothing does.
  control_note* note = nullptr;
};

/// Limits of one account, or (account 0) of the engine, as they hold and where they come from.
struct limits_view {
  account_id account;
  risk_limits in_force, allowed;
  limit_overrides by_admin, by_owner;
  std::vector<risk_book::day> today;
};

/// Emergency stops, locks and limits while the engine runs. Each acts in memory first, so that it is in force when it answers
/// and while the database is away; the row follows at once, or when the database is back. Errors are tenant_errc and
/// control_errc. Trading thread, except where it says otherwise.
class trading_control {
 public:
  /// How long an answer waits for the row, then for the note on the disk, and for orders to be cancelled and positions closed;
  /// the rest goes on behind it.
  static constexpr nanoseconds save_patience = 1s, note_patience = 2s, receipt_patience = 5s;
  static constexpr std::size_t reason_limit = 500, key_limit = 64;
  /// Writes that may wait for the database, and kills that may hold at a time; one more is refused.
  static constexpr std::size_t unsaved_limit = 10'000, active_limit = 10'000;

  explicit trading_control(control_parts);
  ~trading_control();

  /// What a process noted that died before the database had it: in force when this returns. A note that cannot be read may have
  /// been a lock, so trading is locked then. Once, before load() and before anybody can call.
  void recall(result<noted_controls>);
  /// What holds from before, in the database and by recall(): before bots start. May be tried again after tenant_errc::unavailable,
  /// which it answers while the database is away.
  task<result<void>> load();
  /// Goes on with kills that were not finished.
  void start();
  task<void> stop();

  /// When it answers, no opening order in the scope leaves any more, and the receipt says what has been done so far. The same
  /// key, or an active kill of the same verb and scope, answers the one that holds.
  task<result<engine::kill>> kill(control_caller, kill_request);
  /// For callers that cannot wait: the receipt is in the log.
  void kill_later(control_caller, kill_request);
  task<result<engine::kill>> release(control_caller, uuid);
  task<result<engine::kill>> get(control_caller, uuid);
  /// Newest first, at most 200.
  task<result<std::vector<engine::kill>>> list(control_caller, bool active_only, int limit);

  task<result<lock_state>> set_lock(control_caller, engine_lock, bool locked, std::string reason);
  /// Of all three.
  std::vector<lock_state> locks() const;

  task<result<limits_view>> limits(control_caller, account_id);
  /// Replaces what was set by administrators, or by the owner; a tenant's may only be tighter.
  task<result<limits_view>> set_limits(control_caller, account_id, limit_overrides);
  /// Today's losses count no more.
  task<result<limits_view>> clear_loss(control_caller, account_id);

  // Any thread.
  bool is_trading_locked() const { return trading_locked_; }
  bool is_login_locked() const { return login_locked_; }
  bool is_locked_down() const { return locked_down_; }
  std::size_t active_kills() const { return active_kills_; }

 private:
  struct held_kill {
    engine::kill facts;
    bool running = false;
  };
  /// A row on its way into the database.
  struct pending_write {
    std::function<task<result<void>>()> attempt;
    std::uint64_t number = 0;
  };

  task<result<user_id>> authorise(control_caller, halt_scope&);
  task<result<user_id>> find_owner(halt_scope);
  const engine::kill* find_same(const control_caller&, const kill_request&) const;
  engine::kill make_kill(const control_caller&, kill_request, user_id owner) const;
  void hold(const engine::kill&, halt_verb);
  void let_go(const engine::kill&);
  task<void> run_later(control_caller, kill_request);
  task<result<void>> add_row(uuid);
  task<result<void>> release_row(uuid, user_id by, wall_time at);
  void adopt(uuid ours, engine::kill stored);
  void begin(uuid);
  task<void> run_kill(uuid);
  void measure(engine::kill&) const;
  void finish(held_kill&);
  void forget_old();

  void put_in_force(const lock_state&);
  void refresh_flags();
  task<result<void>> store_lock(lock_state);
  task<result<void>> store_recalled(engine_lock);

  // notes.cpp: what outlives the process.
  task<result<std::vector<engine::kill>>> load_rows_of_recalled();
  void merge(const std::vector<lock_state>&);
  void merge(const std::vector<engine::kill>& active, const std::vector<engine::kill>& rows_of_recalled);
  noted_controls unsaved() const;
  std::uint64_t note();
  task<void> run_notes();
  void mark_noted(const noted_controls&);
  task<void> wait_until_noted(std::uint64_t number);

  limits_view view_of(account_id) const;
  task<result<void>> check_limits_caller(control_caller, account_id);

  result<std::uint64_t> write(std::function<task<result<void>>()> attempt);
  task<bool> wait_until_saved(std::uint64_t number, nanoseconds limit);
  task<void> wait_for_receipt(uuid, nanoseconds limit);
  task<void> wait_for(std::function<bool()> done, nanoseconds limit);
  void announce();
  held_kill* find(uuid);
  task<void> run_writer();
  task<void> run_days();
  steady_time now() const { return parts_.timers.get_clock().now(); }

  control_parts parts_;
  std::map<uuid, held_kill> kills_;
  /// By the key that replayed or doubled it: the id that counts.
  std::map<uuid, uuid> adopted_;
  std::map<engine_lock, lock_state> locks_;
  std::deque<pending_write> unsaved_;
  std::uint64_t last_write_ = 0, saved_to_ = 0;
  /// Notes asked for, tried and on the disk, by number.
  std::uint64_t wanted_note_ = 0, tried_note_ = 0, kept_note_ = 0;
  bool is_noting_ = false;
  std::atomic<bool> trading_locked_ = false, login_locked_ = false, locked_down_ = false;
  std::atomic<std::size_t> active_kills_ = 0;
  /// Who waits for a row or a receipt.
  std::vector<wake_event*> waiters_;
  bool stopping_ = false;
  wake_event something_to_write_;
  task_scope scope_;
};

}  // namespace drover::engine
