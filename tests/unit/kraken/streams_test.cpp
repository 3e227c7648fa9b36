#include <gtest/gtest.h>

#include "exchanges/kraken/streams.hpp"
#include "tests/unit/kraken/kraken_fixture.hpp"

namespace drover::exchanges::kraken {
namespace {

using namespace drover::literals;
using json = nlohmann::json;

template <class Wire>
heard_events hear(Wire& wire, const std::string& frame) {
  heard_events out;
  EXPECT_TRUE(wire.read(frame, table(), out)) << frame;
  return out;
}

json sent(const std::string& name) { return json::parse(load_data("requests/kraken.json")[name]["sent"].at(0).get<std::string>()); }

TEST(KrakenMarketWire, SubscribesAsAForeignClientDoes) {
  auto wire = make_market_wire();
  auto subscribe = [&](market_channel channel) {
    const market_topic topics[]{{channel, "BTC/USDT", candle_interval::m1}};
    return json::parse(wire->make_subscription(true, topics, 1));
  };
  EXPECT_EQ(subscribe(market_channel::ticker), sent("watchBidsAsks"));
  EXPECT_EQ(subscribe(market_channel::candles), sent("watchOHLCV"));
  // It wants the last trades and a book of 10 levels; a view has 20, and trades must not come again after a reconnect.
  auto trades = sent("watchTrades");
  trades["params"]["snapshot"] = false;
  EXPECT_EQ(subscribe(market_channel::trades), trades);
  auto book = sent("watchOrderBook");
  book["params"]["depth"] = 25;
  EXPECT_EQ(subscribe(market_channel::book), book);
}

TEST(KrakenMarketWire, HearsTheAnswerOfEachSymbol) {
  auto wire = make_market_wire();
  const market_topic topics[]{{market_channel::candles, "BTC/USDT", candle_interval::m5}, {market_channel::candles, "XXX/USDT", candle_interval::m5}};
  EXPECT_EQ(json::parse(wire->make_subscription(true, topics, 4))["params"]["symbol"].size(), 2u);
  auto heard = hear(*wire, R"({"method":"subscribe","req_id":4,"result":{"channel":"ohlc","interval":5,"symbol":"BTC/USDT"},"success":true,"time_in":"x"})");
  ASSERT_EQ(heard.topics.size(), 1u);
  EXPECT_EQ(heard.topics[0].first, topics[0]);
  EXPECT_FALSE(heard.topics[0].second);
  heard = hear(*wire, R"({"error":"Currency pair not supported XXX/USDT","method":"subscribe","req_id":4,"success":false,"symbol":"XXX/USDT"})");
  ASSERT_EQ(heard.topics.size(), 1u);
  EXPECT_EQ(heard.topics[0].first, topics[1]);
  EXPECT_EQ(heard.topics[0].second->code, make_error_code(exchange_errc::instrument_unknown));
  heard = hear(*wire, R"({"error":"Exceeded msg rate","method":"subscribe","req_id":4,"success":false})");
  ASSERT_EQ(heard.answers.size(), 1u);
  EXPECT_EQ(heard.answers[0].second->code, make_error_code(exchange_errc::rate_limited));
}

TEST(KrakenMarketWire, ReadsWhatAForeignClientReceived) {
  auto wire = make_market_wire();
  heard_events all;
  for (const auto* name : {"watchBidsAsks", "watchTrades", "watchOHLCV", "watchOrderBook"})
    for (const auto& frame : load_data("requests/kraken.json")[name]["received"])
      EXPECT_TRUE(wire->read(frame.get<std::string>(), table(), all)) << frame;
  ASSERT_EQ(all.tickers.size(), 1u);
  EXPECT_EQ(all.tickers[0].ask_price, "92100.1"_dec);
  ASSERT_EQ(all.trades.size(), 1u);
  EXPECT_TRUE(all.trades[0].buyer_is_maker);
  EXPECT_EQ(all.trades[0].at, wall_time::from_ms(1'732'104'000'000));
  ASSERT_EQ(all.candles.size(), 1u);
  EXPECT_EQ(all.candles[0].first.opens_at, wall_time::from_ms(1'732'103'940'000));
  ASSERT_EQ(all.books.size(), 1u);
  EXPECT_TRUE(all.books[0].whole);
  EXPECT_EQ(all.books[0].checksum, 1u);
}

TEST(KrakenMarketWire, ReadsNumbersToTheLastDigit) {
  auto wire = make_market_wire();
  const auto heard = hear(*wire, R"({"channel":"book","type":"update","data":[{"symbol":"BTC/USDT","bids":[{"price":92100.1,"qty":0.12345678}],
    "asks":[{"price":123456789012345.12345678,"qty":0}],"checksum":4294967295,"timestamp":"2024-11-20T12:00:00.000Z"}]})");
  ASSERT_EQ(heard.books.size(), 1u);
  EXPECT_FALSE(heard.books[0].whole);
  EXPECT_EQ(heard.books[0].asks.at(0).price, "123456789012345.12345678"_dec);
  EXPECT_EQ(heard.books[0].bids.at(0).quantity, "0.12345678"_dec);
  EXPECT_EQ(heard.books[0].checksum, 4'294'967'295u);
}

TEST(KrakenMarketWire, TheNextCandleClosesTheOneBefore) {
  auto wire = make_market_wire();
  auto frame = [](const std::string& begin) {
    return R"({"channel":"ohlc","type":"update","timestamp":"x","data":[{"symbol":"BTC/USDT","open":1,"high":3,"low":0.5,"close":2,"trades":3,"volume":12.5,
      "vwap":2,"interval_begin":")" + begin + R"(","interval":1,"timestamp":"2024-11-20T12:00:00.000Z"}]})";
  };
  EXPECT_EQ(hear(*wire, frame("2024-11-20T11:59:00.000000000Z")).candles.size(), 1u);
  const auto heard = hear(*wire, frame("2024-11-20T12:00:00.000000000Z"));
  ASSERT_EQ(heard.candles.size(), 2u);
  EXPECT_TRUE(heard.candles[0].second);
}

// The book and the checksum of the venue's guide "Book checksum (v2)".
TEST(KrakenBookChecksum, AgreesWithTheVenuesExample) {
  const auto pair = make_pair("BTC", "USD", "XBTUSD", "0.1");
  std::vector<book_level> asks, bids;
  for (const auto& [price, quantity] : std::vector<std::pair<const char*, const char*>>{
           {"45285.2", "0.00100000"}, {"45286.4", "1.54571953"}, {"45286.6", "1.54571109"}, {"45289.6", "1.54560911"}, {"45290.2", "0.15890660"},
           {"45291.8", "1.54553491"}, {"45294.7", "0.04454749"}, {"45296.1", "0.35380000"}, {"45297.5", "0.09945542"}, {"45299.5", "0.18772827"}})
    asks.push_back({decimal::literal(price), decimal::literal(quantity)});
  for (const auto& [price, quantity] : std::vector<std::pair<const char*, const char*>>{
           {"45283.5", "0.10000000"}, {"45283.4", "1.54582015"}, {"45282.1", "0.10000000"}, {"45281.0", "0.10000000"}, {"45280.3", "1.54592586"},
           {"45279.0", "0.07990000"}, {"45277.6", "0.03310103"}, {"45277.5", "0.30000000"}, {"45277.3", "1.54602737"}, {"45276.6", "0.15445238"}})
    bids.push_back({decimal::literal(price), decimal::literal(quantity)});
  EXPECT_EQ(make_book_checksum(bids, asks, pair), 3'310'070'434u);
  EXPECT_TRUE(make_market_wire()->verify(bids, asks, pair, 3'310'070'434u));
  bids[0].quantity = "0.10000001"_dec;
  EXPECT_FALSE(make_market_wire()->verify(bids, asks, pair, 3'310'070'434u));
  bids[0].price = "45283.55"_dec;
  EXPECT_FALSE(make_book_checksum(bids, asks, pair));
}

stream_access token() {
  stream_access a;
  a.token = secret("WSTOKEN123");
  return a;
}

TEST(KrakenPrivateWire, OpensAfterBothAnswers) {
  auto wire = make_private_wire();
  wire->open();
  EXPECT_FALSE(wire->make_frames(0, {}, nullptr, {}));
  const auto access = token();
  auto frames = wire->make_frames(0, {}, &access, {});
  ASSERT_TRUE(frames);
  EXPECT_EQ(json::parse(frames->at(0)), sent("watchOrders"));
  auto balances = sent("watchBalance");
  balances["req_id"] = 2;
  balances["params"]["snapshot"] = true;
  EXPECT_EQ(json::parse(frames->at(1)), balances);
  EXPECT_EQ(hear(*wire, R"({"channel":"status","type":"update","data":[{"system":"online"}]})").stages, 0);
  EXPECT_EQ(hear(*wire, R"({"method":"subscribe","req_id":1,"result":{"channel":"executions"},"success":true})").stages, 0);
  EXPECT_EQ(hear(*wire, R"({"method":"subscribe","req_id":2,"result":{"channel":"balances"},"success":true})").stages, 1);
  EXPECT_EQ(hear(*wire, R"({"method":"pong","req_id":9})").pongs, 1);
}

std::string executions(int sequence, const std::string& data) {
  return R"({"channel":"executions","type":"update","sequence":)" + std::to_string(sequence) + ",\"data\":[" + data + "]}";
}

constexpr const char* placed = R"({"order_id":"OQCLML-BW3P3-BUCMWZ","symbol":"BTC/USDT","order_qty":0.001,"cum_cost":0,"time_in_force":"GTC","exec_type":"new",
"side":"buy","order_type":"limit","post_only":true,"limit_price":90000,"order_status":"new","cl_ord_id":"00112233445566778899aabbccddeeff",
"timestamp":"2024-11-20T12:00:00.000Z","cum_qty":0,"avg_price":0})";
constexpr const char* traded = R"({"order_id":"OQCLML-BW3P3-BUCMWZ","exec_id":"THVRQM-33VKH-UCI7BS","exec_type":"trade","trade_id":93748276,"symbol":"BTC/USDT",
"side":"buy","last_qty":0.0004,"last_price":90000,"liquidity_ind":"m","cost":36,"order_status":"partially_filled","order_type":"limit","cum_qty":0.0004,
"cum_cost":36,"avg_price":90000,"fees":[{"asset":"USDT","qty":0.09}],"timestamp":"2024-11-20T12:00:01.000Z"})";
constexpr const char* cancelled = R"({"timestamp":"2024-11-20T12:00:02.000Z","order_status":"canceled","exec_type":"canceled","order_userref":0,
"order_id":"OQCLML-BW3P3-BUCMWZ","cum_qty":0.0004,"cum_cost":36,"reason":"User requested"})";

TEST(KrakenPrivateWire, FollowsAnOrdersLife) {
  auto wire = make_private_wire();
  auto heard = hear(*wire, executions(1, placed));
  ASSERT_EQ(heard.orders.size(), 1u);
  EXPECT_EQ(heard.orders[0].order.status, order_status::open);
  EXPECT_EQ(heard.orders[0].order.type, order_type::limit_maker);
  heard = hear(*wire, executions(2, traded));
  ASSERT_EQ(heard.orders.size(), 1u);
  ASSERT_TRUE(heard.orders[0].fill);
  EXPECT_EQ(heard.orders[0].fill->trade_id, "THVRQM-33VKH-UCI7BS");
  EXPECT_EQ(heard.orders[0].fill->fee, "0.09"_dec);
  EXPECT_EQ(heard.orders[0].fill->fee_asset, "USDT");
  EXPECT_TRUE(heard.orders[0].fill->maker);
  EXPECT_EQ(heard.orders[0].fill->client_order_id, client_id);
  EXPECT_EQ(heard.orders[0].order.quantity, "0.001"_dec);
  // The end names the id and what changed.
  heard = hear(*wire, executions(3, cancelled));
  ASSERT_EQ(heard.orders.size(), 1u);
  EXPECT_EQ(heard.orders[0].order.status, order_status::cancelled);
  EXPECT_EQ(heard.orders[0].order.symbol, "BTC/USDT");
  EXPECT_EQ(heard.orders[0].order.client_order_id, client_id);
  EXPECT_EQ(heard.orders[0].order.filled_notional, decimal(36));
}

TEST(KrakenPrivateWire, LeavesOutWhatItCannotName) {
  auto wire = make_private_wire();
  EXPECT_TRUE(hear(*wire, executions(1, cancelled)).orders.empty());
}

TEST(KrakenPrivateWire, AGapBreaksTheConnection) {
  auto wire = make_private_wire();
  hear(*wire, executions(1, placed));
  const auto heard = hear(*wire, executions(3, traded));
  EXPECT_EQ(heard.broken.size(), 1u);
  EXPECT_TRUE(heard.orders.empty());
  wire->open();
  EXPECT_TRUE(hear(*wire, executions(7, placed)).broken.empty());
}

TEST(KrakenPrivateWire, ReckonsWhatOpenOrdersHold) {
  auto wire = make_private_wire();
  hear(*wire, R"({"channel":"balances","type":"snapshot","sequence":1,"data":[{"asset":"USDT","asset_class":"currency","balance":10000,
    "wallets":[{"type":"spot","id":"main","balance":10000}]}]})");
  auto heard = hear(*wire, executions(1, placed));
  ASSERT_EQ(heard.balances.size(), 1u);
  EXPECT_EQ(heard.balances[0].locked, decimal(90));
  EXPECT_EQ(heard.balances[0].free, decimal(9'910));
  heard = hear(*wire, R"({"channel":"balances","type":"update","sequence":2,"data":[{"asset":"USDT","balance":9963.91,"amount":-36.09,"wallet_type":"spot"}]})");
  EXPECT_EQ(heard.balances.at(0).free, "9873.91"_dec);
  heard = hear(*wire, executions(2, cancelled));
  EXPECT_EQ(heard.balances.at(0).free, "9963.91"_dec);
  EXPECT_TRUE(hear(*wire, R"({"channel":"balances","type":"update","sequence":3,"data":[{"asset":"USDT","balance":5,"wallet_type":"earn"}]})").balances.empty());
}

TEST(KrakenPrivateWire, RefusalsSayWhetherToComeBack) {
  auto wire = make_private_wire();
  auto code_of = [&](const std::string& text) {
    return hear(*wire, R"({"error":")" + text + R"(","method":"subscribe","req_id":1,"success":false})").refusals.at(0).code;
  };
  EXPECT_EQ(code_of("ESession:Invalid session"), make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(code_of("EGeneral:Permission denied"), make_error_code(exchange_errc::permission_missing));
  EXPECT_EQ(code_of("EService:Unavailable"), make_error_code(exchange_errc::maintenance));
}

TEST(KrakenWires, SurviveDamage) {
  std::vector<std::string> frames{executions(1, placed), executions(2, traded), executions(3, cancelled), "", "{}", "[]", "null",
                                  R"({"error":"x","method":"subscribe","req_id":4,"success":false,"symbol":"X"})",
                                  R"({"channel":"balances","type":"update","sequence":2,"data":[{"asset":"USDT","balance":9963.91}]})"};
  for (const auto& [name, recorded] : load_data("requests/kraken.json").items())
    for (const auto& frame : recorded["received"]) frames.push_back(frame);
  auto market = make_market_wire();
  auto account = make_private_wire();
  mutate(frames, 150, [&](const std::string& frame) {
    heard_events heard;
    (void)market->read(frame, table(), heard);
    (void)account->read(frame, table(), heard);
    for (const auto& t : heard.tickers) EXPECT_FALSE(t.bid_quantity.is_negative());
  });
}

}  // namespace
}  // namespace drover::exchanges::kraken
