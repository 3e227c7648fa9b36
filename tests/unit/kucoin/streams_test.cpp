#include <gtest/gtest.h>

#include "exchanges/kucoin/streams.hpp"
#include "tests/unit/kucoin/kucoin_fixture.hpp"

namespace drover::exchanges::kucoin {
namespace {

using namespace drover::literals;
using json = nlohmann::json;

heard_events hear(market_wire& wire, const std::string& frame) {
  heard_events out;
  EXPECT_TRUE(wire.read(frame, {}, out)) << frame;
  return out;
}
heard_events hear(private_wire& wire, const std::string& frame) {
  heard_events out;
  EXPECT_TRUE(wire.read(frame, {}, out)) << frame;
  return out;
}

std::string sent(const std::string& name) { return load_data("requests/kucoin.json")[name]["sent"].at(0); }

TEST(KucoinMarketWire, SubscribesAsAForeignClientDoes) {
  auto wire = make_market_wire();
  auto subscribe = [&](market_channel channel) {
    const market_topic topics[]{{channel, "BTC/USDT", candle_interval::m1}};
    return json::parse(wire->make_subscription(true, topics, 1));
  };
  EXPECT_EQ(subscribe(market_channel::ticker), json::parse(sent("watchBidsAsks")));
  EXPECT_EQ(subscribe(market_channel::trades), json::parse(sent("watchTrades")));
  EXPECT_EQ(subscribe(market_channel::candles), json::parse(sent("watchOHLCV")));
  // It builds the book from changes and a snapshot that needs a key; the market stream has none.
  EXPECT_EQ(subscribe(market_channel::book)["topic"], "/spotMarket/level2Depth50:BTC-USDT");
}

TEST(KucoinMarketWire, NamesManySymbolsInOneMessage) {
  auto wire = make_market_wire();
  const market_topic topics[]{{market_channel::candles, "BTC/USDT", candle_interval::m1}, {market_channel::candles, "ETH/USDT", candle_interval::h1}};
  const auto frame = json::parse(wire->make_subscription(false, topics, 7));
  EXPECT_EQ(frame["type"], "unsubscribe");
  EXPECT_EQ(frame["topic"], "/market/candles:BTC-USDT_1min,ETH-USDT_1hour");
}

TEST(KucoinMarketWire, ReadsWhatAForeignClientReceived) {
  auto wire = make_market_wire();
  heard_events all;
  int frames = 0;
  for (const auto* name : {"watchBidsAsks", "watchTrades", "watchOHLCV"})
    for (const auto& frame : load_data("requests/kucoin.json")[name]["received"]) {
      EXPECT_TRUE(wire->read(frame.get<std::string>(), {}, all)) << frame;
      ++frames;
    }
  EXPECT_GE(frames, 9);
  ASSERT_EQ(all.tickers.size(), 1u);
  EXPECT_EQ(all.tickers[0].bid_price, decimal(92'100));
  EXPECT_EQ(all.tickers[0].ask_quantity, decimal(2));
  ASSERT_EQ(all.trades.size(), 1u);
  EXPECT_EQ(all.trades[0].trade_id, "11");
  EXPECT_EQ(all.trades[0].at, wall_time::from_ms(1'732'104'000'000));
  ASSERT_EQ(all.candles.size(), 1u);
  EXPECT_EQ(all.candles[0].first.high, decimal(92'200));
  EXPECT_EQ(all.answers.size(), 3u);
}

TEST(KucoinMarketWire, BooksAreWhole) {
  auto wire = make_market_wire();
  EXPECT_FALSE(wire->books().snapshot_by_rest);
  const auto heard = hear(*wire, R"({"topic":"/spotMarket/level2Depth50:BTC-USDT","type":"message","data":{"asks":[["92100.1","2"]],
    "bids":[["92100","1"],["92099","3"]],"timestamp":1732104000000},"subject":"level2"})");
  ASSERT_EQ(heard.books.size(), 1u);
  EXPECT_TRUE(heard.books[0].whole);
  EXPECT_EQ(heard.books[0].symbol, "BTC/USDT");
  EXPECT_EQ(heard.books[0].bids.size(), 2u);
}

TEST(KucoinMarketWire, TheNextCandleClosesTheOneBefore) {
  auto wire = make_market_wire();
  auto frame = [](const std::string& start) {
    return R"({"topic":"/market/candles:BTC-USDT_1min","type":"message","subject":"trade.candles.update","data":{"symbol":"BTC-USDT","candles":[")" +
           start + R"(","1","2","3","0.5","10","20"],"time":1}})";
  };
  EXPECT_EQ(hear(*wire, frame("1732103940")).candles.size(), 1u);
  const auto heard = hear(*wire, frame("1732104000"));
  ASSERT_EQ(heard.candles.size(), 2u);
  EXPECT_TRUE(heard.candles[0].second);
  EXPECT_EQ(heard.candles[0].first.opens_at, wall_time::from_ms(1'732'103'940'000));
  EXPECT_FALSE(heard.candles[1].second);
  wire->open();
  EXPECT_EQ(hear(*wire, frame("1732104060")).candles.size(), 1u);
}

TEST(KucoinMarketWire, HearsRefusalsAndPongs) {
  auto wire = make_market_wire();
  const auto refused = hear(*wire, R"({"id":"9","type":"error","code":404,"data":"topic /market/x is not found"})");
  ASSERT_EQ(refused.answers.size(), 1u);
  EXPECT_EQ(refused.answers[0].first, 9);
  EXPECT_EQ(refused.answers[0].second->code, make_error_code(exchange_errc::instrument_unknown));
  EXPECT_EQ(json::parse(wire->make_ping(3))["type"], "ping");
  EXPECT_EQ(hear(*wire, R"({"id":"3","type":"pong"})").pongs, 1);
  EXPECT_EQ(hear(*wire, R"({"type":"error","code":401,"data":"token is expired"})").broken.size(), 1u);
}

TEST(KucoinPrivateWire, OpensAfterBothAnswers) {
  auto wire = make_private_wire();
  wire->open();
  auto frames = wire->make_frames(0, {}, nullptr, {});
  ASSERT_TRUE(frames);
  ASSERT_EQ(frames->size(), 2u);
  auto foreign = json::parse(sent("watchBalance"));
  foreign["id"] = "2";
  EXPECT_EQ(json::parse(frames->at(1)), foreign);
  EXPECT_EQ(json::parse(frames->at(0))["topic"], "/spotMarket/tradeOrdersV2");
  EXPECT_EQ(hear(*wire, R"({"id":"x","type":"welcome"})").stages, 0);
  EXPECT_EQ(hear(*wire, R"({"id":"1","type":"ack"})").stages, 0);
  EXPECT_EQ(hear(*wire, R"({"id":"1","type":"ack"})").stages, 0);
  EXPECT_EQ(hear(*wire, R"({"id":"2","type":"ack"})").stages, 1);
}

std::string order_message(const std::string& type, const std::string& filled, const std::string& rest) {
  return R"({"topic":"/spotMarket/tradeOrdersV2","type":"message","channelType":"private","subject":"orderChange","userId":"u1","data":{"canceledSize":"0",
    "clientOid":"00112233445566778899aabbccddeeff","filledSize":")" + filled + R"(","orderId":"66fe2a4a1d5a0b0007e8b8f1","orderTime":1732104000000,
    "orderType":"limit","originSize":"0.001","price":"90000","remainSize":"0.001","side":"buy","size":"0.001","status":"open","symbol":"BTC-USDT",
    "ts":1732104000123456789,"type":")" + type + "\"" + rest + "}}";
}

TEST(KucoinPrivateWire, FollowsAnOrdersLife) {
  auto wire = make_private_wire();
  auto heard = hear(*wire, order_message("open", "0", ""));
  ASSERT_EQ(heard.orders.size(), 1u);
  EXPECT_EQ(heard.orders[0].order.status, order_status::open);
  EXPECT_EQ(heard.orders[0].order.client_order_id, client_id);
  EXPECT_EQ(heard.orders[0].order.updated_at.ms(), 1'732'104'000'123);
  heard = hear(*wire, order_message("match", "0.0004", R"(,"feeType":"takerFee","liquidity":"taker","matchPrice":"90000","matchSize":"0.0004","tradeId":"11")"));
  EXPECT_EQ(heard.orders.at(0).order.status, order_status::partially_filled);
  EXPECT_EQ(heard.orders[0].order.filled_quantity, "0.0004"_dec);
  // The fee is not told: the execution is read over REST.
  EXPECT_FALSE(heard.orders[0].fill);
  EXPECT_EQ(hear(*wire, order_message("filled", "0.001", "")).orders.at(0).order.status, order_status::filled);
  EXPECT_EQ(hear(*wire, order_message("canceled", "0.0004", "")).orders.at(0).order.status, order_status::cancelled);
}

TEST(KucoinPrivateWire, HearsTheBalancesThatOrdersSpend) {
  auto wire = make_private_wire();
  auto message = [](const std::string& event) {
    return R"({"topic":"/account/balance","type":"message","channelType":"private","subject":"account.balance","id":"1","userId":"u1","data":{
      "accountId":"1","available":"9900","availableChange":"-100","currency":"USDT","hold":"100","holdChange":"100","relationContext":{},
      "relationEvent":")" + event + R"(","relationEventId":"1","time":"1732104000000","total":"10000"}})";
  };
  const auto heard = hear(*wire, message("trade.hold"));
  ASSERT_EQ(heard.balances.size(), 1u);
  EXPECT_EQ(heard.balances[0].free, decimal(9'900));
  EXPECT_EQ(heard.balances[0].locked, decimal(100));
  EXPECT_TRUE(hear(*wire, message("main.deposit")).balances.empty());
}

TEST(KucoinPrivateWire, RefusalsSayWhetherToComeBack) {
  auto wire = make_private_wire();
  auto code_of = [&](const std::string& frame) { return hear(*wire, frame).refusals.at(0).code; };
  EXPECT_EQ(code_of(R"({"id":"1","type":"error","code":401,"data":"token is invalid"})"), make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(code_of(R"({"id":"1","type":"error","code":401,"data":"token is expired"})"), make_error_code(exchange_errc::maintenance));
  EXPECT_EQ(code_of(R"({"id":"1","type":"error","code":509,"data":"exceed limits"})"), make_error_code(exchange_errc::rate_limited));
}

TEST(KucoinWires, SurviveDamage) {
  std::vector<std::string> frames{order_message("match", "0.0004", R"(,"tradeId":"11")"), "", "{}", "[]", "null",
                                  R"({"id":"9","type":"error","code":404,"data":"x"})",
                                  R"({"topic":"/spotMarket/level2Depth50:BTC-USDT","type":"message","data":{"asks":[["1","2"]],"bids":[["1","1"]]}})"};
  for (const auto& [name, recorded] : load_data("requests/kucoin.json").items())
    for (const auto& frame : recorded["received"]) frames.push_back(frame);
  auto market = make_market_wire();
  auto account = make_private_wire();
  mutate(frames, 150, [&](const std::string& frame) {
    heard_events heard;
    (void)market->read(frame, {}, heard);
    (void)account->read(frame, {}, heard);
    for (const auto& t : heard.tickers) EXPECT_FALSE(t.bid_quantity.is_negative());
  });
}

}  // namespace
}  // namespace drover::exchanges::kucoin
