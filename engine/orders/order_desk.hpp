#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "engine/orders/entry_gate.hpp"
#include "engine/orders/order_journal.hpp"
#include "engine/orders/risk_book.hpp"
#include "exchanges/exchange.hpp"

namespace drover::engine {

/// An order of ours as the strategy sees it.
struct live_order {
  uuid id;
  std::string tag;
  exchanges::side side = exchanges::side::buy;
  decimal price, quantity, filled_quantity;
  /// intended and unknown ones count as resting: they may exist.
  intent_state state = intent_state::intended;
  bool cancel_requested = false;
  /// Whose it is; not valid for orders from before bots had ids.
  bot_id bot{};
};

/// Calls from the desk to its bot; trading thread, never from inside a call of the bot.
class order_listener {
 public:
  virtual ~order_listener() = default;
  virtual void on_order_changed(const live_order&, const std::string& reason) = 0;
  virtual void on_fill(const booked_fill&) = 0;
  /// An order was not sent because its intent could not be stored: the database is away.
  virtual void on_journal_away() {}
  /// The desk can no longer trade (fenced, credentials refused): the bot must stop, with this reason.
  virtual void on_desk_failed(const error&) = 0;
};

struct order_desk_parts {
  exchanges::exchange_account& exchange;
  order_journal& journal;
  timer_queue& timers;
  random_source& random;
  /// The venue's time (exchanges/venue_clock.hpp).
  const clock& wall;
  /// Absent: nothing but the desk itself stands in the way of an order.
  const entry_gate* gate = nullptr;
  /// Limits over all desks; absent: the desk's own of its configuration.
  risk_book* book = nullptr;
};

struct order_desk_config {
  /// Validity window on the wire (recvWindow) and what is added before absence is proof (REL-04).
  milliseconds validity_window{5'000};
  /// Journal, queue for the rate budget, request and answer together; a request that has not left by then never does.
  milliseconds send_limit{5'000};
  milliseconds skew_bound{1'000};
  /// How long after its validity window has passed a request may still be executed.
  milliseconds venue_processing_bound{10'000};
  /// How long after placing a query may still not know an order.
  milliseconds visibility_delay{1'000};
  /// How often living orders are compared with the venue's list (REL-08); stretched while the rate budget is short.
  milliseconds sweep_interval{10'000};
  /// Of a desk without a risk_book.
  risk_limits limits;
};

/// All orders of one account on one instrument: risk → durable intent → one send → outcome → proof. Trading thread only.
///
/// Nothing is resent, ever. An unknown outcome is resolved by asking the venue for the client order id; "not found" counts
/// only after `dead_after`, twice, at least a second apart, from two different endpoints. While one order is unknown no new
/// order is placed.
class order_desk {
 public:
  /// Desks of bots with the same plan share their configuration.
  order_desk(order_owner, std::shared_ptr<const exchanges::instrument>, order_desk_parts,
             std::shared_ptr<const order_desk_config>, order_listener&);
  ~order_desk();

  /// Recovery gate (REL-07): loads open intents, proves each, reads fills since the last stored one, open orders (foreign
  /// ones are counted and left alone). Only after success may a strategy act. `fresh`: the journal knows nothing of this
  /// account, so only the venue is asked.
  task<result<void>> reconcile(std::int64_t lease_epoch, bool fresh);

  /// Starts the life of a new order; the listener hears the rest. risk_errc when refused before anything was written.
  /// `price` of a market order: the worst that is still acceptable, zero = none.
  result<uuid> place(exchanges::side, exchanges::order_type, decimal price, decimal quantity, std::string tag,
                     exchanges::time_in_force = exchanges::time_in_force::gtc);
  /// A market order that makes the position smaller, for getting out: neither locks, halts nor limits stop it. `worst`: the
  /// worst price that is still acceptable. risk_errc when it would do anything else, or an earlier order is unknown.
  result<uuid> place_closing(exchanges::side, decimal worst, decimal quantity, std::string tag);
  /// Asks the venue to cancel; idempotent.
  void cancel(const uuid&, exchanges::lane = exchanges::lane::protective);

  /// From the account's private stream.
  void handle(const exchanges::account_event&);
  /// No new orders from now on, also of those that are on their way to the first byte; cancels still work.
  void block_entries(std::string reason);
  void allow_entries();
  void set_mid_price(decimal);

  std::vector<live_order> live_orders() const;
  tenants::position position() const;
  /// Open orders of the market that are not ours, as the venue's list last showed them: all are counted, the latest kept.
  int foreign_orders() const;
  static constexpr std::size_t kept_foreign_orders = 50;
  struct foreign_list {
    wall_time seen_at;
    std::vector<exchanges::order> orders;
  };
  const foreign_list& list_foreign_orders() const;
  /// Waits until no request is under way (outcomes recorded or left `unknown` in the journal), at most `limit`.
  task<void> settle(nanoseconds limit);
  /// Cancels background work and waits for it.
  task<void> stop();

  struct state;

 private:
  std::unique_ptr<state> state_;
};

}  // namespace drover::engine
