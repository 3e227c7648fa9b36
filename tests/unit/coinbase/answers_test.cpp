#include <gtest/gtest.h>

#include "tests/unit/coinbase/coinbase_fixture.hpp"

namespace drover::exchanges::coinbase {
namespace {

TEST(CoinbaseAdvancedAnswers, Instruments) {
  auto reply = read(*make_advanced_protocol(), call_of(operation::instruments),
                    R"({"products":[{"product_id":"BTC-USD","price":"90000",
    "base_increment":"0.00000001","quote_increment":"0.01","quote_min_size":"1","quote_max_size":"150000000","base_min_size":"0.00000001",
    "base_max_size":"3400","base_currency_id":"BTC","quote_currency_id":"USD","price_increment":"0.01","status":"online",
    "trading_disabled":false,"is_disabled":false,"view_only":false,"cancel_only":true}],"num_products":1})");
  const auto& all = get<std::vector<instrument>>(reply);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].symbol, "BTC/USD");
  EXPECT_EQ(all[0].venue_symbol, "BTC-USD");
  EXPECT_EQ(all[0].tick_size, decimal::literal("0.01"));
  EXPECT_EQ(all[0].lot_size, decimal::literal("0.00000001"));
  EXPECT_EQ(all[0].min_notional, decimal(1));
  EXPECT_FALSE(all[0].trading);
}

TEST(CoinbaseAdvancedAnswers, OrderInEveryState) {
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = "o-1";
  auto body = [](std::string status, std::string filled) {
    return R"({"order":{"order_id":"o-1","client_order_id":"22222222-2222-4222-8222-222222222222","product_id":"BTC-USD","side":"SELL","status":")" +
           status + R"(","filled_size":")" + filled +
           R"(","filled_value":"45.5","created_time":"2024-11-20T12:00:00.5Z","last_fill_time":null,
           "order_configuration":{"limit_limit_gtc":{"base_size":"0.001","limit_price":"91000","post_only":true}},"order_type":"LIMIT"}})";
  };
  auto p = make_advanced_protocol();
  auto reply = read(*p, call, body("OPEN", "0.0005"));
  const auto& o = get<order>(reply);
  EXPECT_EQ(o.client_order_id, "22222222222242228222222222222222");
  EXPECT_EQ(o.status, order_status::partially_filled);
  EXPECT_EQ(o.type, order_type::limit_maker);
  EXPECT_EQ(o.side, side::sell);
  EXPECT_EQ(o.price, decimal(91'000));
  EXPECT_EQ(o.quantity, decimal::literal("0.001"));
  EXPECT_EQ(o.filled_notional, decimal::literal("45.5"));
  EXPECT_EQ(to_rfc3339(o.updated_at), "2024-11-20T12:00:00.500000Z");
  EXPECT_TRUE(o.complete);
  for (auto [word, status] : {std::pair{"FILLED", order_status::filled},
                              {"CANCELLED", order_status::cancelled},
                              {"EXPIRED", order_status::expired},
                              {"FAILED", order_status::rejected},
                              {"PENDING", order_status::open}})
    EXPECT_EQ(get<order>(read(*p, call, body(word, "0"))).status, status);
  auto strange = read(*p, call, body("BOILING", "0"));
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().code, make_error_code(exchange_errc::protocol));
  EXPECT_FALSE(read(*p, call, body("OPEN", "-1")));
}

TEST(CoinbaseAdvancedAnswers, AcknowledgementHasIdsOnly) {
  auto call = call_of(operation::create_order);
  call.order = limit_buy();
  auto reply = read(*make_advanced_protocol(), call,
                    R"({"success":true,"success_response":{"order_id":"o-1","product_id":"BTC-USD","side":"BUY",
    "client_order_id":"22222222-2222-4222-8222-222222222222"},"order_configuration":{}})");
  EXPECT_EQ(get<order>(reply).venue_order_id, "o-1");
  EXPECT_EQ(get<order>(reply).client_order_id, call.order.client_order_id);
  EXPECT_FALSE(get<order>(reply).complete);
}

TEST(CoinbaseAdvancedAnswers, FillsOverPagesComeOldestFirst) {
  auto p = make_advanced_protocol();
  auto fill_json = [](int id) {
    return R"({"entry_id":"e","trade_id":"t)" + std::to_string(id) +
           R"(","order_id":"o","trade_time":"2024-11-20T12:00:0)" + std::to_string(id) +
           R"(Z","price":"90000","size":"0.001","commission":"0.54","product_id":"BTC-USD","liquidity_indicator":"MAKER","size_in_quote":false,"side":"BUY"})";
  };
  auto call = call_of(operation::fills);
  call.after = "t1";
  auto first = read(*p, call, R"({"fills":[)" + fill_json(5) + "," + fill_json(4) + R"(],"cursor":"c"})");
  ASSERT_TRUE(first && first->next);
  EXPECT_TRUE(std::holds_alternative<nothing>(first->answer));
  auto second = read(*p, *first->next,
                     R"({"fills":[)" + fill_json(3) + "," + fill_json(2) + "," + fill_json(1) + R"(],"cursor":"d"})");
  const auto& fills = get<std::vector<fill>>(second);
  EXPECT_FALSE(second->next);
  ASSERT_EQ(fills.size(), 4u);
  EXPECT_EQ(fills.front().trade_id, "t2");
  EXPECT_EQ(fills.back().trade_id, "t5");
  EXPECT_EQ(fills[0].fee, decimal::literal("0.54"));
  EXPECT_EQ(fills[0].fee_asset, "USD");
  EXPECT_TRUE(fills[0].maker);
}

TEST(CoinbaseAdvancedAnswers, PermissionsBalancesAndMarketData) {
  auto p = make_advanced_protocol();
  auto rights = read(*p, call_of(operation::permissions),
                     R"({"can_view":true,"can_trade":true,"can_transfer":false,"portfolio_uuid":"x"})");
  EXPECT_EQ(get<permissions>(rights).withdraw, tristate::no);
  EXPECT_EQ(get<permissions>(rights).trade, tristate::yes);
  EXPECT_EQ(get<permissions>(rights).address_bound, tristate::unknown);
  auto money = read(*p, call_of(operation::balances),
                    R"({"accounts":[{"uuid":"1","currency":"USD","available_balance":{"value":"10.5","currency":"USD"},
    "hold":{"value":"2","currency":"USD"}},{"uuid":"2","currency":"BTC","available_balance":{"value":"0","currency":"BTC"},"hold":{"value":"0","currency":"BTC"}}],
    "has_next":true,"cursor":"n","size":2})");
  ASSERT_EQ(get<std::vector<balance>>(money).size(), 1u);
  EXPECT_EQ(get<std::vector<balance>>(money)[0].locked, decimal(2));
  ASSERT_TRUE(money->next);
  EXPECT_EQ(money->next->cursor, "n");
  auto top = read(
      *p, call_of(operation::ticker),
      R"({"pricebook":{"product_id":"BTC-USD","bids":[{"price":"1","size":"2"}],"asks":[{"price":"3","size":"4"}],"time":"x"}})");
  EXPECT_EQ(get<book_ticker>(top).ask_quantity, decimal(4));
  auto trades = read(
      *p, call_of(operation::trades),
      R"({"trades":[{"trade_id":"2","product_id":"BTC-USD","price":"9","size":"1","time":"2024-11-20T12:00:00Z","side":"SELL"},
    {"trade_id":"1","product_id":"BTC-USD","price":"9","size":"1","time":"2024-11-20T12:00:00Z","side":"BUY"}],"best_bid":"","best_ask":""})");
  EXPECT_EQ(get<std::vector<public_trade>>(trades)[0].trade_id, "1");
  EXPECT_TRUE(get<std::vector<public_trade>>(trades)[1].buyer_is_maker);
  auto candles = read(*p, call_of(operation::candles),
                      R"({"candles":[{"start":"1732104060","low":"1","high":"4","open":"2","close":"3","volume":"9"},
    {"start":"1732104000","low":"1","high":"4","open":"2","close":"3","volume":"9"}]})");
  EXPECT_EQ(get<std::vector<candle>>(candles)[0].opens_at.ms(), 1'732'104'000'000);
  auto time = read(*p, call_of(operation::server_time),
                   R"({"iso":"2024-11-20T12:00:00Z","epochSeconds":"1732104000","epochMillis":"1732104000123"})");
  EXPECT_EQ(get<wall_time>(time).ms(), 1'732'104'000'123);
}

TEST(CoinbaseExchangeAnswers, OrdersFillsAndRights) {
  auto p = make_exchange_protocol();
  const std::string open_order =
      R"({"id":"d0c5","price":"90000.00","size":"0.001","product_id":"BTC-USD","profile_id":"p","side":"buy","type":"limit",
    "time_in_force":"GTC","post_only":true,"created_at":"2024-11-20T12:00:00Z","fill_fees":"0.1","filled_size":"0.0004","executed_value":"36","status":"open",
    "settled":false,"client_oid":"22222222-2222-4222-8222-222222222222"})";
  auto call = call_of(operation::create_order);
  call.order = limit_buy();
  auto reply = read(*p, call, open_order);
  EXPECT_EQ(get<order>(reply).status, order_status::partially_filled);
  EXPECT_EQ(get<order>(reply).type, order_type::limit_maker);
  EXPECT_TRUE(get<order>(reply).complete);
  auto list = read(*p, call_of(operation::open_orders), "[" + open_order + "]", 200, {{"CB-AFTER", "77"}});
  ASSERT_TRUE(list && list->next);
  EXPECT_EQ(list->next->cursor, "77");
  auto fills = read(
      *p, call_of(operation::fills),
      R"([{"trade_id":75,"product_id":"BTC-USD","order_id":"d0c5","liquidity":"T","price":"10","size":"0.1","fee":"0.002",
    "created_at":"2024-11-20T12:00:01Z","side":"sell","settled":true},{"trade_id":74,"product_id":"BTC-USD","order_id":"d0c5","liquidity":"M","price":"10","size":"0.1",
    "fee":"0.001","created_at":"2024-11-20T12:00:00Z","side":"sell","settled":true}])");
  ASSERT_EQ(get<std::vector<fill>>(fills).size(), 2u);
  EXPECT_EQ(get<std::vector<fill>>(fills)[0].trade_id, "74");
  EXPECT_TRUE(get<std::vector<fill>>(fills)[0].maker);
  auto rights = read(*p, call_of(operation::permissions), "[]");
  ASSERT_TRUE(rights && rights->next);
  EXPECT_EQ(get<permissions>(read(*p, *rights->next, R"({"message":"Forbidden"})", 403)).withdraw, tristate::no);
  EXPECT_EQ(get<permissions>(read(*p, *rights->next, "[]")).withdraw, tristate::yes);
  EXPECT_TRUE(read(*p, call_of(operation::cancel_all_orders), R"(["d0c5"])"));
}

TEST(CoinbaseExchangeAnswers, MarketData) {
  auto p = make_exchange_protocol();
  auto book =
      read(*p, call_of(operation::book),
           R"({"bids":[["9","1",2],["8","2",1]],"asks":[["10","3",1]],"sequence":77,"time":"2024-11-20T12:00:00Z"})");
  EXPECT_EQ(get<book_snapshot>(book).bids.size(), 2u);
  EXPECT_EQ(get<book_snapshot>(book).update_id, 77);
  auto trades = read(*p, call_of(operation::trades),
                     R"([{"time":"2024-11-20T12:00:00Z","trade_id":74,"price":"10","size":"0.01","side":"buy"}])");
  EXPECT_TRUE(get<std::vector<public_trade>>(trades)[0].buyer_is_maker);
  auto candles = read(*p, call_of(operation::candles), "[[1732104000,1.5,4,2,3,9.25]]");
  EXPECT_EQ(get<std::vector<candle>>(candles)[0].low, decimal::literal("1.5"));
  EXPECT_EQ(get<std::vector<candle>>(candles)[0].open, decimal(2));
  auto time = read(*p, call_of(operation::server_time), R"({"iso":"2024-11-20T12:00:00.123Z","epoch":1732104000.123})");
  EXPECT_EQ(get<wall_time>(time).ms(), 1'732'104'000'123);
  auto all = read(
      *p, call_of(operation::instruments),
      R"([{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001",
    "min_market_funds":"1","status":"online","trading_disabled":false,"cancel_only":false,"post_only":false,"limit_only":false}])");
  EXPECT_TRUE(get<std::vector<instrument>>(all)[0].trading);
}

/// Bytes changed one at a time: an answer or an error, never an end of the process.
TEST(CoinbaseAnswers, DamagedBytesAreErrors) {
  const std::vector<std::pair<operation, std::string>> bodies{
      {operation::find_order,
       R"({"order":{"order_id":"o","product_id":"A-B","side":"BUY","status":"OPEN","order_configuration":{"limit_limit_gtc":{"base_size":"1","limit_price":"2"}}}})"},
      {operation::fills,
       R"({"fills":[{"trade_id":"t","order_id":"o","trade_time":"2024-11-20T12:00:00Z","price":"90","size":"1","commission":"1","product_id":"A-B","side":"BUY","size_in_quote":true}],"cursor":""})"},
      {operation::balances,
       R"({"accounts":[{"currency":"USD","available_balance":{"value":"99999999999999999999"},"hold":{"value":"1"}}]})"}};
  const std::vector<std::pair<operation, std::string>> plain{
      {operation::book, R"({"bids":[["9","1",2]],"asks":[["10","3",1]],"sequence":77})"},
      {operation::candles, "[[1732104000,1,4,2,3,9]]"},
      {operation::fills,
       R"([{"trade_id":75,"product_id":"A-B","order_id":"d","price":"10","size":"0.1","fee":"0.002","created_at":"2024-11-20T12:00:01Z","side":"sell"}])"}};
  const auto mutate = [](const venue_protocol& p, const std::vector<std::pair<operation, std::string>>& cases) {
    for (const auto& [op, body] : cases) {
      auto call = call_of(op);
      call.of.venue_order_id = "o";
      for (std::size_t at = 0; at < body.size(); ++at)
        for (char c : std::string_view("\0\"{}[],:-9eN\xff", 14)) {
          auto damaged = body;
          damaged[at] = c;
          (void)read(p, call, damaged);
          (void)read(p, call, damaged.substr(0, at));
        }
    }
  };
  mutate(*make_advanced_protocol(), bodies);
  mutate(*make_exchange_protocol(), plain);
  auto deep = std::string(10'000, '[');
  EXPECT_FALSE(read(*make_exchange_protocol(), call_of(operation::candles), deep));
}

}  // namespace
}  // namespace drover::exchanges::coinbase
