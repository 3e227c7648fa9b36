#include <gtest/gtest.h>

#include "exchanges/gate/names.hpp"
#include "tests/unit/gate/gate_fixture.hpp"

namespace drover::exchanges::gate {
namespace {

using json = nlohmann::ordered_json;
using parameters = std::map<std::string, std::string>;

parameters parameters_of(const wire_request& r) {
  parameters out;
  for (const auto& [name, value] : r.query.items()) out[name] = value;
  if (r.json.empty()) return out;
  const auto body = json::parse(r.json);
  for (const auto& [name, value] : body.items()) out[name] = value.is_string() ? value.get<std::string>() : value.dump();
  return out;
}

struct captured {
  std::string method, path;
  parameters all;
};
/// The last request of an operation that a foreign client was seen to make.
captured capture_of(const std::string& name) {
  const auto seen = load_data("requests/gate.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  captured out{seen["method"], url.substr(0, url.find('?')), query_of(url)};
  if (const auto body = seen["body"].get<std::string>(); !body.empty()) {
    const auto object = json::parse(body);
    for (const auto& [key, value] : object.items()) out.all[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  if (out.all.contains("text")) out.all["text"] = to_text(client_id);
  return out;
}

/// `also`: what we send beside it, and why.
void expect_same(const venue_call& call, const std::string& name, const parameters& also = {}) {
  auto made = protocol().make_request(call);
  ASSERT_TRUE(made) << name;
  auto wanted = capture_of(name);
  for (const auto& [key, value] : also) wanted.all[key] = value;
  EXPECT_EQ(made->method, wanted.method) << name;
  EXPECT_EQ(made->path, wanted.path) << name;
  EXPECT_EQ(parameters_of(*made), wanted.all) << name;
  EXPECT_FALSE(made->charges.empty()) << name;
  EXPECT_FALSE(made->endpoint.empty()) << name;
}

venue_call placing(order_request r) {
  auto call = call_of(operation::create_order);
  call.order = std::move(r);
  return call;
}

TEST(GateRequests, PlaceOrdersAsAForeignClient) {
  // The venue's default said aloud.
  expect_same(placing(limit_order()), "createOrder_limit_buy", {{"time_in_force", "gtc"}});
  expect_same(placing(limit_order(side::sell)), "createOrder_limit_sell", {{"time_in_force", "gtc"}});
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
  expect_same(placing(nameless), "createOrder_limit_buy_nocid", {{"time_in_force", "gtc"}});
}

TEST(GateRequests, SizeMarketBuysInTheQuoteAssetOnly) {
  auto market = limit_order();
  market.type = order_type::market;
  auto made = protocol().make_request(placing(market));
  ASSERT_TRUE(made);
  EXPECT_EQ(parameters_of(*made), (parameters{{"text", to_text(client_id)}, {"currency_pair", "BTC_USDT"}, {"type", "limit"}, {"account", "spot"},
                                              {"side", "buy"}, {"amount", "0.001"}, {"price", "90000"}, {"time_in_force", "ioc"}}));
  market.price = {};
  auto refused = protocol().make_request(placing(market));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::refused));
  auto maker = limit_order();
  maker.type = order_type::limit_maker;
  maker.tif = time_in_force::fok;
  EXPECT_FALSE(protocol().make_request(placing(maker)));
}

TEST(GateRequests, AskForOrdersAsAForeignClient) {
  auto cancel = call_of(operation::cancel_order);
  cancel.of.venue_order_id = "1852454420";
  expect_same(cancel, "cancelOrder");
  auto find = call_of(operation::find_order);
  find.of.venue_order_id = "1852454420";
  expect_same(find, "fetchOrder");
  find.of.venue_order_id.clear();
  find.of.client_order_id = "t-my-cid-1";
  expect_same(find, "fetchOrder_byClientOrderId");
  expect_same(call_of(operation::cancel_all_orders), "cancelAllOrders");
  expect_same(call_of(operation::balances), "fetchBalance");
  // Whole pages, to the end.
  expect_same(call_of(operation::fills), "fetchMyTrades", {{"limit", "1000"}, {"page", "1"}});
  find.of.client_order_id = client_id;
  find.step = 1;
  expect_same(find, "fetchClosedOrders", {{"limit", "100"}, {"page", "1"}});
  EXPECT_FALSE(protocol().make_request(call_of(operation::find_order)));
}

TEST(GateRequests, ListOpenOrdersOfOnePairOrOfAll) {
  // The foreign client asks for all pairs and names one, which the reference does not know.
  auto one = protocol().make_request(call_of(operation::open_orders));
  EXPECT_EQ(one->path, "/api/v4/spot/orders");
  EXPECT_EQ(parameters_of(*one), (parameters{{"account", "spot"}, {"currency_pair", "BTC_USDT"}, {"status", "open"}, {"page", "1"}, {"limit", "100"}}));
  auto all = protocol().make_request(call_of(operation::open_orders, ""));
  EXPECT_EQ(all->path, "/api/v4/spot/open_orders");
  auto cancel_all = protocol().make_request(call_of(operation::cancel_all_orders, ""));
  EXPECT_EQ(parameters_of(*cancel_all), (parameters{{"account", "spot"}}));
}

TEST(GateRequests, ReadTheMarketAsAForeignClient) {
  expect_same(call_of(operation::server_time), "fetchTime");
  auto book = call_of(operation::book);
  book.limit = 20;
  expect_same(book, "fetchOrderBook");
  auto trades = call_of(operation::trades);
  trades.limit = 50;
  expect_same(trades, "fetchTrades");
  auto candles = call_of(operation::candles);
  candles.since = wall_time::from_ms(1'732'100'400'000);
  candles.limit = 61;
  expect_same(candles, "fetchOHLCV");
  // Tickers lack the quantities that we want: the best level of the book has them.
  EXPECT_EQ(protocol().make_request(call_of(operation::ticker))->query.plain(), "currency_pair=BTC_USDT&limit=1&with_id=true");
  EXPECT_EQ(protocol().make_request(call_of(operation::instruments))->path, "/api/v4/spot/currency_pairs");
}

TEST(GateRequests, PastTradesAreAskedForUpToAWholeSecond) {
  auto trades = call_of(operation::trades);
  trades.until = wall_time::from_ms(1'732'100'400'123);
  EXPECT_EQ(protocol().make_request(trades)->query.plain(), "currency_pair=BTC_USDT&limit=1000&to=1732100401");
}

TEST(GateRequests, TheDeadManCountsWholeSecondsFiveAtLeast) {
  auto call = call_of(operation::set_dead_man);
  call.dead_man_after = 30'500ms;
  EXPECT_EQ(protocol().make_request(call)->json, R"({"timeout":31})");
  call.dead_man_after = 1'000ms;
  EXPECT_EQ(protocol().make_request(call)->json, R"({"timeout":5})");
  call.dead_man_after = 0ms;
  EXPECT_EQ(protocol().make_request(call)->json, R"({"timeout":0})");
  EXPECT_TRUE(protocol().traits().has_dead_man);
}

TEST(GateRequests, EveryOperationIsMadeOrUnsupported) {
  for (auto op : all_operations()) {
    auto call = call_of(op);
    call.order = limit_order();
    call.of.client_order_id = client_id;
    auto made = protocol().make_request(call);
    const bool unsupported = op == operation::stream_access || op == operation::keep_stream_access;
    EXPECT_EQ(made.has_value(), !unsupported) << to_string(op);
    if (!made) EXPECT_EQ(made.error().code, make_error_code(exchange_errc::unsupported));
    if (made) EXPECT_EQ(made->is_private, is_private(op)) << to_string(op);
    if (made) EXPECT_LT(made->charges.at(0).rule, protocol().traits().rules.size());
  }
}

TEST(GateNames, ClientIdsGoThereAndBack) {
  EXPECT_EQ(to_text(client_id), "t-ABEiM0RVZneImaq7zN3u_w");
  EXPECT_EQ(to_client_order_id("t-ABEiM0RVZneImaq7zN3u_w"), client_id);
  EXPECT_LE(to_text("ffffffffffffffffffffffffffffffff").size(), 30u);
  for (const auto* foreign : {"t-my-cid-1", "t-", "t-ABEiM0RVZneImaq7zN3u_x"}) {
    EXPECT_EQ(to_text(foreign), foreign);
    EXPECT_EQ(to_client_order_id(foreign), foreign);
  }
  EXPECT_EQ(to_client_order_id("apiv4"), "");
  EXPECT_EQ(to_pair("BTC/USDT"), "BTC_USDT");
  EXPECT_EQ(to_symbol("BTC_USDT"), "BTC/USDT");
}

TEST(GateProtocol, RefusesOptionsThatItDoesNotKnow) {
  EXPECT_FALSE(make_protocol({{"key_version", "2"}}));
}

}  // namespace
}  // namespace drover::exchanges::gate
