#include <gtest/gtest.h>

#include "tests/unit/okx/okx_fixture.hpp"

namespace drover::exchanges::okx {
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
/// The last request of an operation that a foreign client was seen to make. It places orders in lists of one.
captured capture_of(const std::string& name) {
  const auto seen = load_data("requests/okx.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  captured out{seen["method"], url.substr(0, url.find('?')), query_of(url)};
  if (const auto body = seen["body"].get<std::string>(); !body.empty()) {
    auto value = json::parse(body);
    add_members(out.all, value.is_array() ? value.front() : value);
  }
  if (out.path == "/api/v5/trade/batch-orders") out.path = "/api/v5/trade/order";
  if (out.all.contains("clOrdId")) out.all["clOrdId"] = client_id;
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

TEST(OkxRequests, PlaceOrdersAsAForeignClient) {
  // It names the unit of every order; the reference knows it for market orders only.
  expect_same(placing(limit_order()), "createOrder_limit_buy", {}, {"tgtCcy"});
  expect_same(placing(limit_order(side::sell)), "createOrder_limit_sell", {}, {"tgtCcy"});
  expect_same(placing(of_type(order_type::limit_maker)), "createOrder_limit_postOnly", {}, {"tgtCcy"});
  auto ioc = limit_order();
  ioc.tif = time_in_force::ioc;
  expect_same(placing(ioc), "createOrder_limit_IOC", {}, {"tgtCcy"});
  expect_same(placing(of_type(order_type::market)), "createOrder_market_buy_with_price");
  expect_same(placing(of_type(order_type::market, side::sell)), "createOrder_market_sell");
  auto nameless = limit_order();
  nameless.client_order_id.clear();
  // It makes up a name, and names itself.
  expect_same(placing(nameless), "createOrder_limit_buy_nocid", {}, {"tgtCcy", "clOrdId", "tag"});
}

TEST(OkxRequests, SayInWhichAssetAMarketOrderIsSized) {
  const auto sent = [](order_request r) { return parameters_of(*protocol().make_request(placing(std::move(r)))); };
  auto money = of_type(order_type::market);
  money.quote_quantity = decimal(100);
  auto buy = sent(money);
  EXPECT_EQ(buy["sz"], "100");
  EXPECT_EQ(buy["tgtCcy"], "quote_ccy");
  EXPECT_FALSE(buy.contains("px"));
  // Sales are sized by what is sold, whatever else is said.
  money.side = side::sell;
  auto sell = sent(money);
  EXPECT_EQ(sell["sz"], "0.001");
  EXPECT_EQ(sell["tgtCcy"], "base_ccy");
}

TEST(OkxRequests, PlaceFillOrKillAndRefuseWhatTheVenueCannot) {
  auto fok = limit_order();
  fok.tif = time_in_force::fok;
  EXPECT_EQ(parameters_of(*protocol().make_request(placing(fok)))["ordType"], "fok");
  auto maker = of_type(order_type::limit_maker), market = of_type(order_type::market);
  maker.tif = time_in_force::ioc;
  market.tif = time_in_force::fok;
  for (const auto& r : {maker, market}) {
    auto refused = protocol().make_request(placing(r));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::refused));
  }
}

TEST(OkxRequests, AskForOrdersAsAForeignClient) {
  auto of = call_of(operation::cancel_order);
  of.of.venue_order_id = "680800019749904384";
  expect_same(of, "cancelOrder");
  of.op = operation::find_order;
  expect_same(of, "fetchOrder");
  of.of.venue_order_id.clear();
  of.of.client_order_id = client_id;
  expect_same(of, "fetchOrder_byClientOrderId");
  of.op = operation::cancel_order;
  expect_same(of, "cancelOrder_byClientOrderId");
  // Whole pages, to the end; of spot only.
  expect_same(call_of(operation::open_orders), "fetchOpenOrders", {{"instType", "SPOT"}, {"limit", "100"}});
  expect_same(call_of(operation::fills), "fetchMyTrades", {{"limit", "100"}});
  expect_same(call_of(operation::balances), "fetchBalance");
  of.op = operation::find_order;
  of.step = 1;
  expect_same(of, "fetchClosedOrders", {{"limit", "100"}}, {"state"});
}

TEST(OkxRequests, BothIdsGiveTheVenuesOwn) {
  auto call = call_of(operation::cancel_order);
  call.of = {"BTC/USDT", client_id, "680800019749904384"};
  EXPECT_EQ(protocol().make_request(call)->json, R"({"instId":"BTC-USDT","ordId":"680800019749904384"})");
}

TEST(OkxRequests, AnOrderWithoutANameIsNotAskedFor) {
  for (auto op : {operation::find_order, operation::cancel_order}) {
    auto refused = protocol().make_request(call_of(op));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, make_error_code(exchange_errc::refused));
  }
}

TEST(OkxRequests, ListsOfAllInstrumentsNameNone) {
  EXPECT_EQ(protocol().make_request(call_of(operation::open_orders, ""))->query.plain(), "instType=SPOT&limit=100");
  EXPECT_EQ(protocol().make_request(call_of(operation::fills, ""))->query.plain(), "instType=SPOT&limit=100");
  EXPECT_EQ(protocol().make_request(call_of(operation::cancel_all_orders, ""))->query.plain(), "instType=SPOT&limit=100");
  auto since = call_of(operation::fills);
  since.since = wall_time::from_ms(1'732'104'000'000);
  since.cursor = "77";
  EXPECT_EQ(protocol().make_request(since)->query.plain(), "instType=SPOT&instId=BTC-USDT&begin=1732104000000&limit=100&after=77");
}

TEST(OkxRequests, ReadTheMarketAsAForeignClient) {
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
  EXPECT_EQ(protocol().make_request(call_of(operation::instruments))->query.plain(), "instType=SPOT");
  // More than the venue gives is not asked for.
  book.limit = trades.limit = candles.limit = 10'000;
  EXPECT_EQ(parameters_of(*protocol().make_request(book))["sz"], "400");
  EXPECT_EQ(parameters_of(*protocol().make_request(trades))["limit"], "500");
  EXPECT_EQ(parameters_of(*protocol().make_request(candles))["limit"], "300");
}

TEST(OkxRequests, PastTradesAreAskedForBackFromATime) {
  auto trades = call_of(operation::trades);
  trades.until = wall_time::from_ms(1'732'100'400'123);
  const auto made = protocol().make_request(trades);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->path, "/api/v5/market/history-trades");
  EXPECT_EQ(made->query.plain(), "instId=BTC-USDT&type=2&after=1732100400123&limit=100");
}

TEST(OkxRequests, CandlesOfEveryLengthHaveTheirBar) {
  const std::map<candle_interval, std::string> bars{{candle_interval::m1, "1m"}, {candle_interval::m5, "5m"}, {candle_interval::m15, "15m"},
                                                    {candle_interval::h1, "1H"}, {candle_interval::h4, "4H"}, {candle_interval::d1, "1Dutc"}};
  for (const auto& [interval, bar] : bars) {
    auto call = call_of(operation::candles);
    call.interval = interval;
    EXPECT_EQ(parameters_of(*protocol().make_request(call)), (parameters{{"instId", "BTC-USDT"}, {"bar", bar}, {"limit", "300"}}));
  }
}

TEST(OkxRequests, TheDeadManCountsWholeSecondsFromTenToTwoMinutes) {
  auto call = call_of(operation::set_dead_man);
  call.dead_man_after = 30'500ms;
  EXPECT_EQ(protocol().make_request(call)->json, R"({"timeOut":"31"})");
  EXPECT_EQ(protocol().make_request(call)->path, "/api/v5/trade/cancel-all-after");
  call.dead_man_after = 0ms;
  EXPECT_EQ(protocol().make_request(call)->json, R"({"timeOut":"0"})");
  for (auto wrong : {9'000ms, 120'001ms}) {
    call.dead_man_after = wrong;
    EXPECT_FALSE(protocol().make_request(call));
  }
  EXPECT_TRUE(protocol().traits().has_dead_man);
}

struct sent_request {
  credentials keys{secret("key"), secret("secret"), secret("words")};
  signing_context context;
  sent_request() {
    context.server_now = wall_time::from_ms(1'732'104'000'007);
    context.validity_window = 3'000ms;
    context.base_url = "https://www.okx.com";
  }
  client_request sign(const venue_call& call, bool with_keys = true, const venue_options& options = {}) {
    return *(*make_protocol(options))->sign(*protocol().make_request(call), with_keys ? &keys : nullptr, context);
  }
};

TEST(OkxRequests, OnlyNewOrdersExpire) {
  sent_request s;
  const auto placed = s.sign(placing(limit_order()));
  EXPECT_EQ(find_header(placed.headers, "expTime"), "1732104003007");
  EXPECT_EQ(find_header(placed.headers, "OK-ACCESS-TIMESTAMP"), "2024-11-20T12:00:00.007Z");
  EXPECT_EQ(find_header(placed.headers, "Content-Type"), "application/json");
  auto cancel = call_of(operation::cancel_order);
  cancel.of.venue_order_id = "1";
  EXPECT_EQ(find_header(s.sign(cancel).headers, "expTime"), "");
}

TEST(OkxRequests, PublicOnesCarryNoKeyAndDemoOnesSaySo) {
  sent_request s;
  EXPECT_TRUE(s.sign(call_of(operation::ticker), false).headers.empty());
  const auto demo = s.sign(call_of(operation::ticker), false, {{"simulated", "1"}});
  EXPECT_EQ(find_header(demo.headers, "x-simulated-trading"), "1");
  EXPECT_EQ(demo.url, "https://www.okx.com/api/v5/market/ticker?instId=BTC-USDT");
}

TEST(OkxProtocol, RefusesOptionsThatItDoesNotKnow) {
  EXPECT_FALSE(make_protocol({{"demo", "1"}}));
  EXPECT_FALSE(make_protocol({{"simulated", "yes"}}));
  EXPECT_TRUE(make_protocol({{"simulated", "0"}}));
}

TEST(OkxProtocol, TooManyRequestsSilenceWhoSentThem) {
  client_response many{429, {}, R"({"msg":"Too Many Requests","code":"50011"})"};
  const auto of_key = protocol().read_limits(*protocol().make_request(call_of(operation::balances)), many, {});
  EXPECT_EQ(of_key.account_ban, std::optional<nanoseconds>(2s));
  EXPECT_FALSE(of_key.address_ban);
  many.headers = {{"Retry-After", "7"}};
  const auto of_address = protocol().read_limits(*protocol().make_request(call_of(operation::ticker)), many, {});
  EXPECT_EQ(of_address.address_ban, std::optional<nanoseconds>(7s));
  EXPECT_FALSE(of_address.account_ban);
  many.status = 200;
  EXPECT_FALSE(protocol().read_limits(*protocol().make_request(call_of(operation::ticker)), many, {}).address_ban);
}

}  // namespace
}  // namespace drover::exchanges::okx
