#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/runtime/topic_hub.hpp"

namespace drover::exchanges {

/// What a venue's market says, by channel, to whoever wants it; see topic_hub. Trading thread only.
class market_data_hub {
 public:
  /// The first subscriber of a topic came, or the last one went.
  using interest = std::function<void(const market_topic&, bool wanted)>;
  using ticker_callback = topic_hub<book_ticker>::callback;
  using trade_callback = topic_hub<public_trade>::callback;
  using book_callback = topic_hub<book_view>::callback;
  using candle_callback = topic_hub<candle_update>::callback;

  market_data_hub(task_scope& scope, interest on_interest);

  /// The handles may outlive the hub.
  std::unique_ptr<market_subscription> subscribe(const std::string& symbol, ticker_callback on_ticker);
  std::unique_ptr<market_subscription> subscribe_trades(const std::string& symbol, trade_callback on_trade);
  std::unique_ptr<market_subscription> subscribe_book(const std::string& symbol, book_callback on_book);
  std::unique_ptr<market_subscription> subscribe_candles(const std::string& symbol, candle_interval, candle_callback on_candle);

  void publish(const std::shared_ptr<const book_ticker>&);
  void publish(const std::shared_ptr<const public_trade>&);
  void publish(const std::shared_ptr<const book_view>&);
  void publish(const std::shared_ptr<const candle_update>&);
  void forget(const market_topic&);

  std::size_t subscribers(const market_topic&) const;

 private:
  topic_hub<book_ticker> tickers_;
  topic_hub<public_trade> trades_;
  topic_hub<book_view> books_;
  topic_hub<candle_update> candles_;
};

}  // namespace drover::exchanges
