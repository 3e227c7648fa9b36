#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/stream_habits.hpp"

namespace drover::exchanges {

enum class market_channel { ticker, trades, book, candles };
std::string_view to_string(market_channel);
std::optional<market_channel> parse_market_channel(std::string_view);

struct market_topic {
  market_channel channel = market_channel::ticker;
  /// Canonical.
  std::string symbol;
  /// Candles only.
  candle_interval interval = candle_interval::m1;
  friend auto operator<=>(const market_topic&, const market_topic&) = default;
};

/// A change of an order book, or the whole of it.
struct book_update {
  std::string symbol;
  /// Replaces the book.
  bool whole = false;
  /// The venue's sequence numbers that this update covers, and the one before it; unused ones are 0 (see book_continuity).
  std::int64_t first_id = 0, last_id = 0, previous_id = 0;
  /// Quantity 0 removes the level.
  std::vector<book_level> bids, asks;
  std::optional<std::uint32_t> checksum;
};

/// How the venue's updates follow each other. A break is a gap: the book starts anew from a snapshot.
enum class book_continuity {
  /// first_id is the last_id before + 1; the first one after a REST snapshot may overlap it.
  first_follows_last,
  /// previous_id equals the last_id before.
  previous_is_last,
  /// Nothing to check, but the checksum where there is one, and the order on the connection.
  connection,
};

struct book_rules {
  book_continuity continuity = book_continuity::connection;
  /// The stream brings changes only: the whole comes from operation::book.
  bool snapshot_by_rest = false;
  /// Levels a side that the venue keeps up to date: what lies behind them is dropped after each update; 0 = all.
  std::size_t depth = 0;
};

/// What the frames of a market stream say. `symbol` is canonical everywhere.
class market_events {
 public:
  virtual ~market_events() = default;
  virtual void on_ticker(book_ticker) = 0;
  virtual void on_trade(public_trade) = 0;
  virtual void on_book(book_update) = 0;
  virtual void on_candle(candle, bool closed) = 0;
  /// The venue answered request `id` of make_subscription; with an error none of its topics is subscribed.
  virtual void on_answer(std::int64_t id, std::optional<error> refusal) = 0;
  /// Venues that answer topic by topic.
  virtual void on_topic_answer(const market_topic&, std::optional<error> refusal) = 0;
  /// Nothing of request `id` was subscribed because of this one topic: it does not exist, or (no error) it was subscribed before. The
  /// others are asked for again.
  virtual void on_blame(std::int64_t id, const market_topic&, std::optional<error> refusal) = 0;
  /// A subscription was refused, but the venue does not say which.
  virtual void on_refusal(error) = 0;
  virtual void on_pong() = 0;
  /// To be sent back at once ("pong").
  virtual void on_reply_wanted(std::string frame) = 0;
  /// This connection is of no use any more (sequence gap of the connection, venue says good-bye).
  virtual void on_broken(std::string reason) = 0;
};

/// How a venue speaks on its public WebSocket: frames out and in, no socket, no clock. State belongs to one connection.
/// `read` takes any bytes. One thread.
class market_wire {
 public:
  virtual ~market_wire() = default;
  virtual const stream_habits& habits() const = 0;
  virtual book_rules books() const = 0;
  /// False: the venue has no such stream (candles, or candles of that length); it is not asked for one.
  virtual bool streams(const market_topic&) const { return true; }
  /// Channels with different numbers cannot share a connection (venues with several addresses).
  virtual int group_of(market_channel) const { return 0; }
  /// Where to connect for a group; `configured` is the configured address without a slash at the end. May hold a token.
  virtual std::string make_url(std::string_view configured, int group, const stream_access*) const;
  /// A new connection: forget what the last one said. Answers what is to be sent first.
  virtual std::vector<std::string> open() { return {}; }
  /// One message that subscribes (or ends) these topics of one channel; `id` comes back in on_answer.
  virtual std::string make_subscription(bool subscribe, std::span<const market_topic>, std::int64_t id) = 0;
  /// Empty: the venue wants no pings of ours.
  virtual std::string make_ping(std::int64_t /*id*/) { return {}; }
  /// exchange_errc::protocol when the frame is not as documented; what it said before that was delivered.
  virtual result<void> read(std::string_view frame, const instrument_table&, market_events&) = 0;
  /// Whether the book agrees with the venue's checksum. Best levels first.
  virtual bool verify(std::span<const book_level> /*bids*/, std::span<const book_level> /*asks*/, const instrument&,
                      std::uint32_t /*checksum*/) const {
    return true;
  }
};

}  // namespace drover::exchanges
