#include <gtest/gtest.h>

#include "exchanges/coinbase/wires.hpp"
#include "tests/unit/coinbase/coinbase_fixture.hpp"

namespace drover::exchanges::coinbase {
namespace {

constexpr std::string_view level2 =
    R"({"channel":"l2_data","sequence_num":0,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[
  {"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"9","new_quantity":"1"},{"side":"offer","event_time":"x","price_level":"10","new_quantity":"0"}]}]})";

TEST(CoinbaseAdvancedMarketWire, SubscribesAsAForeignClient) {
  auto wire = make_advanced_market_wire();
  EXPECT_EQ(wire->open(), std::vector<std::string>{R"({"type":"subscribe","channel":"heartbeats"})"});
  std::vector<market_topic> topics{{market_channel::book, "BTC/USD"}, {market_channel::book, "ETH/USD"}};
  EXPECT_EQ(wire->make_subscription(true, topics, 1),
            R"({"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"})");
  EXPECT_EQ(wire->make_subscription(false, topics, 1),
            R"({"type":"unsubscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"})");
}

TEST(CoinbaseAdvancedMarketWire, TellsEveryChannel) {
  auto wire = make_advanced_market_wire();
  heard out;
  wire->open();
  ASSERT_TRUE(wire->read(level2, no_instruments(), out));
  ASSERT_EQ(out.books.size(), 1u);
  EXPECT_TRUE(out.books[0].whole);
  EXPECT_EQ(out.books[0].symbol, "BTC/USD");
  EXPECT_EQ(out.books[0].asks[0].price, decimal(10));
  ASSERT_TRUE(wire->read(
      R"({"channel":"ticker","sequence_num":1,"events":[{"type":"update","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"9",
    "best_bid":"8","best_bid_quantity":"1","best_ask":"10","best_ask_quantity":"2"}]}]})",
      no_instruments(), out));
  EXPECT_EQ(out.tickers.at(0).ask_quantity, decimal(2));
  ASSERT_TRUE(wire->read(R"({"channel":"market_trades","sequence_num":2,"events":[{"type":"update","trades":[
    {"trade_id":"2","product_id":"BTC-USD","price":"9","size":"1","side":"SELL","time":"2024-11-20T12:00:00Z"},
    {"trade_id":"1","product_id":"BTC-USD","price":"9","size":"1","side":"BUY","time":"2024-11-20T12:00:00Z"}]}]})",
                         no_instruments(), out));
  EXPECT_EQ(out.trades.at(0).trade_id, "1");
  ASSERT_TRUE(wire->read(
      R"({"channel":"subscriptions","sequence_num":3,"events":[{"subscriptions":{"level2":["BTC-USD"],"heartbeats":["x"]}}]})",
      no_instruments(), out));
  ASSERT_EQ(out.topics.size(), 1u);
  EXPECT_EQ(out.topics[0].channel, market_channel::book);
  ASSERT_TRUE(wire->read(
      R"({"channel":"candles","sequence_num":4,"events":[{"type":"update","candles":[{"start":"1732104000","high":"4","low":"1","open":"2","close":"3",
    "volume":"9","product_id":"BTC-USD"}]}]})",
      no_instruments(), out));
  EXPECT_EQ(out.candles.at(0).interval, candle_interval::m5);
  EXPECT_TRUE(out.broken.empty());
}

TEST(CoinbaseAdvancedMarketWire, MissingMessageBreaksTheConnectionUntilANewOne) {
  auto wire = make_advanced_market_wire();
  heard out;
  wire->open();
  ASSERT_TRUE(wire->read(level2, no_instruments(), out));
  ASSERT_TRUE(wire->read(R"({"channel":"heartbeats","sequence_num":2,"events":[]})", no_instruments(), out));
  EXPECT_EQ(out.broken.size(), 1u);
  wire->open();
  ASSERT_TRUE(wire->read(R"({"channel":"heartbeats","sequence_num":9,"events":[]})", no_instruments(), out));
  EXPECT_EQ(out.broken.size(), 1u);
}

TEST(CoinbaseAdvancedPrivateWire, OpensAndTellsOrders) {
  auto wire = make_advanced_private_wire();
  heard out;
  wire->open();
  EXPECT_EQ(wire->stages(), 1);
  ASSERT_TRUE(wire->read(R"({"channel":"subscriptions","sequence_num":0,"events":[{"subscriptions":{"user":["u"]}}]})",
                         no_instruments(), out));
  ASSERT_TRUE(wire->read(
      R"({"channel":"user","sequence_num":1,"events":[{"type":"snapshot","orders":[{"order_id":"o","client_order_id":"22222222-2222-4222-8222-222222222222",
    "cumulative_quantity":"0.4","leaves_quantity":"0.6","avg_price":"10","filled_value":"4","total_fees":"0.1","status":"OPEN","product_id":"BTC-USD",
    "creation_time":"2024-11-20T12:00:00Z","order_side":"SELL","order_type":"Limit","limit_price":"10"}]}]})",
      no_instruments(), out));
  EXPECT_EQ(out.stages, 1);
  ASSERT_EQ(out.orders.size(), 1u);
  EXPECT_EQ(out.orders[0].order.status, order_status::partially_filled);
  EXPECT_EQ(out.orders[0].order.quantity, decimal(1));
  EXPECT_EQ(out.orders[0].order.client_order_id, "22222222222242228222222222222222");
  ASSERT_TRUE(wire->read(R"({"type":"error","message":"authentication failure"})", no_instruments(), out));
  EXPECT_EQ(out.refusals.size(), 1u);
}

TEST(CoinbaseExchangeMarketWire, TellsEveryChannel) {
  auto wire = make_exchange_market_wire();
  heard out;
  std::vector<market_topic> topics{{market_channel::trades, "BTC/USD"}};
  EXPECT_EQ(wire->make_subscription(true, topics, 1),
            R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches","heartbeat"]})");
  ASSERT_TRUE(wire->read(
      R"({"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]},{"name":"heartbeat","product_ids":["BTC-USD"]}]})",
      no_instruments(), out));
  EXPECT_EQ(out.topics.size(), 1u);
  ASSERT_TRUE(wire->read(R"({"type":"snapshot","product_id":"BTC-USD","bids":[["9","1"]],"asks":[["10","2"]]})",
                         no_instruments(), out));
  ASSERT_TRUE(wire->read(
      R"({"type":"l2update","product_id":"BTC-USD","changes":[["buy","9","0"],["sell","11","3"]],"time":"2024-11-20T12:00:00Z"})",
      no_instruments(), out));
  ASSERT_EQ(out.books.size(), 2u);
  EXPECT_TRUE(out.books[0].whole);
  EXPECT_EQ(out.books[1].asks[0].quantity, decimal(3));
  ASSERT_TRUE(wire->read(
      R"({"type":"match","trade_id":10,"sequence":50,"maker_order_id":"a","taker_order_id":"b","time":"2024-11-20T12:00:00Z","product_id":"BTC-USD","size":"5","price":"400","side":"sell"})",
      no_instruments(), out));
  EXPECT_FALSE(out.trades.at(0).buyer_is_maker);
  ASSERT_TRUE(wire->read(
      R"({"type":"ticker","sequence":37,"product_id":"BTC-USD","price":"9","best_bid":"8","best_bid_size":"1","best_ask":"10","best_ask_size":"2"})",
      no_instruments(), out));
  EXPECT_EQ(out.tickers.at(0).bid_price, decimal(8));
  EXPECT_FALSE(
      wire->read(R"({"type":"l2update","product_id":"BTC-USD","changes":[["buy","-9","0"]]})", no_instruments(), out));
  ASSERT_TRUE(wire->read(R"({"type":"error","message":"Failed to subscribe","reason":"NOPE is not a valid product"})",
                         no_instruments(), out));
  ASSERT_EQ(out.refusals.size(), 1u);
  EXPECT_EQ(out.refusals[0].detail, "Failed to subscribe: NOPE is not a valid product");
}

TEST(CoinbaseExchangePrivateWire, FollowsAnOrderToItsEnd) {
  auto wire = make_exchange_private_wire();
  heard out;
  wire->open();
  for (
      std::string_view frame :
      {R"({"type":"subscriptions","channels":[{"name":"user","product_ids":["BTC-USD"]}]})",
       R"({"type":"received","side":"buy","product_id":"BTC-USD","time":"2024-11-20T12:00:00Z","sequence":1,"user_id":"u","order_id":"o","order_type":"limit","size":"1","price":"10","client_oid":"22222222-2222-4222-8222-222222222222"})",
       R"({"type":"open","side":"buy","product_id":"BTC-USD","time":"2024-11-20T12:00:00Z","sequence":2,"order_id":"o","remaining_size":"1","price":"10"})",
       R"({"type":"match","side":"buy","product_id":"BTC-USD","time":"2024-11-20T12:00:01Z","sequence":3,"trade_id":7,"maker_order_id":"o","taker_order_id":"x","size":"0.4","price":"10","maker_user_id":"u","maker_fee_rate":"0.004"})",
       R"({"type":"done","side":"buy","product_id":"BTC-USD","time":"2024-11-20T12:00:02Z","sequence":4,"order_id":"o","reason":"canceled","remaining_size":"0.6","price":"10"})"})
    ASSERT_TRUE(wire->read(frame, no_instruments(), out)) << frame;
  EXPECT_EQ(out.stages, 1);
  ASSERT_EQ(out.orders.size(), 3u);
  EXPECT_EQ(out.orders[1].order.filled_quantity, decimal::literal("0.4"));
  EXPECT_EQ(out.orders[1].order.filled_notional, decimal(4));
  EXPECT_EQ(out.orders[2].order.status, order_status::cancelled);
  EXPECT_EQ(out.orders[2].order.client_order_id, "22222222222242228222222222222222");
  EXPECT_TRUE(out.orders[2].order.complete);
}

TEST(CoinbaseExchangePrivateWire, OrderFromBeforeIsToldAsIncomplete) {
  auto wire = make_exchange_private_wire();
  heard out;
  wire->open();
  ASSERT_TRUE(wire->read(
      R"({"type":"done","side":"buy","product_id":"BTC-USD","time":"2024-11-20T12:00:02Z","order_id":"o","reason":"filled"})",
      no_instruments(), out));
  ASSERT_EQ(out.orders.size(), 1u);
  EXPECT_FALSE(out.orders[0].order.complete);
  EXPECT_EQ(out.orders[0].order.status, order_status::filled);
}

TEST(CoinbaseWires, DamagedFramesAreErrors) {
  const std::vector<std::string> frames{
      std::string(level2), R"({"type":"l2update","product_id":"A-B","changes":[["buy","9","0"]]})",
      R"({"type":"match","side":"buy","product_id":"A-B","time":"2024-11-20T12:00:01Z","trade_id":7,"maker_order_id":"o","taker_order_id":"x","size":"99999999999999999999","price":"99999999999999999999"})",
      R"({"channel":"user","sequence_num":1,"events":[{"orders":[{"order_id":"o","cumulative_quantity":"99999999999999999999","leaves_quantity":"99999999999999999999","status":"OPEN","product_id":"A-B","order_side":"BUY"}]}]})"};
  auto advanced = make_advanced_market_wire();
  auto feed = make_exchange_market_wire();
  auto advanced_user = make_advanced_private_wire();
  auto user = make_exchange_private_wire();
  heard out;
  for (const auto& frame : frames)
    for (std::size_t at = 0; at <= frame.size(); ++at)
      for (char c : std::string_view("\0\"{}[],:-9eN\xff", 14)) {
        auto damaged = frame.substr(0, at) + c + (at < frame.size() ? frame.substr(at + 1) : "");
        (void)advanced->read(damaged, no_instruments(), out);
        (void)feed->read(damaged, no_instruments(), out);
        (void)advanced_user->read(damaged, no_instruments(), out);
        (void)user->read(damaged, no_instruments(), out);
      }
}

}  // namespace
}  // namespace drover::exchanges::coinbase
