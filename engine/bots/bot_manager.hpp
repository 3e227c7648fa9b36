#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "crypto/keyring.hpp"
#include "engine/bots/bot_exposure.hpp"
#include "engine/bots/bot_status.hpp"
#include "engine/bots/bot_store.hpp"
#include "engine/bots/connection_report.hpp"
#include "engine/bots/strategy_meters.hpp"
#include "engine/bots/thread_share.hpp"
#include "engine/orders/external_order.hpp"
#include "engine/orders/order_desk.hpp"
#include "engine/orders/order_journal.hpp"
#include "engine/strategies/strategy.hpp"
#include "exchanges/exchange.hpp"
#include "tenants/accounts/account_store.hpp"

namespace drover::engine {

/// What becomes of bots' resting orders when the process stops in order.
enum class shutdown_orders {
  /// They rest on; the next start finds them.
  leave,
  cancel,
  /// Cancelled for those bots whose contract cancels them at a stop, too; nothing is sold.
  by_contract,
};

/// bot_manager::adopt() takes over those marked (adopted).
struct bots_config {
  /// (adopted) Full reload, besides NOTIFY.
  milliseconds refresh_interval{300'000};
  /// The bot that an account gets which never had one: strategy (empty: none), and parameters as JSON.
  std::string strategy = "grid";
  std::string strategy_parameters = "{}";
  /// (adopted) OTP: at most `restart_intensity` restarts in `restart_period`, then quarantined.
  int restart_intensity = 5;
  /// (adopted)
  milliseconds restart_period{60'000};
  milliseconds backoff_floor{1'000}, backoff_ceiling{300'000};
  /// (adopted) A bot that was quarantined for its own faults is tried again once in this time, until one trial goes well; 0 = never.
  milliseconds quarantine_probe_interval{1'800'000};
  /// (adopted) How long a drain waits for orders in flight.
  milliseconds drain_limit{10'000};
  /// (adopted)
  shutdown_orders at_shutdown = shutdown_orders::leave;
  /// Bots that may be reconciling at the same time.
  int concurrent_starts = 64;
  /// (adopted) Events waiting for one bot; past it, tickers are conflated and anything else quarantines the bot.
  std::size_t mailbox_limit = 256;
  /// A strategy call that takes more counts against the bot.
  call_budget callback_budget;
  /// How much of the trading thread one bot may take in the long run, 1 to 100 %: past it, its ticks and timers wait, then it is
  /// quarantined (thread_share).
  int thread_share_percent = 1;
  /// (adopted) Every bot's key is asked for its rights once in this time, one after the other; 0 = never.
  milliseconds probe_interval{900'000};
  /// (adopted) Every account's balances are held against its trades once in this time, one after the other; 0 = never. With the looks
  /// that follow a difference an alert comes within a minute (REL-08).
  milliseconds balance_interval{45'000};
  /// (adopted) Order statistics in the log.
  milliseconds statistics_interval{60'000};
  /// Of one user, those of all accounts together (bot_service::set_limit()).
  int bots_per_user = 100;
  /// (adopted) How far from the best price a stopped bot's position may be closed, as a share of it.
  decimal flatten_collar = decimal::literal("0.02");
  /// Overrides what is known of the venue; 0 = as known.
  milliseconds venue_processing_bound{0};
  order_desk_config orders;
  /// Of all accounts together, where nothing else was set (with orders.limits: risk_book::set_defaults()).
  risk_limits engine_limits = no_limits;
};

/// Copies what bot_manager::adopt() takes over.
void adopt_running(bots_config& held, const bots_config& fresh);

struct bot_manager_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  const clock& wall;
  tenants::account_store& accounts;
  bot_store& bots;
  const crypto::keyring& keyring;
  order_journal& journal;
  /// By exchange name.
  const std::map<std::string, std::unique_ptr<exchanges::exchange>>& exchanges;
  bot_board& board;
  order_counters& counters;
  std::function<void(const earnings_event&)> on_earnings;
  /// Names this process in leases.
  std::string engine_name;
  /// Where strategies come from.
  const strategy_kind* (*find_kind)(std::string_view name) = find_strategy_kind;
  /// What became of a signal that deliver_signal() took, and the order that follows it (nil: none; else told again, see fan_out).
  std::function<void(bot_id, const signal_verdict&, const uuid& order)> on_signal_verdict = nullptr;
  /// A new fill of a bot's order is in the books; from within the bot's call.
  std::function<void(bot_id, account_id, const booked_fill&)> on_fill = nullptr;
  /// The exchange said of the account's key that it must not be used any more.
  std::function<void(account_id)> on_key_refused = nullptr;
  strategy_meters meters{};
  /// What stops new orders besides the bots themselves, and limits over all of them; absent: nothing, and each bot's own.
  entry_gate* gate = nullptr;
  risk_book* risk = nullptr;
  /// The bots' own.
  share_debtors debtors{};
};

/// Runs exactly the bots that should run: those not stopped, on approved, active accounts of active users (SPEC A1). Trading
/// thread only. One bot that throws, hangs in its own requests or floods neither stops nor delays another (A2).
class bot_manager {
 public:
  bot_manager(bots_config, bot_manager_parts);
  ~bot_manager();

  /// Takes over what may change while bots run; each value counts from its next use on.
  void adopt(const bots_config&);
  /// Loads everything and starts the difference; then follows the refresh interval. Keeps trying while the database is away.
  void start();
  /// After NOTIFY accounts_changed or bots_changed: looks at one account and its bots, or at all (reconnected listener).
  void account_changed(account_id);
  void reload();

  /// Drain (A4): no new orders at once, in-flight ones settled or recorded, bots stopped; bounded by drain_limit.
  task<void> drain();

  /// Of all bots that are wanted. Trading thread.
  std::vector<account_id> accounts() const;
  /// How the account's connection is doing; nothing when no bot of it lives. Trading thread.
  std::optional<connection_report> report_connection(account_id) const;
  /// Asks the account's key for its rights now. False when no bot of it lives. Trading thread.
  bool probe(account_id);

  /// What a living bot knows that its state does not tell. Trading thread.
  std::optional<bot_report> report_bot(bot_id) const;
  /// Open orders on the markets of a user's living bots that the engine did not place; of one account where it is valid.
  std::vector<external_order> external_orders(user_id, account_id) const;
  /// Into the bot's mailbox. False when it does not trade or its mailbox is full: nobody will answer, it may be sent again.
  /// Trading thread.
  bool deliver_signal(bot_id, trade_signal);

  /// The entry gate was closed or opened: bots show it and get out as far as it asks for, some in each turn. Trading thread.
  void heed_gate();
  /// Of bots in the scope that are wanted. Trading thread.
  std::vector<bot_exposure> exposures(const halt_scope&) const;
  /// Bots of the scope that wait for a restart, or are quarantined, start now: there may be something to get out of. Trading
  /// thread.
  void wake(const halt_scope&);

  /// Bots that the manager knows. Any thread.
  std::size_t size() const;
  /// True once the first load is done and every bot of it has passed the recovery gate, or failed at it: it runs, waits for its
  /// next try, or is quarantined (readiness). Any thread.
  bool first_load_done() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::engine
