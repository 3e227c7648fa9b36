#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "engine/orders/order_desk.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

struct place_order {
  exchanges::side side = exchanges::side::buy;
  exchanges::order_type type = exchanges::order_type::limit;
  decimal price, quantity;
  std::string tag;
  /// Of limit orders.
  exchanges::time_in_force tif = exchanges::time_in_force::gtc;
};
struct cancel_order {
  uuid id;
};
/// The strategy cannot go on; the person is told why.
struct stop_bot {
  std::string reason;
};
/// The strategy has done what it was for: the bot ends and rests until a person starts it again.
struct finish_bot {
  std::string reason;
};
/// on_timer() is called at or soon after `at`. One timer for each strategy: a new one replaces the old. It does not survive a
/// restart: on_start() sets it again.
struct set_timer {
  wall_time at;
};
enum class signal_outcome {
  /// An order follows it, with the verdict's quantity and the tag of its place_order.
  taken,
  /// Too small to order now; added to what the next signal orders.
  carried,
  /// Not followed, for the verdict's reason.
  skipped,
};
/// What became of a signal; the sender's receipt.
struct signal_verdict {
  std::string signal_id;
  signal_outcome outcome = signal_outcome::taken;
  decimal quantity;
  std::string tag, reason;
};
using strategy_action = std::variant<place_order, cancel_order, stop_bot, finish_bot, set_timer, signal_verdict>;
using strategy_actions = std::vector<strategy_action>;

/// Somebody traded and may be followed.
struct trade_signal {
  /// Unique for all sources; delivered to a bot at most once while it lives, perhaps again after a crash.
  std::string id;
  /// "room:12"
  std::string source;
  exchanges::side side = exchanges::side::buy;
  /// What was traded, in the base asset, and at which average price.
  decimal quantity, price;
  /// All that the sender owns, in the quote asset; zero = not known.
  decimal sender_equity;
  wall_time at;
};

/// What a strategy may look at. Valid during the call.
struct strategy_context {
  const exchanges::instrument& instrument;
  /// Null before the first ticker.
  const exchanges::book_ticker* ticker = nullptr;
  const std::vector<live_order>& orders;
  const tenants::position& position;
  const std::vector<exchanges::balance>& balances;
  /// The same for all of one call; the engine's clock, or the backtest's.
  wall_time now{};
};

/// Trading logic: synchronous, deterministic, no clock, socket, thread or randomness inside. Live, paper, simulation and
/// backtest run this same code. A call that throws stops the bot (supervised); its actions are dropped.
///
/// Orders and fills are told before the ticker that came with them; tickers may be conflated to the latest.
class strategy {
 public:
  virtual ~strategy() = default;
  /// Once, after the recovery gate, with what survived the restart in `ctx.orders`.
  virtual strategy_actions on_start(const strategy_context& ctx) = 0;
  /// Cheap question asked for each ticker: false = on_tick would do nothing with it and is not called. Thousands of bots
  /// hear every ticker, so the common answer must cost next to nothing.
  virtual bool wants_tick(const exchanges::book_ticker&) { return true; }
  virtual strategy_actions on_tick(const strategy_context& ctx) = 0;
  /// An order changed. An order of ours that was refused before it was written has state `refused` and the nil id.
  virtual strategy_actions on_order(const strategy_context& ctx, const live_order& order) = 0;
  /// A new fill of an order of ours; the order may be gone already.
  virtual strategy_actions on_fill(const strategy_context& ctx, const exchanges::fill& fill, std::string_view tag) = 0;
  /// The time that set_timer asked for has come.
  virtual strategy_actions on_timer(const strategy_context&) { return {}; }
  /// Answers with a signal_verdict among its actions.
  virtual strategy_actions on_signal(const strategy_context& ctx, const trade_signal& signal);
  /// JSON text to restore from; saved with the bot after changes.
  virtual std::string save_state() const = 0;
};

/// A kind of strategy as the table of strategies lists it.
struct strategy_kind {
  std::string_view name;
  std::string_view summary;
  /// JSON Schema (draft 7) of its parameters.
  std::string_view parameter_schema;
  /// `parameters_json` checked against the rules (error names the field); `state_json` from save_state() or empty.
  result<std::unique_ptr<strategy>> (*make)(const std::string& parameters_json, const std::string& state_json);
  /// The instrument that the parameters name, "BTC/USDT".
  result<std::string> (*symbol_of)(const std::string& parameters_json);
};

const std::vector<strategy_kind>& strategy_kinds();
const strategy_kind* find_strategy_kind(std::string_view name);

}  // namespace drover::engine
