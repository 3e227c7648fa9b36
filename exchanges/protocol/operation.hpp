#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/transport.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

/// What can be asked of a venue over REST; the same names for all of them (`engine venue sign --list`).
enum class operation {
  server_time,
  instruments,
  ticker,
  trades,
  book,
  candles,
  permissions,
  balances,
  create_order,
  cancel_order,
  cancel_all_orders,
  find_order,
  open_orders,
  fills,
  /// Whatever a private stream needs before it can be opened: a token, a listen key, an address.
  stream_access,
  /// Prolongs what stream_access gave, where it runs out.
  keep_stream_access,
  /// The venue cancels everything unless this is repeated in time.
  set_dead_man,
};
std::string_view to_string(operation);
/// errc::not_found, naming the known ones.
result<operation> parse_operation(std::string_view name);
std::span<const operation> all_operations();
/// Changes something at the venue: its errors must never claim more than is known.
bool is_write(operation);
/// Needs credentials.
bool is_private(operation);

enum class candle_interval { m1, m5, m15, h1, h4, d1 };
std::string_view to_string(candle_interval);
result<candle_interval> parse_candle_interval(std::string_view);
seconds length_of(candle_interval);

struct candle {
  std::string symbol;
  candle_interval interval = candle_interval::m1;
  wall_time opens_at;
  decimal open, high, low, close, volume;
};

struct book_snapshot {
  std::string symbol;
  /// Best first.
  std::vector<book_level> bids, asks;
  /// The venue's own sequence; 0 where it has none.
  std::int64_t update_id = 0;
};

/// What the private stream (or, at venues that hand out its address, any stream) is opened with.
struct stream_access {
  /// Empty: the configured address.
  std::string url;
  /// Goes into the address or into each subscription, as the venue wants it. Redacted in records.
  secret token;
  std::optional<nanoseconds> ping_interval;
  /// When it has to be prolonged (keep_stream_access) or fetched anew.
  std::optional<nanoseconds> valid_for;
};

struct nothing {};

using venue_answer = std::variant<nothing, wall_time, std::vector<instrument>, book_ticker, std::vector<public_trade>, book_snapshot,
                                  std::vector<candle>, permissions, std::vector<balance>, order, std::vector<order>, std::vector<fill>,
                                  std::shared_ptr<const stream_access>>;

/// One operation with its arguments. Which of them count, by operation:
/// create_order: order. cancel_order, find_order: of. cancel_all_orders, open_orders: symbol ("" = all, where the venue can).
/// fills: symbol, after or since, limit. ticker, book: symbol, limit. candles: symbol, interval, since, limit.
/// trades: symbol, limit, and where the list is wanted from: after (Binance, Coinbase Exchange), since (Kraken) or until (OKX, Gate,
/// MEXC, Coinbase Advanced: the last ones before it); the others have the latest list only. What a venue cannot tell is ignored.
/// stream_access: market_stream. keep_stream_access: access. set_dead_man: dead_man_after (0 = off).
struct venue_call {
  operation op = operation::server_time;
  /// Canonical.
  std::string symbol;
  order_request order;
  order_ref of;
  /// Fills or trades with an id behind this one.
  std::string after;
  std::optional<wall_time> since;
  std::optional<wall_time> until;
  /// 0 = as many as the venue gives at once.
  int limit = 0;
  candle_interval interval = candle_interval::m1;
  /// The venue must refuse the request when it arrives later than this after its timestamp.
  milliseconds validity_window{5'000};
  milliseconds dead_man_after{0};
  std::shared_ptr<const stream_access> access;
  /// Not part of what is asked: why it must not leave after all, asked when it would.
  send_check why_not{};
  /// stream_access: for the market stream, without keys.
  bool market_stream = false;

  /// Where an operation takes several requests: which one this is, where the list goes on, and what the ones before said.
  int step = 0;
  std::string cursor;
  std::shared_ptr<const venue_answer> earlier;
};

/// An answer, and what has to be asked as well before it is whole. Lists of all the steps are put together in order; of
/// other answers the last one counts.
struct venue_reply {
  venue_answer answer;
  std::optional<venue_call> next;
};

}  // namespace drover::exchanges
