#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"

namespace drover::engine {

/// One moment of a market: the best prices, a trade, or both.
struct market_event {
  wall_time at;
  struct quote {
    decimal bid_price, bid_quantity, ask_price, ask_quantity;
  };
  struct print {
    decimal price, quantity;
    bool buyer_is_maker = false;
  };
  std::optional<quote> top;
  std::optional<print> trade;
};

/// A market from its beginning to its end, in the order of time. One thread.
class market_source {
public:
  virtual ~market_source() = default;
  /// Nothing at the end. Errors name the file and the line.
  virtual result<std::optional<market_event>> next() = 0;
};

/// Reads recordings, plain or gzip, one after the other. Known by their first line:
/// - "<local ns> <JSON>": combined stream frames of Binance (@bookTicker, @trade; the rest is skipped);
/// - CSV with a header that has bid and ask columns (`bid` or `best_bid_price`, …) and a time column;
/// - CSV of trades: `price`, `qty`, `time`, `is_buyer_maker`; without a header Binance's seven columns;
/// - CSV of candles: `open_time`, `open`, `high`, `low`, `close`, `volume`; without a header Binance's twelve columns.
/// Times are s, ms, µs or ns since 1970, told apart by their size. Trades and candles carry no book: the best prices
/// are then one tick around the last trade, as deep as it was large. A candle is played as four trades of a quarter of
/// its volume: open, the extreme nearer to it by its colour (falling: high first), the other one, close.
std::unique_ptr<market_source> make_recorded_source(std::vector<std::filesystem::path> files, decimal tick_size);

struct generated_market {
  std::uint64_t seed = 1;
  int hours = 24;
  /// Standard deviation of a day's return, as a share (0.03 = 3 %).
  decimal daily_volatility;
  decimal start_price;
  wall_time begin;
};
/// A random walk, one quote and one trade a second; equal values make equal markets.
std::unique_ptr<market_source> make_generated_source(generated_market, decimal tick_size, decimal lot_size);

}  // namespace drover::engine
