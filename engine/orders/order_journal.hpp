#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "exchanges/types.hpp"
#include "tenants/earnings/ledger.hpp"

namespace drover::engine {

enum class journal_errc {
  /// The database is away: nothing was written, so nothing may be sent.
  unavailable = 1,
  /// The account's lease moved on: another engine owns it. Stop trading it.
  fenced,
  /// A bug or broken stored data.
  internal,
};
std::error_code make_error_code(journal_errc);

/// Life of an intent (REL-01…REL-05):
///   intended → accepted → closed
///            ↘ refused   (the venue provably said no)
///            ↘ not_placed (proved after its validity window: it never existed)
///   intended/accepted may be `unknown` in between, until proof.
enum class intent_state { intended, accepted, unknown, refused, not_placed, closed };
std::string_view to_string(intent_state);
std::optional<intent_state> parse_intent_state(std::string_view);

/// One order we decided to place. The client order id is the hex of `id`: the order at the venue names its intent.
struct order_intent {
  uuid id;
  account_id account;
  user_id user;
  std::string exchange_name;
  std::string symbol;
  exchanges::side side = exchanges::side::buy;
  exchanges::order_type type = exchanges::order_type::limit;
  exchanges::time_in_force tif = exchanges::time_in_force::gtc;
  decimal price, quantity;
  /// Strategy's own name for the slot ("grid:3:buy"), so that a restarted strategy finds its orders again.
  std::string tag;
  wall_time created_at;
  /// After this moment the venue refuses the request (timestamp + window + skew bound): absence is then provable.
  wall_time dead_after;
  /// Whose order it is; not valid for orders from before bots had ids.
  bot_id bot{};
  std::string client_order_id() const { return id.to_hex(); }
};

/// An intent with what is known of its order.
struct journal_order {
  order_intent intent;
  intent_state state = intent_state::intended;
  exchanges::order_status status = exchanges::order_status::open;
  std::string venue_order_id;
  /// Sum of the booked fills.
  decimal filled_quantity;
  /// What the venue says is filled. A terminal order is closed only when both agree: until then fills are missing.
  decimal reported_quantity;
  std::string reason;
};

/// A stored fill with its effect on the books.
struct booked_fill {
  fill_id id;
  bool was_new = false;
  exchanges::fill fill;
  decimal realised;
  std::string quote_asset;
  tenants::position position;
  /// Sum of the intent's booked fills, this one included.
  decimal order_filled;
  /// The user's earnings in `quote_asset` from trading, after this fill.
  decimal total_earnings;
  std::int64_t earning_id = 0;
};

/// Durable truth about orders: PostgreSQL, or memory for tests and simulation; one contract suite covers both.
/// Errors are journal_errc.
class order_journal {
 public:
  virtual ~order_journal() = default;

  /// Takes over an account: counts its lease epoch up and answers it. Every later write of this engine carries it; a write
  /// under an older epoch answers fenced (REL-06).
  virtual task<result<std::int64_t>> acquire_lease(account_id, std::string engine_name) = 0;
  /// The same for many accounts in one statement (start); answers epochs in the order of `accounts`.
  virtual task<result<std::vector<std::int64_t>>> acquire_leases(std::vector<account_id> accounts,
                                                                 std::string engine_name) = 0;

  /// Durable when it answers. Intents that arrive together share one commit. A commit whose outcome is unknown is read back
  /// by id before it answers (REL-05).
  virtual task<result<void>> append_intent(order_intent, std::int64_t epoch) = 0;
  // `sent_at`: when the request was handed to the connection, as far as the caller knows; the first one that is told stays.
  virtual task<result<void>> record_accepted(uuid, std::string venue_order_id, std::int64_t epoch,
                                             std::optional<wall_time> sent_at = {}) = 0;
  /// `state` refused, unknown or not_placed, with the reason. An order that is known to exist keeps its state.
  virtual task<result<void>> record_outcome(uuid, intent_state, std::string reason, std::int64_t epoch,
                                            std::optional<wall_time> sent_at = {}) = 0;
  /// Order status from stream or query. A terminal status closes the intent as soon as all that the venue reports as filled
  /// is booked; it is never taken back.
  virtual task<result<void>> record_status(uuid, exchanges::order_status, decimal filled_quantity,
                                           std::string venue_order_id, std::int64_t epoch,
                                           std::optional<wall_time> sent_at = {}) = 0;
  /// Fill, position, ledger entry and earning in one transaction; idempotent by (account, symbol, trade id).
  /// `intent` absent: a fill of an order that is not ours is stored without touching the books; it is booked when a later
  /// call names its intent.
  virtual task<result<booked_fill>> record_fill(user_id, account_id, std::optional<uuid> intent,
                                                exchanges::instrument, exchanges::fill) = 0;

  /// Everything that is not refused, not_placed or closed.
  virtual task<result<std::vector<journal_order>>> load_open(account_id) = 0;
  virtual task<result<std::optional<journal_order>>> find(uuid) = 0;
  /// By the venue's id, for lists that do not carry client order ids.
  virtual task<result<std::optional<journal_order>>> find_by_venue_order(account_id, std::string symbol,
                                                                         std::string venue_order_id) = 0;
  /// The trade up to which every fill of the account and symbol is stored. A fill that the stream delivered early does not move
  /// it: only mark_fills_complete() does. While there is none, just the time of the first intent, if any.
  virtual task<result<exchanges::fill_cursor>> last_fill(account_id, std::string symbol) = 0;
  /// The venue's own list was read and stored up to this trade. Never goes back.
  virtual task<result<void>> mark_fills_complete(account_id, std::string symbol, exchanges::fill_cursor,
                                                 std::int64_t epoch) = 0;
  virtual task<result<tenants::position>> load_position(account_id, std::string symbol) = 0;

  /// The bot's saved strategy state (JSON text), empty when none.
  virtual task<result<std::string>> load_strategy_state(bot_id) = 0;
  virtual task<result<void>> save_strategy_state(bot_id, account_id, std::string state_json, std::int64_t epoch) = 0;

  /// What the manager must know of many accounts at once, so that 10,000 start with a handful of statements: accounts with
  /// intents, fills or saved state. Accounts not listed are fresh.
  struct account_summary {
    account_id account;
    bool has_open_intents = false;
    /// It holds something that its bot bought (or owes what it sold).
    bool has_position = false;
    /// Of its bots that saved any.
    std::map<bot_id, std::string> strategy_states{};
  };
  virtual task<result<std::vector<account_summary>>> load_summaries() = 0;

  /// Whether intents could be written now; writes nothing.
  virtual task<result<void>> check_writable() = 0;

  /// Counts by state, volume and realised profit over all users (SPEC A3).
  struct statistics {
    std::int64_t intended = 0, accepted = 0, unknown = 0, refused = 0, not_placed = 0, closed = 0, fills = 0;
    std::string volume_json, realised_json;
  };
  virtual task<result<statistics>> load_statistics() = 0;
};

/// `fills`, where given, books fills (one transaction at a time): on a connection of their own they do not wait for intents,
/// states and raw data.
std::unique_ptr<order_journal> make_postgres_order_journal(executor, database&, database* fills = nullptr);
std::unique_ptr<order_journal> make_memory_order_journal(const clock&);
/// Over rows that a history store reads, too (engine/orders/memory_orders.hpp).
struct memory_orders;
std::unique_ptr<order_journal> make_memory_order_journal(const clock&, std::shared_ptr<memory_orders>);

/// Blocking, at start: refuses (db_errc::refused) a server or role that may lose a committed intent, i.e. one where fsync,
/// full_page_writes or synchronous_commit is off (REL-01).
result<void> check_durability(const database_config&);

/// Trade ids in the order of the venue: numbers by value, anything else by length, then text.
bool trade_id_before(std::string_view a, std::string_view b);
/// By time where both have one and they differ, else by trade id: not every venue's ids count up. An empty one is before all.
bool is_before(const exchanges::fill_cursor& a, const exchanges::fill_cursor& b);

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::journal_errc> : std::true_type {};
