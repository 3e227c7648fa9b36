#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/task_scope.hpp"
#include "engine/bots/bot_instance.hpp"
#include "engine/bots/bot_plans.hpp"
#include "base/restart_policy.hpp"
#include "engine/bots/start_lanes.hpp"

namespace drover::engine {

/// Holds the bots: starts what it is told to want, stops what it is told not to want any more, restarts what ended by
/// itself, quarantines what does not come to rest. Knows no list of accounts: bot_manager does. Trading thread only.
class bot_supervisor final : private bot_observer {
 public:
  /// `ask_again` is called when an account's rows are to be read and want() or release() to be called again (a restart is due).
  bot_supervisor(const bots_config&, bot_manager_parts&, std::function<void(account_id)> ask_again);
  ~bot_supervisor() override;

  /// The bot as its row says, on an account that may trade: runs it, pauses it, or ends it by its contract. `asked`: somebody
  /// changed something, so a quarantined bot gets another chance. Nothing happens to a bot that runs as it should.
  void want(const tenants::runnable_account&, const bot&, bot_start, bool asked);
  /// The bot is not to run any more: no new order from here on, resting ones are cancelled.
  void release(bot_id, const std::string& reason);
  void release_account(account_id, const std::string& reason);
  /// The manager took leases of many accounts at once; before want().
  void grant_lease(account_id id, std::int64_t epoch) { granted_[id] = epoch; }
  bool holds_lease(account_id) const;
  /// As bot_manager::adopt().
  void adopt(const bots_config&);
  /// Starts what want() queued, up to concurrent_starts for each exchange.
  void pump() { lanes_.pump(); }

  bool knows(bot_id id) const { return entries_.contains(id); }
  std::vector<account_id> accounts() const;
  std::size_t accounts_size() const { return of_account_.size(); }
  std::vector<bot_id> bots() const;
  std::vector<bot_id> bots_of(account_id) const;
  /// Nothing (false) when no bot of the account lives.
  std::optional<connection_report> report_connection(account_id) const;
  bool probe(account_id);
  /// One of the account's bots holds its balances against its trades. False when none can.
  bool compare_balances(account_id);
  /// Nothing (false) when the bot does not live.
  std::optional<bot_report> report_bot(bot_id) const;
  std::vector<external_order> external_orders(user_id, account_id) const;
  bool deliver_signal(bot_id, trade_signal);
  void heed_gate();
  std::vector<bot_exposure> exposures(const halt_scope&) const;
  void wake(const halt_scope&);
  /// Bots. Any thread.
  std::size_t size() const { return size_; }
  /// Bots that wait for a free place to start, or reconcile. Any thread.
  std::size_t starting() const { return lanes_.unfinished(); }

  /// Stops all bots, leaving their orders at the exchange for the next start, and waits for them.
  task<void> drain();

 private:
  enum class phase { queued, live, stopping, backing_off, quarantined, finished };
  struct wanted_bot {
    tenants::runnable_account account;
    engine::bot bot;
  };
  struct entry {
    account_id account;
    user_id user;
    std::shared_ptr<account_link> link;
    std::shared_ptr<const bot_plan> plan;
    wall_time account_updated_at, bot_updated_at;
    phase now = phase::queued;
    /// What follows `stopping`: backing_off, quarantined or finished, unless it was released.
    phase then = phase::quarantined;
    std::unique_ptr<bot_instance> running;
    std::unique_ptr<bot_start> start;
    /// Wanted again, perhaps otherwise, while the old bot still stops.
    std::unique_ptr<wanted_bot> next;
    restart_policy restarts;
    std::optional<timer_id> retry;
    /// How much of it is to be closed when it is released.
    resume_contract contract = resume_contract::resume;
    /// What its user wants to become of its orders when it stops.
    resume_contract wished = resume_contract::resume;
    /// It may have left orders at the exchange.
    bool may_have_orders = false;
    bool paused = false;
    bool released = false;
    /// Its quarantine is over for one start.
    bool trial_due = false;
    /// Released by its own user: its end is to be written down.
    bool stopped_by_user = false;
    /// It makes room for `next` and leaves its orders to it.
    bool replaced = false;
    std::string left_behind;

    explicit entry(const restart_limits& limits) : restarts(limits) {}
    exchanges::exchange* venue() const { return link->venue(); }
    bool can_run() const { return link->venue() != nullptr && plan->problem.empty(); }
  };

  void on_bot_running(bot_id) override;
  void on_bot_failed(bot_id, const bot_failure&) override;
  void on_journal_away(bot_id) override;
  task<void> watch_journal();

  entry& add_entry(const tenants::runnable_account&, const bot&, bool fresh);
  void enter(const tenants::runnable_account&, const bot&, bot_start);
  void enter_to_close(const tenants::runnable_account&, const bot&);
  std::shared_ptr<account_link> get_link(const tenants::runnable_account&);
  bool has_rival(const bot&) const;
  bool is_changed(const entry&, const tenants::runnable_account&, const bot&) const;
  void set_paused(bot_id, entry&, bool paused);
  void stop_for_user(bot_id, entry&, const bot&);
  void replace(bot_id, entry&, const tenants::runnable_account&, const bot&);
  void queue(bot_id, entry&);
  void launch(bot_id);
  void make_bot(bot_id, entry&);
  resume_contract contract_at_shutdown(const entry&) const;
  void begin_stop(bot_id, entry&, resume_contract, const std::string& reason);
  task<void> run_stop(bot_id);
  void finish_stop(bot_id);
  void send_away(bot_id, entry&, resume_contract, const std::string& reason);
  void forget(bot_id, entry&, const std::string& reason);
  void close_left_orders(bot_id, entry&, const std::string& reason);
  void back_off(bot_id, entry&, milliseconds wait, const std::string& reason);
  void quarantine(bot_id, entry&, const std::string& reason);
  void quarantine_for_a_while(bot_id, entry&, const std::string& reason);
  void begin_trial(bot_id, entry&);
  std::optional<poisoned_bot> find_poison(bot_id) const;
  void forgive(bot_id);
  void finish(bot_id, entry&, const std::string& reason);
  task<void> write_finish(bot_id, std::string reason);
  task<void> report_credentials(account_id, bot_failure);
  task<void> write_rest(bot_id, std::string reason);
  void tell_neighbours(bot_id, account_id, bot_failure);
  void heed_gate_of(std::vector<bot_id>);
  order_owner owner_of(bot_id, const entry&) const;
  void cancel_retry(entry&);
  void publish(bot_id, const entry&, bot_state, std::string reason);

  /// Shared with the bots' plans, which only read it.
  std::shared_ptr<bots_config> config_;
  restart_limits limits_;
  bot_manager_parts& parts_;
  std::function<void(account_id)> ask_again_;
  bot_plans plans_;
  std::unordered_map<bot_id, std::unique_ptr<entry>> entries_;
  std::unordered_map<account_id, std::vector<bot_id>> of_account_;
  std::unordered_map<account_id, std::int64_t> granted_;
  /// Accounts with a bot that waits until another one has left its market.
  std::unordered_set<account_id> crowded_;
  /// Bots whose orders could not be written down; while there are any somebody asks whether that is over.
  std::unordered_set<bot_id> held_up_;
  bool watching_journal_ = false;
  start_lanes lanes_;
  std::atomic<std::size_t> size_ = 0;
  std::size_t stopping_ = 0;
  bool draining_ = false;
  wake_event stopped_;
  task_scope scope_;
};

}  // namespace drover::engine
