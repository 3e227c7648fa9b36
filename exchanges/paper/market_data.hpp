#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "exchanges/paper/matching_engine.hpp"
#include "exchanges/paper/recorded_book.hpp"

namespace drover::exchanges::paper {

struct candle {
  std::int64_t open_time_ms = 0;
  decimal open, high, low, close;
  decimal volume, quote_volume;
  /// The part of it that takers bought.
  decimal bought_volume, bought_quote_volume;
  std::int64_t first_trade_id = 0, last_trade_id = 0;
  std::int64_t trades = 0;
};

enum class candle_interval { second, minute };
constexpr std::int64_t to_ms(candle_interval i) { return i == candle_interval::second ? 1'000 : 60'000; }

/// Joins parts, oldest first, into candles of `interval_ms` that begin at multiples of it.
std::vector<candle> join_candles(const std::deque<candle>& parts, std::int64_t interval_ms);

struct top_of_book {
  book_level bid, ask;
  std::int64_t update_id = 0;
};

struct depth_view {
  std::int64_t last_update_id = 0;
  std::vector<book_level> bids, asks;
};

/// At most `most` of those made from `from` to `to`, both included; the newest first.
std::vector<market_trade> list_trades(const std::deque<market_trade>& tape, std::size_t most, wall_time from, wall_time to);
constexpr wall_time beginning_of_time{}, end_of_time{nanoseconds::max()};

/// What the public sees of the markets: books, tape, candles, with update ids. An instrument is either fed by the matching
/// engine, or shows a recording as it was recorded: then the accounts' own orders and trades stay invisible. One thread.
class market_data {
 public:
  static constexpr std::size_t tape_limit = 1'000;
  /// A day of minutes, an hour of seconds.
  static constexpr std::size_t minute_limit = 1'440, second_limit = 3'600;

  explicit market_data(const matching_engine& engine) : engine_(engine) {}

  /// `recorded`: the book is fed by recorded() instead of the engine's.
  void add_instrument(bool recorded);
  bool is_recorded(instrument_number n) const { return feed(n).recording.has_value(); }
  recorded_book& recorded(instrument_number n) { return *feed(n).recording; }
  const recorded_book& recorded(instrument_number n) const { return *feed(n).recording; }

  /// From the engine.
  void on_level(instrument_number, side, decimal price, decimal quantity);
  void add_trade(instrument_number, const market_trade&);
  /// From a recording: the book ticker's own id.
  void set_recorded_top(instrument_number, top_of_book);

  std::optional<top_of_book> top(instrument_number) const;
  depth_view depth(instrument_number, std::size_t limit) const;
  /// What changed in the engine's book since the last call; nothing when nothing did.
  std::optional<depth_diff> take_diff(instrument_number);
  /// Oldest first.
  const std::deque<market_trade>& tape(instrument_number n) const { return feed(n).tape; }
  const std::deque<candle>& candles(instrument_number n, candle_interval i) const {
    return i == candle_interval::second ? feed(n).seconds : feed(n).minutes;
  }
  /// The last 24 hours as one candle; opens at the oldest minute that is kept. Nothing before the first trade.
  std::optional<candle> day(instrument_number, wall_time now) const;
  /// As day(), but a flat candle at the last price when nothing was traded.
  candle day_or_flat(instrument_number, wall_time now) const;

 private:
  struct feed_state {
    std::optional<recorded_book> recording;
    std::optional<top_of_book> recorded_top;
    std::int64_t update_id = 0, published_id = 0;
    std::map<decimal, decimal> changed_bids, changed_asks;
    std::deque<market_trade> tape;
    std::deque<candle> seconds, minutes;
  };
  feed_state& feed(instrument_number n) { return feeds_[to_index(n)]; }
  const feed_state& feed(instrument_number n) const { return feeds_[to_index(n)]; }

  const matching_engine& engine_;
  std::deque<feed_state> feeds_;
};

}  // namespace drover::exchanges::paper
