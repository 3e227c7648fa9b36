#include <gtest/gtest.h>

#include "tests/unit/coinbase/coinbase_fixture.hpp"

// Shapes as ccxt 4.5.84 sends them, with the client ids of ours.
namespace drover::exchanges::coinbase {
namespace {

std::string line_of(const venue_protocol& p, const venue_call& call) {
  auto made = p.make_request(call);
  if (!made) return made.error().to_string();
  auto out = std::string(made->method) + " " + made->path;
  if (!made->query.empty()) out += "?" + made->query.encoded();
  if (!made->json.empty()) out += " " + made->json;
  return out;
}

venue_call create(order_request r) {
  auto call = call_of(operation::create_order);
  call.order = std::move(r);
  return call;
}

TEST(CoinbaseAdvancedRequests, PlaceEveryKindOfOrder) {
  auto p = make_advanced_protocol();
  const std::string head =
      R"(POST /api/v3/brokerage/orders {"client_order_id":"22222222-2222-4222-8222-222222222222","product_id":"BTC-USD","side":"BUY","order_configuration":)";
  auto r = limit_buy();
  EXPECT_EQ(line_of(*p, create(r)),
            head + R"({"limit_limit_gtc":{"base_size":"0.001","limit_price":"90000","post_only":false}}})");
  r.type = order_type::limit_maker;
  EXPECT_EQ(line_of(*p, create(r)),
            head + R"({"limit_limit_gtc":{"base_size":"0.001","limit_price":"90000","post_only":true}}})");
  r.type = order_type::limit;
  r.tif = time_in_force::ioc;
  EXPECT_EQ(line_of(*p, create(r)), head + R"({"sor_limit_ioc":{"base_size":"0.001","limit_price":"90000"}}})");
  r.tif = time_in_force::fok;
  EXPECT_EQ(line_of(*p, create(r)), head + R"({"limit_limit_fok":{"base_size":"0.001","limit_price":"90000"}}})");
  r.type = order_type::market;
  EXPECT_EQ(line_of(*p, create(r)), head + R"({"market_market_ioc":{"base_size":"0.001"}}})");
  r.quote_quantity = decimal(100);
  EXPECT_EQ(line_of(*p, create(r)), head + R"({"market_market_ioc":{"quote_size":"100"}}})");
}

TEST(CoinbaseAdvancedRequests, FindAndCancelThroughTheListWhenTheIdIsNotKnown) {
  auto p = make_advanced_protocol();
  auto call = call_of(operation::cancel_order);
  call.of.client_order_id = "22222222222242228222222222222222";
  EXPECT_EQ(line_of(*p, call),
            "GET /api/v3/brokerage/orders/historical/batch?order_status=OPEN&product_ids=BTC-USD&limit=250");
  auto reply = read(
      *p, call,
      R"({"orders":[{"order_id":"o-9","client_order_id":"22222222-2222-4222-8222-222222222222","product_id":"BTC-USD",
    "side":"BUY","status":"OPEN","filled_size":"0","filled_value":"0","created_time":"2024-11-20T12:00:00Z",
    "order_configuration":{"limit_limit_gtc":{"base_size":"0.001","limit_price":"90000","post_only":false}}}],"has_next":false,"cursor":""})");
  ASSERT_TRUE(reply) << reply.error().to_string();
  ASSERT_TRUE(reply->next);
  EXPECT_EQ(line_of(*p, *reply->next), R"(POST /api/v3/brokerage/orders/batch_cancel {"order_ids":["o-9"]})");
  auto done = read(*p, *reply->next, R"({"results":[{"success":true,"failure_reason":"","order_id":"o-9"}]})");
  EXPECT_EQ(get<order>(done).venue_order_id, "o-9");
  EXPECT_FALSE(get<order>(done).complete);

  auto missing = read(*p, call, R"({"orders":[],"has_next":false,"cursor":""})");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, make_error_code(exchange_errc::order_not_found));
  auto more = read(*p, call, R"({"orders":[],"has_next":true,"cursor":"c1"})");
  ASSERT_TRUE(more && more->next);
  EXPECT_EQ(line_of(*p, *more->next),
            "GET /api/v3/brokerage/orders/historical/batch?order_status=OPEN&product_ids=BTC-USD&limit=250&cursor=c1");
}

TEST(CoinbaseAdvancedRequests, CancelAllReadsTheListFirst) {
  auto p = make_advanced_protocol();
  auto call = call_of(operation::cancel_all_orders);
  auto reply =
      read(*p, call,
           R"({"orders":[{"order_id":"a","client_order_id":"","product_id":"BTC-USD","side":"SELL","status":"OPEN"},
    {"order_id":"b","client_order_id":"","product_id":"BTC-USD","side":"BUY","status":"OPEN"}],"has_next":false})");
  ASSERT_TRUE(reply && reply->next);
  EXPECT_EQ(line_of(*p, *reply->next), R"(POST /api/v3/brokerage/orders/batch_cancel {"order_ids":["a","b"]})");
  auto refused = read(
      *p, *reply->next,
      R"({"results":[{"success":true,"order_id":"a"},{"success":false,"failure_reason":"UNKNOWN_CANCEL_ORDER","order_id":"b"}]})");
  EXPECT_FALSE(refused);
  auto empty = read(*p, call, R"({"orders":[],"has_next":false})");
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->next);
}

TEST(CoinbaseAdvancedRequests, PathsCannotBeEscaped) {
  auto p = make_advanced_protocol();
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = "../accounts?x=1";
  EXPECT_EQ(line_of(*p, call), "GET /api/v3/brokerage/orders/historical/..%2Faccounts%3Fx%3D1");
}

TEST(CoinbaseExchangeRequests, PlaceEveryKindOfOrder) {
  auto p = make_exchange_protocol();
  const std::string tail =
      R"("side":"buy","product_id":"BTC-USD","client_oid":"22222222-2222-4222-8222-222222222222",)";
  const auto limit = R"(POST /orders {"type":"limit",)" + tail + R"("price":"90000","size":"0.001")";
  auto r = limit_buy();
  EXPECT_EQ(line_of(*p, create(r)), limit + "}");
  r.type = order_type::limit_maker;
  EXPECT_EQ(line_of(*p, create(r)), limit + R"(,"post_only":true})");
  r.type = order_type::limit;
  r.tif = time_in_force::ioc;
  EXPECT_EQ(line_of(*p, create(r)), limit + R"(,"time_in_force":"IOC"})");
  r.tif = time_in_force::fok;
  EXPECT_EQ(line_of(*p, create(r)), limit + R"(,"time_in_force":"FOK"})");
  r.type = order_type::market;
  EXPECT_EQ(line_of(*p, create(r)), R"(POST /orders {"type":"market",)" + tail + R"("size":"0.001"})");
  r.quote_quantity = decimal(92);
  EXPECT_EQ(line_of(*p, create(r)), R"(POST /orders {"type":"market",)" + tail + R"("funds":"92"})");
}

TEST(CoinbaseAdvancedRequests, PastTradesAreAskedForUpToAWholeSecond) {
  auto trades = call_of(operation::trades);
  trades.until = wall_time::from_ms(1'732'100'400'123);
  EXPECT_EQ(line_of(*make_advanced_protocol(), trades),
            "GET /api/v3/brokerage/market/products/BTC-USD/ticker?limit=500&start=1732014001&end=1732100401");
}

TEST(CoinbaseExchangeRequests, AddressOrdersByEitherId) {
  auto p = make_exchange_protocol();
  auto call = call_of(operation::find_order);
  call.of.client_order_id = "22222222222242228222222222222222";
  EXPECT_EQ(line_of(*p, call), "GET /orders/client:22222222-2222-4222-8222-222222222222");
  call.of.venue_order_id = "d0c5340b-6d6c-49d9-b567-48c4bfca13d2";
  EXPECT_EQ(line_of(*p, call), "GET /orders/d0c5340b-6d6c-49d9-b567-48c4bfca13d2");
  call.op = operation::cancel_order;
  EXPECT_EQ(line_of(*p, call), "DELETE /orders/d0c5340b-6d6c-49d9-b567-48c4bfca13d2?product_id=BTC-USD");
  EXPECT_EQ(line_of(*p, call_of(operation::cancel_all_orders)), "DELETE /orders?product_id=BTC-USD");
  EXPECT_EQ(line_of(*p, call_of(operation::fills)), "GET /fills?product_id=BTC-USD&limit=1000");
}

TEST(CoinbaseRequests, EveryOperationIsMadeOrRefusedWithAReason) {
  for (auto make : {make_advanced_protocol, make_exchange_protocol}) {
    auto p = make();
    for (auto op : all_operations()) {
      auto call = call_of(op);
      call.order = limit_buy();
      auto made = p->make_request(call);
      if (!made) {
        EXPECT_EQ(made.error().code, make_error_code(exchange_errc::unsupported)) << to_string(op);
        continue;
      }
      EXPECT_EQ(made->is_private, is_private(op)) << to_string(op);
      EXPECT_FALSE(made->endpoint.empty());
      for (const auto& charge : made->charges) EXPECT_LT(charge.rule, p->traits().rules.size());
    }
  }
}

}  // namespace
}  // namespace drover::exchanges::coinbase
