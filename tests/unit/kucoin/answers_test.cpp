#include <gtest/gtest.h>

#include "tests/unit/kucoin/kucoin_fixture.hpp"

namespace drover::exchanges::kucoin {
namespace {

using namespace drover::literals;

constexpr const char* symbols = R"([{"symbol":"BTC-USDT","name":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","feeCurrency":"USDT",
"market":"USDS","baseMinSize":"0.00001","quoteMinSize":"0.1","baseMaxSize":"10000000000","quoteMaxSize":"99999999","baseIncrement":"0.00000001",
"quoteIncrement":"0.000001","priceIncrement":"0.1","priceLimitRate":"0.1","minFunds":"0.1","isMarginEnabled":true,"enableTrading":true},
{"symbol":"OLD-BTC","name":"OLD-BTC","baseCurrency":"OLD","quoteCurrency":"BTC","feeCurrency":"BTC","market":"BTC","baseMinSize":"1",
"quoteMinSize":"1","baseMaxSize":"100","quoteMaxSize":"1","baseIncrement":"1","quoteIncrement":"1","priceIncrement":"1","minFunds":null,
"enableTrading":false}])";

TEST(KucoinAnswers, TellTheTime) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), success("1732104000123"))), wall_time::from_ms(1'732'104'000'123));
  for (const auto* bad : {"-1", "\"x\"", "9223372036854775807", "1e400", "null"})
    EXPECT_EQ(read(call_of(operation::server_time), success(bad)).error().code, make_error_code(exchange_errc::protocol)) << bad;
}

TEST(KucoinAnswers, TellInstruments) {
  const auto all = get<std::vector<instrument>>(read(call_of(operation::instruments), success(symbols)));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].symbol, "BTC/USDT");
  EXPECT_EQ(all[0].venue_symbol, "BTC-USDT");
  EXPECT_EQ(all[0].tick_size, "0.1"_dec);
  EXPECT_EQ(all[0].lot_size, "0.00000001"_dec);
  EXPECT_EQ(all[0].min_quantity, "0.00001"_dec);
  EXPECT_EQ(all[0].min_notional, "0.1"_dec);
  EXPECT_TRUE(all[0].trading);
  EXPECT_FALSE(all[1].trading);
}

TEST(KucoinAnswers, TellMarketData) {
  const auto ticker = get<book_ticker>(read(call_of(operation::ticker), success(R"({"time":1732104000000,"sequence":"14610502970","price":"92100.1",
    "size":"0.1","bestBid":"92100","bestBidSize":"1.5","bestAsk":"92100.1","bestAskSize":"2"})")));
  EXPECT_EQ(ticker.bid_quantity, "1.5"_dec);
  EXPECT_EQ(ticker.ask_price, "92100.1"_dec);
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), success(R"([
    {"sequence":"2","price":"92101","size":"0.2","side":"sell","time":1732104001000000000},
    {"sequence":"1","price":"92100","size":"0.1","side":"buy","time":1732104000000000000}])")));
  ASSERT_EQ(trades.size(), 2u);
  EXPECT_EQ(trades[0].trade_id, "1");
  EXPECT_FALSE(trades[0].buyer_is_maker);
  EXPECT_TRUE(trades[1].buyer_is_maker);
  EXPECT_EQ(trades[1].at, wall_time::from_ms(1'732'104'001'000));
  const auto book = get<book_snapshot>(read(call_of(operation::book), success(R"({"time":1732104000000,"sequence":"100",
    "bids":[["92100","1"],["92099.9","2"]],"asks":[["92100.1","2"]]})")));
  EXPECT_EQ(book.update_id, 100);
  EXPECT_EQ(book.bids.at(1).quantity, decimal(2));
  const auto candles = get<std::vector<candle>>(read(call_of(operation::candles), success(R"([
    ["1732104000","92000","92100","92200","91900","12.5","1150000"],["1732103940","1","2","3","0.5","1","2"]])")));
  ASSERT_EQ(candles.size(), 2u);
  EXPECT_EQ(candles[1].open, decimal(92'000));
  EXPECT_EQ(candles[1].close, decimal(92'100));
  EXPECT_EQ(candles[1].high, decimal(92'200));
  EXPECT_EQ(candles[1].low, decimal(91'900));
  EXPECT_LT(candles[0].opens_at, candles[1].opens_at);
}

TEST(KucoinAnswers, TellPermissions) {
  auto ask = [](const std::string& list, const std::string& addresses) {
    return get<permissions>(read(call_of(operation::permissions),
                                 success(R"({"remark":"r","apiKey":"k","apiVersion":3,"permission":")" + list + R"(","ipWhitelist":)" +
                                         addresses + R"(,"createdAt":1,"uid":1,"isMaster":true})")));
  };
  auto p = ask("General,Spot", "\"127.0.0.1\"");
  EXPECT_EQ(p.read, tristate::yes);
  EXPECT_EQ(p.trade, tristate::yes);
  EXPECT_EQ(p.withdraw, tristate::no);
  EXPECT_EQ(p.address_bound, tristate::yes);
  EXPECT_EQ(ask("General, Withdrawal", "null").withdraw, tristate::yes);
  EXPECT_EQ(ask("General,Transfer", "null").withdraw, tristate::yes);
  EXPECT_EQ(ask("General,InnerTransfer", "null").withdraw, tristate::no);
  EXPECT_EQ(ask("General", "null").trade, tristate::no);
  EXPECT_EQ(ask("General", "null").address_bound, tristate::unknown);
  EXPECT_FALSE(read(call_of(operation::permissions), success("{}")));
}

TEST(KucoinAnswers, TellTheBalancesThatOrdersSpend) {
  const auto old_account = get<std::vector<balance>>(read(call_of(operation::balances), success(R"([
    {"id":"1","currency":"USDT","type":"main","balance":"5","available":"5","holds":"0"},
    {"id":"2","currency":"USDT","type":"trade","balance":"7","available":"7","holds":"0"},
    {"id":"3","currency":"USDT","type":"trade_hf","balance":"10000","available":"9900","holds":"100"}])")));
  ASSERT_EQ(old_account.size(), 1u);
  EXPECT_EQ(old_account[0].free, decimal(9'900));
  EXPECT_EQ(old_account[0].locked, decimal(100));
  const auto new_account = get<std::vector<balance>>(read(call_of(operation::balances), success(R"([
    {"id":"2","currency":"BTC","type":"trade","balance":"7","available":"7","holds":"0"}])")));
  EXPECT_EQ(new_account.at(0).asset, "BTC");
}

TEST(KucoinAnswers, AcknowledgeOrders) {
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  const auto placed = get<order>(read(call, success(R"({"orderId":"66fe2a4a1d5a0b0007e8b8f1","clientOid":"x"})")));
  EXPECT_EQ(placed.venue_order_id, "66fe2a4a1d5a0b0007e8b8f1");
  EXPECT_EQ(placed.client_order_id, client_id);
  EXPECT_FALSE(placed.complete);
  call = call_of(operation::cancel_order);
  call.of.client_order_id = client_id;
  EXPECT_FALSE(get<order>(read(call, success(R"({"clientOid":"00112233445566778899aabbccddeeff"})"))).complete);
}

TEST(KucoinAnswers, FindOrders) {
  auto call = call_of(operation::find_order);
  call.of.client_order_id = client_id;
  const auto found = get<order>(read(call, success(resting_order)));
  EXPECT_EQ(found.symbol, "BTC/USDT");
  EXPECT_EQ(found.status, order_status::partially_filled);
  EXPECT_EQ(found.type, order_type::limit_maker);
  EXPECT_EQ(found.filled_notional, decimal(36));
  EXPECT_EQ(found.client_order_id, client_id);
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(read(call, success("null")).error().code, make_error_code(exchange_errc::order_not_found));
}

TEST(KucoinAnswers, TellHowOrdersEnded) {
  auto ended = [](const std::string& size, const std::string& dealt, bool cancelled) {
    auto o = nlohmann::json::parse(resting_order);
    o["active"] = false;
    o["size"] = size;
    o["dealSize"] = dealt;
    o["cancelExist"] = cancelled;
    return get<order>(read([] { auto c = call_of(operation::find_order); c.of.venue_order_id = "1"; return c; }(), success(o.dump()))).status;
  };
  EXPECT_EQ(ended("0.001", "0.001", false), order_status::filled);
  EXPECT_EQ(ended("0.001", "0.0004", true), order_status::cancelled);
  EXPECT_EQ(ended("0.001", "0", true), order_status::cancelled);
  EXPECT_EQ(ended("0.001", "0.0004", false), order_status::cancelled);
  EXPECT_EQ(ended("0", "0.0004", false), order_status::filled);
}

TEST(KucoinAnswers, ListOpenOrdersOfAllSymbols) {
  auto reply = read(call_of(operation::open_orders, ""), success(R"({"symbols":["BTC-USDT","ETH-USDT"]})"));
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(protocol().make_request(*reply->next)->query.plain(), "symbol=BTC-USDT");
  reply = read(*reply->next, success("[" + std::string(resting_order) + "]"));
  EXPECT_EQ(get<std::vector<order>>(reply).size(), 1u);
  ASSERT_TRUE(reply->next);
  EXPECT_EQ(protocol().make_request(*reply->next)->query.plain(), "symbol=ETH-USDT");
  reply = read(*reply->next, success("null"));
  EXPECT_TRUE(get<std::vector<order>>(reply).empty());
  EXPECT_FALSE(reply->next);
  EXPECT_FALSE(read(call_of(operation::open_orders, ""), success(R"({"symbols":[]})"))->next);
}

std::string page(int from, int count) {
  std::string out;
  for (int id = from; id > from - count; --id) out += (out.empty() ? "" : ",") + own_trade(id, 1'732'104'000'000 + id);
  return success(R"({"items":[)" + out + R"(],"lastId":)" + std::to_string(from - count + 1) + "}");
}

TEST(KucoinAnswers, GatherFillsToTheKnownOneOldestFirst) {
  auto call = call_of(operation::fills);
  call.after = "95";
  auto reply = read(call, page(300, 100));
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(protocol().make_request(*reply->next)->query.plain(), "symbol=BTC-USDT&limit=100&lastId=201");
  reply = read(*reply->next, page(200, 100));
  ASSERT_TRUE(reply && reply->next);
  reply = read(*reply->next, page(100, 100));
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->next);
  const auto fills = get<std::vector<fill>>(reply);
  ASSERT_EQ(fills.size(), 205u);
  EXPECT_EQ(fills.front().trade_id, "96");
  EXPECT_EQ(fills.back().trade_id, "300");
  EXPECT_EQ(fills[0].fee, "0.036"_dec);
  EXPECT_EQ(fills[0].fee_asset, "USDT");
  EXPECT_TRUE(fills[0].maker);
}

TEST(KucoinAnswers, GatherFillsSinceATime) {
  auto call = call_of(operation::fills);
  call.since = wall_time::from_ms(1'732'104'000'299);
  EXPECT_EQ(get<std::vector<fill>>(read(call, page(300, 100))).size(), 2u);
  call.since.reset();
  EXPECT_EQ(get<std::vector<fill>>(read(call, page(300, 7))).size(), 7u);
}

TEST(KucoinAnswers, CancellingAllTellsOfFailedSymbols) {
  EXPECT_TRUE(read(call_of(operation::cancel_all_orders), success("\"success\"")));
  EXPECT_TRUE(read(call_of(operation::cancel_all_orders, ""), success(R"({"succeedSymbols":["BTC-USDT"],"failedSymbols":[]})")));
  auto failed = read(call_of(operation::cancel_all_orders, ""), success(R"({"succeedSymbols":[],"failedSymbols":[{"symbol":"BTC-USDT","error":"x"}]})"));
  EXPECT_EQ(failed.error().code, make_error_code(exchange_errc::unknown_outcome));
}

TEST(KucoinAnswers, GiveTheAddressOfAStream) {
  const auto body = success(R"({"token":"tok","instanceServers":[{"endpoint":"wss://ws-api-spot.kucoin.com/","encrypt":true,"protocol":"websocket",
    "pingInterval":18000,"pingTimeout":10000}]})");
  const auto access = get<std::shared_ptr<const stream_access>>(read(call_of(operation::stream_access), body));
  EXPECT_EQ(access->url, "wss://ws-api-spot.kucoin.com/?token=tok&connectId=drover");
  EXPECT_EQ(access->ping_interval, nanoseconds(18s));
  EXPECT_EQ(access->valid_for, nanoseconds(24h));
  EXPECT_EQ(protocol().make_private_wire()->make_url("", access.get()), access->url);
  EXPECT_EQ(protocol().make_market_wire()->make_url("", 0, access.get()), access->url);
  EXPECT_FALSE(read(call_of(operation::stream_access), success(R"({"token":"tok","instanceServers":[]})")));
}

TEST(KucoinAnswers, SurviveDamage) {
  const std::vector<std::string> bodies{success(symbols),       success(resting_order), page(10, 3), success("null"),
                                        success("[" + std::string(resting_order) + "]"),
                                        success(R"([["1732104000","92000","92100","92200","91900","12.5","1150000"]])"),
                                        success(R"({"time":1,"sequence":"100","bids":[["92100","1"]],"asks":[["92100.1","2"]]})"),
                                        success(R"({"token":"t","instanceServers":[{"endpoint":"wss://x/","pingInterval":18000}]})")};
  mutate(bodies, 100, [](const std::string& body) {
    for (auto op : all_operations()) {
      auto call = call_of(op);
      call.of.venue_order_id = "1";
      auto reply = read(call, body);
      if (!reply && is_write(op)) EXPECT_NE(reply.error().code, make_error_code(exchange_errc::protocol));
    }
  });
}

}  // namespace
}  // namespace drover::exchanges::kucoin
