#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// Venues whose public trades of an instrument are numbered one by one, so that what is missing can be told from the numbers.
/// By dialect:
/// - Binance: "t" of the trade stream counts up by one within a symbol; GET historicalTrades pages by it (fromId).
/// - Coinbase, both: "trade_id" counts up by one within a product (not documented as such; clients of the match channel rely on it).
/// - Gate: "id_market" of spot.trades ("continuous growth within a single market"), in GET /spot/trades "sequence_id" ("consecutive
///   trade ID within a single market"). Its "id" counts those of all markets.
/// - Kraken: "trade_id" of the v2 trade channel ("a sequence number, unique per book").
/// Not so: OKX (a message of the channel "trades" stands for `count` trades and names the last; nothing says that ids follow each
/// other), Bybit ("i" is an id, its "seq" the cross-sequence of the book), KuCoin (its ids are no count), MEXC (its stream names no trade).
/// There a gap is assumed at every break of the connection.
bool numbers_trades_one_by_one(std::string_view dialect);

/// Watches the public trades and candles of one exchange's market stream and notes what is missing as gap rows with the venue's own
/// numbers: a step over trade ids at any time, and after a break of the connection what came neither before nor after.
/// Trading thread only.
class market_continuity {
 public:
  /// Instruments and intervals that are watched at once; further ones are not.
  static constexpr std::size_t topic_limit = 20'000;

  market_continuity(raw_recorder&, const clock&, std::string stream, bool numbered_trades);

  void on_trade(const public_trade&);
  void on_candle(const candle&, bool closed);
  /// The topic's stream broke: what follows is not known to follow.
  void on_break(operation trades_or_candles, const std::string& symbol);
  /// All of them.
  void on_break();
  /// Nobody wants it any more: what comes later is no gap.
  void forget(operation trades_or_candles, const std::string& symbol);

 private:
  struct trade_state {
    std::int64_t last_id = 0;
    wall_time heard;
    bool broken = false;
  };
  struct candle_state {
    wall_time opens_at, heard;
    bool closed = false, broken = false;
  };
  raw_recorder& recorder_;
  const clock& clock_;
  std::string stream_;
  bool numbered_;
  std::map<std::string, trade_state, std::less<>> trades_;
  std::map<std::pair<std::string, candle_interval>, candle_state> candles_;
};

}  // namespace drover::exchanges
