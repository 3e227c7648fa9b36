#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace drover::exchanges {

/// Canonical venue errors. The venue's own words stay in error::detail.
enum class exchange_errc {
  /// The key, secret or passphrase is not accepted.
  bad_credentials = 1,
  /// The key is good but may not do this.
  permission_missing,
  /// The venue does not accept this key from our address.
  ip_not_allowed,
  /// Our timestamp is outside the venue's window.
  clock_skew,
  /// Too many requests or orders; error::retry_after says how long to stay away.
  rate_limited,
  insufficient_funds,
  /// Below the instrument's minimum notional.
  min_notional,
  /// Price or quantity is not on the tick or lot, or out of the instrument's bounds.
  bad_precision,
  /// An order with this client order id exists.
  duplicate_order,
  /// A post-only order would have matched at once.
  would_match,
  order_not_found,
  instrument_unknown,
  /// Closed, halted or in maintenance.
  maintenance,
  /// Connection trouble before anything was sent: certainly did not happen.
  not_sent,
  /// The request went out and its outcome is not known (time-out, reset, 5xx, -1006/-1007, unreadable answer).
  unknown_outcome,
  /// The venue said no for a reason that has no name here; certainly did not happen.
  refused,
  /// A read answered something that cannot be understood.
  protocol,
  /// The venue has no such function.
  unsupported,
};
std::error_code make_error_code(exchange_errc);
/// "bad_credentials": the stable machine name.
std::string_view to_string(exchange_errc);

enum class side { buy, sell };
enum class order_type { limit, market, limit_maker };
enum class time_in_force { gtc, ioc, fok };
enum class order_status { open, partially_filled, filled, cancelled, rejected, expired };

std::string_view to_string(side);
std::string_view to_string(order_type);
std::string_view to_string(time_in_force);
std::string_view to_string(order_status);
result<side> parse_side(std::string_view);
result<order_type> parse_order_type(std::string_view);
result<order_status> parse_order_status(std::string_view);
/// No further fill or change can follow, but for fills already under way.
bool is_terminal(order_status);

struct instrument {
  /// Canonical "BTC/USDT".
  std::string symbol;
  /// The venue's own name, "BTCUSDT".
  std::string venue_symbol;
  std::string base_asset, quote_asset;
  decimal tick_size, lot_size;
  decimal min_quantity, max_quantity;
  decimal min_notional;
  bool trading = true;
};

/// Best bid and ask.
struct book_ticker {
  std::string symbol;
  decimal bid_price, bid_quantity, ask_price, ask_quantity;
  std::int64_t update_id = 0;
  steady_time received_at;
};

struct public_trade {
  std::string symbol;
  std::string trade_id;
  decimal price, quantity;
  bool buyer_is_maker = false;
  wall_time at;
};

struct book_level {
  decimal price, quantity;
};

struct balance {
  std::string asset;
  decimal free, locked;
};

struct order_request {
  std::string symbol;
  exchanges::side side = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  /// In the base asset, for market orders too.
  decimal quantity;
  /// Market buys only: what to spend instead of `quantity`; zero = sized by `quantity`.
  decimal quote_quantity;
  /// Of a market order: the worst price that is still acceptable, zero = none. Venues whose market buys cannot be sized in
  /// the base asset (Gate) send an IOC limit order at it; others ignore it.
  decimal price;
  /// 32 lower-case hex digits.
  std::string client_order_id;
};

/// Names an order at its venue. Some venues find or cancel only by their own id: give both where both are known.
struct order_ref {
  std::string symbol;
  std::string client_order_id;
  /// Empty when not known yet.
  std::string venue_order_id;
};

struct order {
  std::string symbol;
  std::string venue_order_id;
  std::string client_order_id;
  exchanges::side side = side::buy;
  order_type type = order_type::limit;
  order_status status = order_status::open;
  decimal price, quantity, filled_quantity, filled_notional;
  wall_time updated_at;
  /// False: the venue answered with ids only ("taken in"); status and fills have to be heard or asked for.
  bool complete = true;
};

struct fill {
  std::string symbol;
  /// Unique per (account, symbol) at the venue.
  std::string trade_id;
  std::string venue_order_id;
  /// Empty where the venue's list of trades does not carry it.
  std::string client_order_id;
  exchanges::side side = side::buy;
  decimal price, quantity;
  decimal fee;
  std::string fee_asset;
  bool maker = false;
  wall_time at;
};

/// Where a list of fills was left off: both of the last known one. Venues page by what they can.
struct fill_cursor {
  /// Empty = from the beginning, or from `at`.
  std::string trade_id;
  std::optional<wall_time> at;
  friend bool operator==(const fill_cursor&, const fill_cursor&) = default;
};

enum class tristate { no, yes, unknown };

/// What the key may do, as the venue itself says (never the account's flags).
struct permissions {
  tristate read = tristate::unknown, trade = tristate::unknown, withdraw = tristate::unknown;
  tristate address_bound = tristate::unknown;
};

struct credentials {
  secret api_key, api_secret, passphrase;
  credentials clone() const { return {api_key.clone(), api_secret.clone(), passphrase.clone()}; }
};

}  // namespace drover::exchanges

template <>
struct std::is_error_code_enum<drover::exchanges::exchange_errc> : std::true_type {};
