#include <gtest/gtest.h>

#include "tests/unit/kraken/kraken_fixture.hpp"

namespace drover::exchanges::kraken {
namespace {

using namespace drover::literals;

constexpr const char* pairs = R"({"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT","aclass_quote":"currency",
"quote":"ZUSD","lot":"unit","cost_decimals":5,"pair_decimals":1,"lot_decimals":8,"lot_multiplier":1,"leverage_buy":[2],"fees":[[0,0.4]],
"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online"},
"XDGUSD":{"altname":"XDGUSD","wsname":"XDG/USD","base":"XXDG","quote":"ZUSD","pair_decimals":7,"lot_decimals":8,"ordermin":"13","costmin":"0.5",
"status":"cancel_only"}})";

TEST(KrakenAnswers, TellTheTime) {
  EXPECT_EQ(get<wall_time>(read(call_of(operation::server_time), success(R"({"unixtime":1732104000,"rfc1123":"x"})"))),
            wall_time::from_ms(1'732'104'000'000));
  EXPECT_FALSE(read(call_of(operation::server_time), success(R"({"unixtime":9223372036854775807})")));
}

TEST(KrakenAnswers, TellInstruments) {
  const auto all = get<std::vector<instrument>>(read(call_of(operation::instruments), success(pairs)));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].symbol, "BTC/USD");
  EXPECT_EQ(all[0].venue_symbol, "XBTUSD");
  EXPECT_EQ(all[0].tick_size, "0.1"_dec);
  EXPECT_EQ(all[0].lot_size, "0.00000001"_dec);
  EXPECT_EQ(all[0].min_quantity, "0.00005"_dec);
  EXPECT_EQ(all[0].min_notional, "0.5"_dec);
  EXPECT_TRUE(all[0].trading);
  EXPECT_EQ(all[1].symbol, "DOGE/USD");
  EXPECT_EQ(all[1].tick_size, "0.0000001"_dec);
  EXPECT_FALSE(all[1].trading);
}

TEST(KrakenAnswers, TellMarketData) {
  const auto ticker = get<book_ticker>(read(call_of(operation::ticker), success(R"({"XBTUSDT":{"a":["92100.10000","2","2.000"],
    "b":["92100.00000","1","1.500"],"c":["92100.1","0.1"],"v":["1","2"]}})")));
  EXPECT_EQ(ticker.bid_quantity, "1.5"_dec);
  EXPECT_EQ(ticker.ask_price, "92100.1"_dec);
  const auto trades = get<std::vector<public_trade>>(read(call_of(operation::trades), success(R"({"XBTUSDT":[
    ["92100.0","0.1",1732104000.1234,"b","m","",11],["92101.0","0.2",1732104001.5,"s","l","",12]],"last":"1732104001500000000"})")));
  ASSERT_EQ(trades.size(), 2u);
  EXPECT_EQ(trades[0].trade_id, "11");
  EXPECT_EQ(trades[0].at.since_epoch, nanoseconds(1'732'104'000'123'400'000));
  EXPECT_TRUE(trades[1].buyer_is_maker);
  const auto book = get<book_snapshot>(read(call_of(operation::book), success(R"({"XBTUSDT":{"asks":[["92100.1","2",1732104000]],
    "bids":[["92100.0","1",1732104000],["92099.9","2",1732104000]]}})")));
  EXPECT_EQ(book.bids.at(1).quantity, decimal(2));
  const auto candles = get<std::vector<candle>>(read(call_of(operation::candles), success(R"({"XBTUSDT":[
    [1732104000,"92000","92200","91900","92100","92050","12.5",3]],"last":1732103940})")));
  ASSERT_EQ(candles.size(), 1u);
  EXPECT_EQ(candles[0].high, decimal(92'200));
  EXPECT_EQ(candles[0].close, decimal(92'100));
  EXPECT_EQ(candles[0].volume, "12.5"_dec);
}

TEST(KrakenAnswers, TellPermissions) {
  auto ask = [](const std::string& list, const std::string& addresses) {
    return get<permissions>(read(call_of(operation::permissions),
                                 success(R"({"apiKeyName":"n","apiKey":"k","nonce":"1","nonceWindow":0,"permissions":)" + list +
                                         R"(,"iban":"x","validUntil":"0","ipAllowlist":)" + addresses + "}")));
  };
  auto p = ask(R"(["query-funds","query-open-trades","modify-trades"])", R"(["10.0.0.1"])");
  EXPECT_EQ(p.read, tristate::yes);
  EXPECT_EQ(p.trade, tristate::yes);
  EXPECT_EQ(p.withdraw, tristate::no);
  EXPECT_EQ(p.address_bound, tristate::yes);
  p = ask(R"(["withdraw-funds"])", "[]");
  EXPECT_EQ(p.withdraw, tristate::yes);
  EXPECT_EQ(p.trade, tristate::no);
  EXPECT_EQ(p.address_bound, tristate::no);
  EXPECT_FALSE(read(call_of(operation::permissions), success("{}")));
}

TEST(KrakenAnswers, TellBalances) {
  const auto all = get<std::vector<balance>>(read(call_of(operation::balances), success(R"({"ZUSD":{"balance":"10000.0","hold_trade":"100.0"},
    "XXBT":{"balance":"1.0","hold_trade":"0.0"},"XBT.F":{"balance":"0.5","hold_trade":"0.0"},"ETH.S":{"balance":"9","hold_trade":"0"},
    "XXDG":{"balance":"0","hold_trade":"0"}})")));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].asset, "BTC");
  EXPECT_EQ(all[0].free, "1.5"_dec);
  EXPECT_EQ(all[1].asset, "USD");
  EXPECT_EQ(all[1].free, decimal(9'900));
  EXPECT_EQ(all[1].locked, decimal(100));
}

TEST(KrakenAnswers, AcknowledgeOrders) {
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  const auto placed = get<order>(read(call, success(R"({"descr":{"order":"buy 0.001 XBTUSDT @ limit 90000.0"},"txid":["OQCLML-BW3P3-BUCMWZ"]})")));
  EXPECT_EQ(placed.venue_order_id, "OQCLML-BW3P3-BUCMWZ");
  EXPECT_EQ(placed.client_order_id, client_id);
  EXPECT_FALSE(placed.complete);
  call = call_of(operation::cancel_order);
  call.of.client_order_id = client_id;
  EXPECT_FALSE(get<order>(read(call, success(R"({"count":1})"))).complete);
}

TEST(KrakenAnswers, FindOrdersByTheVenuesId) {
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = "OQCLML-BW3P3-BUCMWZ";
  const auto found = get<order>(read(call, success(R"({"OQCLML-BW3P3-BUCMWZ":)" + order_json("open") + "}")));
  EXPECT_EQ(found.symbol, "BTC/USDT");
  EXPECT_EQ(found.status, order_status::partially_filled);
  EXPECT_EQ(found.type, order_type::limit_maker);
  EXPECT_EQ(found.filled_notional, decimal(36));
  EXPECT_EQ(found.client_order_id, client_id);
  EXPECT_EQ(found.updated_at.ms(), 1'732'104'000'500);
  const auto closed = get<order>(read(call, success(R"({"OQCLML-BW3P3-BUCMWZ":)" + order_json("canceled", "XXBTZUSD", R"(,"closetm":1732104009.25)") + "}")));
  EXPECT_EQ(closed.symbol, "BTC/USD");
  EXPECT_EQ(closed.status, order_status::cancelled);
  EXPECT_EQ(closed.updated_at.ms(), 1'732'104'009'250);
}

TEST(KrakenAnswers, FindOrdersByClientIdInBothLists) {
  auto call = call_of(operation::find_order);
  call.of.client_order_id = client_id;
  EXPECT_EQ(protocol().make_request(call)->path, "/0/private/OpenOrders");
  EXPECT_EQ(get<order>(read(call, success(R"({"open":{"A":)" + order_json("open") + "}}"))).venue_order_id, "A");
  // Others than the one asked for are not taken for it.
  auto reply = read(call, success(R"({"open":{"A":)" + order_json("open", "XBTUSDT", "", "other") + "}}"));
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(protocol().make_request(*reply->next)->path, "/0/private/ClosedOrders");
  EXPECT_EQ(protocol().make_request(*reply->next)->form.plain(), std::string("cl_ord_id=") + client_id);
  EXPECT_EQ(get<order>(read(*reply->next, success(R"({"closed":{"B":)" + order_json("closed") + R"(},"count":1})"))).status, order_status::filled);
  EXPECT_EQ(read(*reply->next, success(R"({"closed":{},"count":0})")).error().code, make_error_code(exchange_errc::order_not_found));
}

TEST(KrakenAnswers, ListTheOpenOrdersOfASymbol) {
  const auto body = success(R"({"open":{"A":)" + order_json("open") + R"(,"B":)" + order_json("pending", "XXBTZUSD") + "}}");
  EXPECT_EQ(get<std::vector<order>>(read(call_of(operation::open_orders, ""), body)).size(), 2u);
  const auto one = get<std::vector<order>>(read(call_of(operation::open_orders, "BTC/USD"), body));
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].venue_order_id, "B");
}

TEST(KrakenAnswers, CancelTheOrdersOfASymbolInBatches) {
  std::string open;
  for (int i = 0; i < 60; ++i) open += (open.empty() ? "" : ",") + std::string("\"O") + std::to_string(i) + "\":" + order_json("open");
  auto reply = read(call_of(operation::cancel_all_orders), success("{\"open\":{" + open + R"(,"X":)" + order_json("open", "XXBTZUSD") + "}}"));
  ASSERT_TRUE(reply && reply->next);
  auto batch = protocol().make_request(*reply->next);
  EXPECT_EQ(batch->path, "/0/private/CancelOrderBatch");
  EXPECT_EQ(nlohmann::json::parse(batch->json)["orders"].size(), 50u);
  reply = read(*reply->next, success(R"({"count":50})"));
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(nlohmann::json::parse(protocol().make_request(*reply->next)->json)["orders"].size(), 10u);
  reply = read(*reply->next, success(R"({"count":10})"));
  EXPECT_FALSE(reply->next);
  EXPECT_FALSE(read(call_of(operation::cancel_all_orders), success("{\"open\":{}}"))->next);
}

/// Trades "T<from>" downwards, newest first.
std::string page(int from, int count, int total, const std::string& pair = "XBTUSDT") {
  std::string out;
  for (int i = from; i > from - count; --i)
    out += (out.empty() ? "" : ",") + std::string("\"T") + std::to_string(i) + "\":" + trade_json(pair, std::to_string(1'732'104'000 + i) + ".5");
  return success("{\"trades\":{" + out + "},\"count\":" + std::to_string(total) + "}");
}

TEST(KrakenAnswers, GatherFillsToTheKnownOneOldestFirst) {
  auto call = call_of(operation::fills);
  call.after = "T45";
  auto reply = read(call, page(120, 50, 120));
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(protocol().make_request(*reply->next)->form.plain(), "start=T45&ofs=50");
  // A trade came in between: the pages overlap.
  reply = read(*reply->next, page(71, 50, 121));
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->next);
  const auto fills = get<std::vector<fill>>(reply);
  ASSERT_EQ(fills.size(), 75u);
  EXPECT_EQ(fills.front().trade_id, "T46");
  EXPECT_EQ(fills.back().trade_id, "T120");
  EXPECT_EQ(fills[0].fee, "0.09"_dec);
  EXPECT_EQ(fills[0].fee_asset, "USDT");
  EXPECT_TRUE(fills[0].maker);
  EXPECT_EQ(fills[0].venue_order_id, "OQCLML-BW3P3-BUCMWZ");
}

TEST(KrakenAnswers, FillsOfOtherPairsAreLeftOut) {
  EXPECT_TRUE(get<std::vector<fill>>(read(call_of(operation::fills), page(10, 5, 5, "XXBTZUSD"))).empty());
  EXPECT_EQ(get<std::vector<fill>>(read(call_of(operation::fills, ""), page(10, 5, 5, "XXBTZUSD"))).at(0).fee_asset, "USD");
}

TEST(KrakenAnswers, GiveAToken) {
  const auto access = get<std::shared_ptr<const stream_access>>(read(call_of(operation::stream_access), success(R"({"token":"WSTOKEN123","expires":900})")));
  EXPECT_EQ(access->token.reveal(), "WSTOKEN123");
  EXPECT_TRUE(access->url.empty());
  EXPECT_FALSE(read(call_of(operation::stream_access), success("{}")));
}

TEST(KrakenAnswers, SurviveDamage) {
  const std::vector<std::string> bodies{
      success(pairs), success(R"({"open":{"A":)" + order_json("open") + "}}"), success(R"({"A":)" + order_json("closed", "X", R"(,"closetm":1.5)") + "}"),
      page(10, 3, 3), success(R"({"ZUSD":{"balance":"10000.0","hold_trade":"100.0"}})"),
      success(R"({"XBTUSDT":[["92100.0","0.1",1732104000.1234,"b","m","",11]],"last":"1"})"),
      success(R"({"XBTUSDT":{"a":["1","2","3"],"b":["1","2","3"],"asks":[["1","2",3]],"bids":[]}})"), R"({"error":["EAPI:Invalid key"]})"};
  mutate(bodies, 100, [](const std::string& body) {
    for (auto op : all_operations()) {
      auto call = call_of(op);
      call.of.venue_order_id = op == operation::find_order ? "A" : "";
      call.of.client_order_id = client_id;
      auto reply = read(call, body);
      if (!reply && is_write(op)) EXPECT_NE(reply.error().code, make_error_code(exchange_errc::protocol));
    }
  });
}

}  // namespace
}  // namespace drover::exchanges::kraken
