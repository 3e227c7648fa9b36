#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "engine/bots/connection_report.hpp"
#include "engine/copy/room_routes.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::engine {

struct fan_out_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  const clock& wall;
  copy_store& store;
  /// bot_manager::deliver_signal().
  std::function<bool(bot_id, const trade_signal&)> deliver;
  /// What the lead's bot knows of its account; nothing while it does not live.
  std::function<std::optional<bot_report>(bot_id)> report;
  /// Why a bot does not trade, for a person; empty when nobody knows.
  std::function<std::string(bot_id)> why_idle;
};

/// Takes a lead's fills to every follower's bot and writes their receipts. Trading thread only.
///
/// The lead's turn pays one look-up. Followers are served in turns of `deliveries_per_turn`, rooms taking turns, so
/// that their bots order while the others are still being told. What is lost on the way (a crash, a full queue, a bot
/// that ended with the signal in its mailbox) is found in the store, where a signal without all receipts is unfinished,
/// and delivered again while it is fresh; a follower whose order is in the journal already gets its receipt instead.
class fan_out {
public:
  static constexpr int deliveries_per_turn = 64, deliveries_per_room = 16;
  /// Signals under way in memory; more wait in the store.
  static constexpr std::size_t signals_limit = 1'000;
  /// Receipts that wait for the database; more are derived from the store later.
  static constexpr std::size_t outbox_limit = 200'000;
  static constexpr std::size_t receipts_per_statement = 2'000;
  /// So that the receipts of one moment share a statement.
  static constexpr milliseconds linger{20};
  /// A bot that does not trade is asked again, until the signal is too old for it or this long.
  static constexpr milliseconds retry_interval{100};
  static constexpr seconds delivery_limit{60};
  /// A bot that took a signal and says nothing for so long has lost it.
  static constexpr seconds verdict_limit{10};
  /// How often the store is asked for unfinished signals, and how old they are by then.
  static constexpr seconds sweep_interval{5};
  static constexpr int sweep_limit = 20'000;
  static constexpr seconds drain_limit{3};

  explicit fan_out(fan_out_parts);
  ~fan_out();

  /// Loads who follows, takes up what was under way, and goes on.
  void start();
  /// A fill of a bot's order is in the books.
  void on_fill(bot_id lead_bot, account_id, const booked_fill&);
  /// A bot has judged a signal. `order` follows it, or is nil. An order is told twice: when it is decided, which is the time that
  /// counts, and once it is in the journal; then the receipt is written. One that never got there is told as skipped the second time.
  void on_verdict(bot_id, const signal_verdict&, const uuid& order);
  /// After NOTIFY rooms_changed.
  void room_changed(room_id);
  /// After NOTIFY accounts_changed or bots_changed: what has lost its ground ends.
  void account_changed(account_id);
  /// After notifications may have been missed.
  void reload();
  /// Writes the receipts that wait, at most `drain_limit`. Nothing is delivered any more.
  task<void> drain();

  struct statistics {
    std::size_t rooms = 0, members = 0, signals = 0, waiting_receipts = 0;
  };
  statistics get_statistics() const;

private:
  struct job {
    room_signal signal;
    bot_id lead_bot;
    trade_signal message;
    room_routes::followers who;
    std::size_t next = 0;
    /// Asked in vain; once more later.
    std::vector<follower> waiting;
    /// Took it and have not answered.
    std::size_t unanswered = 0;
    steady_time began, delivered_at;
    /// Between the fill and `began`.
    nanoseconds before{};
  };
  struct awaited {
    bot_id bot;
    signal_key key;
    friend bool operator==(const awaited&, const awaited&) = default;
  };
  struct awaited_hash {
    std::size_t operator()(const awaited& a) const noexcept {
      return std::hash<signal_key>{}(a.key) * 31 + std::hash<bot_id>{}(a.bot);
    }
  };
  /// A receipt, or the end of a signal whose receipts came before.
  using outgoing = std::variant<receipt, signal_key>;

  job* begin(room_signal, bot_id lead_bot, room_routes::followers);
  void schedule_turn();
  void run_turn();
  int serve(job&, int limit);
  void offer(job&, const follower&);
  bool find_worth(job&);
  void settle(signal_key);
  receipt make_receipt(const job&, const follower&, signal_outcome, std::string reason) const;
  void answer(const job&, const follower&, signal_outcome, std::string reason, decimal quantity = {}, uuid order = {});
  void send(outgoing);
  void schedule_retry();
  void retry();
  void forget_unanswered();
  void adopt(unfinished_signal);

  task<void> run_follow();
  task<bool> refresh();
  task<bool> sweep(milliseconds age);
  task<void> run_writer();
  task<void> write_batch();

  fan_out_parts parts_;
  room_routes routes_;
  std::unordered_map<signal_key, std::unique_ptr<job>> jobs_;
  struct listening {
    engine::follower follower;
    /// Taken; written once its order is in the journal.
    std::optional<receipt> decided{};
  };
  std::unordered_map<awaited, listening, awaited_hash> awaited_;
  /// With followers to serve, in turn.
  std::deque<signal_key> ready_;
  /// With followers to be asked again.
  std::vector<signal_key> lagging_;
  std::deque<outgoing> outbox_;
  std::unordered_set<room_id> changed_;
  bool reload_wanted_ = true, orphans_due_ = true, turn_posted_ = false, draining_ = false, writing_ = false;
  std::optional<timer_id> retry_timer_;
  wake_event asked_, filled_, drained_;
  task_scope scope_;
};

}  // namespace drover::engine
