#include "exchanges/market_data_hub.hpp"

#include <utility>

namespace drover::exchanges {

namespace {

/// "BTC/USDT 5m": interval names have no spaces.
std::string candle_key(const std::string& symbol, candle_interval interval) {
  return symbol + ' ' + std::string(to_string(interval));
}

market_topic candle_topic(const std::string& key) {
  const auto at = key.rfind(' ');
  const auto interval = parse_candle_interval(std::string_view(key).substr(at + 1));
  return {market_channel::candles, key.substr(0, at), interval.value_or(candle_interval::m1)};
}

auto tell(market_data_hub::interest on_interest, market_channel channel) {
  return [on_interest = std::move(on_interest), channel](const std::string& symbol, bool wanted) {
    on_interest({channel, symbol, candle_interval::m1}, wanted);
  };
}

}  // namespace

market_data_hub::market_data_hub(task_scope& scope, interest on_interest)
    : tickers_(scope, true, tell(on_interest, market_channel::ticker)),
      trades_(scope, false, tell(on_interest, market_channel::trades)),
      books_(scope, true, tell(on_interest, market_channel::book)),
      candles_(scope, true, [on_interest](const std::string& key, bool wanted) { on_interest(candle_topic(key), wanted); }) {}

std::unique_ptr<market_subscription> market_data_hub::subscribe(const std::string& symbol, ticker_callback on_ticker) {
  return tickers_.subscribe(symbol, std::move(on_ticker));
}
std::unique_ptr<market_subscription> market_data_hub::subscribe_trades(const std::string& symbol, trade_callback on_trade) {
  return trades_.subscribe(symbol, std::move(on_trade));
}
std::unique_ptr<market_subscription> market_data_hub::subscribe_book(const std::string& symbol, book_callback on_book) {
  return books_.subscribe(symbol, std::move(on_book));
}
std::unique_ptr<market_subscription> market_data_hub::subscribe_candles(const std::string& symbol, candle_interval interval,
                                                                        candle_callback on_candle) {
  return candles_.subscribe(candle_key(symbol, interval), std::move(on_candle));
}

void market_data_hub::publish(const std::shared_ptr<const book_ticker>& v) { tickers_.publish(v->symbol, v); }
void market_data_hub::publish(const std::shared_ptr<const public_trade>& v) { trades_.publish(v->symbol, v); }
void market_data_hub::publish(const std::shared_ptr<const book_view>& v) { books_.publish(v->symbol, v); }
void market_data_hub::publish(const std::shared_ptr<const candle_update>& v) {
  candles_.publish(candle_key(v->candle.symbol, v->candle.interval), v);
}

void market_data_hub::forget(const market_topic& t) {
  switch (t.channel) {
    case market_channel::ticker: return tickers_.forget(t.symbol);
    case market_channel::trades: return trades_.forget(t.symbol);
    case market_channel::book: return books_.forget(t.symbol);
    case market_channel::candles: return candles_.forget(candle_key(t.symbol, t.interval));
  }
}

std::size_t market_data_hub::subscribers(const market_topic& t) const {
  switch (t.channel) {
    case market_channel::ticker: return tickers_.subscribers(t.symbol);
    case market_channel::trades: return trades_.subscribers(t.symbol);
    case market_channel::book: return books_.subscribers(t.symbol);
    case market_channel::candles: return candles_.subscribers(candle_key(t.symbol, t.interval));
  }
  return 0;
}

}  // namespace drover::exchanges
