#include <gtest/gtest.h>

#include "exchanges/runtime/book_keeper.hpp"
#include "tests/support/venue_damage.hpp"
#include "tests/unit/okx/okx_fixture.hpp"

namespace drover::exchanges::okx {
namespace {

using json = nlohmann::ordered_json;

struct market {
  std::unique_ptr<market_wire> wire = protocol().make_market_wire();
  heard_events heard;
  result<void> read(std::string_view frame) { return wire->read(frame, {}, heard); }
};

TEST(OkxMarketWire, SubscribesAsAForeignClient) {
  market m;
  const auto sent = [&](market_channel channel) {
    const market_topic topic{channel, "BTC/USDT", candle_interval::m1};
    return json::parse(m.wire->make_subscription(true, {&topic, 1}, 1));
  };
  const auto captured = [](const std::string& name) { return json::parse(load_data("requests/okx.json")[name]["sent"][0].get<std::string>()); };
  EXPECT_EQ(sent(market_channel::ticker), captured("watchBidsAsks"));
  EXPECT_EQ(sent(market_channel::trades), captured("watchTrades"));
  EXPECT_EQ(sent(market_channel::book), captured("watchOrderBook"));
  EXPECT_EQ(sent(market_channel::candles), captured("watchOHLCV"));
  const std::vector<market_topic> two{{market_channel::trades, "BTC/USDT"}, {market_channel::trades, "ETH/USDT"}};
  EXPECT_EQ(m.wire->make_subscription(false, two, 2),
            R"({"op":"unsubscribe","args":[{"channel":"trades","instId":"BTC-USDT"},{"channel":"trades","instId":"ETH-USDT"}]})");
  EXPECT_EQ(m.wire->make_ping(3), "ping");
}

TEST(OkxMarketWire, CandlesHaveAnAddressOfTheirOwn) {
  market m;
  const auto url = [&](market_channel c) { return m.wire->make_url("wss://ws.okx.com:8443", m.wire->group_of(c), nullptr); };
  EXPECT_EQ(url(market_channel::book), "wss://ws.okx.com:8443/ws/v5/public");
  EXPECT_EQ(url(market_channel::candles), "wss://ws.okx.com:8443/ws/v5/business");
  EXPECT_NE(m.wire->group_of(market_channel::candles), m.wire->group_of(market_channel::trades));
}

TEST(OkxMarketWire, TellsWhatAForeignClientWasTold) {
  market m;
  const auto data = load_data("requests/okx.json");
  for (const auto* name : {"watchBidsAsks", "watchTrades", "watchOrderBook", "watchOHLCV"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(m.read(frame.get<std::string>())) << frame;
  ASSERT_EQ(m.heard.topics.size(), 4u);
  EXPECT_EQ(m.heard.topics[0].first, (market_topic{market_channel::ticker, "BTC/USDT"}));
  EXPECT_FALSE(m.heard.topics[0].second);
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  EXPECT_EQ(m.heard.tickers[0].symbol, "BTC/USDT");
  EXPECT_EQ(m.heard.tickers[0].ask_price, decimal::literal("92100.1"));
  EXPECT_EQ(m.heard.tickers[0].bid_quantity, decimal(1));
  ASSERT_EQ(m.heard.trades.size(), 1u);
  EXPECT_FALSE(m.heard.trades[0].buyer_is_maker);
  ASSERT_EQ(m.heard.books.size(), 1u);
  EXPECT_TRUE(m.heard.books[0].whole);
  EXPECT_EQ(m.heard.books[0].last_id, 100);
  EXPECT_EQ(m.heard.books[0].previous_id, -1);
  ASSERT_EQ(m.heard.candles.size(), 1u);
  EXPECT_EQ(m.heard.candles[0].first.volume, decimal::literal("12.5"));
  EXPECT_EQ(m.heard.candles[0].first.interval, candle_interval::m1);
  EXPECT_FALSE(m.heard.candles[0].second);
}

TEST(OkxMarketWire, SubscriptionsThatEndAreAnswered) {
  market m;
  ASSERT_TRUE(m.read(R"({"event":"unsubscribe","arg":{"channel":"candle4H","instId":"BTC-USDT"},"connId":"a4d3ae55"})"));
  ASSERT_EQ(m.heard.topics.size(), 1u);
  EXPECT_EQ(m.heard.topics[0].first, (market_topic{market_channel::candles, "BTC/USDT", candle_interval::h4}));
  EXPECT_FALSE(m.heard.topics[0].second);
}

TEST(OkxMarketWire, OneTopicThatDoesNotExistHurtsNoOther) {
  market m;
  ASSERT_TRUE(m.read(R"({"event":"error","code":"60018","msg":"Wrong URL or channel:trades,instId:GONE-USDT doesn't exist. Please use the correct URL, channel and parameters referring to API document.","connId":"a4d3ae55"})"));
  EXPECT_TRUE(m.heard.broken.empty());
  ASSERT_EQ(m.heard.topics.size(), 1u);
  EXPECT_EQ(m.heard.topics[0].first, (market_topic{market_channel::trades, "GONE/USDT"}));
  EXPECT_EQ(m.heard.topics[0].second->code, make_error_code(exchange_errc::instrument_unknown));
  // Nobody knows which topic is meant.
  ASSERT_TRUE(m.read(R"({"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"})"));
  EXPECT_EQ(m.heard.refusals.size(), 1u);
}

TEST(OkxMarketWire, AnnouncedMaintenanceEndsTheConnection) {
  market m;
  ASSERT_TRUE(m.read(R"({"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"})"));
  EXPECT_EQ(m.heard.broken.size(), 1u);
  ASSERT_TRUE(m.read("pong"));
  EXPECT_EQ(m.heard.pongs, 1);
}

std::string book(const std::string& action, const std::string& bids, const std::string& asks, int sequence, int previous) {
  return R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":")" + action + R"(","data":[{"asks":[)" + asks + R"(],"bids":[)" + bids +
         R"(],"ts":"1732104000000","checksum":-855196043,"seqId":)" + std::to_string(sequence) + R"(,"prevSeqId":)" + std::to_string(previous) + "}]}";
}

TEST(OkxMarketWire, ChangesOfABookNameTheOneBefore) {
  market m;
  ASSERT_TRUE(m.read(book("snapshot", R"(["92100","1","0","1"],["92099","3","0","2"])", R"(["92100.1","2","0","1"])", 100, -1)));
  ASSERT_TRUE(m.read(book("update", R"(["92100","0","0","0"])", R"(["92100.05","4","0","1"])", 105, 100)));
  ASSERT_EQ(m.heard.books.size(), 2u);
  EXPECT_FALSE(m.heard.books[1].whole);
  EXPECT_EQ(m.heard.books[1].previous_id, m.heard.books[0].last_id);
  EXPECT_EQ(m.heard.books[1].last_id, 105);
  EXPECT_TRUE(m.heard.books[1].bids.at(0).quantity.is_zero());
  EXPECT_EQ(m.wire->books().continuity, book_continuity::previous_is_last);
  EXPECT_FALSE(m.wire->books().snapshot_by_rest);
}

TEST(OkxMarketWire, SignsOfLifeChangeNoBook) {
  market m;
  ASSERT_TRUE(m.read(book("update", "", "", 105, 105)));
  EXPECT_TRUE(m.heard.books.empty());
  // The numbers may start anew after maintenance: that is told on.
  ASSERT_TRUE(m.read(book("update", R"(["92100","1","0","1"])", "", 3, 105)));
  EXPECT_EQ(m.heard.books.at(0).last_id, 3);
}

TEST(OkxMarketWire, ALostChangeVoidsTheBookUntilTheNextWhole) {
  market m;
  book_keeper keeper(m.wire->books());
  const auto next = [&](const std::string& frame) {
    EXPECT_TRUE(m.read(frame));
    return keeper.on_update(m.heard.books.back());
  };
  const auto level = R"(["92100","1","0","1"])";
  EXPECT_EQ(next(book("update", level, "", 90, 80)), book_keeper::outcome::buffered);
  EXPECT_EQ(next(book("snapshot", level, R"(["92101","2","0","1"])", 100, -1)), book_keeper::outcome::applied);
  EXPECT_EQ(next(book("update", R"(["92100","0","0","0"],["92099","3","0","1"])", "", 105, 100)), book_keeper::outcome::applied);
  EXPECT_EQ(keeper.book().top(side::buy, 5).at(0).price, decimal(92'099));
  // After maintenance the numbers begin lower, still naming the one before.
  EXPECT_EQ(next(book("update", level, "", 3, 105)), book_keeper::outcome::applied);
  EXPECT_EQ(next(book("update", level, "", 9, 7)), book_keeper::outcome::gap);
  EXPECT_FALSE(keeper.live());
  EXPECT_FALSE(keeper.needs_snapshot());
  EXPECT_EQ(next(book("update", level, "", 11, 9)), book_keeper::outcome::buffered);
  EXPECT_EQ(next(book("snapshot", level, "", 20, -1)), book_keeper::outcome::applied);
  EXPECT_EQ(keeper.book().levels(side::sell), 0u);
}

std::string top(const std::string& bid, int sequence, const std::string& at) {
  return R"({"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["92101","2","0","1"]],"bids":[[")" + bid + R"(","1","0","1"]],"ts":")" + at +
         R"(","seqId":)" + std::to_string(sequence) + "}]}";
}

TEST(OkxMarketWire, OldTopsAreDroppedThoughTheNumbersMayStartAnew) {
  market m;
  ASSERT_TRUE(m.read(top("92100", 900, "1732104000010")));
  ASSERT_TRUE(m.read(top("92000", 899, "1732104000010")));
  ASSERT_TRUE(m.read(top("92000", 899, "1732104000009")));
  ASSERT_EQ(m.heard.tickers.size(), 1u);
  ASSERT_TRUE(m.read(top("92001", 3, "1732104005000")));
  ASSERT_EQ(m.heard.tickers.size(), 2u);
  EXPECT_EQ(m.heard.tickers[1].bid_price, decimal(92'001));
  // Whoever compares numbers as well would take it for an old one.
  EXPECT_EQ(m.heard.tickers[1].update_id, 0);
  m.wire->open();
  ASSERT_TRUE(m.read(top("92000", 1, "1732104000000")));
  EXPECT_EQ(m.heard.tickers.size(), 3u);
}

TEST(OkxMarketWire, CandlesSayWhenTheyAreDone) {
  market m;
  const std::string frame = R"({"arg":{"channel":"candle1Dutc","instId":"BTC-USDT"},"data":[["1732060800000","92000","92200","91900","92100","12.5","1150000","1150000","1"]]})";
  ASSERT_TRUE(m.read(frame));
  EXPECT_TRUE(m.heard.candles.at(0).second);
  EXPECT_EQ(m.heard.candles[0].first.interval, candle_interval::d1);
  EXPECT_FALSE(m.read(with(frame, R"(,"1"]])", "]]")));
}

TEST(OkxMarketWire, RefusesWhatIsNotAsDocumented) {
  market m;
  for (const auto* frame : {"", "x", "[]", "pong ", R"({"arg":{"channel":"trades","instId":"BTC-USDT"}})", R"({"arg":{"channel":"books"},"data":[]})",
                            R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"1","px":"-1","sz":"0.1","side":"buy","ts":"1"}]})",
                            R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[["1"]],"seqId":1,"prevSeqId":0}]})",
                            R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[]}]})"}) {
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
  result<void> read(std::string_view frame) { return wire->read(frame, {}, heard); }
};

TEST(OkxPrivateWire, LogsInAndThenSubscribes) {
  stream_of_account a;
  const credentials keys{secret("ok-api-key-0001"), secret("s"), secret("ok-pass-0001")};
  signing_context c;
  c.server_now = wall_time::from_ms(1'732'104'000'999);
  EXPECT_EQ(a.wire->stages(), 2);
  const auto login = json::parse(a.wire->make_frames(0, keys, nullptr, c)->at(0));
  EXPECT_EQ(login["op"], "login");
  EXPECT_EQ(login["args"][0]["apiKey"], "ok-api-key-0001");
  EXPECT_EQ(login["args"][0]["passphrase"], "ok-pass-0001");
  EXPECT_EQ(login["args"][0]["timestamp"], "1732104000");
  const auto topics = json::parse(a.wire->make_frames(1, keys, nullptr, c)->at(0));
  const auto captured = load_data("requests/okx.json");
  EXPECT_EQ(topics["args"][0], json::parse(captured["watchMyTrades"]["sent"][1].get<std::string>())["args"][0]);
  EXPECT_EQ(topics["args"][1], json::parse(captured["watchBalance"]["sent"][1].get<std::string>())["args"][0]);
  EXPECT_EQ(a.wire->make_url("wss://ws.okx.com:8443", nullptr), "wss://ws.okx.com:8443/ws/v5/private");
  EXPECT_EQ(a.wire->make_ping(1), "ping");
}

constexpr const char* orders_confirmed = R"({"event":"subscribe","arg":{"channel":"orders","instType":"SPOT"},"connId":"a"})";
constexpr const char* account_confirmed = R"({"event":"subscribe","arg":{"channel":"account"},"connId":"a"})";

TEST(OkxPrivateWire, OpensWhenBothChannelsDidAndAnewOnEveryConnection) {
  stream_of_account a;
  ASSERT_TRUE(a.read(R"({"event":"login","code":"0","msg":"","connId":"a"})"));
  EXPECT_EQ(a.heard.stages, 1);
  ASSERT_TRUE(a.read(orders_confirmed));
  ASSERT_TRUE(a.read(orders_confirmed));
  EXPECT_EQ(a.heard.stages, 1);
  ASSERT_TRUE(a.read(account_confirmed));
  EXPECT_EQ(a.heard.stages, 2);
  a.wire->open();
  ASSERT_TRUE(a.read(account_confirmed));
  EXPECT_EQ(a.heard.stages, 2);
}

TEST(OkxPrivateWire, TellsWhatAForeignClientWasTold) {
  stream_of_account a;
  const auto data = load_data("requests/okx.json");
  for (const auto* name : {"watchOrders", "watchBalance"})
    for (const auto& frame : data[name]["received"]) ASSERT_TRUE(a.read(frame.get<std::string>())) << frame;
  EXPECT_EQ(a.heard.stages, 3);
  ASSERT_EQ(a.heard.balances.size(), 1u);
  EXPECT_EQ(a.heard.balances[0].free, decimal(9'900));
  EXPECT_EQ(a.heard.balances[0].locked, decimal(100));
}

std::string orders_frame(const std::string& data) {
  return R"({"arg":{"channel":"orders","instType":"SPOT","uid":"1"},"data":[)" + data + "]}";
}

TEST(OkxPrivateWire, AnOrderBringsTheExecutionThatChangedIt) {
  stream_of_account a;
  const auto frame = with(with(resting_order, R"("tradeId":"744876980")", R"("tradeId":"744876980","execType":"M","fillFee":"-0.0000004","fillFeeCcy":"BTC")"),
                          R"("fee":"-0.0000004",)", R"("fee":"-9",)");
  ASSERT_TRUE(a.read(orders_frame(frame)));
  const auto& event = a.heard.orders.at(0);
  EXPECT_EQ(event.order.status, order_status::partially_filled);
  ASSERT_TRUE(event.fill);
  EXPECT_EQ(event.fill->trade_id, "744876980");
  EXPECT_EQ(event.fill->quantity, decimal::literal("0.0004"));
  EXPECT_EQ(event.fill->fee, decimal::literal("0.0000004"));
  EXPECT_EQ(event.fill->fee_asset, "BTC");
  EXPECT_TRUE(event.fill->maker);
  EXPECT_EQ(event.fill->at.ms(), 1'732'104'000'123);
}

TEST(OkxPrivateWire, APostOnlyOrderThatWouldMatchIsCancelledByTheVenue) {
  stream_of_account a;
  auto frame = with(with(resting_order, R"("ordType":"limit")", R"("ordType":"post_only")"), R"("state":"partially_filled")", R"("state":"canceled")");
  frame = with(with(frame, R"("cancelSource":"")", R"("cancelSource":"31")"), R"("tradeId":"744876980")", R"("tradeId":"")");
  ASSERT_TRUE(a.read(orders_frame(frame)));
  EXPECT_EQ(a.heard.orders.at(0).order.status, order_status::cancelled);
  EXPECT_EQ(a.heard.orders[0].order.type, order_type::limit_maker);
  EXPECT_FALSE(a.heard.orders[0].fill);
}

TEST(OkxPrivateWire, SaysWhyALoginWasRefused) {
  const std::vector<std::pair<std::string, exchange_errc>> refusals{
      {"60005", exchange_errc::bad_credentials}, {"60024", exchange_errc::bad_credentials}, {"60007", exchange_errc::bad_credentials},
      {"60009", exchange_errc::bad_credentials}, {"60004", exchange_errc::clock_skew},      {"60006", exchange_errc::clock_skew},
      {"60014", exchange_errc::rate_limited},    {"63999", exchange_errc::maintenance},     {"50110", exchange_errc::ip_not_allowed}};
  for (const auto& [code, meaning] : refusals) {
    stream_of_account a;
    ASSERT_TRUE(a.read(R"({"event":"error","msg":"no","code":")" + code + R"(","connId":"a"})"));
    ASSERT_EQ(a.heard.refusals.size(), 1u);
    EXPECT_EQ(a.heard.refusals[0].code, make_error_code(meaning)) << code;
    EXPECT_EQ(a.heard.stages, 0);
  }
}

TEST(OkxPrivateWire, AnswersToPingsAndGoodByesAreHeard) {
  stream_of_account a;
  ASSERT_TRUE(a.read("pong"));
  EXPECT_EQ(a.heard.pongs, 1);
  ASSERT_TRUE(a.read(R"({"event":"notice","code":"64008","msg":"soon"})"));
  EXPECT_EQ(a.heard.broken.size(), 1u);
  // How many connections there are is nobody's concern.
  ASSERT_TRUE(a.read(R"({"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"a"})"));
  EXPECT_TRUE(a.heard.refusals.empty());
}

TEST(OkxPrivateWire, RefusesWhatIsNotAsDocumented) {
  stream_of_account a;
  for (const auto& frame : {std::string("{"), orders_frame(with(resting_order, R"("sz":"0.001")", R"("sz":"-1")")),
                            orders_frame(with(resting_order, R"("side":"buy")", R"("side":"?")")), orders_frame("1"),
                            std::string(R"({"arg":{"channel":"account"},"data":[{"details":[{"ccy":"USDT","availBal":"-1"}]}]})")}) {
    auto done = a.read(frame);
    ASSERT_FALSE(done) << frame;
    EXPECT_EQ(done.error().code, make_error_code(exchange_errc::protocol));
  }
  EXPECT_TRUE(a.heard.orders.empty());
  EXPECT_TRUE(a.heard.balances.empty());
}

TEST(OkxWires, AnyByteMayBeWrong) {
  std::vector<std::string> frames{orders_frame(resting_order), book("update", R"(["92100","0","0","0"])", R"(["92100.05","4","0","1"])", 105, 100)};
  const auto data = load_data("requests/okx.json");
  for (const auto& [name, capture] : data.items())
    for (const auto& frame : capture["received"]) frames.push_back(frame.get<std::string>());
  ASSERT_GT(frames.size(), 15u);
  const auto fed = damage_every_byte(frames, [&](const std::string& frame) {
    market m;
    stream_of_account a;
    (void)m.read(frame);
    (void)a.read(frame);
    EXPECT_EQ(find_impossible_number(m.heard) + find_impossible_number(a.heard), "") << frame;
  });
  EXPECT_GT(fed, 15'000u);
}

}  // namespace
}  // namespace drover::exchanges::okx
