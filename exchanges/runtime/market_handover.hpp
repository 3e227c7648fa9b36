#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exchanges/exchange.hpp"
#include "exchanges/runtime/book_keeper.hpp"

namespace drover::exchanges {

/// Two connections with the same topics, the new one opened beside the old one: nothing is missing between them,
/// nothing told twice. Until switch_over() the old one is heard, and what the new one says is kept; then what the old
/// one had not said yet is handed over, and the new one is heard, without what the old one had said already. No I/O, no
/// clock. Trading thread only.
class market_handover {
public:
  /// Trades that are kept or remembered at most: when they are more, it is time to switch.
  static constexpr std::size_t trade_limit = 200'000;

  enum class side_of { old_one, new_one };
  using ticker_pointer = std::shared_ptr<const book_ticker>;
  using trade_pointer = std::shared_ptr<const public_trade>;
  using candle_pointer = std::shared_ptr<const candle_update>;

  /// Whether subscribers hear of it now.
  bool admit(side_of, const ticker_pointer&);
  bool admit(side_of, const trade_pointer&);
  bool admit(side_of, const candle_pointer&);

  /// Books of the new connection, by symbol. The old connection's are kept by the feed.
  std::map<std::string, book_keeper, std::less<>>& books() { return books_; }
  const std::map<std::string, book_keeper, std::less<>>& books() const { return books_; }

  /// What the old connection owes, in the order in which it came on the new one.
  struct remainder {
    std::vector<ticker_pointer> tickers;
    std::vector<trade_pointer> trades;
    std::vector<candle_pointer> candles;
  };
  remainder switch_over();
  bool switched() const { return switched_; }
  bool full() const { return told_.size() + kept_trades_.size() >= trade_limit; }

private:
  /// Venues without trade ids: two trades of one millisecond, price and quantity count as one.
  using trade_key = std::tuple<std::string, std::string, wall_time, decimal, decimal>;
  using candle_key = std::pair<std::string, candle_interval>;
  struct kept_candle {
    candle_pointer closed, latest;
  };
  static trade_key key_of(const public_trade& t) { return {t.symbol, t.trade_id, t.at, t.price, t.quantity}; }
  bool is_news(const candle_update&) const;

  bool switched_ = false;
  /// What the old connection said.
  std::set<trade_key> told_;
  std::unordered_map<std::string, std::int64_t> told_tickers_;
  std::map<candle_key, std::pair<wall_time, bool>> told_candles_;
  /// What the new one said before the switch.
  std::map<std::string, ticker_pointer> kept_tickers_;
  std::vector<trade_pointer> kept_trades_;
  std::map<candle_key, kept_candle> kept_candles_;
  std::map<std::string, book_keeper, std::less<>> books_;
};

}  // namespace drover::exchanges
