#include "exchanges/binance/parse.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace drover::exchanges::binance {
namespace {

instrument_table table() {
  instrument btc;
  btc.symbol = "BTC/USDT";
  btc.venue_symbol = "BTCUSDT";
  btc.base_asset = "BTC";
  btc.quote_asset = "USDT";
  return instrument_table({btc});
}

constexpr std::string_view exchange_info = R"({"timezone":"UTC","serverTime":1,"rateLimits":[],"symbols":[
 {"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT","orderTypes":["LIMIT"],
  "filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
   {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
   {"filterType":"ICEBERG_PARTS","limit":10},
   {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.0"}],"permissions":[]},
 {"symbol":"OLDBTC","status":"BREAK","baseAsset":"OLD","quoteAsset":"BTC","filters":[{"filterType":"MIN_NOTIONAL","minNotional":"0.0001"}]}]})";

constexpr std::string_view placed = R"({"symbol":"BTCUSDT","orderId":9007199254740993123,"orderListId":-1,
 "clientOrderId":"abc","transactTime":1507725176595,"price":"60000.12000000","origQty":"10.00000000","executedQty":"0.50000000",
 "cummulativeQuoteQty":"30000.06000000","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"SELL",
 "fills":[{"price":"60000.12","qty":"0.5","commission":"4.0","commissionAsset":"USDT","tradeId":56}]})";

constexpr std::string_view cancelled = R"({"symbol":"BTCUSDT","origClientOrderId":"abc","orderId":4,"orderListId":-1,
 "clientOrderId":"cancelMyOrder1","transactTime":1684804350068,"price":"2.00000000","origQty":"1.00000000",
 "executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"})";

constexpr std::string_view trades = R"([{"symbol":"BTCUSDT","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",
 "qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB","time":1499865549590,
 "isBuyer":true,"isMaker":false,"isBestMatch":true}])";

constexpr std::string_view account_body = R"({"makerCommission":15,"canWithdraw":true,"updateTime":123,"balances":[
 {"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"},{"asset":"LTC","free":"0.00000000","locked":"0.00000000"}],
 "permissions":["SPOT"],"uid":354937868})";

constexpr std::string_view restrictions = R"({"ipRestrict":false,"createTime":1,"enableReading":true,"enableInternalTransfer":true,
 "enableSpotAndMarginTrading":true,"enableWithdrawals":false})";

constexpr std::string_view ticker =
    R"({"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}})";

constexpr std::string_view depth =
    R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","0"]]}})";

constexpr std::string_view execution = R"({"subscriptionId":3,"event":{"e":"executionReport","E":1499405658658,"s":"BTCUSDT",
 "c":"mUvoqJxFIILMdfAW5iGSOW","S":"BUY","o":"LIMIT","f":"GTC","q":"1.00000000","p":"0.10264410","P":"0.00000000","F":"0.00000000",
 "g":-1,"C":"","x":"TRADE","X":"FILLED","r":"NONE","i":4293153,"l":"0.40000000","z":"1.00000000","L":"0.10264410","n":"0.00040000",
 "N":"BTC","T":1499405658657,"t":77,"v":3,"I":8641984,"w":false,"m":true,"M":false,"O":1499405658657,"Z":"0.10264410","Y":"0.04","Q":"0.0"}})";

constexpr std::string_view cancel_report = R"({"subscriptionId":3,"event":{"e":"executionReport","E":1,"s":"BTCUSDT",
 "c":"web_cancel","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"2","C":"mine","x":"CANCELED","X":"CANCELED","r":"NONE","i":5,
 "l":"0","z":"0","L":"0","n":"0","N":null,"T":9,"t":-1,"w":false,"m":false,"O":1,"Z":"0"}})";

constexpr std::string_view position = R"({"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,
 "B":[{"a":"ETH","f":"10000.000000","l":"1.5"}]}})";

TEST(BinanceParse, ReadsInstrumentsAndTheirFilters) {
  auto list = parse_exchange_info(exchange_info);
  ASSERT_TRUE(list) << list.error().to_string();
  ASSERT_EQ(list->size(), 2u);
  const auto& btc = list->front();
  EXPECT_EQ(btc.symbol, "BTC/USDT");
  EXPECT_EQ(btc.venue_symbol, "BTCUSDT");
  EXPECT_EQ(btc.tick_size, "0.01"_dec);
  EXPECT_EQ(btc.lot_size, "0.00001"_dec);
  EXPECT_EQ(btc.min_quantity, "0.00001"_dec);
  EXPECT_EQ(btc.max_quantity, decimal(9000));
  EXPECT_EQ(btc.min_notional, decimal(5));
  EXPECT_TRUE(btc.trading);
  EXPECT_FALSE(list->back().trading);
  EXPECT_EQ(list->back().min_notional, "0.0001"_dec);
}

TEST(BinanceParse, KeepsEveryDigitOfIdsAndAmounts) {
  auto o = parse_order(placed, table());
  ASSERT_TRUE(o) << o.error().to_string();
  EXPECT_EQ(o->venue_order_id, "9007199254740993123");
  EXPECT_EQ(o->symbol, "BTC/USDT");
  EXPECT_EQ(o->client_order_id, "abc");
  EXPECT_EQ(o->side, side::sell);
  EXPECT_EQ(o->status, order_status::partially_filled);
  EXPECT_EQ(o->price, "60000.12"_dec);
  EXPECT_EQ(o->filled_quantity, "0.5"_dec);
  EXPECT_EQ(o->filled_notional, "30000.06"_dec);
  EXPECT_EQ(o->updated_at.ms(), 1507725176595);
}

TEST(BinanceParse, NamesACancelledOrderByItsOwnId) {
  auto o = parse_order(cancelled, table());
  ASSERT_TRUE(o);
  EXPECT_EQ(o->client_order_id, "abc");
  EXPECT_EQ(o->status, order_status::cancelled);
}

TEST(BinanceParse, ReadsFills) {
  auto list = parse_trades(trades, table());
  ASSERT_TRUE(list) << list.error().to_string();
  ASSERT_EQ(list->size(), 1u);
  const auto& f = list->front();
  EXPECT_EQ(f.trade_id, "28457");
  EXPECT_EQ(f.venue_order_id, "100234");
  EXPECT_EQ(f.side, side::buy);
  EXPECT_EQ(f.price, "4.000001"_dec);
  EXPECT_EQ(f.fee, "10.1"_dec);
  EXPECT_EQ(f.fee_asset, "BNB");
  EXPECT_FALSE(f.maker);
}

TEST(BinanceParse, LeavesEmptyBalancesOut) {
  auto list = parse_account(account_body);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->front().free, "4723846.89208129"_dec);
}

TEST(BinanceParse, ReadsWhatTheKeyMayDo) {
  auto p = parse_restrictions(restrictions);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->read, tristate::yes);
  EXPECT_EQ(p->trade, tristate::yes);
  EXPECT_EQ(p->withdraw, tristate::no);
  EXPECT_EQ(p->address_bound, tristate::no);
}

TEST(BinanceParse, DoesNotTakeAMissingWithdrawFlagForNo) {
  EXPECT_FALSE(parse_restrictions(R"({"enableReading":true,"ipRestrict":true})"));
  EXPECT_FALSE(parse_restrictions(R"({"enableWithdrawals":"false"})"));
  EXPECT_FALSE(parse_restrictions("{}"));
}

TEST(BinanceParse, ReadsTickers) {
  for (auto text : {std::string(ticker), std::string(R"({"u":400900217,"s":"BTCUSDT","b":25.3519,"B":"31.21","a":"25.3652","A":"40.66"})")}) {
    auto frame = parse_market_frame(text);
    ASSERT_TRUE(frame) << frame.error().to_string();
    auto* t = std::get_if<ticker_update>(&*frame);
    ASSERT_TRUE(t);
    EXPECT_EQ(t->venue_symbol, "BTCUSDT");
    EXPECT_EQ(t->update_id, 400900217);
    EXPECT_EQ(t->bid_price, "25.3519"_dec);
    EXPECT_EQ(t->ask_quantity, "40.66"_dec);
  }
}

TEST(BinanceParse, ReadsDepthUpdates) {
  auto frame = parse_market_frame(depth);
  ASSERT_TRUE(frame) << frame.error().to_string();
  auto* d = std::get_if<depth_update>(&*frame);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->update.first_id, 157);
  EXPECT_EQ(d->update.last_id, 160);
  ASSERT_EQ(d->update.bids.size(), 1u);
  EXPECT_EQ(d->update.bids[0].price, "0.0024"_dec);
  EXPECT_TRUE(d->update.asks[0].quantity.is_zero());
}

TEST(BinanceParse, ReadsAnswersToSubscriptions) {
  auto good = parse_market_frame(R"({"result":null,"id":12})");
  ASSERT_TRUE(good);
  EXPECT_EQ(std::get<request_answer>(*good).id, 12);
  EXPECT_FALSE(std::get<request_answer>(*good).refusal);
  for (auto text : {R"({"error":{"code":2,"msg":"bad"},"id":12})", R"({"code":2,"msg":"bad","id":12})"}) {
    auto refused = parse_market_frame(text);
    ASSERT_TRUE(refused);
    ASSERT_TRUE(std::get<request_answer>(*refused).refusal) << text;
    EXPECT_EQ(std::get<request_answer>(*refused).refusal->message, "bad");
  }
}

TEST(BinanceParse, ReadsExecutions) {
  auto frame = parse_user_frame(execution, table());
  ASSERT_TRUE(frame) << frame.error().to_string();
  auto& event = std::get<user_event>(*frame);
  EXPECT_EQ(event.subscription_id, 3);
  auto& e = std::get<order_event>(event.body);
  EXPECT_EQ(e.order.symbol, "BTC/USDT");
  EXPECT_EQ(e.order.client_order_id, "mUvoqJxFIILMdfAW5iGSOW");
  EXPECT_EQ(e.order.status, order_status::filled);
  ASSERT_TRUE(e.fill);
  EXPECT_EQ(e.fill->trade_id, "77");
  EXPECT_EQ(e.fill->quantity, "0.4"_dec);
  EXPECT_EQ(e.fill->fee, "0.0004"_dec);
  EXPECT_EQ(e.fill->fee_asset, "BTC");
  EXPECT_TRUE(e.fill->maker);
}

TEST(BinanceParse, ReadsCancellationsUnderTheOriginalId) {
  auto frame = parse_user_frame(cancel_report, table());
  ASSERT_TRUE(frame) << frame.error().to_string();
  auto& e = std::get<order_event>(std::get<user_event>(*frame).body);
  EXPECT_EQ(e.order.client_order_id, "mine");
  EXPECT_FALSE(e.fill);
}

TEST(BinanceParse, ReadsBalancesAnswersAndEnds) {
  auto balances = parse_user_frame(position, table());
  ASSERT_TRUE(balances);
  EXPECT_EQ(std::get<balance_event>(std::get<user_event>(*balances).body).balances.at(0).locked, "1.5"_dec);

  auto answer = parse_user_frame(R"({"id":"7","status":200,"result":{"subscriptionId":4},"rateLimits":[]})", table());
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<user_answer>(*answer).subscription_id, 4);

  auto refused = parse_user_frame(R"({"id":"7","status":401,"error":{"code":-2015,"msg":"Invalid API-key"}})", table());
  ASSERT_TRUE(refused);
  EXPECT_EQ(std::get<user_answer>(*refused).refusal->code, -2015);

  auto ended = parse_user_frame(R"({"subscriptionId":4,"event":{"e":"eventStreamTerminated","E":1}})", table());
  ASSERT_TRUE(ended);
  EXPECT_TRUE(std::holds_alternative<stream_terminated>(std::get<user_event>(*ended).body));
}

TEST(BinanceParse, SplitsANewlyListedSymbolAtAKnownQuote) {
  EXPECT_EQ(table().to_canonical("NEWUSDT"), "NEW/USDT");
  EXPECT_EQ(table().to_canonical("USDT"), "USDT");
  EXPECT_EQ(table().to_canonical("ABCXYZ"), "ABCXYZ");
}

TEST(BinanceParse, RefusesNumbersThatCannotBe) {
  for (auto bad : {R"("-1")", R"("NaN")", R"("1e400")", R"("")", "null", "true", "[]", R"("99999999999999999999999999")", R"("0x10")"}) {
    auto text = std::string(R"({"u":1,"s":"BTCUSDT","b":)") + bad + R"(,"B":"1","a":"1","A":"1"})";
    EXPECT_FALSE(parse_market_frame(text)) << bad;
  }
}

/// Calls every parser; what they answer does not matter, that they answer does.
void feed_all(std::string_view bytes) {
  auto t = table();
  (void)parse_error(bytes);
  (void)parse_server_time(bytes);
  (void)parse_exchange_info(bytes);
  (void)parse_account(bytes);
  (void)parse_order(bytes, t);
  (void)parse_orders(bytes, t);
  (void)parse_trades(bytes, t);
  (void)parse_restrictions(bytes);
  (void)parse_market_frame(bytes);
  (void)parse_depth_snapshot(bytes);
  (void)parse_user_frame(bytes, t);
}

TEST(BinanceParse, SurvivesGarbage) {
  for (std::string_view bytes : {std::string_view(""), std::string_view("\0", 1), std::string_view("{"), std::string_view("[[[["),
                                 std::string_view("<html>"), std::string_view("{\"a\":\xff\xfe}"), std::string_view("null"),
                                 std::string_view("123"), std::string_view("\"text\""), std::string_view("{} {}"),
                                 std::string_view(R"({"data":5})"), std::string_view(R"({"subscriptionId":1})"),
                                 std::string_view(R"({"symbols":[1,2]})")})
    feed_all(bytes);
  feed_all(std::string(200'000, '['));
  feed_all(std::string(1'000'000, '{'));
  feed_all("{\"a\":" + std::string(8 << 20, '1') + "}");
}

TEST(BinanceParse, SurvivesEveryTruncation) {
  for (auto whole : {exchange_info, placed, trades, account_body, restrictions, ticker, depth, execution, position}) {
    for (std::size_t n = 0; n < whole.size(); ++n) feed_all(whole.substr(0, n));
    EXPECT_FALSE(parse_market_frame(whole.substr(0, whole.size() / 2)) && parse_exchange_info(whole.substr(0, whole.size() / 2)));
  }
}

TEST(BinanceParse, SurvivesDamagedBytes) {
  seeded_random random(7);
  for (auto whole : {exchange_info, placed, trades, account_body, restrictions, ticker, depth, execution, position}) {
    for (int i = 0; i < 2000; ++i) {
      std::string damaged(whole);
      for (int hits = 0; hits < 3; ++hits) damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      feed_all(damaged);
    }
  }
}

}  // namespace
}  // namespace drover::exchanges::binance
