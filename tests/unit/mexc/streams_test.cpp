#include <gtest/gtest.h>

#include "tests/unit/mexc/mexc_fixture.hpp"

namespace drover::exchanges::mexc {
namespace {

struct market {
  std::unique_ptr<market_wire> wire = protocol().make_market_wire();
  heard_events heard;
  result<void> read(std::string_view frame) { return wire->read(frame, instruments(), heard); }
};

struct account {
  std::unique_ptr<private_wire> wire = protocol().make_private_wire();
  heard_events heard;
  account() { wire->open(); }
  result<void> read(std::string_view frame) { return wire->read(frame, instruments(), heard); }
};

TEST(MexcMarketWire, SubscribesAsAForeignClient) {
  market m;
  const auto data = load_data("requests/mexc.json");
  const std::vector<std::pair<market_channel, std::string>> pairs{{market_channel::ticker, "watchBidsAsks"}, {market_channel::trades, "watchTrades"},
                                                                  {market_channel::book, "watchOrderBook"}, {market_channel::candles, "watchOHLCV"}};
  for (const auto& [channel, name] : pairs) {
    const market_topic topic{channel, "BTC/USDT", candle_interval::m1};
    EXPECT_EQ(m.wire->make_subscription(true, {&topic, 1}, 1), data[name]["sent"][0].get<std::string>()) << name;
  }
  const std::vector<market_topic> two{{market_channel::book, "BTC/USDT"}, {market_channel::book, "ETH/USDT"}};
  EXPECT_EQ(m.wire->make_subscription(false, two, 1),
            R"({"method":"UNSUBSCRIPTION","params":["spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT","spot@public.aggre.depth.v3.api.pb@100ms@ETHUSDT"]})");
  EXPECT_EQ(m.wire->habits().topics_per_connection, 30u);
}

TEST(MexcMarketWire, TellsWhatAForeignClientWasTold) {
  market m;
  const auto data = load_data("requests/mexc.json");
  for (const auto* name : {"watchTicker", "watchTrades", "watchOrderBook", "watchOHLCV"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(m.read(frame_of(frame.get<std::string>()))) << name << frame;
  ASSERT_EQ(m.heard.topics.size(), 4u);
  EXPECT_EQ(m.heard.topics[3].first, (market_topic{market_channel::candles, "BTC/USDT", candle_interval::m1}));
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].ask_price, "92100.01"_dec);
  EXPECT_EQ(m.heard.tickers[0].bid_quantity, decimal(1));
  ASSERT_EQ(m.heard.trades.size(), 1u);
  EXPECT_EQ(m.heard.trades[0].quantity, "0.1"_dec);
  EXPECT_FALSE(m.heard.trades[0].buyer_is_maker);
  EXPECT_EQ(m.heard.trades[0].at.ms(), 1'732'104'000'000);
  ASSERT_EQ(m.heard.books.size(), 3u);
  EXPECT_EQ(m.heard.books[0].first_id, 81);
  EXPECT_EQ(m.heard.books[1].last_id, 82);
  EXPECT_EQ(m.heard.books[0].bids.at(0).price, decimal(92'099));
  EXPECT_TRUE(m.heard.books[0].asks.empty());
  ASSERT_EQ(m.heard.candles.size(), 1u);
  const auto& k = m.heard.candles[0].first;
  EXPECT_EQ(k.open, decimal(92'000));
  EXPECT_EQ(k.close, decimal(92'100));
  EXPECT_EQ(k.high, decimal(92'200));
  EXPECT_EQ(k.low, decimal(91'900));
  EXPECT_EQ(k.opens_at.ms(), 1'732'103'940'000);
  EXPECT_EQ(m.wire->books().continuity, book_continuity::first_follows_last);
  EXPECT_TRUE(m.wire->books().snapshot_by_rest);
}

TEST(MexcMarketWire, ReadsTheFieldsByTheirNumbers) {
  market m;
  push_bytes ask, bid;
  ask.text(1, "11").text(2, "0");
  bid.text(1, "9").text(2, "4");
  push_bytes depth;
  depth.message(1, ask).message(2, bid).text(4, "7").text(5, "9");
  ASSERT_TRUE(m.read(std::string(push_of("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT").message(313, depth))));
  EXPECT_EQ(m.heard.books.at(0).asks.at(0).price, decimal(11));
  EXPECT_EQ(m.heard.books[0].bids.at(0).quantity, decimal(4));
  EXPECT_EQ(m.heard.books[0].first_id, 7);
  push_bytes sold;
  sold.text(1, "5").text(2, "6").number(3, 2).number(4, 1'732'104'000'001);
  ASSERT_TRUE(m.read(std::string(push_of("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT").message(314, push_bytes().message(1, sold)))));
  EXPECT_TRUE(m.heard.trades.at(0).buyer_is_maker);
}

TEST(MexcMarketWire, HearsRefusalsAndPongs) {
  market m;
  ASSERT_TRUE(m.read(R"({"id":0,"code":0,"msg":"Not Subscribed successfully! [spot@public.aggre.depth.v3.api.pb@100ms@NOUSDT].  Reason: Blocked! "})"));
  ASSERT_EQ(m.heard.topics.size(), 1u);
  EXPECT_EQ(m.heard.topics[0].first.symbol, "NO/USDT");
  ASSERT_TRUE(m.heard.topics[0].second);
  EXPECT_EQ(m.heard.topics[0].second->code, make_error_code(exchange_errc::refused));
  ASSERT_TRUE(m.read(R"({"id":0,"code":0,"msg":"PONG"})"));
  EXPECT_EQ(m.heard.pongs, 1);
  ASSERT_TRUE(m.read(R"({"id":0,"code":30001,"msg":"too many"})"));
  EXPECT_EQ(m.heard.refusals.size(), 1u);
  EXPECT_EQ(m.wire->make_ping(1), R"({"method":"PING"})");
}

TEST(MexcMarketWire, RefusesWhatIsNotAsDocumented) {
  market m;
  const auto ticker = [](std::string_view price) {
    push_bytes t;
    t.text(1, price).text(2, "1").text(3, "2").text(4, "1");
    return std::string(push_of("spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT").message(315, t));
  };
  ASSERT_TRUE(m.read(ticker("1")));
  for (const auto& frame : {std::string(), std::string("x"), std::string("{"), std::string(R"({"msg":7})"), ticker("-1"), ticker("NaN"), ticker("1e99"),
                            ticker("\xff\xfe"), std::string(10'000, '\x0b')}) {
    auto done = m.read(frame);
    ASSERT_FALSE(done) << to_hex(frame.substr(0, 40));
    EXPECT_EQ(done.error().code, make_error_code(exchange_errc::protocol));
  }
  EXPECT_EQ(m.heard.tickers.size(), 1u);
}

TEST(MexcPrivateWire, OpensWithAListenKey) {
  account a;
  stream_access access;
  access.token = secret("key/1");
  EXPECT_EQ(a.wire->make_url("wss://wbs-api.mexc.com/ws", &access), "wss://wbs-api.mexc.com/ws?listenKey=key%2F1");
  auto frames = a.wire->make_frames(0, {}, &access, {});
  EXPECT_EQ(frames->at(0),
            R"({"method":"SUBSCRIPTION","params":["spot@private.orders.v3.api.pb","spot@private.deals.v3.api.pb","spot@private.account.v3.api.pb"]})");
  EXPECT_EQ(a.wire->stages(), 1);
  ASSERT_TRUE(a.read(R"({"id":0,"code":0,"msg":"spot@private.orders.v3.api.pb,spot@private.deals.v3.api.pb"})"));
  EXPECT_EQ(a.heard.stages, 0);
  ASSERT_TRUE(a.read(R"({"id":0,"code":0,"msg":"spot@private.account.v3.api.pb"})"));
  EXPECT_EQ(a.heard.stages, 1);
  a.wire->open();
  ASSERT_TRUE(a.read(R"({"id":0,"code":0,"msg":"spot@private.account.v3.api.pb"})"));
  EXPECT_EQ(a.heard.stages, 1);
  ASSERT_TRUE(a.read(R"({"id":0,"code":0,"msg":"Not Subscribed successfully! [spot@private.orders.v3.api.pb]. Reason: Blocked!"})"));
  EXPECT_EQ(a.heard.refusals.size(), 1u);
}

TEST(MexcPrivateWire, TellsOrdersFillsAndBalances) {
  account a;
  const auto data = load_data("requests/mexc.json");
  for (const auto* name : {"watchOrders", "watchMyTrades", "watchBalance"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(a.read(frame_of(frame.get<std::string>()))) << name;
  EXPECT_EQ(a.heard.stages, 1);
  ASSERT_EQ(a.heard.orders.size(), 1u);
  const auto& o = a.heard.orders[0].order;
  EXPECT_EQ(o.venue_order_id, "C02__443776347957968896088");
  EXPECT_EQ(o.client_order_id, "my-cid-1");
  EXPECT_EQ(o.symbol, "BTC/USDT");
  EXPECT_EQ(o.status, order_status::open);
  EXPECT_EQ(o.price, decimal(90'000));
  ASSERT_EQ(a.heard.fills.size(), 1u);
  EXPECT_EQ(a.heard.fills[0].fee, "0.04605"_dec);
  EXPECT_EQ(a.heard.fills[0].trade_id, "443776347957968896089");
  EXPECT_FALSE(a.heard.fills[0].maker);
  ASSERT_EQ(a.heard.balances.size(), 1u);
  EXPECT_EQ(a.heard.balances[0].free, decimal(9'900));
  EXPECT_EQ(a.heard.balances[0].locked, decimal(100));
}

TEST(MexcPrivateWire, TellsTheEndOfAnOrder) {
  account a;
  push_bytes o;
  o.text(1, "C02__1").text(2, client_id).text(3, "10").text(4, "1").text(5, "10").text(6, "10").number(7, 2).number(8, 2).number(9, 1)
      .text(10, "2.5").text(11, "0.25").text(13, "0.75").text(14, "7.5").number(15, 5).number(16, 1'732'104'000'000);
  ASSERT_TRUE(a.read(std::string(push_of("spot@private.orders.v3.api.pb").message(304, o))));
  const auto& told = a.heard.orders.at(0).order;
  EXPECT_EQ(told.status, order_status::cancelled);
  EXPECT_EQ(told.type, order_type::limit_maker);
  EXPECT_EQ(told.side, side::sell);
  EXPECT_EQ(told.filled_quantity, "0.75"_dec);
  EXPECT_EQ(told.filled_notional, "7.5"_dec);
  EXPECT_EQ(told.updated_at.ms(), 1'732'104'000'500);
  push_bytes odd;
  odd.text(1, "C02__1").number(8, 1).number(15, 9);
  EXPECT_FALSE(a.read(std::string(push_of("spot@private.orders.v3.api.pb").message(304, odd))));
}

TEST(MexcWires, SurviveDamage) {
  std::vector<std::string> frames;
  const auto data = load_data("requests/mexc.json");
  for (const auto& [name, capture] : data.items())
    for (const auto& frame : capture["received"]) frames.push_back(frame_of(frame.get<std::string>()));
  ASSERT_GT(frames.size(), 10u);
  market m;
  account a;
  std::size_t fed = 0;
  mutate(frames, 300, [&](const std::string& frame) {
    (void)m.read(frame);
    (void)a.read(frame);
    ++fed;
  });
  EXPECT_GT(fed, 3'000u);
}

}  // namespace
}  // namespace drover::exchanges::mexc
