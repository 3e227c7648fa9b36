#include "exchanges/binance/market_stream.hpp"

#include <gtest/gtest.h>

namespace drover::exchanges::binance {
namespace {

constexpr steady_time start{1h};

struct market_fixture {
  std::vector<std::shared_ptr<const book_ticker>> tickers;
  std::vector<std::string> stale;
  market_stream stream{{.on_ticker = [this](auto t) { tickers.push_back(std::move(t)); },
                        .on_stale = [this](const std::string& s) { stale.push_back(s); }}};
  std::vector<std::string> frames_at(steady_time now) { return stream.next_action(now).frames; }
};

std::string tick(int id, std::string symbol = "BTCUSDT") {
  return R"({"stream":"x","data":{"u":)" + std::to_string(id) + R"(,"s":")" + symbol +
         R"(","b":"1","B":"2","a":"3","A":"4"}})";
}

TEST(MarketStream, WantsNoConnectionBeforeSomebodySubscribes) {
  market_fixture f;
  EXPECT_FALSE(f.stream.wants_connection());
  f.stream.want("BTC/USDT");
  EXPECT_TRUE(f.stream.wants_connection());
}

TEST(MarketStream, SubscribesInBatchesAndPacesMessages) {
  market_fixture f;
  for (int i = 0; i < 300; ++i) f.stream.want("A" + std::to_string(i) + "/USDT");
  f.stream.on_open(start);
  auto first = f.stream.next_action(start);
  ASSERT_EQ(first.frames.size(), 1u);
  EXPECT_NE(first.frames[0].find("\"SUBSCRIBE\""), std::string::npos);
  EXPECT_NE(first.frames[0].find("a0usdt@bookTicker"), std::string::npos);
  EXPECT_EQ(first.wake_at, start + market_stream::message_interval);
  EXPECT_TRUE(f.frames_at(start + 100ms).empty());
  EXPECT_EQ(f.frames_at(start + 250ms).size(), 1u);
  EXPECT_TRUE(f.frames_at(start + 500ms).empty());
}

TEST(MarketStream, UnsubscribesWhatNobodyWants) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.want("ETH/USDT");
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.unwant("BTC/USDT");
  auto frames = f.frames_at(start + 1s);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0], R"({"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":2})");
}

TEST(MarketStream, HandsOutTickersUnderTheirCanonicalName) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  f.stream.on_message(tick(5), start + 1s);
  f.stream.on_message(tick(6, "ETHUSDT"), start + 1s);
  ASSERT_EQ(f.tickers.size(), 1u);
  EXPECT_EQ(f.tickers[0]->symbol, "BTC/USDT");
  EXPECT_EQ(f.tickers[0]->ask_price, decimal(3));
  EXPECT_EQ(f.tickers[0]->received_at, start + 1s);
}

TEST(MarketStream, DropsDuplicatesAndLateTickers) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  for (int id : {5, 5, 4, 6}) f.stream.on_message(tick(id), start);
  EXPECT_EQ(f.tickers.size(), 2u);
}

TEST(MarketStream, SubscribesAgainOnANewConnectionWhoseNumbersMayBeLower) {
  market_fixture f;
  f.stream.want("BTC/USDT");
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

TEST(MarketStream, GivesUpAConnectionThatDoesNotAnswer) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  f.frames_at(start);
  EXPECT_FALSE(f.stream.next_action(start + 11s).give_up.empty());
}

TEST(MarketStream, AnAnsweredSubscriptionIsLeftAlone) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(R"({"result":null,"id":1})", start + 1s);
  auto later = f.stream.next_action(start + 60s);
  EXPECT_TRUE(later.give_up.empty());
  EXPECT_TRUE(later.frames.empty());
  EXPECT_FALSE(later.wake_at);
}

TEST(MarketStream, TriesARefusedSubscriptionAgainLater) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  f.frames_at(start);
  f.stream.on_message(R"({"error":{"code":2,"msg":"no"},"id":1})", start + 1s);
  EXPECT_TRUE(f.frames_at(start + 2s).empty());
  EXPECT_EQ(f.stream.next_action(start + 2s).wake_at, start + 1s + market_stream::refusal_pause);
  EXPECT_EQ(f.frames_at(start + 40s).size(), 1u);
}

TEST(MarketStream, CountsWhatItCannotRead) {
  market_fixture f;
  f.stream.want("BTC/USDT");
  f.stream.on_open(start);
  for (auto bytes : {"", "{", "\xff\xff", R"({"u":1,"s":"BTCUSDT","b":"-1","B":"1","a":"1","A":"1"})"})
    f.stream.on_message(bytes, start);
  EXPECT_EQ(f.stream.unreadable_frames(), 4u);
  EXPECT_TRUE(f.tickers.empty());
}

}  // namespace
}  // namespace drover::exchanges::binance
