#include "exchanges/binance/protocol.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <random>

#include "exchanges/binance/requests.hpp"

namespace drover::exchanges::binance {
namespace {

std::string text_of(const wire_request& r) { return std::string(r.endpoint) + "?" + r.query.plain() + r.form.plain(); }

std::string asked(const venue_call& c) {
  auto made = make_request(c);
  return made ? text_of(*made) : made.error().to_string();
}

venue_call call(operation op) {
  venue_call c;
  c.op = op;
  c.symbol = "BTC/USDT";
  return c;
}

venue_call create(order_request r) {
  auto c = call(operation::create_order);
  c.order = std::move(r);
  c.order.symbol = "BTC/USDT";
  c.order.client_order_id = "0123456789abcdef0123456789abcdef";
  return c;
}

result<venue_reply> read(const venue_call& c, int status, std::string body) {
  static const auto protocol = make_protocol({}).value();
  return protocol->read_answer(c, {status, {}, std::move(body)}, instrument_table{});
}

TEST(BinanceProtocol, AsksWhatAForeignClientAsks) {
  constexpr auto id = "0123456789abcdef0123456789abcdef";
  const std::string head = "POST /api/v3/order?symbol=BTCUSDT&side=BUY&newClientOrderId=" + std::string(id) + "&newOrderRespType=FULL";
  order_request o{.quantity = decimal::literal("0.5"), .price = decimal(60000)};
  EXPECT_EQ(asked(create(o)), head + "&type=LIMIT&quantity=0.5&price=60000&timeInForce=GTC");
  o.tif = time_in_force::ioc;
  EXPECT_EQ(asked(create(o)), head + "&type=LIMIT&quantity=0.5&price=60000&timeInForce=IOC");
  o.tif = time_in_force::gtc;
  o.type = order_type::limit_maker;
  EXPECT_EQ(asked(create(o)), head + "&type=LIMIT_MAKER&quantity=0.5&price=60000");
  o.type = order_type::market;
  EXPECT_EQ(asked(create(o)), head + "&type=MARKET&quantity=0.5");
  o.quote_quantity = decimal(25);
  EXPECT_EQ(asked(create(o)), head + "&type=MARKET&quoteOrderQty=25");
  auto of = call(operation::cancel_order);
  of.of = {"BTC/USDT", id, "7"};
  EXPECT_EQ(asked(of), "DELETE /api/v3/order?symbol=BTCUSDT&origClientOrderId=" + std::string(id));
  of.op = operation::find_order;
  of.of.client_order_id.clear();
  EXPECT_EQ(asked(of), "GET /api/v3/order?symbol=BTCUSDT&orderId=7");
  EXPECT_EQ(asked(call(operation::cancel_all_orders)), "DELETE /api/v3/openOrders?symbol=BTCUSDT");
  EXPECT_EQ(asked(call(operation::open_orders)), "GET /api/v3/openOrders?symbol=BTCUSDT");
  EXPECT_EQ(asked(call(operation::ticker)), "GET /api/v3/ticker/bookTicker?symbol=BTCUSDT");
  EXPECT_EQ(asked(call(operation::trades)), "GET /api/v3/trades?symbol=BTCUSDT&limit=500");
  EXPECT_EQ(asked(call(operation::book)), "GET /api/v3/depth?symbol=BTCUSDT&limit=1000");
  EXPECT_EQ(asked(call(operation::candles)), "GET /api/v3/klines?symbol=BTCUSDT&interval=1m&limit=500");
  EXPECT_EQ(asked(call(operation::balances)), "GET /api/v3/account?");
  EXPECT_EQ(asked(call(operation::permissions)), "GET /sapi/v1/account/apiRestrictions?");
  auto older = call(operation::trades);
  older.after = "41";
  EXPECT_EQ(asked(older), "GET /api/v3/historicalTrades?symbol=BTCUSDT&limit=1000&fromId=42");
  auto fills = call(operation::fills);
  fills.after = "41";
  EXPECT_EQ(asked(fills), "GET /api/v3/myTrades?symbol=BTCUSDT&fromId=42&limit=1000");
}

TEST(BinanceProtocol, RefusesWhatTheVenueCannotDo) {
  auto code = [](const venue_call& c) { return make_request(c).error().code; };
  order_request maker{.type = order_type::limit_maker, .tif = time_in_force::ioc};
  EXPECT_EQ(code(create(maker)), exchange_errc::refused);
  EXPECT_EQ(code(create({.quote_quantity = decimal(1)})), exchange_errc::refused);
  EXPECT_EQ(code(call(operation::set_dead_man)), exchange_errc::unsupported);
  EXPECT_EQ(code(call(operation::stream_access)), exchange_errc::unsupported);
  auto all = call(operation::cancel_all_orders);
  all.symbol.clear();
  EXPECT_EQ(code(all), exchange_errc::unsupported);
  auto fills = call(operation::fills);
  fills.after = "TXID-1";
  EXPECT_EQ(code(fills), exchange_errc::refused);
  EXPECT_EQ(code(call(operation::find_order)), exchange_errc::refused) << "an order without any name";
  EXPECT_FALSE(make_protocol({{"key_version", "3"}}));
}

TEST(BinanceProtocol, ChargesOrdersToTheirAccount) {
  const auto order = make_request(create({.quantity = decimal(1), .price = decimal(1)})).value();
  EXPECT_EQ(order.charges.size(), 4u);
  auto deep = call(operation::book);
  deep.limit = 5'000;
  EXPECT_EQ(make_request(deep)->charges.front().weight, 250);
  deep.limit = 50;
  EXPECT_EQ(make_request(deep)->charges.front().weight, 5);
}

TEST(BinanceProtocol, ReadsMarketDataUnderTheCanonicalName) {
  auto ticker = read(call(operation::ticker), 200, R"({"symbol":"BTCUSDT","bidPrice":"1.5","bidQty":"2","askPrice":"1.6","askQty":"3"})");
  ASSERT_TRUE(ticker) << ticker.error().to_string();
  EXPECT_EQ(std::get<book_ticker>(ticker->answer).symbol, "BTC/USDT");
  EXPECT_EQ(std::get<book_ticker>(ticker->answer).ask_price, decimal::literal("1.6"));
  auto trades = read(call(operation::trades), 200, R"([{"id":28457,"price":"4.0","qty":"12","time":1499865549590,"isBuyerMaker":true}])");
  ASSERT_TRUE(trades) << trades.error().to_string();
  EXPECT_EQ(std::get<std::vector<public_trade>>(trades->answer).at(0).trade_id, "28457");
  auto book = read(call(operation::book), 200, R"({"lastUpdateId":7,"bids":[["4","431"]],"asks":[["5","12"]]})");
  ASSERT_TRUE(book);
  EXPECT_EQ(std::get<book_snapshot>(book->answer).update_id, 7);
  EXPECT_EQ(std::get<book_snapshot>(book->answer).symbol, "BTC/USDT");
  auto candles = read(call(operation::candles), 200, R"([[1499040000000,"0.1","0.8","0.05","0.2","148.9",1499644799999,"2434",308,"17","28","0"]])");
  ASSERT_TRUE(candles) << candles.error().to_string();
  const auto& first = std::get<std::vector<candle>>(candles->answer).at(0);
  EXPECT_EQ(first.opens_at.ms(), 1499040000000);
  EXPECT_EQ(first.low, decimal::literal("0.05"));
  EXPECT_EQ(first.symbol, "BTC/USDT");
}

TEST(BinanceProtocol, ListsOfTradesGoOnBehindTheirLast) {
  std::string body = "[";
  for (int i = 1; i <= 1000; ++i)
    body += (i > 1 ? "," : "") + std::string(R"({"symbol":"BTCUSDT","id":)") + std::to_string(i) +
            R"(,"orderId":1,"price":"1","qty":"1","commission":"0","commissionAsset":"BNB","time":1,"isBuyer":true,"isMaker":true})";
  body += "]";
  auto page = read(call(operation::fills), 200, body);
  ASSERT_TRUE(page && page->next);
  EXPECT_EQ(asked(*page->next), "GET /api/v3/myTrades?symbol=BTCUSDT&fromId=1001&limit=1000");
  EXPECT_EQ(read(*page->next, 200, body).error().code, exchange_errc::protocol) << "a venue that repeats itself";
}

TEST(BinanceProtocol, AWriteWhoseAnswerCannotBeReadIsUnknown) {
  for (auto body : {"", "{", "[]", R"({"orderId":1})", "\xff\xfe"})
    EXPECT_EQ(read(create({}), 200, body).error().code, exchange_errc::unknown_outcome) << body;
  EXPECT_EQ(read(call(operation::balances), 200, "{").error().code, exchange_errc::protocol);
}

TEST(BinanceProtocol, SurvivesAnyBytes) {
  const std::string bodies[] = {
      R"({"symbol":"BTCUSDT","bidPrice":"1.5","bidQty":"2","askPrice":"1.6","askQty":"3"})",
      R"([[1499040000000,"0.1","0.8","0.05","0.2","148.9",1499644799999,"2434",308,"17","28","0"]])",
      R"([{"symbol":"BTCUSDT","id":1,"orderId":1,"price":"1","qty":"1","commission":"0","commissionAsset":"BNB","time":1,"isBuyer":true,"isMaker":true}])",
      R"({"data":{"e":"kline","s":"BTCUSDT","k":{"t":60000,"i":"5m","o":"1","h":"4","l":"0.5","c":"2","v":"9","x":true}}})",
      R"({"subscriptionId":1,"event":{"e":"executionReport","s":"BTCUSDT","c":"x","S":"BUY","o":"LIMIT","q":"1","p":"1","C":"","x":"NEW","X":"NEW","i":1,"z":"0","Z":"0","T":1}})"};
  std::minstd_rand dice(7);
  struct deaf final : market_events, private_events {
    void on_ticker(book_ticker) override {}
    void on_trade(public_trade) override {}
    void on_book(book_update) override {}
    void on_candle(candle, bool) override {}
    void on_answer(std::int64_t, std::optional<error>) override {}
    void on_topic_answer(const market_topic&, std::optional<error>) override {}
    void on_blame(std::int64_t, const market_topic&, std::optional<error>) override {}
    void on_refusal(error) override {}
    void on_stage_done() override {}
    void on_refused(error) override {}
    void on_order(order_event) override {}
    void on_fill(fill_event) override {}
    void on_balances(balance_event) override {}
    void on_pong() override {}
    void on_reply_wanted(std::string) override {}
    void on_broken(std::string) override {}
  } nobody;
  const auto protocol = make_protocol({}).value();
  const auto market = protocol->make_market_wire();
  const auto own = protocol->make_private_wire();
  const instrument_table table;
  market_events& as_market = nobody;
  private_events& as_private = nobody;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = bodies[dice() % std::size(bodies)];
    for (unsigned n = dice() % 4; n > 0; --n) bytes[dice() % bytes.size()] = static_cast<char>(dice());
    bytes.resize(dice() % 8 == 0 ? dice() % bytes.size() : bytes.size());
    for (auto op : all_operations()) (void)read(call(op), 200, bytes);
    (void)read(create({}), 400, bytes);
    (void)market->read(bytes, table, as_market);
    (void)own->read(bytes, table, as_private);
  }
}

}  // namespace
}  // namespace drover::exchanges::binance
