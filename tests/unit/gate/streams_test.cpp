#include <gtest/gtest.h>

#include "tests/unit/gate/gate_fixture.hpp"

namespace drover::exchanges::gate {
namespace {

using json = nlohmann::ordered_json;

struct market {
  std::unique_ptr<market_wire> wire = protocol().make_market_wire();
  heard_events heard;
  result<void> read(std::string_view frame) { return wire->read(frame, {}, heard); }
};

TEST(GateMarketWire, SubscribesAsAForeignClient) {
  market m;
  const auto sent = [&](market_channel channel) {
    const market_topic topic{channel, "BTC/USDT", candle_interval::m1};
    return json::parse(m.wire->make_subscription(true, {&topic, 1}, 1));
  };
  const auto captured = [](const std::string& name) {
    auto frame = json::parse(load_data("requests/gate.json")[name]["sent"][0].get<std::string>());
    // Only private channels are signed by their time.
    frame.erase("time");
    return frame;
  };
  EXPECT_EQ(sent(market_channel::ticker), captured("watchBidsAsks"));
  EXPECT_EQ(sent(market_channel::trades), captured("watchTrades"));
  EXPECT_EQ(sent(market_channel::book), captured("watchOrderBook"));
  EXPECT_EQ(sent(market_channel::candles), captured("watchOHLCV"));
  const market_topic topic{market_channel::trades, "BTC/USDT"};
  EXPECT_EQ(json::parse(m.wire->make_subscription(false, {&topic, 1}, 2))["event"], "unsubscribe");
  EXPECT_EQ(m.wire->habits().topics_per_message, 1u);
  EXPECT_EQ(m.wire->make_url("wss://api.gateio.ws/ws/v4", 0, nullptr), "wss://api.gateio.ws/ws/v4/");
}

TEST(GateMarketWire, TellsWhatAForeignClientWasTold) {
  market m;
  const auto data = load_data("requests/gate.json");
  for (const auto* name : {"watchBidsAsks", "watchTrades", "watchOrderBook", "watchOHLCV"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(m.read(frame.get<std::string>())) << frame;
  EXPECT_EQ(m.heard.answers.size(), 4u);
  EXPECT_FALSE(m.heard.answers[0].second);
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].symbol, "BTC/USDT");
  ASSERT_EQ(m.heard.trades.size(), 1u);
  EXPECT_TRUE(m.heard.trades[0].buyer_is_maker);
  ASSERT_EQ(m.heard.books.size(), 1u);
  EXPECT_TRUE(m.heard.books[0].whole);
  EXPECT_EQ(m.heard.books[0].last_id, 100);
  ASSERT_EQ(m.heard.candles.size(), 1u);
  EXPECT_EQ(m.heard.candles[0].first.volume, "12.5"_dec);
  EXPECT_FALSE(m.heard.candles[0].second);
  EXPECT_EQ(m.heard.candles[0].first.interval, candle_interval::m1);
}

TEST(GateMarketWire, ChangesOfABookNameTheirNumbers) {
  market m;
  ASSERT_TRUE(m.read(R"({"channel":"spot.obu","result":{"t":1,"s":"ob.BTC_USDT.50","U":101,"u":103,"b":[["92100","0"]],"a":[["92101","4"]]},"time_ms":1,"event":"update"})"));
  ASSERT_EQ(m.heard.books.size(), 1u);
  EXPECT_FALSE(m.heard.books[0].whole);
  EXPECT_EQ(m.heard.books[0].first_id, 101);
  EXPECT_EQ(m.heard.books[0].last_id, 103);
  EXPECT_EQ(m.heard.books[0].symbol, "BTC/USDT");
  EXPECT_TRUE(m.heard.books[0].bids.at(0).quantity.is_zero());
  EXPECT_EQ(m.wire->books().continuity, book_continuity::first_follows_last);
  EXPECT_FALSE(m.wire->books().snapshot_by_rest);
  EXPECT_EQ(m.wire->books().depth, 50u);
}

TEST(GateMarketWire, RefusedTopicsAreNamedByTheirRequest) {
  market m;
  ASSERT_TRUE(m.read(R"({"time":1,"id":7,"channel":"spot.trades","event":"subscribe","error":{"code":2,"message":"unknown currency pair: X_USDT"},"result":{"status":"fail"}})"));
  ASSERT_EQ(m.heard.answers.size(), 1u);
  EXPECT_EQ(m.heard.answers[0].first, 7);
  EXPECT_EQ(m.heard.answers[0].second->code, make_error_code(exchange_errc::instrument_unknown));
  ASSERT_TRUE(m.read(R"({"time":1,"channel":"","event":"","error":{"code":1,"message":"invalid JSON"},"result":null})"));
  EXPECT_EQ(m.heard.broken.size(), 1u);
  ASSERT_TRUE(m.read(R"({"time":1,"channel":"spot.pong","event":"","error":null,"result":null})"));
  EXPECT_EQ(m.heard.pongs, 1);
  EXPECT_EQ(m.wire->make_ping(1), R"({"channel":"spot.ping"})");
}

TEST(GateMarketWire, RefusesWhatIsNotAsDocumented) {
  market m;
  for (const auto* frame : {"", "x", "[]", R"({"channel":"spot.trades","event":"update"})",
                            R"({"channel":"spot.book_ticker","event":"update","result":{"s":"BTC_USDT","u":1,"b":"-1","B":"1","a":"1","A":"1"}})",
                            R"({"channel":"spot.obu","event":"update","result":{"s":"BTC_USDT","u":1,"U":1}})",
                            R"({"channel":"spot.candlesticks","event":"update","result":{"n":"7w_BTC_USDT"}})"}) {
    auto done = m.read(frame);
    ASSERT_FALSE(done) << frame;
    EXPECT_EQ(done.error().code, make_error_code(exchange_errc::protocol));
  }
  EXPECT_TRUE(m.heard.tickers.empty());
}

struct account {
  std::unique_ptr<private_wire> wire = protocol().make_private_wire();
  heard_events heard;
  account() { wire->open(); }
  result<void> read(std::string_view frame) { return wire->read(frame, {}, heard); }
};

TEST(GatePrivateWire, SubscribesEachChannelSigned) {
  account a;
  credentials keys{secret("devgatekey"), secret("devgatesecret"), {}};
  signing_context c;
  c.server_now = wall_time{seconds(1'700'000'000)};
  auto frames = a.wire->make_frames(0, keys, nullptr, c);
  ASSERT_TRUE(frames);
  ASSERT_EQ(frames->size(), 3u);
  auto first = json::parse(frames->at(0));
  for (const auto& v : load_data("signing/gate.json")) {
    if (v["id"] != "gate-08") continue;
    auto expected = v["expected"]["frame"];
    // All pairs instead of one.
    expected["payload"] = json::array({"!all"});
    EXPECT_EQ(first, expected);
  }
  EXPECT_EQ(json::parse(frames->at(1))["channel"], "spot.usertrades");
  EXPECT_EQ(json::parse(frames->at(2))["channel"], "spot.balances");
  EXPECT_EQ(a.wire->make_url("ws://x/ws/v4", nullptr), "ws://x/ws/v4/");
}

TEST(GatePrivateWire, OpensWhenAllChannelsDid) {
  account a;
  const auto answer = [](const std::string& channel) {
    return R"({"time":1,"id":1,"channel":")" + channel + R"(","event":"subscribe","result":{"status":"success"}})";
  };
  ASSERT_TRUE(a.read(answer("spot.orders")));
  ASSERT_TRUE(a.read(answer("spot.orders")));
  ASSERT_TRUE(a.read(answer("spot.usertrades")));
  EXPECT_EQ(a.heard.stages, 0);
  ASSERT_TRUE(a.read(answer("spot.balances")));
  EXPECT_EQ(a.heard.stages, 1);
  a.wire->open();
  ASSERT_TRUE(a.read(answer("spot.balances")));
  EXPECT_EQ(a.heard.stages, 1);
}

TEST(GatePrivateWire, TellsOrdersFillsAndBalances) {
  account a;
  const auto data = load_data("requests/gate.json");
  for (const auto* name : {"watchOrders", "watchMyTrades", "watchBalance"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(a.read(frame.get<std::string>())) << frame;
  ASSERT_EQ(a.heard.orders.size(), 1u);
  EXPECT_EQ(a.heard.orders[0].order.status, order_status::open);
  EXPECT_EQ(a.heard.orders[0].order.client_order_id, "t-my-cid-1");
  EXPECT_EQ(a.heard.orders[0].order.venue_order_id, "1852454420");
  ASSERT_EQ(a.heard.fills.size(), 1u);
  EXPECT_EQ(a.heard.fills[0].trade_id, "5736713");
  EXPECT_EQ(a.heard.fills[0].fee_asset, "BTC");
  ASSERT_EQ(a.heard.balances.size(), 1u);
  EXPECT_EQ(a.heard.balances[0].free, decimal(9'900));
  EXPECT_EQ(a.heard.balances[0].locked, decimal(100));
}

TEST(GatePrivateWire, TellsTheEndOfAnOrder) {
  account a;
  ASSERT_TRUE(a.read(R"({"time":1,"channel":"spot.orders","event":"update","result":[{"id":"30784435","user":1,"text":"t-ABEiM0RVZneImaq7zN3u_w",
    "create_time":"1605175506","create_time_ms":"1605175506123","update_time":"1605175507","update_time_ms":"1605175507456.5","event":"finish",
    "currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"sell","amount":"1","price":"10","time_in_force":"gtc","left":"0.25",
    "filled_total":"7.5","fee":"0","fee_currency":"USDT","finish_as":"cancelled"}]})"));
  const auto& o = a.heard.orders.at(0).order;
  EXPECT_EQ(o.status, order_status::cancelled);
  EXPECT_EQ(o.filled_quantity, "0.75"_dec);
  EXPECT_EQ(o.filled_notional, "7.5"_dec);
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.side, side::sell);
}

TEST(GatePrivateWire, SaysWhyALoginWasRefused) {
  account a;
  ASSERT_TRUE(a.read(R"({"time":1,"channel":"spot.orders","event":"subscribe","error":{"code":4,"message":"{\"label\":\"INVALID_KEY\",\"message\":\"Invalid key provided\"}\n"},"result":null})"));
  ASSERT_TRUE(a.read(R"({"time":1,"channel":"spot.orders","event":"subscribe","error":{"code":4,"message":"{\"label\":\"REQUEST_EXPIRED\",\"message\":\"gap\"}"},"result":null})"));
  ASSERT_TRUE(a.read(R"({"time":1,"channel":"spot.orders","event":"subscribe","error":{"code":3,"message":"busy"},"result":null})"));
  ASSERT_EQ(a.heard.refusals.size(), 3u);
  EXPECT_EQ(a.heard.refusals[0].code, make_error_code(exchange_errc::bad_credentials));
  EXPECT_EQ(a.heard.refusals[1].code, make_error_code(exchange_errc::clock_skew));
  EXPECT_EQ(a.heard.refusals[2].code, make_error_code(exchange_errc::maintenance));
  EXPECT_EQ(a.heard.stages, 0);
}

TEST(GateWires, SurviveDamage) {
  std::vector<std::string> frames;
  const auto data = load_data("requests/gate.json");
  for (const auto& [name, capture] : data.items())
    for (const auto& frame : capture["received"]) frames.push_back(frame.get<std::string>());
  ASSERT_GT(frames.size(), 10u);
  market m;
  account a;
  std::size_t fed = 0;
  mutate(frames, 200, [&](const std::string& frame) {
    (void)m.read(frame);
    (void)a.read(frame);
    ++fed;
  });
  EXPECT_GT(fed, 2'000u);
}

}  // namespace
}  // namespace drover::exchanges::gate
