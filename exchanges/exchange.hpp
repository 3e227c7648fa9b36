#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/task.hpp"
#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/rate_snapshot.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

struct venue_traits;

/// Opens the sealed credentials for the length of one signature. Throws nothing; an error means "do not send".
using credential_source = std::function<result<credentials>()>;

/// Urgency of a request on the shared rate ledger, most urgent first. Lower lanes leave room for higher ones.
enum class lane { kill, protective, entry, reconcile, read };

/// How a request to place an order is sent, besides what it says.
struct send_terms {
  send_terms(milliseconds window, exchanges::lane l = exchanges::lane::entry, send_check check = {})
      : validity_window(window), lane(l), why_not(std::move(check)) {}
  /// The venue's own validity window (recvWindow).
  milliseconds validity_window;
  exchanges::lane lane;
  /// Asked right before the first byte leaves, after every wait; a reason ends in exchange_errc::not_sent.
  send_check why_not;
};

struct order_event {
  exchanges::order order;
  /// The execution that caused the event, when there is one.
  std::optional<exchanges::fill> fill;
};
/// An execution that came without the state of its order.
struct fill_event {
  exchanges::fill fill;
};
struct balance_event {
  std::vector<balance> balances;
};
/// The private stream is (again) complete from here on. What happened before must be read over REST.
struct stream_opened {};
/// The private stream is down; state may be stale until stream_opened.
struct stream_lost {
  std::string reason;
};
using account_event = std::variant<order_event, fill_event, balance_event, stream_opened, stream_lost>;

/// Stops asking a venue that does not answer: `open` refuses at once, `half_open` lets one request try.
enum class breaker_state { closed, half_open, open };
std::string_view to_string(breaker_state);

/// How a connection to a venue is doing, over its last five minutes at most.
struct connection_health {
  /// Since anything at all was heard from the venue.
  std::optional<milliseconds> message_age;
  /// Round trips of REST requests.
  std::optional<milliseconds> latency_last, latency_median;
  std::uint32_t requests = 0, errors = 0;
  breaker_state breaker = breaker_state::closed;
  /// Why the breaker is not closed, fit to be shown.
  std::string reason;
};

/// Trading on one set of credentials. Trading thread only.
///
/// Errors are exchange_errc. For writes: not_sent, refused and the named refusals prove that nothing happened at the venue;
/// unknown_outcome does not. Nothing is ever retried here (REL-03).
class exchange_account {
 public:
  virtual ~exchange_account() = default;

  virtual task<result<permissions>> fetch_permissions() = 0;
  virtual task<result<std::vector<balance>>> fetch_balances(lane) = 0;
  /// The request is sent once, or not at all.
  virtual task<result<order>> place_order(order_request, send_terms) = 0;
  virtual task<result<order>> cancel_order(order_ref, lane) = 0;
  /// exchange_errc::order_not_found when the venue says so. One "not found" proves nothing (REL-04).
  virtual task<result<order>> find_order(order_ref, lane) = 0;
  /// All of ours and of others; all symbols when `symbol` is empty (exchange_errc::unsupported where the venue cannot).
  virtual task<result<void>> cancel_all_orders(std::string symbol, lane) = 0;
  /// The venue cancels everything unless asked again within `after`; 0 switches it off. exchange_errc::unsupported where it has
  /// no such timer.
  virtual task<result<void>> set_dead_man(milliseconds after) = 0;
  /// All symbols when `symbol` is empty.
  virtual task<result<std::vector<order>>> fetch_open_orders(std::string symbol, lane) = 0;
  /// Fills behind `after`, oldest first, paged to the end. At venues whose trade ids have no order, some at `after` and just
  /// before it may come again.
  virtual task<result<std::vector<fill>>> fetch_fills(std::string symbol, fill_cursor after, lane) = 0;

  /// Subscribes the private stream; events arrive as calls on the trading thread, never inside this call, until the
  /// account is destroyed. Reconnects and resubscribes by itself.
  virtual void subscribe(std::function<void(const account_event&)> on_event) = 0;

  virtual connection_health get_health() const { return {}; }
};

/// The best levels of an order book that agrees with the venue's.
struct book_view {
  static constexpr std::size_t depth = 20;
  std::string symbol;
  /// Best first, at most `depth` of each.
  std::vector<book_level> bids, asks;
  std::int64_t update_id = 0;
  steady_time received_at;
};

struct candle_update {
  exchanges::candle candle;
  /// It will not change any more.
  bool closed = false;
};

/// Latest state of one instrument, fed by one upstream subscription for all tenants.
class market_subscription {
 public:
  virtual ~market_subscription() = default;
};

/// One venue as all tenants share it. Trading thread only.
class exchange {
 public:
  virtual ~exchange() = default;
  virtual const std::string& name() const = 0;
  /// What is fixed about the venue: its processing bound, its dead-man timer (exchanges/protocol/venue_protocol.hpp).
  virtual const venue_traits& traits() const = 0;

  /// Server time minus our wall clock.
  virtual milliseconds clock_offset() const = 0;
  /// Cached after the first call; refreshed hourly.
  virtual task<result<std::shared_ptr<const instrument>>> find_instrument(std::string symbol) = 0;

  /// Called for each change of the best bid or ask, and once soon after subscribing when it is known; with null when what was
  /// known is stale (connection lost, silence) until the next change. Ends when the returned handle is destroyed. Any number of
  /// subscribers share one upstream subscription. All of this is true of the other three as well.
  virtual std::unique_ptr<market_subscription> subscribe_book_ticker(
      std::string symbol, std::function<void(const std::shared_ptr<const book_ticker>&)> on_ticker) = 0;
  /// Null: trades may be missing from here on until the next one. Nothing is repeated to new subscribers.
  virtual std::unique_ptr<market_subscription> subscribe_trades(
      std::string symbol, std::function<void(const std::shared_ptr<const public_trade>&)> on_trade) = 0;
  virtual std::unique_ptr<market_subscription> subscribe_book(
      std::string symbol, std::function<void(const std::shared_ptr<const book_view>&)> on_book) = 0;
  virtual std::unique_ptr<market_subscription> subscribe_candles(
      std::string symbol, candle_interval, std::function<void(const std::shared_ptr<const candle_update>&)> on_candle) = 0;

  /// Public operations as they are (back-filling); the answer is recorded like any other.
  virtual task<result<venue_answer>> ask_public(venue_call, lane) {
    co_return fail(exchange_errc::unsupported, "this exchange answers no plain questions");
  }

  /// Credentials bound; nothing is sent yet. `account_label` names the account in raw records and metrics ("17").
  virtual std::unique_ptr<exchange_account> open_account(credential_source, std::string account_label) = 0;

  /// Starts and stops what the venue runs in the background (streams, clock, instruments).
  virtual void start() = 0;
  virtual task<void> stop() = 0;

  /// For metrics and health: ms since the last market-data frame, reconnects, used weight ratio.
  struct health {
    std::optional<milliseconds> market_data_age;
    std::uint64_t reconnects = 0;
    double weight_used_ratio = 0;
    std::optional<milliseconds> banned_for;
    connection_health connection;
  };
  virtual health get_health() const = 0;
  /// How full the venue's limits are and who waits for them.
  virtual rate_snapshot get_limits() const { return {}; }
};

}  // namespace drover::exchanges
