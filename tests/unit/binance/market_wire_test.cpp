#include "exchanges/binance/market_wire.hpp"

#include <gtest/gtest.h>

#include "exchanges/runtime/market_session.hpp"

namespace drover::exchanges::binance {
namespace {

constexpr steady_time start{1h};

market_topic ticker_of(std::string symbol) { return {market_channel::ticker, std::move(symbol), candle_interval::m1}; }

struct market_fixture final : market_sink {
  std::vector<std::shared_ptr<const book_ticker>> tickers;
  std::vector<std::shared_ptr<const public_trade>> trades;
  std::vector<book_update> books;
  std::vector<std::shared_ptr<const candle_update>> candles;
  std::vector<std::string> stale;
  std::shared_ptr<const instrument_table> table = std::make_shared<instrument_table>();
  market_session stream{"test", std::make_unique<market_wire>(), [this] { return table; }, *this};

  void on_ticker(std::shared_ptr<const book_ticker> t) override { tickers.push_back(std::move(t)); }
  void on_trade(std::shared_ptr<const public_trade> t) override { trades.push_back(std::move(t)); }
  void on_book(book_update u, steady_time) override { books.push_back(std::move(u)); }
  void on_candle(std::shared_ptr<const candle_update> c) override { candles.push_back(std::move(c)); }
  void on_stale(const market_topic& t) override { stale.push_back(t.symbol); }
  std::vector<std::string> frames_at(steady_time now) { return stream.next_action(now).frames; }
};

std::string tick(int id, std::string symbol = "BTCUSDT") {
  return R"({"stream":"x","data":{"u":)" + std::to_string(id) + R"(,"s":")" + symbol +
         R"(","b":"1","B":"2","a":"3","A":"4"}})";
}

TEST(BinanceMarketWire, WantsNoConnectionBeforeSomebodySubscribes) {
  market_fixture f;
  EXPECT_FALSE(f.stream.wants_connection());
  f.stream.want(ticker_of("BTC/USDT"));
  EXPECT_TRUE(f.stream.wants_connection());
}

TEST(BinanceMarketWire, SubscribesInBatchesAndPacesMessages) {
  market_fixture f;
  for (int i = 0; i < 300; ++i) f.stream.want(ticker_of("A" + std::to_string(i) + "/USDT"));
  f.stream.on_open(start);
  auto first = f.stream.next_action(start);
  ASSERT_EQ(first.frames.size(), 1u);
  EXPECT_NE(first.frames[0].find("\"SUBSCRIBE\""), std::string::npos);
  EXPECT_NE(first.frames[0].find("a0usdt@bookTicker"), std::string::npos);
  EXPECT_EQ(first.wake_at, start + 250ms);
  EXPECT_TRUE(f.frames_at(start + 100ms).empty());
  EXPECT_EQ(f.frames_at(start + 250ms).size(), 1u);
  EXPECT_TRUE(f.frames_at(start + 500ms).empty());
}

TEST(BinanceMarketWire, UnsubscribesWhatNobodyWants) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.want(ticker_of("ETH/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.unwant(ticker_of("BTC/USDT"));
  auto frames = f.frames_at(start + 1s);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0], R"({"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":2})");
}

TEST(BinanceMarketWire, HandsOutTickersUnderTheirCanonicalName) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(tick(5), start + 1s);
  f.stream.on_message(tick(6, "ETHUSDT"), start + 1s);
  ASSERT_EQ(f.tickers.size(), 1u);
  EXPECT_EQ(f.tickers[0]->symbol, "BTC/USDT");
  EXPECT_EQ(f.tickers[0]->ask_price, decimal(3));
  EXPECT_EQ(f.tickers[0]->received_at, start + 1s);
}

TEST(BinanceMarketWire, DropsDuplicatesAndLateTickers) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  for (int id : {5, 5, 4, 6}) f.stream.on_message(tick(id), start);
  EXPECT_EQ(f.tickers.size(), 2u);
}

TEST(BinanceMarketWire, SubscribesAgainOnANewConnectionWhoseNumbersMayBeLower) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(tick(500), start);
  f.stream.on_close("cut", start + 1s);
  EXPECT_EQ(f.stale, std::vector<std::string>{"BTC/USDT"});
  f.stream.on_open(start + 2s);
  EXPECT_EQ(f.frames_at(start + 2s).size(), 1u);
  f.stream.on_message(tick(1), start + 3s);
  EXPECT_EQ(f.tickers.size(), 2u);
}

TEST(BinanceMarketWire, GivesUpAConnectionThatDoesNotAnswer) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  EXPECT_FALSE(f.stream.next_action(start + 11s).give_up.empty());
}

TEST(BinanceMarketWire, AnAnsweredSubscriptionIsLeftAlone) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(R"({"result":null,"id":1})", start + 1s);
  auto later = f.stream.next_action(start + 60s);
  EXPECT_TRUE(later.give_up.empty());
  EXPECT_TRUE(later.frames.empty());
  EXPECT_FALSE(later.wake_at);
}

TEST(BinanceMarketWire, TriesARefusedSubscriptionAgainLater) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(R"({"error":{"code":2,"msg":"no"},"id":1})", start + 1s);
  EXPECT_TRUE(f.frames_at(start + 2s).empty());
  EXPECT_EQ(f.stream.next_action(start + 2s).wake_at, start + 1s + market_session::refusal_floor);
  EXPECT_EQ(f.frames_at(start + 40s).size(), 1u);
}

TEST(BinanceMarketWire, CountsWhatItCannotRead) {
  market_fixture f;
  f.stream.want(ticker_of("BTC/USDT"));
  f.stream.on_open(start);
  for (auto bytes : {"", "{", "\xff\xff", R"({"u":1,"s":"BTCUSDT","b":"-1","B":"1","a":"1","A":"1"})"})
    f.stream.on_message(bytes, start);
  EXPECT_EQ(f.stream.unreadable_frames(), 4u);
  EXPECT_TRUE(f.tickers.empty());
}

TEST(BinanceMarketWire, ReadsTradesBooksAndCandles) {
  market_fixture f;
  for (auto channel : {market_channel::trades, market_channel::book, market_channel::candles})
    f.stream.want({channel, "BTC/USDT", candle_interval::m5});
  f.stream.on_open(start);
  std::string sent;
  for (int i = 0; i < 3; ++i)
    for (const auto& frame : f.frames_at(start + i * 1s)) sent += frame;
  for (auto name : {"btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@kline_5m"}) EXPECT_NE(sent.find(name), std::string::npos) << sent;
  f.stream.on_message(R"({"data":{"e":"trade","s":"BTCUSDT","t":12,"p":"1.5","q":"2","T":5,"m":true}})", start);
  f.stream.on_message(R"({"data":{"e":"depthUpdate","s":"BTCUSDT","U":4,"u":6,"b":[["1","2"]],"a":[["3","0"]]}})", start);
  f.stream.on_message(R"({"data":{"e":"kline","s":"BTCUSDT","k":{"t":60000,"i":"5m","o":"1","h":"4","l":"0.5","c":"2","v":"9","x":true}}})", start);
  ASSERT_EQ(f.trades.size(), 1u);
  EXPECT_EQ(f.trades[0]->symbol, "BTC/USDT");
  EXPECT_EQ(f.trades[0]->trade_id, "12");
  EXPECT_TRUE(f.trades[0]->buyer_is_maker);
  ASSERT_EQ(f.books.size(), 1u);
  EXPECT_EQ(f.books[0].first_id, 4);
  EXPECT_EQ(f.books[0].symbol, "BTC/USDT");
  ASSERT_EQ(f.candles.size(), 1u);
  EXPECT_EQ(f.candles[0]->candle.interval, candle_interval::m5);
  EXPECT_TRUE(f.candles[0]->closed);
  EXPECT_EQ(f.stream.unreadable_frames(), 0u);
}

}  // namespace
}  // namespace drover::exchanges::binance
