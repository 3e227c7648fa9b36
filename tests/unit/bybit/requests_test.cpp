#include <gtest/gtest.h>

#include "tests/unit/bybit/bybit_fixture.hpp"

namespace drover::exchanges::bybit {
namespace {

using json = nlohmann::ordered_json;
using parameters = std::map<std::string, std::string>;

void add_members(parameters& to, const json& object) {
  for (const auto& [key, value] : object.items()) to[key] = value.is_string() ? value.get<std::string>() : value.dump();
}

parameters parameters_of(const wire_request& r) {
  parameters out;
  for (const auto& [name, value] : r.query.items()) out[name] = value;
  if (!r.json.empty()) add_members(out, json::parse(r.json));
  return out;
}

struct captured {
  std::string method, path;
  parameters all;
};
/// The last request of an operation that a foreign client was seen to make. On cancels and queries it forgets to translate the client id.
captured capture_of(const std::string& name) {
  const auto seen = load_data("requests/bybit.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  captured out{seen["method"], url.substr(0, url.find('?')), query_of(url)};
  if (const auto body = seen["body"].get<std::string>(); !body.empty()) add_members(out.all, json::parse(body));
  if (out.all.contains("orderLinkId") || out.all.erase("clientOrderId") == 1) out.all["orderLinkId"] = client_id;
  return out;
}

/// `also`: what we send beside it; `without`: what we do not send.
void expect_same(const venue_call& call, const std::string& name, const parameters& also = {}, const std::vector<std::string>& without = {}) {
  auto made = protocol().make_request(call);
  ASSERT_TRUE(made) << name;
  auto wanted = capture_of(name);
  for (const auto& [key, value] : also) wanted.all[key] = value;
  for (const auto& key : without) EXPECT_EQ(wanted.all.erase(key), 1u) << name << " " << key;
  EXPECT_EQ(made->method, wanted.method) << name;
  EXPECT_EQ(made->path, wanted.path) << name;
  EXPECT_EQ(parameters_of(*made), wanted.all) << name;
  EXPECT_EQ(made->endpoint, wanted.method + " " + wanted.path) << name;
  EXPECT_FALSE(made->charges.empty()) << name;
}

venue_call placing(order_request r) {
  auto call = call_of(operation::create_order);
  call.order = std::move(r);
  return call;
}

order_request of_type(order_type type, side s = side::buy) {
  auto out = limit_order(s);
  out.type = type;
  return out;
}

TEST(BybitRequests, PlaceOrdersAsAForeignClient) {
  // The venue's default said aloud.
  expect_same(placing(limit_order()), "createOrder_limit_buy", {{"timeInForce", "GTC"}});
  expect_same(placing(limit_order(side::sell)), "createOrder_limit_sell", {{"timeInForce", "GTC"}});
  expect_same(placing(of_type(order_type::limit_maker)), "createOrder_limit_postOnly");
  auto ioc = limit_order();
  ioc.tif = time_in_force::ioc;
  expect_same(placing(ioc), "createOrder_limit_IOC");
  auto money = of_type(order_type::market);
  money.quote_quantity = decimal(100);
  // It leaves the unit of a buy to the venue.
  expect_same(placing(money), "createOrder_market_buy_cost", {{"marketUnit", "quoteCoin"}});
  expect_same(placing(of_type(order_type::market, side::sell)), "createOrder_market_sell");
  auto nameless = limit_order();
  nameless.client_order_id.clear();
  expect_same(placing(nameless), "createOrder_limit_buy_nocid", {{"timeInForce", "GTC"}});
}

TEST(BybitRequests, SayInWhichAssetAMarketOrderIsSized) {
  const auto sent = [](order_request r) { return parameters_of(*protocol().make_request(placing(std::move(r)))); };
  auto buy = sent(of_type(order_type::market));
  EXPECT_EQ(buy["qty"], "0.001");
  EXPECT_EQ(buy["marketUnit"], "baseCoin");
  EXPECT_FALSE(buy.contains("price"));
  EXPECT_FALSE(buy.contains("timeInForce"));
  auto money = of_type(order_type::market, side::sell);
  money.quote_quantity = decimal(100);
  EXPECT_EQ(sent(money)["qty"], "0.001");
}

TEST(BybitRequests, PlaceFillOrKillAndRefuseWhatTheVenueCannot) {
  auto fok = limit_order();
  fok.tif = time_in_force::fok;
  EXPECT_EQ(parameters_of(*protocol().make_request(placing(fok)))["timeInForce"], "FOK");
  auto maker = of_type(order_type::limit_maker), market = of_type(order_type::market);
  maker.tif = time_in_force::ioc;
  market.tif = time_in_force::fok;
  for (const auto& r : {maker, market}) {
    auto refused = protocol().make_request(placing(r));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::refused));
  }
}

TEST(BybitRequests, AskForOrdersAsAForeignClient) {
  auto of = call_of(operation::cancel_order);
  of.of.venue_order_id = "1384788";
  // Of orders: the venue's default.
  expect_same(of, "cancelOrder", {}, {"orderFilter"});
  of.op = operation::find_order;
  expect_same(of, "fetchOrder");
  of.of.venue_order_id.clear();
  of.of.client_order_id = client_id;
  expect_same(of, "fetchOrder_byClientOrderId");
  of.op = operation::cancel_order;
  expect_same(of, "cancelOrder_byClientOrderId", {}, {"orderFilter"});
  expect_same(call_of(operation::cancel_all_orders), "cancelAllOrders");
  // Whole pages, to the end.
  expect_same(call_of(operation::open_orders), "fetchOpenOrders", {{"openOnly", "0"}, {"limit", "50"}});
  expect_same(call_of(operation::fills), "fetchMyTrades", {{"limit", "100"}});
  expect_same(call_of(operation::balances), "fetchBalance");
  of.op = operation::find_order;
  of.step = 1;
  expect_same(of, "fetchClosedOrders", {{"orderLinkId", client_id}}, {"limit", "orderStatus"});
}

TEST(BybitRequests, AnOrderWithoutANameIsNotAskedFor) {
  for (auto op : {operation::find_order, operation::cancel_order}) {
    auto refused = protocol().make_request(call_of(op));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::refused));
  }
}

TEST(BybitRequests, ListsOfAllInstrumentsNameNone) {
  EXPECT_EQ(protocol().make_request(call_of(operation::open_orders, ""))->query.plain(), "category=spot&openOnly=0&limit=50");
  EXPECT_EQ(protocol().make_request(call_of(operation::cancel_all_orders, ""))->json, R"({"category":"spot"})");
  auto since = call_of(operation::fills, "");
  since.since = wall_time::from_ms(1'732'104'000'000);
  since.cursor = "a:b,c";
  EXPECT_EQ(protocol().make_request(since)->query.encoded(),
            "category=spot&execType=Trade&startTime=1732104000000&limit=100&cursor=a%3Ab%2Cc");
}

TEST(BybitRequests, ReadTheMarketAsAForeignClient) {
  expect_same(call_of(operation::server_time), "fetchTime");
  expect_same(call_of(operation::ticker), "fetchTicker");
  auto book = call_of(operation::book);
  book.limit = 20;
  expect_same(book, "fetchOrderBook");
  auto trades = call_of(operation::trades);
  trades.limit = 50;
  expect_same(trades, "fetchTrades");
  auto candles = call_of(operation::candles);
  candles.since = wall_time::from_ms(1'732'100'400'000);
  candles.limit = 100;
  expect_same(candles, "fetchOHLCV");
  EXPECT_EQ(protocol().make_request(call_of(operation::instruments))->query.plain(), "category=spot");
  // More than the venue gives is not asked for.
  book.limit = trades.limit = candles.limit = 10'000;
  EXPECT_EQ(parameters_of(*protocol().make_request(book))["limit"], "200");
  EXPECT_EQ(parameters_of(*protocol().make_request(trades))["limit"], "60");
  EXPECT_EQ(parameters_of(*protocol().make_request(candles))["limit"], "1000");
}

TEST(BybitRequests, CandlesOfEveryLengthHaveTheirInterval) {
  const std::map<candle_interval, std::string> names{{candle_interval::m1, "1"},  {candle_interval::m5, "5"},   {candle_interval::m15, "15"},
                                                     {candle_interval::h1, "60"}, {candle_interval::h4, "240"}, {candle_interval::d1, "D"}};
  for (const auto& [interval, name] : names) {
    auto call = call_of(operation::candles);
    call.interval = interval;
    EXPECT_EQ(parameters_of(*protocol().make_request(call)), (parameters{{"category", "spot"}, {"symbol", "BTCUSDT"}, {"interval", name}, {"limit", "1000"}}));
  }
}

TEST(BybitRequests, ThereIsNoDeadMan) {
  auto refused = protocol().make_request(call_of(operation::set_dead_man));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::unsupported));
  EXPECT_FALSE(protocol().traits().has_dead_man);
}

TEST(BybitRequests, SignatureCoversBodyOrQueryAndTheWindow) {
  const credentials keys{secret("key"), secret("secret"), {}};
  signing_context c;
  c.server_now = wall_time::from_ms(1'732'104'000'007);
  c.validity_window = 3'000ms;
  c.base_url = "https://api.bybit.com";
  const auto placed = *protocol().sign(*protocol().make_request(placing(limit_order())), &keys, c);
  EXPECT_EQ(find_header(placed.headers, "X-BAPI-TIMESTAMP"), "1732104000007");
  EXPECT_EQ(find_header(placed.headers, "X-BAPI-RECV-WINDOW"), "3000");
  EXPECT_EQ(find_header(placed.headers, "X-BAPI-API-KEY"), "key");
  const auto other = *protocol().sign(*protocol().make_request(placing(limit_order(side::sell))), &keys, c);
  EXPECT_NE(find_header(placed.headers, "X-BAPI-SIGN"), find_header(other.headers, "X-BAPI-SIGN"));
  EXPECT_TRUE(protocol().sign(*protocol().make_request(call_of(operation::ticker)), nullptr, c)->headers.empty());
}

wire_request request_for(operation op) {
  auto call = call_of(op);
  call.order = limit_order();
  return *protocol().make_request(call);
}

TEST(BybitProtocol, HeadersTellHowMuchIsLeft) {
  const auto now = wall_time::from_ms(1'732'104'000'000);
  const client_response answer{200,
                               {{"X-Bapi-Limit", "20"}, {"X-Bapi-Limit-Status", "13"}, {"X-Bapi-Limit-Reset-Timestamp", "1732104000400"}},
                               refusal(10'006, "Too many visits. Exceeded the API Rate Limit.")};
  const auto report = protocol().read_limits(request_for(operation::create_order), answer, now);
  ASSERT_EQ(report.readings.size(), 1u);
  EXPECT_EQ(protocol().traits().rules[report.readings[0].rule].name, "place_1s");
  EXPECT_EQ(report.readings[0].used, 7);
  EXPECT_EQ(report.readings[0].limit, 20);
  EXPECT_EQ(report.account_ban, std::optional<nanoseconds>(400ms));
  EXPECT_FALSE(report.address_ban);
}

TEST(BybitProtocol, HeadersThatMakeNoSenseAreIgnored) {
  for (const auto& [limit, left] : std::vector<std::pair<std::string, std::string>>{{"20", "21"}, {"0", "0"}, {"-1", "0"}, {"20", "-3"}, {"x", "1"}, {"99999999999", "1"}, {"20", ""}}) {
    const client_response answer{200, {{"X-Bapi-Limit", limit}, {"X-Bapi-Limit-Status", left}}, success("{}")};
    EXPECT_TRUE(protocol().read_limits(request_for(operation::balances), answer, {}).readings.empty()) << limit << " " << left;
  }
}

TEST(BybitProtocol, TooFrequentAccessMeansTenMinutesOfSilence) {
  const auto ban = protocol().read_limits(request_for(operation::ticker), {403, {}, "access too frequent"}, {});
  EXPECT_EQ(ban.address_ban, std::optional<nanoseconds>(10min));
  const auto country = protocol().read_limits(request_for(operation::ticker), {403, {}, "<html>block access from your country</html>"}, {});
  EXPECT_FALSE(country.address_ban);
}

}  // namespace
}  // namespace drover::exchanges::bybit
