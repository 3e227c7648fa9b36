#include <gtest/gtest.h>

#include "tests/unit/gate/gate_fixture.hpp"

namespace drover::exchanges::gate {
namespace {

TEST(GateAnswers, ReadTheMarket) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), R"({"server_time":1732104000123})")).ms(), 1'732'104'000'123);
  auto pairs = get<std::vector<instrument>>(read(call_of(operation::instruments), R"([
    {"id":"BTC_USDT","base":"BTC","quote":"USDT","fee":"0.2","min_base_amount":"0.00001","min_quote_amount":"3","max_quote_amount":"5000000",
     "amount_precision":6,"precision":1,"trade_status":"tradable","sell_start":0,"buy_start":0},
    {"id":"OLD_BTC","base":"OLD","quote":"BTC","amount_precision":0,"precision":8,"trade_status":"untradable","min_base_amount":null}])"));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].symbol, "BTC/USDT");
  EXPECT_EQ(pairs[0].venue_symbol, "BTC_USDT");
  EXPECT_EQ(pairs[0].tick_size, "0.1"_dec);
  EXPECT_EQ(pairs[0].lot_size, "0.000001"_dec);
  EXPECT_EQ(pairs[0].min_quantity, "0.00001"_dec);
  EXPECT_EQ(pairs[0].min_notional, decimal(3));
  EXPECT_TRUE(pairs[0].trading);
  EXPECT_EQ(pairs[1].lot_size, decimal(1));
  EXPECT_FALSE(pairs[1].trading);
}

TEST(GateAnswers, ReadBooksTradesAndCandles) {
  const auto* book = R"({"id":100,"current":1732104000000,"update":1732104000000,"asks":[["92100.1","2"]],"bids":[["92100","1"],["92099","3"]]})";
  const auto snapshot = get<book_snapshot>(read(call_of(operation::book), book));
  EXPECT_EQ(snapshot.update_id, 100);
  EXPECT_EQ(snapshot.bids.at(1).quantity, decimal(3));
  const auto top = get<book_ticker>(read(call_of(operation::ticker), book));
  EXPECT_EQ(top.ask_price, "92100.1"_dec);
  EXPECT_EQ(top.bid_quantity, decimal(1));
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), R"([
    {"id":"2","create_time":"1732104001","create_time_ms":"1732104001000.5","currency_pair":"BTC_USDT","side":"sell","amount":"0.1","price":"92100","sequence_id":"588019"},
    {"id":"1","create_time":"1732104000","create_time_ms":"1732104000000.123","currency_pair":"BTC_USDT","side":"buy","amount":"0.2","price":"92101","sequence_id":"588018"}])"));
  ASSERT_EQ(trades.size(), 2u);
  EXPECT_EQ(trades[0].trade_id, "588018") << "the number within the market";
  EXPECT_FALSE(trades[0].buyer_is_maker);
  EXPECT_TRUE(trades[1].buyer_is_maker);
  EXPECT_EQ(trades[0].at.since_epoch, nanoseconds(1'732'104'000'000'123'000));
  const auto candles = get<std::vector<candle>>(read(call_of(operation::candles),
                                                     R"([["1732103940","1150000","92100","92200","91900","92000","12.5","true"]])"));
  ASSERT_EQ(candles.size(), 1u);
  EXPECT_EQ(candles[0].open, decimal(92'000));
  EXPECT_EQ(candles[0].close, decimal(92'100));
  EXPECT_EQ(candles[0].high, decimal(92'200));
  EXPECT_EQ(candles[0].volume, "12.5"_dec);
  EXPECT_EQ(candles[0].opens_at.ms(), 1'732'103'940'000);
}

TEST(GateAnswers, ReadAPlacedOrder) {
  const auto o = get<order>(read(call_of(operation::create_order), resting_order, 201));
  EXPECT_EQ(o.venue_order_id, "1852454420");
  EXPECT_EQ(o.client_order_id, client_id);
  EXPECT_EQ(o.symbol, "BTC/USDT");
  EXPECT_EQ(o.status, order_status::open);
  EXPECT_EQ(o.type, order_type::limit);
  EXPECT_EQ(o.quantity, "0.001"_dec);
  EXPECT_EQ(o.updated_at.ms(), 1'732'104'000'456);
  EXPECT_TRUE(o.complete);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

TEST(GateAnswers, TellHowOrdersEnded) {
  const std::string open = resting_order;
  auto part = with(with(open, R"("left":"0.001")", R"("left":"0.0004")"), R"("filled_amount":"0")", R"("filled_amount":"0.0006")");
  EXPECT_EQ(get<order>(read(call_of(operation::create_order), part)).status, order_status::partially_filled);
  const std::vector<std::pair<std::string, order_status>> endings{
      {"filled", order_status::filled}, {"cancelled", order_status::cancelled}, {"ioc", order_status::expired},
      {"fok", order_status::expired},   {"poc", order_status::expired},         {"stp", order_status::expired}};
  for (const auto& [word, status] : endings) {
    auto body = with(with(part, R"("finish_as":"open")", R"("finish_as":")" + word + "\""), R"("status":"open")", R"("status":"cancelled")");
    EXPECT_EQ(get<order>(read(call_of(operation::create_order), body)).status, status) << word;
  }
  auto poc = with(open, R"("time_in_force":"gtc")", R"("time_in_force":"poc")");
  EXPECT_EQ(get<order>(read(call_of(operation::create_order), poc)).type, order_type::limit_maker);
}

TEST(GateAnswers, MarketBuysAreSizedByWhatTheyBought) {
  const auto* body = R"({"id":"7","text":"apiv4","create_time_ms":1,"update_time_ms":2,"status":"closed","currency_pair":"BTC_USDT","type":"market",
    "account":"spot","side":"buy","amount":"100","price":"0","time_in_force":"ioc","left":"0.01","filled_amount":"0.002","avg_deal_price":"49995",
    "filled_total":"99.99","fee":"0","fee_currency":"BTC","finish_as":"filled"})";
  const auto o = get<order>(read(call_of(operation::create_order), body));
  EXPECT_EQ(o.type, order_type::market);
  EXPECT_EQ(o.quantity, "0.002"_dec);
  EXPECT_EQ(o.filled_quantity, "0.002"_dec);
  EXPECT_EQ(o.filled_notional, "99.99"_dec);
  EXPECT_EQ(o.client_order_id, "");
}

TEST(GateAnswers, FinishedOrdersAreLookedForByClientId) {
  auto call = call_of(operation::find_order);
  call.of.client_order_id = client_id;
  auto step = read(call, R"({"label":"ORDER_NOT_FOUND","message":"Order not found"})", 404);
  ASSERT_TRUE(step && step->next);
  EXPECT_EQ(protocol().make_request(*step->next)->query.plain(), "account=spot&currency_pair=BTC_USDT&status=finished&page=1&limit=100");
  auto found = read(*step->next, "[" + with(resting_order, R"("status":"open")", R"("status":"closed")") + "]");
  EXPECT_EQ(get<order>(found).venue_order_id, "1852454420");
  auto absent = read(*step->next, "[]");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, make_error_code(exchange_errc::order_not_found));
  // By the venue's own id the first answer is final.
  call.of.venue_order_id = "1";
  absent = read(call, R"({"label":"ORDER_NOT_FOUND","message":"Order not found"})", 404);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, make_error_code(exchange_errc::order_not_found));
}

TEST(GateAnswers, FullPagesOfFinishedOrdersGoOnUpToALimit) {
  auto call = call_of(operation::find_order);
  call.of.client_order_id = "t-somebody-else";
  call.step = 1;
  std::string page = "[";
  for (int i = 0; i < 100; ++i) page += std::string(i ? "," : "") + resting_order;
  page += "]";
  int pages = 0;
  for (;; ++pages) {
    auto reply = read(call, page);
    if (!reply) {
      EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::protocol));
      break;
    }
    ASSERT_TRUE(reply->next);
    call = *reply->next;
    EXPECT_LT(pages, 100);
  }
  EXPECT_EQ(pages, 19);
}

TEST(GateAnswers, OpenOrdersOfAllPairsArePaged) {
  const std::string orders = R"([{"currency_pair":"BTC_USDT","total":1,"orders":[)" + std::string(resting_order) + "]}]";
  auto call = call_of(operation::open_orders, "");
  auto reply = read(call, orders);
  EXPECT_EQ(get<std::vector<order>>(reply).size(), 1u);
  EXPECT_FALSE(reply->next);
  auto one = read(call_of(operation::open_orders), "[" + std::string(resting_order) + "]");
  EXPECT_EQ(get<std::vector<order>>(one).size(), 1u);
  std::string many = resting_order;
  for (int i = 1; i < 100; ++i) many += "," + std::string(resting_order);
  auto full = read(call_of(operation::open_orders), "[" + many + "]");
  ASSERT_TRUE(full && full->next);
  EXPECT_NE(protocol().make_request(*full->next)->query.plain().find("page=2"), std::string::npos);
}

TEST(GateAnswers, FillsGoThroughWindowsAndComeOldestFirst) {
  auto call = call_of(operation::fills);
  call.since = wall_time{seconds(1'732'104'000)};
  call.after = "1";
  EXPECT_EQ(protocol().make_request(call)->path, "/api/v4/spot/time");
  auto step = read(call, R"({"server_time":1732904000000})");
  ASSERT_TRUE(step && step->next);
  EXPECT_EQ(protocol().make_request(*step->next)->query.plain(),
            "currency_pair=BTC_USDT&account=spot&limit=1000&page=1&from=1732104000&to=1732708800");
  const auto row = [](const std::string& id, const std::string& ms) {
    return with(with(own_trade, "\"5736713\"", "\"" + id + "\""), "1732104000123.456000", ms);
  };
  auto second = read(*step->next, "[" + row("10", "1732104300000") + "," + row("9", "1732104200000") + "," + row("1", "1732104000000") + "," +
                                      row("0", "1732103999999") + "]");
  ASSERT_TRUE(second && second->next);
  EXPECT_EQ(protocol().make_request(*second->next)->query.plain(),
            "currency_pair=BTC_USDT&account=spot&limit=1000&page=1&from=1732708800&to=1732904001");
  auto last = read(*second->next, "[" + row("11", "1732709000000") + "," + row("10", "1732104300000") + "]");
  const auto fills = get<std::vector<fill>>(last);
  ASSERT_FALSE(last->next);
  ASSERT_EQ(fills.size(), 3u);
  EXPECT_EQ(fills[0].trade_id, "9");
  EXPECT_EQ(fills[1].trade_id, "10");
  EXPECT_EQ(fills[2].trade_id, "11");
}

TEST(GateAnswers, FillsTellFeesAndMakers) {
  const auto x = get<std::vector<fill>>(read(call_of(operation::fills), "[" + std::string(own_trade) + "]")).at(0);
  EXPECT_EQ(x.fee, "0.000002"_dec);
  EXPECT_EQ(x.fee_asset, "BTC");
  EXPECT_FALSE(x.maker);
  EXPECT_EQ(x.client_order_id, client_id);
  EXPECT_EQ(x.at.since_epoch, nanoseconds(1'732'104'000'123'456'000));
  auto in_gt = with(with(own_trade, R"("fee":"0.000002")", R"("fee":"0")"), R"("gt_fee":"0")", R"("gt_fee":"0.01")");
  const auto y = get<std::vector<fill>>(read(call_of(operation::fills), "[" + in_gt + "]")).at(0);
  EXPECT_EQ(y.fee, "0.01"_dec);
  EXPECT_EQ(y.fee_asset, "GT");
  auto rebate = with(with(own_trade, R"("fee":"0.000002")", R"("fee":"-0.1")"), R"("role":"taker")", R"("role":"maker")");
  const auto z = get<std::vector<fill>>(read(call_of(operation::fills), "[" + rebate + "]")).at(0);
  EXPECT_EQ(z.fee, "-0.1"_dec);
  EXPECT_TRUE(z.maker);
}

TEST(GateAnswers, CancellingAllForgivesOrdersThatEndedMeanwhile) {
  const std::string ended = R"({"id":"1","succeeded":false,"label":"ORDER_NOT_FOUND","message":"x"})";
  EXPECT_TRUE(read(call_of(operation::cancel_all_orders), "[" + std::string(resting_order) + "," + ended + "]"));
  auto partly = read(call_of(operation::cancel_all_orders), R"([{"id":"1","succeeded":false,"label":"READ_ONLY","message":"x"}])");
  ASSERT_FALSE(partly);
  EXPECT_EQ(partly.error().code, make_error_code(exchange_errc::unknown_outcome));
  EXPECT_TRUE(read(call_of(operation::set_dead_man), R"({"triggerTime":"1732104030000"})"));
}

TEST(GateAnswers, RightsAreThoseThatAllKeysShare) {
  auto call = call_of(operation::permissions);
  auto first = read(call, R"({"user_id":1,"ip_whitelist":["127.0.0.1"],"currency_pairs":[],"key":{"mode":1}})");
  ASSERT_TRUE(first && first->next);
  const auto rights = [&](std::string keys) { return get<permissions>(read(*first->next, std::move(keys))); };
  const std::string trader = R"({"name":"a","state":1,"perms":[{"name":"spot","read_only":false},{"name":"wallet","read_only":true}]})";
  const std::string taker = R"({"name":"b","state":1,"perms":[{"name":"spot"},{"name":"withdraw","read_only":false}]})";
  const auto alone = rights("[" + trader + "]");
  EXPECT_EQ(alone.read, tristate::yes);
  EXPECT_EQ(alone.trade, tristate::yes);
  EXPECT_EQ(alone.withdraw, tristate::no);
  EXPECT_EQ(alone.address_bound, tristate::yes);
  EXPECT_EQ(rights("[" + trader + "," + taker + "]").withdraw, tristate::unknown);
  EXPECT_EQ(rights("[" + taker + "]").withdraw, tristate::yes);
  EXPECT_EQ(rights("[]").withdraw, tristate::unknown);
  auto forbidden = read(*first->next, R"({"label":"FORBIDDEN","message":"no"})", 403);
  EXPECT_EQ(get<permissions>(forbidden).trade, tristate::unknown);
  EXPECT_EQ(get<permissions>(forbidden).address_bound, tristate::yes);
  auto wrong = read(call, R"({"label":"INVALID_KEY","message":"no"})", 401);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, make_error_code(exchange_errc::bad_credentials));
}

TEST(GateAnswers, Balances) {
  const auto all = get<std::vector<balance>>(read(call_of(operation::balances), R"([{"currency":"USDT","available":"9900","locked":"100"}])"));
  EXPECT_EQ(all.at(0).free, decimal(9'900));
  EXPECT_EQ(all.at(0).locked, decimal(100));
}

TEST(GateAnswers, RefuseBadNumbers) {
  for (const auto* available : {"-1", "NaN", "1e99", "\\u0031x", ""}) {
    auto reply = read(call_of(operation::balances), std::string(R"([{"currency":"USDT","available":")") + available + R"(","locked":"0"}])");
    ASSERT_FALSE(reply) << available;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::protocol));
  }
}

TEST(GateAnswers, SurviveDamage) {
  const std::vector<std::string> bodies{
      resting_order, "[" + std::string(own_trade) + "]", R"([{"currency":"USDT","available":"9900","locked":"100"}])",
      R"({"id":100,"asks":[["92100.1","2"]],"bids":[["92100","1"]]})", R"([["1732103940","1","92100","92200","91900","92000","12.5"]])",
      R"([{"id":"BTC_USDT","base":"BTC","quote":"USDT","amount_precision":6,"precision":1,"trade_status":"tradable"}])",
      R"([{"name":"a","perms":[{"name":"spot","read_only":false}]}])", R"({"server_time":1732104000123})",
      R"({"label":"INVALID_KEY","message":"x"})", std::string(200'000, '[')};
  std::size_t fed = 0;
  mutate(bodies, 60, [&](const std::string& body) {
    for (auto op : all_operations())
      for (int status : {200, 400}) {
        auto call = call_of(op);
        call.since = wall_time{seconds(1)};
        call.step = static_cast<int>(fed % 3);
        auto reply = read(call, body, status);
        if (!reply && op == operation::create_order) EXPECT_FALSE(reply.error().detail.empty());
        ++fed;
      }
  });
  EXPECT_GT(fed, 1'000u);
}

}  // namespace
}  // namespace drover::exchanges::gate
