#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_scope.hpp"
#include "engine/bots/bot_instance.hpp"
#include "engine/bots/restart_policy.hpp"
#include "engine/bots/start_lanes.hpp"

namespace drover::engine {

/// Holds the bots: starts what it is told to want, stops what it is told not to want any more, restarts what ended by
/// itself, quarantines what does not come to rest. Knows no list of accounts: bot_manager does. Trading thread only.
class bot_supervisor final : private bot_observer {
 public:
  /// `ask_again` is called when an account's row is to be read and want() or release() to be called again (a restart is due).
  bot_supervisor(const bots_config&, bot_manager_parts&, std::function<void(account_id)> ask_again);
  ~bot_supervisor() override;

  /// The account is to run. `asked`: somebody changed it, so a quarantined bot gets another chance.
  /// Nothing happens to a bot that runs with the same credentials.
  void want(tenants::runnable_account, bot_start, bool asked);
  /// The account is not to run any more: no new order from here on, resting ones are cancelled.
  void release(account_id, const std::string& reason);
  /// Starts what want() queued, up to concurrent_starts for each exchange.
  void pump() { lanes_.pump(); }

  bool knows(account_id id) const { return entries_.contains(id); }
  std::vector<account_id> accounts() const;
  /// Nothing (false) when no bot of the account lives.
  std::optional<connection_report> report_connection(account_id) const;
  bool probe(account_id);
  /// Any thread.
  std::size_t size() const { return size_; }
  /// Accounts that wait for a free place to start. Any thread.
  std::size_t waiting() const { return lanes_.waiting(); }

  /// Stops all bots, leaving their orders at the exchange for the next start, and waits for them.
  task<void> drain();

 private:
  enum class phase { queued, live, stopping, backing_off, quarantined };
  struct entry {
    user_id user;
    exchanges::exchange* venue = nullptr;
    std::shared_ptr<const tenants::sealed_credentials> sealed;
    std::int64_t credential_version = 0;
    wall_time updated_at;
    phase now = phase::queued;
    /// What follows `stopping`: backing_off or quarantined, unless it was released.
    phase then = phase::quarantined;
    std::unique_ptr<bot_instance> bot;
    std::unique_ptr<bot_start> start;
    /// Wanted again while the old bot still stops.
    std::unique_ptr<tenants::runnable_account> next;
    restart_policy restarts;
    std::optional<timer_id> retry;
    /// It may have left orders at the exchange.
    bool may_have_orders = false;
    bool released = false;

    explicit entry(const restart_limits& limits) : restarts(limits) {}
  };

  void on_bot_running(account_id) override;
  void on_bot_failed(account_id, const bot_failure&) override;

  void enter(const tenants::runnable_account&, bot_start);
  void queue(account_id, entry&);
  void launch(account_id);
  void make_bot(account_id, entry&);
  void begin_stop(account_id, entry&, resume_contract, const std::string& reason);
  task<void> run_stop(account_id);
  void finish_stop(account_id);
  void send_away(account_id, entry&, const std::string& reason);
  void forget(account_id, entry&, const std::string& reason);
  void close_left_orders(account_id, entry&, const std::string& reason);
  void back_off(account_id, entry&, milliseconds wait, const std::string& reason);
  void quarantine(account_id, entry&, const std::string& reason);
  void cancel_retry(entry&);
  void publish(account_id, const entry&, bot_state, std::string reason);

  bots_config config_;
  restart_limits limits_;
  bot_manager_parts& parts_;
  std::function<void(account_id)> ask_again_;
  std::shared_ptr<const bot_plan> plan_;
  /// Why no bot can run with the configured strategy, or empty.
  std::string plan_problem_;
  std::unordered_map<account_id, std::unique_ptr<entry>> entries_;
  start_lanes lanes_;
  std::atomic<std::size_t> size_ = 0;
  std::size_t stopping_ = 0;
  bool draining_ = false;
  wake_event stopped_;
  task_scope scope_;
};

}  // namespace drover::engine
