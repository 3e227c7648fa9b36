#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::paper {

/// Index of an account of the simulated exchange, counted from 0 in the order of creation.
enum class account_number : std::uint32_t {};
/// Index of an instrument in the order of creation.
enum class instrument_number : std::uint16_t {};
/// Index of an asset, in the order in which it was first named.
enum class asset_number : std::uint16_t {};

constexpr std::size_t to_index(account_number n) { return static_cast<std::size_t>(n); }
constexpr std::size_t to_index(instrument_number n) { return static_cast<std::size_t>(n); }
constexpr std::size_t to_index(asset_number n) { return static_cast<std::size_t>(n); }

/// Number of an order, unique in the exchange, increasing from 1. 0 stands for liquidity of the house.
using order_number = std::int64_t;
inline constexpr order_number house = 0;

enum class fee_rule {
  /// A buyer pays in the base asset, a seller in the quote asset.
  received_asset,
  /// Both pay in the quote asset: a buy order locks its fee, too. Of a market buy sized by quote amount the fee is part.
  quote_asset,
};

enum class client_id_rule {
  /// Refused while the account has an open order of that id.
  unique_while_open,
  /// Refused for as long as the account's order of that id is remembered.
  never_reused,
  /// Answers the remembered order (placement::existing) instead of placing.
  returns_existing,
};

/// What becomes of a post-only order that would match.
enum class post_only_rule { refused, cancelled };

struct account_rules {
  fee_rule fee = fee_rule::received_asset;
  client_id_rule ids = client_id_rule::unique_while_open;
  post_only_rule post_only = post_only_rule::refused;
};

/// What an account asks for. Limit orders have a price; market orders are sized by `quantity` in the base asset or, when
/// `quote_quantity` is positive, by the amount of the quote asset to spend (or to receive).
struct order_ticket {
  account_number account{};
  instrument_number instrument{};
  exchanges::side side = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  decimal price, quantity, quote_quantity;
  /// Unique as the account's rules say; empty = the order has none.
  std::string client_id;
};

/// Why an order was not taken. Nothing has changed then.
enum class refusal {
  /// Price not on the tick, zero, or out of bounds.
  price_filter,
  /// Quantity not on the lot, zero, or out of bounds.
  lot_size,
  min_notional,
  insufficient_funds,
  /// Post-only, and it would have matched at once.
  would_match,
  /// The account has an order with this client id, see client_id_rule.
  duplicate_client_id,
  /// Trading is halted.
  market_closed,
  /// The account has as many open orders as the exchange allows.
  too_many_orders,
};

/// An order as the exchange keeps it, open or finished.
struct paper_order {
  order_number number = 0;
  account_number account{};
  instrument_number instrument{};
  exchanges::side side = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  order_status status = order_status::open;
  /// Expired because it would have traded with an order of the same account.
  bool expired_in_match = false;
  /// Post-only and cancelled by the exchange because it would have matched (post_only_rule::cancelled).
  bool cancelled_as_taker = false;
  /// Set when the order was taken in and then rejected (simulated_venue::reject).
  std::optional<refusal> rejected_for;
  decimal price;
  /// In the base asset. Of a market order sized by quote amount: what was executed.
  decimal quantity;
  decimal quote_quantity;
  decimal filled_quantity, filled_notional;
  /// Part of the lock that pays the fees still to come (fee_rule::quote_asset, buy orders).
  decimal locked_fee;
  std::string client_id;
  wall_time created_at, updated_at;

  decimal remaining() const { return quantity - filled_quantity; }
};

/// One side of a trade: what the owner of `order` got.
struct execution {
  /// Unique per instrument, increasing.
  std::int64_t trade_id = 0;
  order_number order = 0;
  instrument_number instrument{};
  exchanges::side side = side::buy;
  decimal price, quantity;
  decimal fee;
  asset_number fee_asset{};
  bool maker = false;
  wall_time at;
};

/// A trade as the public sees it.
struct market_trade {
  std::int64_t id = 0;
  decimal price, quantity;
  bool buyer_is_maker = false;
  wall_time at;
};

enum class order_change { accepted, traded, cancelled, expired, rejected };

/// Hears of everything that happens in the matching engine, in order, during the call that causes it. Must not call the
/// engine back.
class matching_listener {
 public:
  virtual ~matching_listener() = default;
  /// `e` is set for order_change::traded.
  virtual void on_order(const paper_order&, order_change, const execution* e) = 0;
  /// The balances of the instrument's two assets changed; once per operation and account, after its orders' events.
  virtual void on_balances(account_number, instrument_number) = 0;
  virtual void on_trade(instrument_number, const market_trade&) = 0;
  /// The whole quantity that now rests at a price, 0 when the level is gone.
  virtual void on_level(instrument_number, side, decimal price, decimal quantity) = 0;
};

}  // namespace drover::exchanges::paper
