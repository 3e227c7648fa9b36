#include <gtest/gtest.h>

#include "tests/unit/mexc/mexc_fixture.hpp"

namespace drover::exchanges::mexc {
namespace {

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

TEST(MexcAnswers, InstrumentsAreTradedWhenTheirSymbolIsListedForKeys) {
  auto call = call_of(operation::instruments);
  auto first = read(call, R"({"timezone":"CST","serverTime":1,"rateLimits":[],"exchangeFilters":[],"symbols":[
    {"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":6,"quoteAsset":"USDT","quotePrecision":2,"quoteAssetPrecision":2,
     "isSpotTradingAllowed":true,"baseSizePrecision":"0.00001","quoteAmountPrecision":"1","maxQuoteAmount":"2000000"},
    {"symbol":"OLDUSDT","status":"1","baseAsset":"OLD","baseAssetPrecision":"2","quoteAsset":"USDT","quotePrecision":"4","isSpotTradingAllowed":true,
     "baseSizePrecision":"0","quoteAmountPrecision":"5"},
    {"symbol":"OFFUSDT","status":"2","baseAsset":"OFF","baseAssetPrecision":2,"quoteAsset":"USDT","quotePrecision":4,"isSpotTradingAllowed":false}]})");
  ASSERT_TRUE(first && first->next);
  EXPECT_EQ(protocol().make_request(*first->next)->path, "/api/v3/defaultSymbols");
  const auto all = get<std::vector<instrument>>(read(*first->next, R"({"code":200,"data":["BTCUSDT","OFFUSDT"],"msg":null})"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].symbol, "BTC/USDT");
  EXPECT_EQ(all[0].tick_size, "0.01"_dec);
  EXPECT_EQ(all[0].lot_size, "0.000001"_dec);
  EXPECT_EQ(all[0].min_quantity, "0.00001"_dec);
  EXPECT_EQ(all[0].min_notional, decimal(1));
  EXPECT_TRUE(all[0].trading);
  EXPECT_EQ(all[1].min_quantity, "0.01"_dec);
  EXPECT_FALSE(all[1].trading);
  EXPECT_FALSE(all[2].trading);
}

TEST(MexcAnswers, ReadTheMarket) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), R"({"serverTime":1732104000123})")).ms(), 1'732'104'000'123);
  const auto book = get<book_snapshot>(read(call_of(operation::book), R"({"lastUpdateId":100,"bids":[["92100","1"],["92099","3"]],"asks":[["92100.01","2"]]})"));
  EXPECT_EQ(book.update_id, 100);
  EXPECT_EQ(book.bids.at(1).quantity, decimal(3));
  const auto top = get<book_ticker>(read(call_of(operation::ticker), R"({"symbol":"BTCUSDT","bidPrice":"1","bidQty":"2","askPrice":null,"askQty":null})"));
  EXPECT_EQ(top.bid_quantity, decimal(2));
  EXPECT_TRUE(top.ask_price.is_zero());
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), R"([
    {"a":null,"f":null,"l":null,"p":"2","q":"0.2","T":1732104001000,"m":true,"M":true},
    {"a":null,"f":null,"l":null,"p":"1","q":"0.1","T":1732104000000,"m":false,"M":true}])"));
  EXPECT_EQ(trades.at(0).price, decimal(1));
  EXPECT_TRUE(trades.at(1).buyer_is_maker);
  const auto candles = get<std::vector<candle>>(read(call_of(operation::candles),
                                                     R"([[1732103940000,"92000","92200","91900","92100","12.5",1732104000000,"1150000"]])"));
  EXPECT_EQ(candles.at(0).opens_at.ms(), 1'732'103'940'000);
  EXPECT_EQ(candles.at(0).close, decimal(92'100));
  EXPECT_EQ(candles.at(0).volume, "12.5"_dec);
}

TEST(MexcAnswers, APlacementTellsIdsOnly) {
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  const auto o = get<order>(read(call, R"({"symbol":"BTCUSDT","orderId":"C02__1","orderListId":-1,"price":"90000","origQty":"0.001","type":"LIMIT","side":"BUY","transactTime":1732104000000})"));
  EXPECT_FALSE(o.complete);
  EXPECT_EQ(o.venue_order_id, "C02__1");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.quantity, "0.001"_dec);
}

TEST(MexcAnswers, ReadOrders) {
  auto call = call_of(operation::find_order);
  const auto o = get<order>(read(call, resting_order));
  EXPECT_TRUE(o.complete);
  EXPECT_EQ(o.symbol, "BTC/USDT");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.updated_at.ms(), 1'732'104'000'123);
  const std::vector<std::pair<std::string, order_status>> words{{"NEW", order_status::open}, {"FILLED", order_status::filled},
      {"PARTIALLY_FILLED", order_status::partially_filled}, {"CANCELED", order_status::cancelled}, {"PARTIALLY_CANCELED", order_status::cancelled}};
  for (const auto& [word, status] : words)
    EXPECT_EQ(get<order>(read(call, with(resting_order, "\"NEW\"", "\"" + word + "\""))).status, status) << word;
  EXPECT_FALSE(read(call, with(resting_order, "\"NEW\"", "\"ODD\"")));
  EXPECT_EQ(get<std::vector<order>>(read(call_of(operation::open_orders), "[" + std::string(resting_order) + "]")).size(), 1u);
  EXPECT_TRUE(read(call_of(operation::cancel_all_orders), "[" + std::string(resting_order) + "]"));
}

TEST(MexcAnswers, ACancellationWithoutStateIsToBeLookedAfter) {
  auto call = call_of(operation::cancel_order);
  const auto stub = get<order>(read(call, R"({"symbol":"BTCUSDT","orderId":"1","price":"3","origQty":"2","type":"LIMIT","side":"BUY"})"));
  EXPECT_EQ(stub.status, order_status::cancelled);
  EXPECT_FALSE(stub.complete);
  const auto whole = get<order>(read(call, R"({"symbol":"BTCUSDT","origClientOrderId":"mine","orderId":4,"clientOrderId":"cancel","price":"2","origQty":"1",
    "executedQty":"0.5","cummulativeQuoteQty":"1","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY"})"));
  EXPECT_TRUE(whole.complete);
  EXPECT_EQ(whole.client_order_id, "mine");
  EXPECT_EQ(whole.filled_quantity, "0.5"_dec);
}

TEST(MexcAnswers, FillsGoBackInTimeAndComeOldestFirst) {
  auto call = call_of(operation::fills);
  call.since = wall_time::from_ms(1'732'104'000'000);
  call.after = "1";
  const auto row = [](int id, std::int64_t ms) {
    return with(with(own_trade, "443776347957968896089", std::to_string(id)), "1732104000000", std::to_string(ms));
  };
  std::string page = "[";
  for (int id = 200; id > 100; --id) page += (id < 200 ? "," : "") + row(id, 1'732'104'000'000 + id);
  auto first = read(call, page + "]");
  ASSERT_TRUE(first && first->next);
  EXPECT_EQ(protocol().make_request(*first->next)->query.plain(), "symbol=BTCUSDT&startTime=1732104000000&endTime=1732104000101&limit=100");
  auto last = read(*first->next, "[" + row(101, 1'732'104'000'101) + "," + row(1, 1'732'104'000'000) + "," + row(2, 1'732'104'000'000) + "]");
  const auto fills = get<std::vector<fill>>(last);
  ASSERT_FALSE(last->next);
  ASSERT_EQ(fills.size(), 101u);
  EXPECT_EQ(fills.front().trade_id, "2");
  EXPECT_EQ(fills.back().trade_id, "200");
  EXPECT_EQ(fills[0].fee, "0.04605"_dec);
  EXPECT_EQ(fills[0].fee_asset, "USDT");
  EXPECT_FALSE(fills[0].maker);
  // A page of one millisecond leads nowhere.
  auto stuck = *first->next;
  std::string same = "[";
  for (int id = 200; id > 100; --id) same += (id < 200 ? "," : "") + row(id, 1'732'104'000'101);
  auto failed = read(stuck, same + "]");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, make_error_code(exchange_errc::protocol));
}

TEST(MexcAnswers, BalancesAndRights) {
  const std::string body = R"({"makerCommission":null,"canTrade":true,"canWithdraw":true,"canDeposit":true,"updateTime":null,"accountType":"SPOT",
    "balances":[{"asset":"USDT","free":"9900","locked":"100"}],"permissions":["SPOT"]})";
  EXPECT_EQ(get<std::vector<balance>>(read(call_of(operation::balances), body)).at(0).locked, decimal(100));
  const auto rights = get<permissions>(read(call_of(operation::permissions), body));
  EXPECT_EQ(rights.read, tristate::yes);
  // What the account may do says nothing of the key.
  EXPECT_EQ(rights.withdraw, tristate::unknown);
  EXPECT_EQ(rights.trade, tristate::unknown);
  for (const auto* bad : {"-1", "NaN", "1e99", ""})
    EXPECT_FALSE(read(call_of(operation::balances), with(body, "9900", bad))) << bad;
}

TEST(MexcAnswers, ListenKeysAreProlongedEveryHalfHour) {
  const auto access = get<std::shared_ptr<const stream_access>>(read(call_of(operation::stream_access), R"({"listenKey":"abc"})"));
  EXPECT_EQ(access->token.reveal(), "abc");
  EXPECT_EQ(access->valid_for, nanoseconds(30min));
  auto keep = call_of(operation::keep_stream_access);
  EXPECT_FALSE(protocol().make_request(keep));
  keep.access = access;
  auto made = protocol().make_request(keep);
  EXPECT_EQ(made->method, "PUT");
  EXPECT_EQ(made->query.plain(), "listenKey=abc");
  EXPECT_FALSE(read(call_of(operation::stream_access), "{}"));
}

TEST(MexcAnswers, SurviveDamage) {
  const std::vector<std::string> bodies{
      resting_order, "[" + std::string(own_trade) + "]", R"({"balances":[{"asset":"USDT","free":"9900","locked":"100"}]})",
      R"({"lastUpdateId":100,"bids":[["92100","1"]],"asks":[["92100.01","2"]]})", R"([[1732103940000,"92000","92200","91900","92100","12.5"]])",
      R"({"symbols":[{"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":6,"quoteAsset":"USDT","quotePrecision":2}]})",
      R"({"code":200,"data":["BTCUSDT"]})", R"({"serverTime":1732104000123})", R"({"code":30004,"msg":"x"})", std::string(200'000, '[')};
  std::size_t fed = 0;
  mutate(bodies, 60, [&](const std::string& body) {
    for (auto op : all_operations())
      for (int status : {200, 400}) {
        auto call = call_of(op);
        call.step = static_cast<int>(fed % 2);
        (void)read(call, body, status);
        ++fed;
      }
  });
  EXPECT_GT(fed, 1'000u);
}

}  // namespace
}  // namespace drover::exchanges::mexc
