#include <gtest/gtest.h>

#include "tests/unit/mexc/mexc_fixture.hpp"

namespace drover::exchanges::mexc {
namespace {

using parameters = std::map<std::string, std::string>;

/// `ours`: what we send differently, and why.
void expect_same(const venue_call& call, const std::string& name, const parameters& ours = {}) {
  auto made = protocol().make_request(call);
  ASSERT_TRUE(made) << name;
  const auto seen = load_data("requests/mexc.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  auto wanted = query_of(url);
  for (const auto* volatile_one : {"timestamp", "recvWindow", "signature"}) wanted.erase(volatile_one);
  if (wanted.contains("newClientOrderId")) wanted["newClientOrderId"] = client_id;
  for (const auto& [key, value] : ours) {
    if (value.empty()) wanted.erase(key);
    else wanted[key] = value;
  }
  parameters sent;
  for (const auto& [key, value] : made->query.items()) sent[key] = value;
  EXPECT_EQ(made->method, seen["method"].get<std::string>()) << name;
  EXPECT_EQ(made->path, url.substr(0, url.find('?'))) << name;
  EXPECT_EQ(sent, wanted) << name;
  EXPECT_TRUE(made->json.empty());
  EXPECT_FALSE(made->charges.empty()) << name;
}

venue_call placing(order_request r) {
  auto call = call_of(operation::create_order);
  call.order = std::move(r);
  return call;
}

TEST(MexcRequests, PlaceOrdersAsAForeignClient) {
  expect_same(placing(limit_order()), "createOrder_limit_buy");
  expect_same(placing(limit_order(side::sell)), "createOrder_limit_sell");
  auto maker = limit_order();
  maker.type = order_type::limit_maker;
  expect_same(placing(maker), "createOrder_limit_postOnly");
  auto ioc = limit_order();
  ioc.tif = time_in_force::ioc;
  expect_same(placing(ioc), "createOrder_limit_IOC");
  auto cost = limit_order();
  cost.type = order_type::market;
  cost.quote_quantity = decimal(100);
  expect_same(placing(cost), "createOrder_market_buy_cost");
  auto sell = limit_order(side::sell);
  sell.type = order_type::market;
  expect_same(placing(sell), "createOrder_market_sell");
  auto nameless = limit_order();
  nameless.client_order_id.clear();
  expect_same(placing(nameless), "createOrder_limit_buy_nocid");
  // The foreign client turns a base quantity into its cost; the venue takes either.
  auto buy = limit_order();
  buy.type = order_type::market;
  expect_same(placing(buy), "createOrder_market_buy_cost", {{"quoteOrderQty", ""}, {"quantity", "0.001"}});
  auto fok = limit_order();
  fok.tif = time_in_force::fok;
  expect_same(placing(fok), "createOrder_limit_buy", {{"type", "FILL_OR_KILL"}});
}

TEST(MexcRequests, RefuseWhatTheVenueLacks) {
  auto whole = limit_order();
  whole.type = order_type::market;
  whole.tif = time_in_force::fok;
  auto maker = limit_order();
  maker.type = order_type::limit_maker;
  maker.tif = time_in_force::ioc;
  for (const auto& r : {whole, maker}) {
    auto made = protocol().make_request(placing(r));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, make_error_code(exchange_errc::refused));
  }
  for (auto op : {operation::open_orders, operation::cancel_all_orders, operation::fills}) {
    auto made = protocol().make_request(call_of(op, ""));
    ASSERT_FALSE(made) << to_string(op);
    EXPECT_EQ(made.error().code, make_error_code(exchange_errc::unsupported));
  }
  auto dead = protocol().make_request(call_of(operation::set_dead_man));
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, make_error_code(exchange_errc::unsupported));
  EXPECT_FALSE(protocol().traits().has_dead_man);
  EXPECT_FALSE(make_protocol({{"x", "y"}}));
}

TEST(MexcRequests, AskForOrdersAsAForeignClient) {
  auto cancel = call_of(operation::cancel_order);
  cancel.of.venue_order_id = "C02__443776347957968896088";
  expect_same(cancel, "cancelOrder");
  auto find = call_of(operation::find_order);
  find.of.venue_order_id = "C02__443776347957968896088";
  expect_same(find, "fetchOrder");
  find.of.venue_order_id.clear();
  find.of.client_order_id = "my-cid-1";
  expect_same(find, "fetchOrder_byClientOrderId");
  cancel.of = find.of;
  // The foreign client also sends a parameter that the venue does not know.
  expect_same(cancel, "cancelOrder_byClientOrderId", {{"clientOrderId", ""}});
  expect_same(call_of(operation::cancel_all_orders), "cancelAllOrders");
  expect_same(call_of(operation::open_orders), "fetchOpenOrders");
  expect_same(call_of(operation::balances), "fetchBalance");
  expect_same(call_of(operation::fills), "fetchMyTrades", {{"limit", "100"}});
  expect_same(call_of(operation::stream_access), "watchOrders");
}

TEST(MexcRequests, ReadTheMarketAsAForeignClient) {
  expect_same(call_of(operation::server_time), "fetchTime");
  auto book = call_of(operation::book);
  book.limit = 20;
  expect_same(book, "fetchOrderBook");
  auto trades = call_of(operation::trades);
  trades.limit = 50;
  expect_same(trades, "fetchTrades");
  expect_same(call_of(operation::ticker), "fetchBidsAsks", {{"symbol", "BTCUSDT"}});
  auto candles = call_of(operation::candles);
  candles.since = wall_time::from_ms(1'732'100'400'000);
  candles.limit = 60;
  expect_same(candles, "fetchOHLCV", {{"limit", "60"}});
}

/// A full page does not say of which end of the span it is.
TEST(MexcRequests, PastTradesAreAskedForInASpanThatOnePageHolds) {
  auto trades = call_of(operation::trades);
  trades.until = wall_time::from_ms(1'732'100'400'000);
  EXPECT_EQ(protocol().make_request(trades)->query.plain(), "symbol=BTCUSDT&startTime=1732096800000&endTime=1732100400000&limit=1000");
  const auto page_of = [](int rows) {
    std::string body = "[";
    for (int i = 0; i < rows; ++i)
      body += (i > 0 ? "," : "") + std::string(R"({"a":null,"f":null,"l":null,"p":"1","q":"2","T":1732100000000,"m":true,"M":true})");
    return client_response{200, {}, body + "]"};
  };
  int steps = 0;
  auto reply = protocol().read_answer(trades, page_of(1000), instrument_table{});
  while (reply && reply->next) {
    ++steps;
    EXPECT_TRUE(std::get<std::vector<public_trade>>(reply->answer).empty()) << "it is asked for again";
    trades = *reply->next;
    reply = protocol().read_answer(trades, page_of(1000), instrument_table{});
  }
  EXPECT_EQ(steps, 6) << "until the span is about a second";
  EXPECT_EQ(protocol().make_request(trades)->query.plain(), "symbol=BTCUSDT&startTime=1732100399122&endTime=1732100400000&limit=1000");
  ASSERT_TRUE(reply);
  EXPECT_EQ(std::get<std::vector<public_trade>>(reply->answer).size(), 1000u);
  trades = call_of(operation::trades);
  trades.until = wall_time::from_ms(1'732'100'400'000);
  EXPECT_FALSE(protocol().read_answer(trades, page_of(999), instrument_table{})->next);
}

TEST(MexcRequests, EveryRequestIsCharged) {
  for (auto op : all_operations()) {
    auto call = call_of(op);
    call.order = limit_order();
    call.of.client_order_id = client_id;
    auto access = std::make_shared<stream_access>();
    access->token = secret("key");
    call.access = access;
    auto made = protocol().make_request(call);
    EXPECT_EQ(made.has_value(), op != operation::set_dead_man) << to_string(op);
    if (!made) continue;
    EXPECT_EQ(made->is_private, is_private(op)) << to_string(op);
    EXPECT_EQ(made->charges.size(), is_private(op) ? 2u : 1u) << to_string(op);
    for (const auto& c : made->charges) EXPECT_LT(c.rule, protocol().traits().rules.size());
  }
}

}  // namespace
}  // namespace drover::exchanges::mexc
