#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "engine/orders/intent_rules.hpp"
#include "engine/orders/order_desk.hpp"

/// The inside of the desk. Three kinds of coroutines, all in its scope, none alive while nothing happens:
///   - one per request (place, cancel, resolve): talks to the venue, changes memory, queues what must be written;
///   - the sweep: compares with the venue's lists now and then while orders live;
///   - the writer: takes the inbox, fills of the stream first, writes the journal, then tells the bot. Nothing else writes facts.
namespace drover::engine {

/// An order that is not closed.
struct desk_order {
  order_intent intent;
  intent_state state = intent_state::intended;
  exchanges::order_status status = exchanges::order_status::open;
  std::string venue_order_id;
  decimal filled, reported;
  /// When the request was handed to the connection; absent: it was not, or an earlier process did it.
  std::optional<wall_time> sent_at;
  /// The request may not leave after this moment.
  steady_time send_before;
  /// From here on "not found" is evidence.
  steady_time provable_at;
  /// Sweeps in a row that did not find an order that was there.
  int missing = 0;
  /// Times that a trade which nobody can explain kept us from believing that the order does not exist.
  int suspicions = 0;
  bool existence_recorded = false;
  bool end_recorded = false;
  bool cancel_requested = false;
  bool cancel_running = false;
  exchanges::lane cancel_lane = exchanges::lane::protective;
  /// It only makes the position smaller: what stops new orders does not stop it.
  bool closing = false;
  /// The venue has shown its state, not just that it took the request.
  bool confirmed = false;

  bool ended() const { return exchanges::is_terminal(status); }
  bool complete() const { return ended() && filled >= reported; }
};
using order_ptr = std::shared_ptr<desk_order>;

/// The venue showed an order, an execution, or both.
struct sighting {
  order_ptr known;
  std::optional<exchanges::order> order;
  std::optional<exchanges::fill> fill;
};
/// An order is unknown, or it is proved that it does not exist.
struct conclusion {
  order_ptr order;
  intent_state state;
  std::string reason;
};
/// The venue's list of trades is queued up to here.
struct completeness {
  exchanges::fill_cursor to;
};
using inbox_item = std::variant<sighting, conclusion, completeness>;

/// Counts a request that is under way, from the moment it is spawned.
class request_mark {
 public:
  explicit request_mark(order_desk::state& desk);
  request_mark(request_mark&& other) noexcept : desk_(std::exchange(other.desk_, nullptr)) {}
  ~request_mark();
  request_mark& operator=(request_mark&&) = delete;

 private:
  order_desk::state* desk_;
};

struct order_desk::state {
  state(order_owner, std::shared_ptr<const exchanges::instrument>, order_desk_parts,
        std::shared_ptr<const order_desk_config>, order_listener&);
  ~state();

  // order_desk.cpp: what the bot calls.
  result<uuid> place(exchanges::side, exchanges::order_type, decimal price, decimal quantity, std::string tag,
                     exchanges::time_in_force, bool closing);
  void cancel(const uuid&, exchanges::lane);
  void handle(const exchanges::account_event&);
  void handle(const exchanges::fill_event&);
  void handle(const exchanges::order_event&);
  risk_state measure(bool closing) const;
  result<void> judge_entry(const exchanges::order_request&);
  void tell_book();
  std::string why_blocked(bool closing) const;
  std::string why_locked() const;
  void fail_desk(error);
  void tell(const desk_order&, const std::string& reason);
  task<void> settle(nanoseconds limit);
  task<void> stop();

  // order_desk_requests.cpp: one request and its outcome.
  task<void> run_order(order_ptr, request_mark);
  task<result<exchanges::order>> send(order_ptr);
  std::string why_not_send(const desk_order&) const;
  std::string ask_last(desk_order&) const;
  void drop_unstored(const order_ptr&, const error&);
  void judge(const order_ptr&, result<exchanges::order>);
  void start_cancel(const order_ptr&);
  task<void> run_cancel(order_ptr, request_mark);
  task<bool> try_cancel(order_ptr);

  // order_desk_resolve.cpp: what became of an order.
  task<void> run_resolver(order_ptr);
  task<void> run_confirm(order_ptr);
  task<result<void>> resolve(order_ptr, int patience);
  task<bool> prove_absent(order_ptr);
  task<bool> explains(order_ptr, exchanges::fill);

  // order_desk_sweep.cpp: comparing with the venue.
  task<result<void>> reconcile(std::int64_t lease_epoch, bool fresh);
  task<result<void>> load();
  task<result<void>> resolve_all();
  void request_sweep(nanoseconds delay, bool with_fills);
  void schedule_next_sweep();
  task<void> run_sweep();
  void settle_trades(const desk_order& ended);
  bool must_sweep() const;
  task<result<void>> sweep(bool with_fills);
  task<result<void>> sweep_orders();
  void keep_foreign(std::vector<exchanges::order>);
  void forget_foreign(const exchanges::order&);
  task<result<void>> sweep_fills();
  exchanges::fill_cursor known_fills() const;
  task<result<void>> look_for(order_ptr);

  // order_desk_writer.cpp: the inbox.
  void observe(const order_ptr&, exchanges::order);
  void note(const order_ptr&, const exchanges::order&);
  void conclude(const order_ptr&, intent_state, std::string reason);
  void push_event(sighting);
  void push(inbox_item);
  task<void> run_writer();
  task<void> write_inbox();
  inbox_item take_next();
  task<void> write(sighting);
  task<void> write(conclusion);
  task<void> write(completeness);
  void start_writer();
  task<order_ptr> find_or_revive(const sighting&);
  task<std::optional<journal_order>> find_stored(const sighting&);
  order_ptr revive(const journal_order&, const sighting&);
  task<void> write_existence(order_ptr);
  task<void> write_fill(order_ptr, exchanges::fill);
  task<void> write_foreign_fill(exchanges::fill);
  task<void> write_end(order_ptr);
  void close(const order_ptr&);
  task<bool> persist(std::function<task<result<void>>()> attempt);
  template <class T>
  static task<result<void>> keep(task<result<T>> call, std::optional<T>& out);

  // Small helpers.
  steady_time now() const { return parts.timers.get_clock().now(); }
  const std::string& symbol() const { return instrument->symbol; }
  order_ptr find_live(const uuid&) const;
  exchanges::order_ref reference_to(const desk_order&) const;
  order_ptr find_live(const std::string& client_order_id, const std::string& venue_order_id) const;
  bool any_unresolved() const;
  bool was_closed_lately(const std::string& client_order_id) const;
  bool was_booked_lately(const exchanges::fill&) const;
  void remember_booked(const exchanges::fill&);
  void forget(const order_ptr&);
  order_ptr make_order(const journal_order&) const;
  nanoseconds longest_validity() const;
  void wake_settler();

  const order_owner owner;
  const std::shared_ptr<const exchanges::instrument> instrument;
  order_desk_parts parts;
  const std::shared_ptr<const order_desk_config> config;
  order_listener& listener;

  /// Limits are asked for at the book; without one the desk has its own.
  std::unique_ptr<risk_book::seat> seat;
  std::unique_ptr<risk_check> own_risk;
  tenants::position position;
  decimal mid_price;
  std::string blocked_because;
  std::int64_t epoch = 0;
  std::vector<order_ptr> live;
  std::vector<inbox_item> inbox;
  /// Ids of the last few closed orders, whose late echoes need no look into the journal.
  std::vector<uuid> closed_lately;
  /// Trades booked behind complete_to, which the venue's own list will name again.
  std::vector<std::string> booked_lately;
  exchanges::fill_cursor complete_to;
  std::optional<timer_id> sweep_timer;
  steady_time sweep_at;
  /// From here on the venue's list shows every trade of the orders that ended unfilled; zero: it was read since.
  steady_time settled_at{};
  nanoseconds sweep_interval;
  wake_event* settler = nullptr;
  int foreign = 0;
  foreign_list foreign_seen;
  int requests = 0;
  int sweeps = 0;
  bool ready = false;
  bool failed = false;
  bool stream_up = false;
  bool writing = false;
  bool sweeping = false;
  bool fills_wanted = false;
  /// Last, so that it goes first.
  std::unique_ptr<task_scope> scope;
};

/// The credentials do not trade any more; nothing but a person can help.
bool is_credentials_error(const error&);
inline bool is(const error& e, exchanges::exchange_errc value) { return e.code == make_error_code(value); }
inline bool is(const error& e, journal_errc value) { return e.code == make_error_code(value); }

logger& desk_log();

}  // namespace drover::engine
