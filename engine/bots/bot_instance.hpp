#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/task_scope.hpp"
#include "engine/bots/account_link.hpp"
#include "engine/bots/bot_exposure.hpp"
#include "engine/bots/bot_failure.hpp"
#include "engine/bots/bot_manager.hpp"
#include "engine/bots/connection_report.hpp"
#include "engine/bots/order_notes.hpp"
#include "engine/bots/strategy_runner.hpp"
#include "engine/bots/thread_share.hpp"
#include "exchanges/venue_clock.hpp"

namespace drover::engine {

/// What bots with the same strategy and parameters at the same exchange share.
struct bot_plan {
  std::string strategy, parameters, symbol;
  const strategy_kind* kind = nullptr;
  std::shared_ptr<const bots_config> config;
  /// Of their desks.
  order_desk_config desk;
  /// Why no bot can run by it, or empty.
  std::string problem;
};

struct bot_identity {
  bot_id bot;
  account_id account;
  user_id user;
  std::shared_ptr<account_link> link;
};

/// What is known before the start; what is not is read then.
struct bot_start {
  std::optional<std::string> strategy_state;
  /// The journal knows nothing of the account.
  bool fresh = false;
  /// Places nothing until resume().
  bool paused = false;
  /// Its code is not to be run: it is only started to close what it left.
  bool without_strategy = false;
  int restarts = 0;
};

/// Told from within a bot's call: must not destroy the bot there.
class bot_observer {
 public:
  virtual ~bot_observer() = default;
  /// It has left reconciling and trades.
  virtual void on_bot_running(bot_id) = 0;
  /// It ended by itself and has placed its last order; somebody has to stop() it.
  virtual void on_bot_failed(bot_id, const bot_failure&) = 0;
  /// An order of it was not sent because the database is away: it wants begin_anew() when that is over.
  virtual void on_journal_away(bot_id) = 0;
};

/// One bot: its seat at the account, orders, market data, strategy and a bounded mailbox. Trading thread only.
///
/// Events wait in the mailbox and are handled in posted turns of at most `events_per_turn`, so that a flooded bot takes its
/// turn like every other. No coroutine is alive while the bot idles.
class bot_instance final : private order_listener {
 public:
  static constexpr int events_per_turn = 32;
  /// Saved state may be this much older than the strategy's.
  static constexpr nanoseconds state_save_delay = 250ms;
  /// After a failed save.
  static constexpr nanoseconds state_retry_delay = 5s;
  /// For cancelling orders at a stop.
  static constexpr nanoseconds cancel_limit = 5s;
  /// For selling or buying back the position after that, all attempts together.
  static constexpr nanoseconds flatten_limit = 10s;
  static constexpr int flatten_attempts = 3;
  /// At most one log line of refused orders in this time.
  static constexpr nanoseconds refusal_line_interval = 10s;
  /// A difference of balances that is still there after the pause is no trade that is only being booked.
  static constexpr int balance_looks = 3;
  static constexpr nanoseconds balance_look_pause = 3s;
  /// More orders than this refused before they were written, within the window, end the bot.
  static constexpr int refusal_limit = 1'000;
  static constexpr seconds refusal_window{60};
  /// Tickers of which one is asked about with a look at the clock, and counts for all.
  static constexpr int tickers_per_look = 16;

  /// References outlive the bot; `parts.executor` is where it lives.
  bot_instance(bot_identity, std::shared_ptr<const bot_plan>, bot_manager_parts& parts, bot_observer&);
  ~bot_instance() override;

  void start(bot_start);
  /// From here on nothing new is placed. Cancels still work. Idempotent.
  void halt(resume_contract, std::string reason);
  /// Ends everything after halt() and waits for it: orders as its contract says, requests in flight settled (at most
  /// `settle_limit`), state saved. Once; afterwards the bot may be destroyed.
  task<void> stop(nanoseconds settle_limit);
  /// After stop(): what its contract could not do, for a person; empty when all was done.
  const std::string& left_behind() const { return left_behind_; }

  bot_state state() const { return state_; }

  /// Orders stay and are followed, nothing new is placed. Idempotent.
  void pause();
  void resume();
  /// What was refused while the database was away is of no meaning any more: the strategy goes on at once (REL-20).
  void forget_outage();
  /// The entry gate was closed or opened: shows it, and gets out as far as the halt asks for. Idempotent.
  void heed_gate();
  bot_exposure exposure() const;
  /// Something that concerns the whole account was learnt by another bot.
  void fail(bot_failure why) { end(std::move(why)); }
  /// False when it does not trade or its mailbox is full: nobody will answer. Else the verdict goes to
  /// bot_manager_parts::on_signal_verdict, unless the strategy fails over it.
  bool deliver_signal(trade_signal);

  /// Asks the exchange what the key may do, unless it is being asked. A key that may do too much or too little ends the bots
  /// of the account. False when this bot cannot ask now.
  bool probe();
  /// Reads the account's balances and holds them against its trades, unless that is being done. False when this bot cannot
  /// ask now.
  bool compare_balances();
  bot_report report() const;
  /// Open orders on its market that are not ours.
  std::vector<external_order> external_orders() const;

 private:
  struct order_change {
    live_order order;
    std::string reason;
  };
  using news = std::variant<order_change, booked_fill, trade_signal>;
  struct frame;

  void on_order_changed(const live_order&, const std::string& reason) override;
  void on_fill(const booked_fill&) override;
  void on_journal_away() override { observer_.on_journal_away(id_.bot); }
  void on_desk_failed(const error&) override;
  void on_account_event(const exchanges::account_event&);
  void on_ticker(const std::shared_ptr<const exchanges::book_ticker>&);

  task<void> run_start(bot_start);
  task<void> run_probe();
  task<void> run_comparison();
  void tell_drift(const std::vector<balance_watch::drift>&);
  task<result<void>> prepare(bot_start);
  task<result<void>> open();
  result<void> make_strategy(const std::string& saved_state);
  void begin_trading();
  void cancel_strangers();
  void settle_state();
  void begin_anew();
  void go_on();
  order_owner owner() const;
  void get_out(halt_verb);
  task<void> run_way_out();
  bool is_locked() const { return lock_ && !lock_->because.empty(); }
  /// The strategy is not asked for anything new.
  bool is_quiet() const { return paused_ || is_locked(); }
  bool closing() const { return halted_ && contract_ != resume_contract::resume; }
  bool start_is_cut() const { return halted_ && !closing(); }

  std::expected<bool, bot_failure> ask_about(const exchanges::book_ticker&);
  std::expected<std::string, bot_failure> read_state();
  /// The strategy has used something of its share of the thread, or would: shows what follows, and arranges for it.
  void heed_share();
  void await_share();
  void on_share_due();
  void schedule_turn();
  void run_turn();
  int hand_to_desk(int limit);
  int hand_to_strategy(int limit);
  void deliver(const order_change&);
  void deliver(const booked_fill&);
  void deliver(const trade_signal&);
  void deliver_tick();
  void deliver_fill(const exchanges::fill&, const std::string& tag);
  task<void> find_tag_and_deliver(exchanges::fill);
  bool has_room();
  bool hears_news() const { return strategy_ && reconciled_ && !starting_ && !failed_; }
  void add_news(news);
  void call_strategy(strategy_call, const std::function<strategy_actions(strategy&, const strategy_context&)>& call);
  void perform(strategy_actions);
  void carry_out(const place_order&);
  void carry_out(const cancel_order&);
  void carry_out(const stop_bot&);
  void carry_out(const finish_bot&);
  void carry_out(const set_timer&);
  void carry_out(const signal_verdict&);
  void keep_promise(const live_order&, const std::string& reason);
  task<void> find_promised(uuid order, std::string reason);
  void answer_signal(const uuid& order, std::string why_not);
  bool take_refusal(const error&);
  void apply_balances(const std::vector<exchanges::balance>&);
  steady_time arrival_of(const std::string& trade_id);

  void changed(nanoseconds delay = state_save_delay);
  void on_save_due();
  task<void> run_save();
  task<void> save_state();
  task<void> cancel_orders(wake_event& changed, steady_time deadline, exchanges::lane);
  task<void> flatten(wake_event& changed);
  task<bool> flatten_once(wake_event& changed, steady_time deadline);

  /// It ends by itself; whoever observes it decides what follows.
  void end(bot_failure);
  void set_state(bot_state, std::string reason);
  void publish();
  void wake_waiter();

  bot_identity id_;
  std::shared_ptr<const bot_plan> plan_;
  bot_manager_parts& parts_;
  bot_observer& observer_;

  std::shared_ptr<const exchanges::instrument> instrument_;
  std::unique_ptr<account_link::seat> seat_;
  /// For the desk.
  std::optional<exchanges::venue_clock> venue_time_;
  std::unique_ptr<order_desk> desk_;
  std::unique_ptr<exchanges::market_subscription> market_;
  std::optional<strategy_runner> strategy_;
  thread_share share_;
  std::shared_ptr<const exchanges::book_ticker> ticker_;

  struct promise {
    uuid order;
    signal_verdict verdict;
  };
  /// Orders of signals whose intents may still fail to become durable; no more than live orders.
  std::vector<promise> promises_;
  /// For the desk, and for the strategy; together at most mailbox_limit.
  std::vector<exchanges::account_event> inbox_;
  std::vector<news> news_;
  /// Of the instrument's two assets.
  std::vector<exchanges::balance> balances_;
  order_notes notes_;
  struct arrival {
    std::string trade_id;
    steady_time at;
  };
  /// When fills came off the stream, until they are booked.
  std::vector<arrival> arrivals_;

  std::int64_t epoch_ = 0;
  std::string reason_, left_behind_;
  struct way_out {
    halt_verb wanted = halt_verb::halt, reached = halt_verb::halt;
    int cancelled = 0;
    bool running = false, carried_out = false;
    std::string problem;
  };
  struct lock {
    /// Why the entry gate is closed for this bot, or empty.
    std::string because;
    way_out out;
  };
  /// From the first time on that the gate is closed: for most bots it never is.
  std::unique_ptr<lock> lock_;
  struct refusals {
    /// Why the last one was refused.
    std::string last;
    steady_time next_line{}, since{};
    /// Since then.
    int count = 0;
  };
  /// From the first refused order on.
  std::unique_ptr<refusals> refusals_;
  wall_time since_;
  std::optional<timer_id> save_timer_, strategy_timer_, share_timer_;
  steady_time share_due_at_;
  std::size_t saved_hash_ = 0;
  /// stop() while it waits for orders or for the start.
  wake_event* waiter_ = nullptr;
  wake_event* way_out_waiter_ = nullptr;
  int published_orders_ = 0, restarts_ = 0, lookups_ = 0, tickers_ = 0;
  bot_state state_ = bot_state::starting;
  bool starting_ = false, reconciled_ = false, trading_ = false;
  resume_contract contract_ = resume_contract::resume;
  bool halted_ = false, failed_ = false, paused_ = false;
  bool probing_ = false, comparing_ = false, tick_waits_ = false, timer_is_due_ = false, turn_posted_ = false, saving_ = false;
  /// It is over its share of the thread; a ticker came while that was spent.
  bool slowed_ = false, tick_held_ = false;
  task_scope scope_;
};

}  // namespace drover::engine
