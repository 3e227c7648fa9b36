#include <gtest/gtest.h>

#include "tests/unit/kucoin/kucoin_fixture.hpp"

namespace drover::exchanges::kucoin {
namespace {

using json = nlohmann::ordered_json;
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

void add_json(parameters& out, const std::string& body) {
  if (body.empty()) return;
  const auto object = json::parse(body);
  for (const auto& [key, value] : object.items()) out[key] = value.is_string() ? value.get<std::string>() : value.dump();
}

captured shape_of(const venue_call& call) {
  auto r = protocol().make_request(call);
  if (!r) throw std::runtime_error(r.error().to_string());
  captured out{std::string(r->method), r->path, {}};
  for (const auto& [name, value] : r->query.items()) out.all[name] = value;
  add_json(out.all, r->json);
  EXPECT_FALSE(r->charges.empty()) << r->endpoint;
  return out;
}

/// The last request of an operation that a foreign client was seen to make, without `but` and with our client id.
captured capture_of(const std::string& name, const std::vector<std::string>& but = {}) {
  const auto seen = load_data("requests/kucoin.json")[name]["rest"].back();
  const auto url = seen["url"].get<std::string>();
  captured out{seen["method"], url.substr(0, url.find('?')), query_of(url)};
  add_json(out.all, seen["body"].get<std::string>());
  for (auto& [key, value] : out.all)
    if (value == "my-cid-1") value = client_id;
  if (auto at = out.path.find("my-cid-1"); at != std::string::npos) out.path.replace(at, 8, client_id);
  for (const auto& key : but) out.all.erase(key);
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

TEST(KucoinRequests, PlaceOrdersAsAForeignClientDoes) {
  EXPECT_EQ(shape_of(create(order_type::limit)), capture_of("createOrder_limit_buy"));
  EXPECT_EQ(shape_of(create(order_type::limit, side::sell)), capture_of("createOrder_limit_sell"));
  EXPECT_EQ(shape_of(create(order_type::limit_maker)), capture_of("createOrder_limit_postOnly"));
  EXPECT_EQ(shape_of(create(order_type::limit, side::buy, time_in_force::ioc)), capture_of("createOrder_limit_IOC"));
  EXPECT_EQ(shape_of(create(order_type::market)), capture_of("createOrder_market_buy_with_price"));
  EXPECT_EQ(shape_of(create(order_type::market, side::sell)), capture_of("createOrder_market_sell"));
  auto in_quote = create(order_type::market);
  in_quote.order.quantity = {};
  in_quote.order.quote_quantity = decimal(100);
  EXPECT_EQ(shape_of(in_quote), capture_of("createOrder_market_buy_cost"));
  EXPECT_EQ(shape_of(create(order_type::limit, side::buy, time_in_force::fok)).all.at("timeInForce"), "FOK");
}

TEST(KucoinRequests, NameOrdersAsAForeignClientDoes) {
  auto call = call_of(operation::cancel_order);
  call.of.venue_order_id = "66fe2a4a1d5a0b0007e8b8f1";
  EXPECT_EQ(shape_of(call), capture_of("cancelOrder"));
  call.op = operation::find_order;
  EXPECT_EQ(shape_of(call), capture_of("fetchOrder"));
  // Both are known: client ids come again after an order's end, the venue's do not.
  call.of.client_order_id = client_id;
  EXPECT_EQ(shape_of(call), capture_of("fetchOrder"));
  call.of.venue_order_id.clear();
  call.op = operation::cancel_order;
  EXPECT_EQ(shape_of(call), capture_of("cancelOrder_byClientOrderId"));
  call.op = operation::find_order;
  EXPECT_EQ(shape_of(call).path, std::string("/api/v1/hf/orders/client-order/") + client_id);
}

TEST(KucoinRequests, ListAsAForeignClientDoes) {
  EXPECT_EQ(shape_of(call_of(operation::cancel_all_orders)), capture_of("cancelAllOrders"));
  EXPECT_EQ(shape_of(call_of(operation::server_time)), capture_of("fetchTime"));
  EXPECT_EQ(shape_of(call_of(operation::trades)), capture_of("fetchTrades"));
  auto book = call_of(operation::book);
  book.limit = 20;
  EXPECT_EQ(shape_of(book), capture_of("fetchOrderBook"));
  // It adds what is the default of the path ("active" orders of type TRADE).
  EXPECT_EQ(shape_of(call_of(operation::open_orders)), capture_of("fetchOpenOrders", {"tradeType", "status"}));
  auto fills = call_of(operation::fills);
  fills.limit = 10;
  EXPECT_EQ(shape_of(fills), capture_of("fetchMyTrades"));
  auto candles = call_of(operation::candles);
  candles.since = wall_time::from_ms(1'732'100'400'000);
  candles.limit = 100;
  EXPECT_EQ(shape_of(candles), capture_of("fetchOHLCV"));
  // It asks for one type of account; we for all, because which one has the funds depends on the account's age.
  EXPECT_EQ(shape_of(call_of(operation::balances)), capture_of("fetchBalance", {"type"}));
  EXPECT_EQ(shape_of(call_of(operation::stream_access)).path, "/api/v1/bullet-private");
  EXPECT_EQ(shape_of(call_of(operation::permissions)).path, "/api/v1/user/api-key");
  EXPECT_EQ(shape_of(call_of(operation::cancel_all_orders, "")).path, "/api/v1/hf/orders/cancelAll");
}

TEST(KucoinRequests, DeadManTakesWholeSecondsWithinBounds) {
  auto call = call_of(operation::set_dead_man);
  call.dead_man_after = 30'001ms;
  EXPECT_EQ(shape_of(call).all, (parameters{{"timeout", "31"}}));
  call.dead_man_after = 0ms;
  EXPECT_EQ(shape_of(call).all, (parameters{{"timeout", "-1"}}));
  call.dead_man_after = 1'000ms;
  EXPECT_EQ(protocol().make_request(call).error().code, make_error_code(exchange_errc::refused));
}

TEST(KucoinRequests, RefuseWhatTheVenueLacks) {
  const auto refused = make_error_code(exchange_errc::refused);
  EXPECT_EQ(protocol().make_request(create(order_type::market, side::buy, time_in_force::fok)).error().code, refused);
  EXPECT_EQ(protocol().make_request(create(order_type::limit_maker, side::buy, time_in_force::ioc)).error().code, refused);
  auto in_quote = create(order_type::market, side::sell);
  in_quote.order.quote_quantity = decimal(100);
  EXPECT_EQ(protocol().make_request(in_quote).error().code, refused);
  auto nameless = call_of(operation::find_order);
  EXPECT_EQ(protocol().make_request(nameless).error().code, refused);
  nameless.of.venue_order_id = "../../withdrawals";
  EXPECT_EQ(protocol().make_request(nameless).error().code, refused);
  EXPECT_EQ(protocol().make_request(call_of(operation::keep_stream_access)).error().code, make_error_code(exchange_errc::unsupported));
}

TEST(KucoinRequests, ChargeThePoolsOfTheDocumentation) {
  auto charge = [](venue_call call) { return protocol().make_request(call)->charges.at(0); };
  const auto rules = protocol().traits().rules;
  EXPECT_EQ(rules[charge(create(order_type::limit)).rule].name, "spot_weight_30s");
  EXPECT_EQ(charge(create(order_type::limit)).weight, 1);
  EXPECT_EQ(rules[charge(call_of(operation::permissions)).rule].name, "management_weight_30s");
  EXPECT_EQ(charge(call_of(operation::permissions)).weight, 20);
  EXPECT_EQ(rules[charge(call_of(operation::ticker)).rule].name, "public_weight_30s");
  EXPECT_EQ(charge(call_of(operation::cancel_all_orders, "")).weight, 30);
}

}  // namespace
}  // namespace drover::exchanges::kucoin
