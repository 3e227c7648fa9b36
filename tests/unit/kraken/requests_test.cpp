#include <gtest/gtest.h>

#include "exchanges/kraken/names.hpp"
#include "tests/unit/kraken/kraken_fixture.hpp"

namespace drover::exchanges::kraken {
namespace {

using parameters = std::map<std::string, std::string>;

struct captured {
  std::string method, path;
  parameters all;
  friend bool operator==(const captured&, const captured&) = default;
};

void PrintTo(const captured& c, std::ostream* out) {
  *out << c.method << " " << c.path;
  for (const auto& [name, value] : c.all) *out << " " << name << "=" << value;
}

captured shape_of(const venue_call& call) {
  auto r = protocol().make_request(call);
  if (!r) throw std::runtime_error(r.error().to_string());
  captured out{std::string(r->method), r->path, {}};
  for (const auto& [name, value] : r->query.items()) out.all[name] = value;
  for (const auto& [name, value] : r->form.items()) out.all[name] = value;
  EXPECT_FALSE(r->charges.empty()) << r->endpoint;
  return out;
}

/// The last request of an operation that a foreign client was seen to make, without the nonce and with our client id. `flags`:
/// what we add to its order flags (the fee's asset, which the trade history does not tell).
captured capture_of(const std::string& name, const std::string& flags = {}) {
  const auto seen = load_data("requests/kraken.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  captured out{seen["method"], url.substr(0, url.find('?')), query_of(url)};
  out.all.merge(query_of("?" + seen["body"].get<std::string>()));
  out.all.erase("nonce");
  out.all.erase("");
  for (auto& [key, value] : out.all)
    if (value == "my-cid-1") value = client_id;
  if (!flags.empty()) out.all["oflags"] = out.all.contains("oflags") ? flags + "," + out.all["oflags"] : flags;
  return out;
}

venue_call create(order_type type, side s = side::buy, time_in_force tif = time_in_force::gtc) {
  auto call = call_of(operation::create_order);
  call.order = limit_order(s);
  call.order.type = type;
  call.order.tif = tif;
  if (type == order_type::market) call.order.price = {};
  return call;
}

TEST(KrakenRequests, PlaceOrdersAsAForeignClientDoes) {
  EXPECT_EQ(shape_of(create(order_type::limit)), capture_of("createOrder_limit_buy", "fciq"));
  EXPECT_EQ(shape_of(create(order_type::limit, side::sell)), capture_of("createOrder_limit_sell", "fciq"));
  EXPECT_EQ(shape_of(create(order_type::limit_maker)), capture_of("createOrder_limit_postOnly", "fciq"));
  EXPECT_EQ(shape_of(create(order_type::limit, side::buy, time_in_force::ioc)), capture_of("createOrder_limit_IOC", "fciq"));
  EXPECT_EQ(shape_of(create(order_type::market)), capture_of("createOrder_market_buy_with_price", "fciq"));
  EXPECT_EQ(shape_of(create(order_type::market, side::sell)), capture_of("createOrder_market_sell", "fciq"));
  auto in_quote = create(order_type::market);
  in_quote.order.quantity = {};
  in_quote.order.quote_quantity = decimal(100);
  EXPECT_EQ(shape_of(in_quote), capture_of("createOrder_market_buy_cost", "fciq"));
}

TEST(KrakenRequests, AskAsAForeignClientDoes) {
  auto call = call_of(operation::cancel_order);
  call.of.venue_order_id = "OQCLML-BW3P3-BUCMWZ";
  EXPECT_EQ(shape_of(call), capture_of("cancelOrder"));
  call.op = operation::find_order;
  auto foreign = capture_of("fetchOrder");
  // It asks for the ids of the trades as well.
  foreign.all.erase("trades");
  EXPECT_EQ(shape_of(call), foreign);
  call.of.venue_order_id.clear();
  call.of.client_order_id = client_id;
  call.op = operation::cancel_order;
  EXPECT_EQ(shape_of(call), capture_of("cancelOrder_byClientOrderId"));
  EXPECT_EQ(shape_of(call_of(operation::cancel_all_orders, "")), capture_of("cancelAllOrders"));
  EXPECT_EQ(shape_of(call_of(operation::open_orders)), capture_of("fetchOpenOrders"));
  EXPECT_EQ(shape_of(call_of(operation::fills)), capture_of("fetchMyTrades"));
  EXPECT_EQ(shape_of(call_of(operation::balances)), capture_of("fetchBalance"));
  EXPECT_EQ(shape_of(call_of(operation::server_time)), capture_of("fetchTime"));
  EXPECT_EQ(shape_of(call_of(operation::instruments)), capture_of("loadMarkets"));
  EXPECT_EQ(shape_of(call_of(operation::ticker)), capture_of("fetchTicker"));
  EXPECT_EQ(shape_of(call_of(operation::stream_access)), capture_of("watchBalance"));
  auto limited = call_of(operation::book);
  limited.limit = 20;
  EXPECT_EQ(shape_of(limited), capture_of("fetchOrderBook"));
  limited.op = operation::trades;
  limited.limit = 50;
  EXPECT_EQ(shape_of(limited), capture_of("fetchTrades"));
  auto candles = call_of(operation::candles);
  candles.since = wall_time::from_ms(1'732'100'400'000);
  EXPECT_EQ(shape_of(candles), capture_of("fetchOHLCV"));
}

TEST(KrakenRequests, FillsGoOnFromATimeOrAnId) {
  auto call = call_of(operation::fills);
  call.after = "THVRQM-33VKH-UCI7BS";
  EXPECT_EQ(shape_of(call).all, (parameters{{"start", "THVRQM-33VKH-UCI7BS"}}));
  call.since = wall_time::from_ms(1'732'104'000'900);
  call.cursor = "50";
  EXPECT_EQ(shape_of(call).all, (parameters{{"start", "1732103999"}, {"ofs", "50"}}));
}

TEST(KrakenRequests, DeadManTakesSeconds) {
  auto call = call_of(operation::set_dead_man);
  call.dead_man_after = 30'001ms;
  EXPECT_EQ(shape_of(call).all, (parameters{{"timeout", "31"}}));
  EXPECT_EQ(shape_of(call).path, "/0/private/CancelAllOrdersAfter");
  call.dead_man_after = 0ms;
  EXPECT_EQ(shape_of(call).all, (parameters{{"timeout", "0"}}));
}

TEST(KrakenRequests, RefuseWhatTheVenueLacks) {
  const auto refused = make_error_code(exchange_errc::refused);
  EXPECT_EQ(protocol().make_request(create(order_type::market, side::buy, time_in_force::fok)).error().code, refused);
  EXPECT_EQ(protocol().make_request(create(order_type::limit_maker, side::buy, time_in_force::fok)).error().code, refused);
  EXPECT_EQ(shape_of(create(order_type::limit, side::buy, time_in_force::fok)).all.at("timeinforce"), "FOK");
  EXPECT_EQ(protocol().make_request(call_of(operation::find_order)).error().code, refused);
  EXPECT_EQ(protocol().make_request(call_of(operation::keep_stream_access)).error().code, make_error_code(exchange_errc::unsupported));
}

TEST(KrakenRequests, OrdersCountInTheMatchingEngineByPair) {
  const auto rules = protocol().traits().rules;
  const auto placed = protocol().make_request(create(order_type::limit))->charges;
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(rules[placed[0].rule].scope, rate_scope::account_symbol);
  EXPECT_EQ(rules[placed[0].rule].model, rate_model::decaying_counter);
  const auto listed = protocol().make_request(call_of(operation::fills))->charges;
  EXPECT_EQ(rules[listed.at(0).rule].name, "private_calls");
  EXPECT_EQ(listed.at(0).weight, 2);
}

TEST(KrakenNames, FollowTheRules) {
  EXPECT_EQ(to_pair("BTC/USDT"), "XBTUSDT");
  EXPECT_EQ(to_pair("DOGE/BTC"), "XDGXBT");
  EXPECT_EQ(to_symbol("XBTUSDT", table()), "BTC/USDT");
  EXPECT_EQ(to_symbol("XXBTZUSD", table()), "BTC/USD");
  EXPECT_EQ(to_symbol("XBT/USD", table()), "BTC/USD");
  EXPECT_EQ(to_symbol("ETHXBT", table()), "ETH/BTC");
  EXPECT_EQ(to_symbol("XXDGZUSD", table()), "DOGE/USD");
  // Listed after the table was read.
  EXPECT_EQ(to_symbol("SOLUSD", table()), "SOL/USD");
  EXPECT_EQ(to_symbol("XETHXXBT", {}), "ETH/BTC");
  EXPECT_EQ(to_asset("ZETA"), "ZETA");
  EXPECT_EQ(to_asset("ZEUR"), "EUR");
}

}  // namespace
}  // namespace drover::exchanges::kraken
