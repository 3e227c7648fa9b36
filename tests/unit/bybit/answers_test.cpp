#include <gtest/gtest.h>

#include "tests/support/venue_damage.hpp"
#include "tests/unit/bybit/bybit_fixture.hpp"

namespace drover::exchanges::bybit {
namespace {

constexpr const char* btc = R"({"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","marginTrading":"utaOnly",
"lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.00000001","minOrderQty":"0.000048","maxOrderQty":"71.73956243","minOrderAmt":"1",
"maxOrderAmt":"4000000","maxLimitOrderQty":"83","maxMarketOrderQty":"41.5"},"priceFilter":{"tickSize":"0.01"},
"riskParameters":{"priceLimitRatioX":"0.01","priceLimitRatioY":"0.02"}})";
constexpr const char* server_time = R"({"timeSecond":"1732104000","timeNano":"1732104000123456789"})";
constexpr const char* ticker = R"({"symbol":"BTCUSDT","bid1Price":"92100","bid1Size":"1","ask1Price":"92100.01","ask1Size":"2","lastPrice":"92100.01","prevPrice24h":"92000"})";
constexpr const char* book = R"({"s":"BTCUSDT","b":[["92100","1"],["92099","3"]],"a":[["92100.01","2"]],"ts":1732104000000,"u":100,"seq":1,"cts":1732104000000})";

TEST(BybitAnswers, ReadTheMarket) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), success(server_time))).ms(), 1'732'104'000'123);
  const auto closed = with(with(btc, "\"Trading\"", "\"Closed\""), R"("maxLimitOrderQty":"83",)", "");
  const auto all = get<std::vector<instrument>>(read(call_of(operation::instruments), list(std::string(btc) + "," + closed)));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].symbol, "BTC/USDT");
  EXPECT_EQ(all[0].venue_symbol, "BTCUSDT");
  EXPECT_EQ(all[0].tick_size, decimal::literal("0.01"));
  EXPECT_EQ(all[0].lot_size, decimal::literal("0.000001"));
  EXPECT_EQ(all[0].min_quantity, decimal::literal("0.000048"));
  EXPECT_EQ(all[0].max_quantity, decimal(83));
  EXPECT_EQ(all[0].min_notional, decimal(1));
  EXPECT_TRUE(all[0].trading);
  EXPECT_EQ(all[1].max_quantity, decimal::literal("71.73956243"));
  EXPECT_FALSE(all[1].trading);
  EXPECT_FALSE(read(call_of(operation::instruments), list(with(btc, "priceFilter", "priceFilters"))));
}

TEST(BybitAnswers, ReadTopsBooksTradesAndCandles) {
  const auto top = get<book_ticker>(read(call_of(operation::ticker), list(ticker)));
  EXPECT_EQ(top.symbol, "BTC/USDT");
  EXPECT_EQ(top.ask_price, decimal::literal("92100.01"));
  EXPECT_EQ(top.bid_quantity, decimal(1));
  EXPECT_FALSE(read(call_of(operation::ticker), list("")));
  const auto snapshot = get<book_snapshot>(read(call_of(operation::book), success(book)));
  EXPECT_EQ(snapshot.update_id, 100);
  EXPECT_EQ(snapshot.bids.at(1).quantity, decimal(3));
  EXPECT_EQ(snapshot.asks.at(0).price, decimal::literal("92100.01"));
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), list(R"(
    {"execId":"2","symbol":"BTCUSDT","price":"92100","size":"0.1","side":"Sell","time":"1732104000001","isBlockTrade":false},
    {"execId":"1","symbol":"BTCUSDT","price":"92101","size":"0.2","side":"Buy","time":"1732104000000","isBlockTrade":false})")));
  ASSERT_EQ(trades.size(), 2u);
  EXPECT_EQ(trades[0].trade_id, "1");
  EXPECT_FALSE(trades[0].buyer_is_maker);
  EXPECT_TRUE(trades[1].buyer_is_maker);
  const auto candles = get<std::vector<candle>>(read(call_of(operation::candles), list(R"(["1732104000000","92100","92300","92050","92200","3","276600"],
    ["1732103940000","92000","92200","91900","92100","12.5","1150000"])")));
  ASSERT_EQ(candles.size(), 2u);
  EXPECT_EQ(candles[0].opens_at.ms(), 1'732'103'940'000);
  EXPECT_EQ(candles[0].high, decimal(92'200));
  EXPECT_EQ(candles[0].low, decimal(91'900));
  EXPECT_EQ(candles[0].volume, decimal::literal("12.5"));
}

TEST(BybitAnswers, PlacingSaysOnlyThatTheOrderWasTakenIn) {
  auto call = call_of(operation::create_order);
  call.order = limit_order(side::sell);
  const auto o = get<order>(read(call, success(R"({"orderId":"1837206514123456789","orderLinkId":"00112233445566778899aabbccddeeff"})")));
  EXPECT_EQ(o.venue_order_id, "1837206514123456789");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.side, side::sell);
  EXPECT_EQ(o.price, decimal(95'000));
  EXPECT_FALSE(o.complete);
}

TEST(BybitAnswers, AnErrorInsideTheAnswerIsTheOrders) {
  const auto refused = read(call_of(operation::create_order), refusal(170'131, "Insufficient balance."));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::insufficient_funds));
  EXPECT_EQ(refused.error().detail, "170131: Insufficient balance.");
  for (const auto* body : {R"({"retCode":0,"retMsg":"OK"})", R"({"retCode":0,"retMsg":"OK","result":{}})", R"({"retCode":"0","result":{"orderId":"1"}})",
                           R"({"retCode":0,"retMsg":"OK","result":{"orderId":1}})"}) {
    const auto unknown = read(call_of(operation::create_order), body);
    ASSERT_FALSE(unknown) << body;
    EXPECT_EQ(unknown.error().code, make_error_code(exchange_errc::unknown_outcome)) << body;
  }
}

venue_call finding(const std::string& id = "1837206514123456789") {
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = id;
  return call;
}

TEST(BybitAnswers, ReadAnOrder) {
  const auto o = get<order>(read(finding(), list(resting_order)));
  EXPECT_EQ(o.symbol, "BTC/USDT");
  EXPECT_EQ(o.venue_order_id, "1837206514123456789");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.status, order_status::partially_filled);
  EXPECT_EQ(o.price, decimal(90'000));
  EXPECT_EQ(o.quantity, decimal::literal("0.001"));
  EXPECT_EQ(o.filled_quantity, decimal::literal("0.0004"));
  EXPECT_EQ(o.filled_notional, decimal::literal("35.9998"));
  EXPECT_EQ(o.updated_at.ms(), 1'732'104'000'456);
  EXPECT_TRUE(o.complete);
}

TEST(BybitAnswers, TellHowOrdersEndedAndOfWhatKindTheyWere) {
  const std::vector<std::pair<std::string, order_status>> words{
      {"New", order_status::open},           {"Active", order_status::open},           {"Untriggered", order_status::open},
      {"Triggered", order_status::open},     {"Filled", order_status::filled},         {"Cancelled", order_status::cancelled},
      {"Deactivated", order_status::cancelled}, {"PartiallyFilledCanceled", order_status::cancelled}, {"Rejected", order_status::rejected}};
  for (const auto& [word, status] : words)
    EXPECT_EQ(get<order>(read(finding(), list(with(resting_order, "\"PartiallyFilled\"", "\"" + word + "\"")))).status, status) << word;
  EXPECT_FALSE(read(finding(), list(with(resting_order, "\"PartiallyFilled\"", "\"Lost\""))));
  EXPECT_EQ(get<order>(read(finding(), list(with(resting_order, "\"GTC\"", "\"PostOnly\"")))).type, order_type::limit_maker);
  EXPECT_EQ(get<order>(read(finding(), list(with(resting_order, "\"GTC\"", "\"FOK\"")))).type, order_type::limit);
}

TEST(BybitAnswers, MarketBuysAreSizedByWhatTheyBought) {
  const auto bought = with(with(with(resting_order, "\"Limit\"", "\"Market\""), R"("qty":"0.001")", R"("qty":"36")"), R"("price":"90000")", R"("price":"0")");
  // The venue's unit of market buys, unless another was named.
  EXPECT_EQ(get<order>(read(finding(), list(bought))).quantity, decimal::literal("0.0004"));
  EXPECT_EQ(get<order>(read(finding(), list(with(bought, R"("marketUnit":"")", R"("marketUnit":"quoteCoin")")))).quantity, decimal::literal("0.0004"));
  const auto sized = get<order>(read(finding(), list(with(bought, R"("marketUnit":"")", R"("marketUnit":"baseCoin")"))));
  EXPECT_EQ(sized.quantity, decimal(36));
  EXPECT_EQ(sized.type, order_type::market);
  EXPECT_EQ(get<order>(read(finding(), list(with(bought, "\"Buy\"", "\"Sell\"")))).quantity, decimal(36));
}

TEST(BybitAnswers, OrdersThatEndedAreLookedForInTheHistory) {
  for (const auto& first : {list(""), refusal(110'001, "order not exists or too late to cancel")}) {
    auto step = read(finding(), first);
    ASSERT_TRUE(step && step->next) << first;
    EXPECT_EQ(protocol().make_request(*step->next)->path, "/v5/order/history");
    EXPECT_EQ(get<order>(read(*step->next, list(resting_order))).client_order_id, client_id);
    auto absent = read(*step->next, list(""));
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, make_error_code(exchange_errc::order_not_found));
  }
  // Somebody else's order is not the one that was asked for.
  EXPECT_TRUE(read(finding("1"), list(resting_order))->next);
}

TEST(BybitAnswers, OpenOrdersArePagedToTheEndWithoutThoseThatEnded) {
  auto first = read(call_of(operation::open_orders), list(std::string(resting_order) + "," + with(resting_order, "\"PartiallyFilled\"", "\"Filled\""), "page%3A2"));
  EXPECT_EQ(get<std::vector<order>>(first).size(), 1u);
  ASSERT_TRUE(first->next);
  EXPECT_NE(protocol().make_request(*first->next)->query.plain().find("cursor=page%3A2"), std::string::npos);
  // A cursor that stands still is an end.
  auto last = read(*first->next, list(resting_order, "page%3A2"));
  EXPECT_EQ(get<std::vector<order>>(last).size(), 1u);
  EXPECT_FALSE(last->next);
}

std::string trade(int id) { return with(own_trade, "\"2290000000076894797\"", "\"" + std::to_string(id) + "\""); }

TEST(BybitAnswers, FillsComeOldestFirstUpToTheOneThatIsKnown) {
  auto call = call_of(operation::fills);
  call.after = "3";
  auto first = read(call, list(trade(7) + "," + trade(6), "next"));
  ASSERT_TRUE(first && first->next);
  EXPECT_NE(protocol().make_request(*first->next)->query.plain().find("cursor=next"), std::string::npos);
  auto last = read(*first->next, list(trade(5) + "," + trade(3) + "," + trade(2), "more"));
  ASSERT_FALSE(last->next);
  const auto fills = get<std::vector<fill>>(last);
  ASSERT_EQ(fills.size(), 3u);
  EXPECT_EQ(fills[0].trade_id, "5");
  EXPECT_EQ(fills[2].trade_id, "7");
}

TEST(BybitAnswers, FillsTellFeesAndMakers) {
  const auto one = [](const std::string& text) { return get<std::vector<fill>>(read(call_of(operation::fills), list(text))).at(0); };
  const auto x = one(own_trade);
  EXPECT_EQ(x.fee, decimal::literal("0.0000004"));
  EXPECT_EQ(x.fee_asset, "BTC");
  EXPECT_EQ(x.price, decimal::literal("89999.5"));
  EXPECT_EQ(x.quantity, decimal::literal("0.0004"));
  EXPECT_EQ(x.venue_order_id, "1837206514123456789");
  EXPECT_EQ(x.client_order_id, client_id);
  EXPECT_EQ(x.at.ms(), 1'732'104'000'123);
  EXPECT_FALSE(x.maker);
  const auto rebate = one(with(with(own_trade, R"("execFee":"0.0000004")", R"("execFee":"-0.00000008")"), R"("isMaker":false)", R"("isMaker":true)"));
  EXPECT_EQ(rebate.fee, decimal::literal("-0.00000008"));
  EXPECT_TRUE(rebate.maker);
  // Whoever is not told pays in what was got.
  const auto silent = with(own_trade, R"("feeCurrency":"BTC")", R"("feeCurrency":"")");
  EXPECT_EQ(one(silent).fee_asset, "BTC");
  EXPECT_EQ(one(with(silent, "\"Buy\"", "\"Sell\"")).fee_asset, "USDT");
}

constexpr const char* wallet = R"({"accountType":"UNIFIED","totalEquity":"10000","coin":[{"coin":"USDT","equity":"10000","usdValue":"10000",
"walletBalance":"10000.000000000000000001","free":"","locked":"100","availableToWithdraw":""},{"coin":"ETH","walletBalance":"0","locked":"0"},
{"coin":"DOT","walletBalance":"1","locked":"2"}]})";

TEST(BybitAnswers, WhatIsLockedIsNotFree) {
  const auto all = get<std::vector<balance>>(read(call_of(operation::balances), success(R"({"list":[)" + std::string(wallet) + "]}")));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].asset, "USDT");
  EXPECT_EQ(all[0].free, decimal::literal("9900.000000000000000001"));
  EXPECT_EQ(all[0].locked, decimal(100));
  EXPECT_TRUE(all[1].free.is_zero());
  EXPECT_FALSE(read(call_of(operation::balances), success(R"({"list":[)" + with(wallet, "\"10000.0", "\"-10000.0") + "]}")));
}

constexpr const char* api_key = R"({"id":"1","note":"bot","apiKey":"k","readOnly":0,"secret":"","permissions":{"ContractTrade":[],"Spot":["SpotTrade"],
"Wallet":["AccountTransfer"],"Options":[],"Derivatives":[],"Exchange":[]},"ips":["*"],"type":1,"deadlineDay":83,"uta":1,"userID":1,"isMaster":true})";

TEST(BybitAnswers, RightsAreThoseOfTheKey) {
  const auto rights = [](const std::string& result) { return get<permissions>(read(call_of(operation::permissions), success(result))); };
  const auto trader = rights(api_key);
  EXPECT_EQ(trader.read, tristate::yes);
  EXPECT_EQ(trader.trade, tristate::yes);
  EXPECT_EQ(trader.withdraw, tristate::no);
  EXPECT_EQ(trader.address_bound, tristate::no);
  const auto taker = rights(with(with(api_key, "\"AccountTransfer\"", R"("AccountTransfer","Withdraw")"), R"(["*"])", R"(["10.0.0.1"])"));
  EXPECT_EQ(taker.withdraw, tristate::yes);
  EXPECT_EQ(taker.address_bound, tristate::yes);
  const auto reader = rights(with(api_key, R"("readOnly":0)", R"("readOnly":1)"));
  EXPECT_EQ(reader.trade, tristate::no);
  EXPECT_EQ(reader.read, tristate::yes);
  EXPECT_FALSE(read(call_of(operation::permissions), success("{}")));
}

TEST(BybitAnswers, CancelsAreTakenIn) {
  auto call = call_of(operation::cancel_order);
  call.of = {"BTC/USDT", client_id, ""};
  const auto o = get<order>(read(call, success(R"({"orderId":"1837206514123456789","orderLinkId":""})")));
  EXPECT_EQ(o.venue_order_id, "1837206514123456789");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_FALSE(o.complete);
  EXPECT_TRUE(read(call_of(operation::cancel_all_orders), success(R"({"list":[{"orderId":"1","orderLinkId":""}],"success":"1"})")));
}

TEST(BybitAnswers, RefuseBadNumbers) {
  for (const auto* number : {"-1", "NaN", "1e99", "0x10", "1.0000000000000000001", "", " 1"}) {
    const auto reply = read(call_of(operation::fills), list(with(own_trade, R"("execPrice":"89999.5")", std::string(R"("execPrice":")") + number + "\"")));
    ASSERT_FALSE(reply) << number;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::protocol));
  }
  for (const auto* time : {"-1", "99999999999999999999", "7258118400000", "x"})
    EXPECT_FALSE(read(call_of(operation::fills), list(with(own_trade, R"("execTime":"1732104000123")", std::string(R"("execTime":")") + time + "\"")))) << time;
}

/// What every operation may be answered.
std::vector<std::pair<operation, std::string>> samples() {
  return {{operation::server_time, success(server_time)},
          {operation::instruments, list(btc)},
          {operation::ticker, list(ticker)},
          {operation::book, success(book)},
          {operation::trades, list(R"({"execId":"2","price":"92100","size":"0.1","side":"Sell","time":"1732104000001"})")},
          {operation::candles, list(R"(["1732104000000","92100","92300","92050","92200","3","276600"])")},
          {operation::permissions, success(api_key)},
          {operation::balances, success(R"({"list":[)" + std::string(wallet) + "]}")},
          {operation::create_order, success(R"({"orderId":"1","orderLinkId":"x"})")},
          {operation::create_order, refusal(170'131, "Insufficient balance.")},
          {operation::cancel_order, success(R"({"orderId":"1","orderLinkId":"x"})")},
          {operation::cancel_all_orders, success(R"({"list":[],"success":"1"})")},
          {operation::find_order, list(resting_order)},
          {operation::open_orders, list(resting_order)},
          {operation::fills, list(own_trade)}};
}

TEST(BybitAnswers, AnyByteMayBeWrong) {
  std::size_t fed = 0;
  for (const auto& [op, body] : samples()) {
    auto call = call_of(op);
    call.order = limit_order();
    call.of.venue_order_id = "1837206514123456789";
    ASSERT_TRUE(read(call, body) || body.find("170131") != std::string::npos) << to_string(op);
    fed += damage_every_byte({body}, [&](const std::string& damaged) {
      auto reply = read(call, damaged);
      if (reply)
        EXPECT_EQ(find_impossible_number(reply->answer), "") << to_string(op) << damaged;
      else
        EXPECT_FALSE(reply.error().detail.empty()) << to_string(op) << damaged;
    });
  }
  EXPECT_GT(fed, 30'000u);
}

TEST(BybitAnswers, SurviveTheAnswersOfOtherOperations) {
  for (const auto& [wrong, body] : samples())
    for (auto op : all_operations())
      for (int status : {200, 400, 503}) {
        auto call = call_of(op);
        call.of.venue_order_id = "1";
        auto reply = read(call, body, status);
        if (status == 503 && is_write(op)) EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome));
      }
  EXPECT_FALSE(read(call_of(operation::balances), std::string(200'000, '[')));
}

}  // namespace
}  // namespace drover::exchanges::bybit
