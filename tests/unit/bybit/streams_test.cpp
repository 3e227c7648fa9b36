#include <gtest/gtest.h>

#include "exchanges/runtime/book_keeper.hpp"
#include "tests/support/venue_damage.hpp"
#include "tests/unit/bybit/bybit_fixture.hpp"

namespace drover::exchanges::bybit {
namespace {

using json = nlohmann::ordered_json;

struct market {
  std::unique_ptr<market_wire> wire = protocol().make_market_wire();
  heard_events heard;
  result<void> read(std::string_view frame) { return wire->read(frame, instruments(), heard); }
};

TEST(BybitMarketWire, SubscribesAsAForeignClient) {
  market m;
  const auto sent = [&](market_channel channel) {
    const market_topic topic{channel, "BTC/USDT", candle_interval::m1};
    return json::parse(m.wire->make_subscription(true, {&topic, 1}, 1))["args"];
  };
  const auto captured = [](const std::string& name) { return json::parse(load_data("requests/bybit.json")[name]["sent"][0].get<std::string>())["args"]; };
  EXPECT_EQ(sent(market_channel::ticker), captured("watchBidsAsks"));
  EXPECT_EQ(sent(market_channel::trades), captured("watchTrades"));
  EXPECT_EQ(sent(market_channel::book), captured("watchOrderBook"));
  EXPECT_EQ(sent(market_channel::candles), captured("watchOHLCV"));
  const std::vector<market_topic> two{{market_channel::trades, "BTC/USDT"}, {market_channel::trades, "ETH/USDT"}};
  EXPECT_EQ(m.wire->make_subscription(false, two, 2), R"({"req_id":"2","op":"unsubscribe","args":["publicTrade.BTCUSDT","publicTrade.ETHUSDT"]})");
  EXPECT_LE(m.wire->habits().topics_per_message, 10u);
  EXPECT_EQ(m.wire->make_url("wss://stream.bybit.com", 0, nullptr), "wss://stream.bybit.com/v5/public/spot");
}

TEST(BybitMarketWire, TellsWhatAForeignClientWasTold) {
  market m;
  const auto data = load_data("requests/bybit.json");
  for (const auto* name : {"watchBidsAsks", "watchTrades", "watchOrderBook", "watchOHLCV"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(m.read(frame.get<std::string>())) << frame;
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].symbol, "BTC/USDT");
  EXPECT_EQ(m.heard.tickers[0].ask_price, decimal::literal("92100.01"));
  ASSERT_EQ(m.heard.trades.size(), 1u);
  EXPECT_FALSE(m.heard.trades[0].buyer_is_maker);
  EXPECT_EQ(m.heard.trades[0].quantity, decimal::literal("0.1"));
  ASSERT_EQ(m.heard.books.size(), 1u);
  EXPECT_TRUE(m.heard.books[0].whole);
  EXPECT_EQ(m.heard.books[0].last_id, 100);
  ASSERT_EQ(m.heard.candles.size(), 1u);
  EXPECT_EQ(m.heard.candles[0].first.volume, decimal::literal("12.5"));
  EXPECT_FALSE(m.heard.candles[0].second);
}

TEST(BybitMarketWire, OneTopicIsToBlameForARefusedRequest) {
  market m;
  const std::vector<market_topic> two{{market_channel::trades, "BTC/USDT"}, {market_channel::trades, "GONE/USDT"}};
  (void)m.wire->make_subscription(true, two, 7);
  const auto refuse = [&](const std::string& words) {
    ASSERT_TRUE(m.read(R"({"success":false,"ret_msg":")" + words + R"(","conn_id":"c","req_id":"7","op":"subscribe"})"));
  };
  for (const auto* words : {"error:handler not found,topic:publicTrade.GONEUSDT", "Invalid symbol :[publicTrade.GONEUSDT]"}) {
    refuse(words);
    ASSERT_EQ(m.heard.blamed.size(), 1u) << words;
    EXPECT_EQ(m.heard.blamed[0], std::pair(std::int64_t{7}, two[1]));
    EXPECT_EQ(m.heard.topics.back().second->code, make_error_code(exchange_errc::instrument_unknown));
    m.heard.blamed.clear();
  }
  refuse("error:already subscribed,topic:publicTrade.BTCUSDT");
  ASSERT_EQ(m.heard.blamed.size(), 1u);
  EXPECT_EQ(m.heard.blamed[0].second, two[0]);
  EXPECT_FALSE(m.heard.topics.back().second) << "it is there: no error";
  EXPECT_TRUE(m.heard.answers.empty());
  refuse("error:handler not found,topic:publicTrade.OTHERUSDT");
  EXPECT_EQ(m.heard.answers.size(), 1u) << "not one of ours";
}

std::string book(const std::string& type, const std::string& bids, const std::string& asks, int update, const std::string& topic = "orderbook.50.BTCUSDT",
                 const std::string& at = "1732104000000") {
  return R"({"topic":")" + topic + R"(","type":")" + type + R"(","ts":)" + at + R"(,"data":{"s":"BTCUSDT","b":[)" + bids + R"(],"a":[)" + asks + R"(],"u":)" +
         std::to_string(update) + R"(,"seq":7},"cts":1732104000000})";
}

TEST(BybitMarketWire, ChangesOfABookCountOn) {
  market m;
  ASSERT_TRUE(m.read(book("snapshot", R"(["92100","1"],["92099","3"])", R"(["92100.01","2"])", 100)));
  ASSERT_TRUE(m.read(book("delta", R"(["92100","0"])", "", 101)));
  ASSERT_EQ(m.heard.books.size(), 2u);
  EXPECT_FALSE(m.heard.books[1].whole);
  EXPECT_EQ(m.heard.books[1].first_id, m.heard.books[0].last_id + 1);
  EXPECT_TRUE(m.heard.books[1].bids.at(0).quantity.is_zero());
  EXPECT_EQ(m.wire->books().continuity, book_continuity::first_follows_last);
  EXPECT_FALSE(m.wire->books().snapshot_by_rest);
}

TEST(BybitMarketWire, ALostChangeVoidsTheBookUntilTheNextWhole) {
  market m;
  book_keeper keeper(m.wire->books());
  const auto next = [&](const std::string& frame) {
    EXPECT_TRUE(m.read(frame));
    return keeper.on_update(m.heard.books.back());
  };
  EXPECT_EQ(next(book("snapshot", R"(["92100","1"])", R"(["92101","2"])", 100)), book_keeper::outcome::applied);
  EXPECT_EQ(next(book("delta", R"(["92100","0"],["92099","3"])", "", 101)), book_keeper::outcome::applied);
  EXPECT_EQ(keeper.book().top(side::buy, 5).at(0).price, decimal(92'099));
  EXPECT_EQ(next(book("delta", R"(["92099","4"])", "", 101)), book_keeper::outcome::stale);
  EXPECT_EQ(next(book("delta", R"(["92099","4"])", "", 103)), book_keeper::outcome::gap);
  EXPECT_FALSE(keeper.live());
  EXPECT_FALSE(keeper.needs_snapshot());
  EXPECT_EQ(next(book("delta", R"(["92099","4"])", "", 104)), book_keeper::outcome::buffered);
  EXPECT_EQ(next(book("snapshot", R"(["92098","4"])", "", 110)), book_keeper::outcome::applied);
  EXPECT_EQ(keeper.book().levels(side::sell), 0u);
}

TEST(BybitMarketWire, ARestartedServiceSendsTheWholeBookAgain) {
  market m;
  ASSERT_TRUE(m.read(book("delta", R"(["92100","1"])", "", 1)));
  EXPECT_TRUE(m.heard.books.at(0).whole);
}

TEST(BybitMarketWire, TheTopOfTheBookComesInChanges) {
  market m;
  const std::string topic = "orderbook.1.BTCUSDT";
  ASSERT_TRUE(m.read(book("snapshot", R"(["92100","1"])", "", 5, topic)));
  EXPECT_TRUE(m.heard.tickers.empty());
  ASSERT_TRUE(m.read(book("delta", "", R"(["92101","2"])", 6, topic)));
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].bid_price, decimal(92'100));
  ASSERT_TRUE(m.read(book("delta", R"(["92100","0"],["92100.5","4"])", "", 7, topic)));
  EXPECT_EQ(m.heard.tickers.back().bid_price, decimal::literal("92100.5"));
  EXPECT_EQ(m.heard.tickers.back().ask_price, decimal(92'101));
  // Nothing is remembered over connections.
  m.wire->open();
  ASSERT_TRUE(m.read(book("delta", R"(["92100.5","4"])", "", 8, topic)));
  EXPECT_EQ(m.heard.tickers.size(), 2u);
}

TEST(BybitMarketWire, OldTopsAreDroppedThoughTheNumbersMayStartAnew) {
  market m;
  const std::string topic = "orderbook.1.BTCUSDT", bid = R"(["92100","1"])", ask = R"(["92101","2"])";
  ASSERT_TRUE(m.read(book("snapshot", bid, ask, 900, topic, "1732104000010")));
  ASSERT_TRUE(m.read(book("snapshot", R"(["92000","1"])", ask, 899, topic, "1732104000010")));
  ASSERT_TRUE(m.read(book("snapshot", R"(["92000","1"])", ask, 899, topic, "1732104000009")));
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].bid_price, decimal(92'100));
  ASSERT_TRUE(m.read(book("snapshot", R"(["92001","1"])", ask, 1, topic, "1732104005000")));
  ASSERT_EQ(m.heard.tickers.size(), 2u);
  EXPECT_EQ(m.heard.tickers[1].bid_price, decimal(92'001));
  // Whoever compares numbers as well would take it for an old one.
  EXPECT_EQ(m.heard.tickers[1].update_id, 0);
}

TEST(BybitMarketWire, RefusedTopicsAreNamedByTheirRequest) {
  market m;
  ASSERT_TRUE(m.read(R"({"success":true,"ret_msg":"subscribe","conn_id":"c","req_id":"6","op":"subscribe"})"));
  ASSERT_TRUE(m.read(R"({"success":false,"ret_msg":"Invalid symbol :[orderbook.50.XUSDT]","conn_id":"c","req_id":"7","op":"subscribe"})"));
  ASSERT_TRUE(m.read(R"({"success":false,"ret_msg":"args size >10","conn_id":"c","req_id":"8","op":"unsubscribe"})"));
  ASSERT_EQ(m.heard.answers.size(), 3u);
  EXPECT_EQ(m.heard.answers[0].first, 6);
  EXPECT_FALSE(m.heard.answers[0].second);
  EXPECT_EQ(m.heard.answers[1].second->code, make_error_code(exchange_errc::instrument_unknown));
  EXPECT_EQ(m.heard.answers[2].second->code, make_error_code(exchange_errc::refused));
}

TEST(BybitMarketWire, PingsAreAnsweredInTwoWays) {
  market m;
  EXPECT_EQ(m.wire->make_ping(9), R"({"req_id":"9","op":"ping"})");
  ASSERT_TRUE(m.read(R"({"success":true,"ret_msg":"pong","conn_id":"c","req_id":"9","op":"ping"})"));
  ASSERT_TRUE(m.read(R"({"req_id":"9","op":"pong","args":["1732104000000"],"conn_id":"c"})"));
  EXPECT_EQ(m.heard.pongs, 2);
}

TEST(BybitMarketWire, CandlesSayWhenTheyAreDone) {
  market m;
  ASSERT_TRUE(m.read(R"({"topic":"kline.240.BTCUSDT","type":"snapshot","ts":1732104000000,"data":[{"start":1732104000000,"end":1732118399999,"interval":"240",
    "open":"92000","close":"92100","high":"92200","low":"91900","volume":"12.5","turnover":"1150000","confirm":true,"timestamp":1732118400000}]})"));
  EXPECT_TRUE(m.heard.candles.at(0).second);
  EXPECT_EQ(m.heard.candles[0].first.interval, candle_interval::h4);
  // Lengths that nobody asked for.
  ASSERT_TRUE(m.read(R"({"topic":"kline.3.BTCUSDT","type":"snapshot","data":[]})"));
  EXPECT_EQ(m.heard.candles.size(), 1u);
}

TEST(BybitMarketWire, RefusesWhatIsNotAsDocumented) {
  market m;
  for (const auto& frame : {std::string(), std::string("x"), std::string("[]"), std::string(R"({"topic":"publicTrade.BTCUSDT"})"),
                            std::string(R"({"topic":"publicTrade.BTCUSDT","data":[{"i":"1","T":1,"p":"-1","v":"1","S":"Buy"}]})"),
                            std::string(R"({"topic":"orderbook.50.BTCUSDT","type":"delta","data":{"b":[],"a":[]}})"),
                            std::string(R"({"topic":"orderbook.50.BTCUSDT","data":{"b":[],"a":[],"u":2}})"), book("delta", R"(["92100"])", "", 101),
                            std::string(R"({"topic":"kline.1.BTCUSDT","data":[{"start":1,"open":"1"}]})")}) {
    auto done = m.read(frame);
    ASSERT_FALSE(done) << frame;
    EXPECT_EQ(done.error().code, make_error_code(exchange_errc::protocol));
  }
  EXPECT_TRUE(m.heard.trades.empty());
  EXPECT_TRUE(m.heard.books.empty());
}

struct stream_of_account {
  std::unique_ptr<private_wire> wire = protocol().make_private_wire();
  heard_events heard;
  stream_of_account() { wire->open(); }
  result<void> read(std::string_view frame) { return wire->read(frame, instruments(), heard); }
};

TEST(BybitPrivateWire, LogsInAndThenSubscribes) {
  stream_of_account a;
  const credentials keys{secret("bb-api-key-0001"), secret("s"), {}};
  signing_context c;
  c.server_now = wall_time::from_ms(1'732'104'000'000);
  EXPECT_EQ(a.wire->stages(), 2);
  const auto login = json::parse(a.wire->make_frames(0, keys, nullptr, c)->at(0));
  const auto captured = json::parse(load_data("requests/bybit.json")["watchOrders"]["sent"][0].get<std::string>());
  EXPECT_EQ(login["op"], captured["op"]);
  EXPECT_EQ(login["args"][0], captured["args"][0]);
  EXPECT_EQ(login["args"][1], captured["args"][1]);
  EXPECT_EQ(login["args"][2].get<std::string>().size(), 64u);
  EXPECT_EQ(json::parse(a.wire->make_frames(1, keys, nullptr, c)->at(0))["args"], (json{"order", "execution", "wallet"}));
  EXPECT_EQ(a.wire->make_url("wss://stream.bybit.com", nullptr), "wss://stream.bybit.com/v5/private");
}

TEST(BybitPrivateWire, EachStageIsConfirmed) {
  stream_of_account a;
  ASSERT_TRUE(a.read(R"({"success":true,"ret_msg":"","op":"auth","conn_id":"c1"})"));
  EXPECT_EQ(a.heard.stages, 1);
  ASSERT_TRUE(a.read(R"({"success":true,"ret_msg":"","conn_id":"c1","req_id":"s","op":"subscribe"})"));
  EXPECT_EQ(a.heard.stages, 2);
  ASSERT_TRUE(a.read(R"({"req_id":"","op":"pong","args":["1732104000000"],"conn_id":"c1"})"));
  EXPECT_EQ(a.heard.pongs, 1);
}

std::string frame(const std::string& topic, const std::string& data) {
  return R"({"topic":")" + topic + R"(","id":"i","creationTime":1732104000000,"data":[)" + data + "]}";
}

TEST(BybitPrivateWire, TellsOrdersFillsAndBalances) {
  stream_of_account a;
  ASSERT_TRUE(a.read(frame("order", resting_order)));
  ASSERT_TRUE(a.read(frame("execution", own_trade)));
  ASSERT_TRUE(a.read(frame("wallet", R"({"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"10000","locked":"100"},{"coin":"BTC","walletBalance":"0","locked":"0"}]})")));
  ASSERT_EQ(a.heard.orders.size(), 1u);
  EXPECT_EQ(a.heard.orders[0].order.client_order_id, client_id);
  EXPECT_EQ(a.heard.orders[0].order.status, order_status::partially_filled);
  EXPECT_FALSE(a.heard.orders[0].fill);
  ASSERT_EQ(a.heard.fills.size(), 1u);
  EXPECT_EQ(a.heard.fills[0].trade_id, "2290000000076894797");
  EXPECT_EQ(a.heard.fills[0].fee, decimal::literal("0.0000004"));
  // What was used up is told as well.
  ASSERT_EQ(a.heard.balances.size(), 2u);
  EXPECT_EQ(a.heard.balances[0].free, decimal(9'900));
  EXPECT_TRUE(a.heard.balances[1].free.is_zero());
}

TEST(BybitPrivateWire, ARejectionComesOnTheTopic) {
  stream_of_account a;
  ASSERT_TRUE(a.read(frame("order", with(with(resting_order, "\"PartiallyFilled\"", "\"Rejected\""), "EC_NoError", "EC_PostOnlyWillTakeLiquidity"))));
  EXPECT_EQ(a.heard.orders.at(0).order.status, order_status::rejected);
}

TEST(BybitPrivateWire, WhatIsNotSpotOrNoTradeIsNotOurs) {
  stream_of_account a;
  ASSERT_TRUE(a.read(frame("order", with(resting_order, R"("category":"spot")", R"("category":"linear")"))));
  ASSERT_TRUE(a.read(frame("execution", with(own_trade, R"("execType":"Trade")", R"("execType":"Funding")"))));
  EXPECT_TRUE(a.heard.orders.empty());
  EXPECT_TRUE(a.heard.fills.empty());
}

TEST(BybitPrivateWire, SaysWhyALoginWasRefused) {
  const std::vector<std::tuple<std::string, std::string, exchange_errc>> refusals{{"auth", "Params Error: expired", exchange_errc::clock_skew},
                                                                                  {"auth", "API key is invalid.", exchange_errc::bad_credentials},
                                                                                  {"auth", "error sign!", exchange_errc::bad_credentials},
                                                                                  {"subscribe", "error:handler not found,topic:x", exchange_errc::refused}};
  for (const auto& [op, words, meaning] : refusals) {
    stream_of_account a;
    ASSERT_TRUE(a.read(R"({"success":false,"ret_msg":")" + words + R"(","op":")" + op + R"(","conn_id":"c"})"));
    ASSERT_EQ(a.heard.refusals.size(), 1u) << words;
    EXPECT_EQ(a.heard.refusals[0].code, make_error_code(meaning)) << words;
    EXPECT_EQ(a.heard.stages, 0);
  }
}

TEST(BybitPrivateWire, RefusesWhatIsNotAsDocumented) {
  stream_of_account a;
  for (const auto& text : {std::string("{"), frame("order", with(resting_order, R"("qty":"0.001")", R"("qty":"-1")")), frame("execution", "1"),
                           frame("execution", with(own_trade, "\"Buy\"", "\"?\"")), frame("wallet", R"({"coin":[{"coin":"USDT","walletBalance":"-1"}]})")}) {
    auto done = a.read(text);
    ASSERT_FALSE(done) << text;
    EXPECT_EQ(done.error().code, make_error_code(exchange_errc::protocol));
  }
  EXPECT_TRUE(a.heard.orders.empty());
  EXPECT_TRUE(a.heard.fills.empty());
  EXPECT_TRUE(a.heard.balances.empty());
}

TEST(BybitWires, AnyByteMayBeWrong) {
  std::vector<std::string> frames{frame("order", resting_order), frame("execution", own_trade),
                                  frame("wallet", R"({"coin":[{"coin":"USDT","walletBalance":"10000","locked":"100"}]})"),
                                  book("delta", R"(["92100","0"])", R"(["92100.05","4"])", 101),
                                  R"({"success":false,"ret_msg":"Invalid symbol","conn_id":"c","req_id":"7","op":"subscribe"})"};
  const auto data = load_data("requests/bybit.json");
  for (const auto& [name, capture] : data.items())
    for (const auto& text : capture["received"]) frames.push_back(text.get<std::string>());
  ASSERT_GT(frames.size(), 15u);
  const auto fed = damage_every_byte(frames, [&](const std::string& damaged) {
    market m;
    stream_of_account a;
    (void)m.read(damaged);
    (void)a.read(damaged);
    EXPECT_EQ(find_impossible_number(m.heard) + find_impossible_number(a.heard), "") << damaged;
  });
  EXPECT_GT(fed, 20'000u);
}

}  // namespace
}  // namespace drover::exchanges::bybit
