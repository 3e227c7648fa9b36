#include <gtest/gtest.h>

#include "tests/support/venue_damage.hpp"
#include "tests/unit/okx/okx_fixture.hpp"

namespace drover::exchanges::okx {
namespace {

constexpr const char* btc = R"({"alias":"","baseCcy":"BTC","category":"1","ctMult":"","ctType":"","ctVal":"","ctValCcy":"","expTime":"","instFamily":"","instId":"BTC-USDT",
"instType":"SPOT","lever":"10","listTime":"1548133413000","lotSz":"0.00000001","maxIcebergSz":"9999999999.0000000000000000","maxLmtAmt":"20000000",
"maxLmtSz":"9999999999","maxMktAmt":"1000000","maxMktSz":"1000000","minSz":"0.00001","optType":"","quoteCcy":"USDT","ruleType":"normal","settleCcy":"",
"state":"live","stk":"","tickSz":"0.1","uly":""})";

TEST(OkxAnswers, ReadTheMarket) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), success(R"({"ts":"1732104000123"})"))).ms(), 1'732'104'000'123);
  const auto halted = with(with(btc, R"("state":"live")", R"("state":"suspend")"), "BTC-USDT", "OLD-USDT");
  const auto all = get<std::vector<instrument>>(read(call_of(operation::instruments), success(std::string(btc) + "," + halted)));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].symbol, "BTC/USDT");
  EXPECT_EQ(all[0].venue_symbol, "BTC-USDT");
  EXPECT_EQ(all[0].tick_size, decimal::literal("0.1"));
  EXPECT_EQ(all[0].lot_size, decimal::literal("0.00000001"));
  EXPECT_EQ(all[0].min_quantity, decimal::literal("0.00001"));
  EXPECT_EQ(all[0].max_quantity, decimal(9'999'999'999));
  EXPECT_TRUE(all[0].min_notional.is_zero());
  EXPECT_TRUE(all[0].trading);
  EXPECT_FALSE(all[1].trading);
}

TEST(OkxAnswers, ReadTopsBooksAndTrades) {
  const auto top = get<book_ticker>(read(call_of(operation::ticker), success(R"({"instType":"SPOT","instId":"BTC-USDT","last":"92100.1","lastSz":"0.1",
    "askPx":"92100.1","askSz":"2","bidPx":"92100","bidSz":"1","open24h":"92000","high24h":"93000","low24h":"91000","ts":"1732104000000"})")));
  EXPECT_EQ(top.symbol, "BTC/USDT");
  EXPECT_EQ(top.bid_price, decimal(92'100));
  EXPECT_EQ(top.ask_price, decimal::literal("92100.1"));
  EXPECT_EQ(top.ask_quantity, decimal(2));
  const auto book = get<book_snapshot>(read(call_of(operation::book),
                                            success(R"({"asks":[["92100.1","2","0","1"]],"bids":[["92100","1","0","1"],["92099","3","0","2"]],"ts":"1732104000000","seqId":100})")));
  EXPECT_EQ(book.update_id, 100);
  ASSERT_EQ(book.bids.size(), 2u);
  EXPECT_EQ(book.bids[1].quantity, decimal(3));
  EXPECT_EQ(book.asks.at(0).price, decimal::literal("92100.1"));
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), success(R"(
    {"instId":"BTC-USDT","side":"sell","sz":"0.1","px":"92100","tradeId":"2","ts":"1732104000001"},
    {"instId":"BTC-USDT","side":"buy","sz":"0.2","px":"92101","tradeId":"1","ts":"1732104000000"})")));
  ASSERT_EQ(trades.size(), 2u);
  EXPECT_EQ(trades[0].trade_id, "1");
  EXPECT_FALSE(trades[0].buyer_is_maker);
  EXPECT_TRUE(trades[1].buyer_is_maker);
  EXPECT_EQ(trades[1].at.ms(), 1'732'104'000'001);
}

TEST(OkxAnswers, CandlesComeOldestFirst) {
  const auto all = get<std::vector<candle>>(read(call_of(operation::candles), success(R"(["1732104000000","92100","92300","92050","92200","3","276600","276600","0"],
    ["1732103940000","92000","92200","91900","92100","12.5","1150000","1150000","1"])")));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].opens_at.ms(), 1'732'103'940'000);
  EXPECT_EQ(all[0].open, decimal(92'000));
  EXPECT_EQ(all[0].high, decimal(92'200));
  EXPECT_EQ(all[0].low, decimal(91'900));
  EXPECT_EQ(all[0].close, decimal(92'100));
  EXPECT_EQ(all[0].volume, decimal::literal("12.5"));
  EXPECT_EQ(all[0].symbol, "BTC/USDT");
}

TEST(OkxAnswers, PlacingSaysOnlyThatTheOrderWasTaken) {
  auto call = call_of(operation::create_order);
  call.order = limit_order(side::sell);
  const auto o = get<order>(read(call, acknowledged("0", "")));
  EXPECT_EQ(o.venue_order_id, "680800019749904384");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.side, side::sell);
  EXPECT_EQ(o.price, decimal(95'000));
  EXPECT_FALSE(o.complete);
}

TEST(OkxAnswers, AnErrorInsideTheAnswerIsTheOrders) {
  const auto refused = read(call_of(operation::create_order), acknowledged("51008", "Order failed. Insufficient USDT balance in account"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::insufficient_funds));
  EXPECT_EQ(refused.error().detail, "51008: Order failed. Insufficient USDT balance in account");
  // Neither an id nor a reason: nobody knows.
  for (const auto* body : {R"({"code":"0","msg":"","data":[]})", R"({"code":"0","msg":"","data":[{"clOrdId":"x","ordId":"","sCode":"0","sMsg":""}]})",
                           R"({"code":"0","msg":""})", R"({"code":"0","msg":"","data":[{"sCode":"0","ordId":"1"},{"sCode":"0","ordId":"2"}]})"}) {
    const auto unknown = read(call_of(operation::create_order), body);
    ASSERT_FALSE(unknown) << body;
    EXPECT_EQ(unknown.error().code, make_error_code(exchange_errc::unknown_outcome)) << body;
  }
}

venue_call finding(const std::string& id = "680800019749904384") {
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = id;
  return call;
}

TEST(OkxAnswers, ReadAnOrder) {
  const auto o = get<order>(read(finding(), success(resting_order)));
  EXPECT_EQ(o.symbol, "BTC/USDT");
  EXPECT_EQ(o.venue_order_id, "680800019749904384");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.status, order_status::partially_filled);
  EXPECT_EQ(o.type, order_type::limit);
  EXPECT_EQ(o.price, decimal(90'000));
  EXPECT_EQ(o.quantity, decimal::literal("0.001"));
  EXPECT_EQ(o.filled_quantity, decimal::literal("0.0004"));
  EXPECT_EQ(o.filled_notional, decimal::literal("35.9998"));
  EXPECT_EQ(o.updated_at.ms(), 1'732'104'000'456);
  EXPECT_TRUE(o.complete);
}

TEST(OkxAnswers, TellHowOrdersEndedAndOfWhatKindTheyWere) {
  const std::vector<std::pair<std::string, order_status>> states{{"live", order_status::open},
                                                                 {"filled", order_status::filled},
                                                                 {"canceled", order_status::cancelled},
                                                                 {"mmp_canceled", order_status::cancelled}};
  for (const auto& [word, status] : states)
    EXPECT_EQ(get<order>(read(finding(), success(with(resting_order, "\"partially_filled\"", "\"" + word + "\"")))).status, status) << word;
  EXPECT_FALSE(read(finding(), success(with(resting_order, "\"partially_filled\"", "\"gone\""))));
  const std::vector<std::pair<std::string, order_type>> kinds{{"post_only", order_type::limit_maker}, {"ioc", order_type::limit}, {"fok", order_type::limit}};
  for (const auto& [word, type] : kinds)
    EXPECT_EQ(get<order>(read(finding(), success(with(resting_order, R"("ordType":"limit")", R"("ordType":")" + word + "\"")))).type, type) << word;
}

TEST(OkxAnswers, MarketBuysAreSizedByWhatTheyBought) {
  auto bought = with(with(with(resting_order, R"("ordType":"limit")", R"("ordType":"market")"), R"("px":"90000")", R"("px":"")"),
                     R"("tgtCcy":"")", R"("tgtCcy":"quote_ccy")");
  bought = with(bought, R"("sz":"0.001")", R"("sz":"36")");
  const auto o = get<order>(read(finding(), success(bought)));
  EXPECT_EQ(o.type, order_type::market);
  EXPECT_EQ(o.quantity, decimal::literal("0.0004"));
  EXPECT_TRUE(o.price.is_zero());
  const auto sized = get<order>(read(finding(), success(with(bought, "quote_ccy", "base_ccy"))));
  EXPECT_EQ(sized.quantity, decimal(36));
}

TEST(OkxAnswers, OrdersThatEndedAreLookedForInTheHistory) {
  auto step = read(finding(), R"({"code":"51603","data":[],"msg":"Order does not exist"})");
  ASSERT_TRUE(step && step->next);
  EXPECT_EQ(protocol().make_request(*step->next)->path, "/api/v5/trade/orders-history");
  EXPECT_EQ(get<order>(read(*step->next, success(resting_order))).client_order_id, client_id);
  auto absent = read(*step->next, success(""));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, make_error_code(exchange_errc::order_not_found));
  auto other = finding("1");
  other.step = 1;
  EXPECT_FALSE(read(other, success(resting_order)));
}

TEST(OkxAnswers, ALongHistoryProvesNothing) {
  auto call = finding("1");
  call.step = 1;
  std::string page = resting_order;
  for (int i = 1; i < 100; ++i) page += "," + std::string(resting_order);
  int pages = 1;
  for (;; ++pages) {
    auto reply = read(call, success(page));
    if (!reply) {
      EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::protocol));
      break;
    }
    ASSERT_TRUE(reply->next);
    call = *reply->next;
    EXPECT_NE(protocol().make_request(call)->query.plain().find("after=680800019749904384"), std::string::npos);
    ASSERT_LT(pages, 10);
  }
  EXPECT_EQ(pages, 3);
}

TEST(OkxAnswers, OpenOrdersArePagedToTheEnd) {
  std::string page = resting_order;
  for (int i = 1; i < 100; ++i) page += "," + std::string(resting_order);
  auto first = read(call_of(operation::open_orders), success(page));
  EXPECT_EQ(get<std::vector<order>>(first).size(), 100u);
  ASSERT_TRUE(first->next);
  EXPECT_NE(protocol().make_request(*first->next)->query.plain().find("after=680800019749904384"), std::string::npos);
  auto last = read(*first->next, success(resting_order));
  EXPECT_EQ(get<std::vector<order>>(last).size(), 1u);
  EXPECT_FALSE(last->next);
}

/// The step that cancels what the list of the step before named.
venue_call cancelling_all(int orders) {
  std::string page;
  for (int i = 0; i < orders; ++i) page += (i > 0 ? "," : "") + std::string(resting_order);
  auto listed = read(call_of(operation::cancel_all_orders), success(page));
  if (!listed || !listed->next) throw std::runtime_error("nothing to cancel");
  return *listed->next;
}

std::string batch(const std::string& code, const std::string& second) {
  return R"({"code":"2","msg":"Bulk operation partially succeeded","data":[{"clOrdId":"","ordId":"680800019749904384","sCode":"0","sMsg":""},)"
         R"({"clOrdId":"","ordId":"2","sCode":")" + code + R"(","sMsg":")" + second + R"("}]})";
}

TEST(OkxAnswers, CancellingAllListsAndCancelsUntilNothingIsLeft) {
  auto call = cancelling_all(30);
  const auto request = protocol().make_request(call);
  EXPECT_EQ(request->path, "/api/v5/trade/cancel-batch-orders");
  const auto sent = nlohmann::json::parse(request->json);
  ASSERT_EQ(sent.size(), 20u);
  EXPECT_EQ(sent[0], (nlohmann::json{{"instId", "BTC-USDT"}, {"ordId", "680800019749904384"}}));
  auto again = read(call, acknowledged("0", ""));
  ASSERT_TRUE(again && again->next);
  EXPECT_EQ(protocol().make_request(*again->next)->path, "/api/v5/trade/orders-pending");
  auto done = read(*again->next, success(""));
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->next);
}

TEST(OkxAnswers, CancellingAllForgivesOrdersThatEndedMeanwhile) {
  auto again = read(cancelling_all(2), batch("51400", "Cancellation failed as the order has been filled, canceled or does not exist."));
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->next);
  EXPECT_EQ(protocol().make_request(*again->next)->path, "/api/v5/trade/orders-pending");
  EXPECT_TRUE(read(cancelling_all(1), acknowledged("51400", "gone")));
  // Under way already.
  EXPECT_TRUE(read(cancelling_all(1), acknowledged("51410", "Cancellation failed as the order is already in canceling status")));
}

TEST(OkxAnswers, CancellingAllByHalvesIsNoSuccess) {
  auto half = read(cancelling_all(2), batch("50030", "You don't have permission to use this API endpoint"));
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code, make_error_code(exchange_errc::unknown_outcome));
  auto none = read(cancelling_all(1), acknowledged("50030", "no"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, make_error_code(exchange_errc::permission_missing));
  auto whole = read(cancelling_all(1), R"({"code":"50011","msg":"Too Many Requests","data":[]})");
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, make_error_code(exchange_errc::rate_limited));
}

TEST(OkxAnswers, CancellingAllEndsThoughOrdersKeepComing) {
  auto call = call_of(operation::cancel_all_orders);
  for (int steps = 0;; ++steps) {
    ASSERT_LT(steps, 200);
    auto reply = read(call, call.earlier ? acknowledged("0", "") : success(resting_order));
    if (!reply) {
      EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome));
      break;
    }
    ASSERT_TRUE(reply->next);
    call = *reply->next;
  }
}

std::string trade(int id) {
  return with(with(own_trade, "\"744876980\"", "\"" + std::to_string(id) + "\""), "\"680800019754098688\"", "\"b" + std::to_string(id) + "\"");
}

TEST(OkxAnswers, FillsComeOldestFirstUpToTheOneThatIsKnown) {
  auto call = call_of(operation::fills);
  call.after = "3";
  std::string page = trade(200);
  for (int id = 199; id > 100; --id) page += "," + trade(id);
  auto first = read(call, success(page));
  ASSERT_TRUE(first && first->next);
  EXPECT_NE(protocol().make_request(*first->next)->query.plain().find("after=b101"), std::string::npos);
  auto last = read(*first->next, success(trade(5) + "," + trade(4) + "," + trade(3) + "," + trade(2)));
  ASSERT_FALSE(last->next);
  const auto fills = get<std::vector<fill>>(last);
  ASSERT_EQ(fills.size(), 102u);
  EXPECT_EQ(fills.front().trade_id, "4");
  EXPECT_EQ(fills.back().trade_id, "200");
}

TEST(OkxAnswers, FeesOfFillsArePositiveWhenPaid) {
  const auto x = get<std::vector<fill>>(read(call_of(operation::fills), success(own_trade))).at(0);
  EXPECT_EQ(x.fee, decimal::literal("0.0000004"));
  EXPECT_EQ(x.fee_asset, "BTC");
  EXPECT_EQ(x.price, decimal::literal("89999.5"));
  EXPECT_EQ(x.quantity, decimal::literal("0.0004"));
  EXPECT_EQ(x.venue_order_id, "680800019749904384");
  EXPECT_EQ(x.client_order_id, client_id);
  EXPECT_EQ(x.at.ms(), 1'732'104'000'124);
  EXPECT_FALSE(x.maker);
  const auto rebate = get<std::vector<fill>>(
      read(call_of(operation::fills), success(with(with(own_trade, R"("fee":"-0.0000004")", R"("fee":"0.00000008")"), R"("execType":"T")", R"("execType":"M")")))).at(0);
  EXPECT_EQ(rebate.fee, decimal::literal("-0.00000008"));
  EXPECT_TRUE(rebate.maker);
}

constexpr const char* account = R"({"adjEq":"","details":[{"availBal":"9900.000000000000000001","availEq":"","cashBal":"10000","ccy":"USDT","eq":"10000","frozenBal":"100",
"ordFrozen":"100","uTime":"1732104000000"},{"availBal":"0","cashBal":"0","ccy":"ETH","eq":"0","frozenBal":"0"}],"totalEq":"10000","uTime":"1732104000000"})";

TEST(OkxAnswers, BalancesAreExactAndEmptyOnesLeftOut) {
  const auto all = get<std::vector<balance>>(read(call_of(operation::balances), success(account)));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].asset, "USDT");
  EXPECT_EQ(all[0].free, decimal::literal("9900.000000000000000001"));
  EXPECT_EQ(all[0].locked, decimal(100));
  EXPECT_FALSE(read(call_of(operation::balances), success(with(account, "9900.0", "-9900.0"))));
}

constexpr const char* config = R"({"acctLv":"1","posMode":"net_mode","label":"bot","perm":"read_only,trade","ip":"","uid":"1","mainUid":"1"})";

TEST(OkxAnswers, RightsAreThoseOfTheKey) {
  const auto rights = [](const std::string& data) { return get<permissions>(read(call_of(operation::permissions), success(data))); };
  const auto trader = rights(config);
  EXPECT_EQ(trader.read, tristate::yes);
  EXPECT_EQ(trader.trade, tristate::yes);
  EXPECT_EQ(trader.withdraw, tristate::no);
  EXPECT_EQ(trader.address_bound, tristate::no);
  const auto taker = rights(with(with(config, "read_only,trade", "withdraw"), R"("ip":"")", R"("ip":"10.0.0.1,10.0.0.2")"));
  EXPECT_EQ(taker.withdraw, tristate::yes);
  EXPECT_EQ(taker.trade, tristate::no);
  EXPECT_EQ(taker.address_bound, tristate::yes);
  EXPECT_FALSE(read(call_of(operation::permissions), success("")));
}

TEST(OkxAnswers, TheDeadMansTimerIsAnswered) {
  EXPECT_TRUE(read(call_of(operation::set_dead_man), success(R"({"triggerTime":"1732104030000","tag":"","ts":"1732104000000"})")));
}

TEST(OkxAnswers, RefuseBadNumbers) {
  for (const auto* number : {"-1", "NaN", "1e99", "0x10", "1.0000000000000000001", "", " 1"}) {
    const auto reply = read(call_of(operation::fills), success(with(own_trade, R"("fillPx":"89999.5")", std::string(R"("fillPx":")") + number + "\"")));
    ASSERT_FALSE(reply) << number;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::protocol));
  }
  for (const auto* time : {"-1", "99999999999999999999", "7258118400000", "x"})
    EXPECT_FALSE(read(call_of(operation::fills), success(with(own_trade, R"("ts":"1732104000124")", std::string(R"("ts":")") + time + "\"")))) << time;
}

/// What every operation may be answered.
std::vector<std::pair<operation, std::string>> samples() {
  return {{operation::server_time, success(R"({"ts":"1732104000123"})")},
          {operation::instruments, success(btc)},
          {operation::ticker, success(R"({"instId":"BTC-USDT","askPx":"92100.1","askSz":"2","bidPx":"92100","bidSz":"1"})")},
          {operation::book, success(R"({"asks":[["92100.1","2","0","1"]],"bids":[["92100","1","0","1"]],"ts":"1732104000000","seqId":100})")},
          {operation::trades, success(R"({"instId":"BTC-USDT","side":"sell","sz":"0.1","px":"92100","tradeId":"2","ts":"1732104000001"})")},
          {operation::candles, success(R"(["1732104000000","92100","92300","92050","92200","3","276600","276600","0"])")},
          {operation::permissions, success(config)},
          {operation::balances, success(account)},
          {operation::create_order, acknowledged("0", "")},
          {operation::create_order, acknowledged("51008", "Order failed.")},
          {operation::cancel_order, acknowledged("0", "")},
          {operation::cancel_all_orders, success(resting_order)},
          {operation::find_order, success(resting_order)},
          {operation::open_orders, success(resting_order)},
          {operation::fills, success(own_trade)},
          {operation::set_dead_man, success(R"({"triggerTime":"1732104030000"})")}};
}

TEST(OkxAnswers, AnyByteMayBeWrong) {
  std::size_t fed = 0;
  for (const auto& [op, body] : samples()) {
    auto call = call_of(op);
    call.order = limit_order();
    call.of.venue_order_id = "680800019749904384";
    ASSERT_TRUE(read(call, body) || body.find("51008") != std::string::npos) << to_string(op);
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

TEST(OkxAnswers, SurviveTheAnswersOfOtherOperations) {
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
}  // namespace drover::exchanges::okx
