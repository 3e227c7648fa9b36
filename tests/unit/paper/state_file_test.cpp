#include "exchanges/paper/state_file.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/paper/paper_fixture.hpp"

namespace drover::exchanges::paper {
namespace {

struct two_venues {
  test::fixed_clock clock;
  seeded_random random{4};
  simulated_venue venue;
  test::deaf_listener deaf;

  two_venues() : venue({}, clock, random) {
    if (auto opened = venue.open(); !opened) throw std::runtime_error(opened.error().to_string());
    venue.add_venue({.name = "binance"}, deaf);
    venue.add_venue({.name = "kucoin", .credentials = {.passphrase = true, .key_version = 3}, .rules = {.fee = fee_rule::quote_asset}}, deaf);
  }
  const api_account* open(const char* name) {
    return *venue.open_account({.venue = name, .addresses = {"10.0.0.1"}, .expires_at = wall_time::from_ms(9), .balances = {{"USDT", decimal(100'000)}}});
  }
  placement place(const api_account* a, order_type type, const char* id) {
    const order_ticket t{.account = a->number, .type = type, .price = type == order_type::market ? decimal() : decimal(50'000),
                         .quantity = decimal::literal("0.01"), .client_id = id};
    return *venue.place(t);
  }
};

TEST(PaperState, EverythingComesBack) {
  two_venues d;
  d.venue.begin();
  const auto* first = d.open("binance");
  const auto* second = d.open("kucoin");
  for (const auto* a : {first, second}) {
    d.place(a, order_type::market, "now");
    d.place(a, order_type::limit, "rest");
  }
  d.venue.reject({.account = second->number, .client_id = "no"}, refusal::min_notional);
  const auto saved = save_state(d.venue);
  two_venues again;
  const auto restored = restore_state(again.venue, saved);
  ASSERT_TRUE(restored) << restored.error().to_string();
  EXPECT_EQ(save_state(again.venue), saved);
  again.venue.begin();
  const auto* o = again.venue.engine().find_order(second->number, "rest");
  ASSERT_NE(o, nullptr);
  EXPECT_TRUE(o->locked_fee.is_positive());
  EXPECT_NE(again.venue.cancel(second->number, o->number), nullptr);
  const auto* kept = again.venue.accounts().find("kucoin", second->api_key);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->api_secret, second->api_secret);
  EXPECT_EQ(kept->passphrase, second->passphrase);
  EXPECT_EQ(kept->key_version, 3);
  EXPECT_EQ(again.venue.accounts().find("binance", second->api_key), nullptr);
  for (const auto& h : again.venue.engine().account(second->number).balances.holdings()) EXPECT_TRUE(h.locked.is_zero());
}

TEST(PaperState, FirstVersionIsReadAsBinance) {
  two_venues d;
  const auto* text = R"({"version":1,"last_order":7,"markets":{"BTCUSDT":[3,"61000"]},"fees":{"USDT":"1"},"accounts":[{"api_key":"k",
    "api_secret":"s","permissions":[true,true,false,false],"holdings":[["USDT","400","100"]],
    "orders":[[7,"BTCUSDT",0,0,0,0,false,"10000","0.01","0","0","0","mine",5,5]],"fills":[]}]})";
  const auto restored = restore_state(d.venue, text);
  ASSERT_TRUE(restored) << restored.error().to_string();
  ASSERT_NE(d.venue.accounts().find("binance", "k"), nullptr);
  EXPECT_NE(d.venue.engine().find_order(account_number{0}, "mine"), nullptr);
}

TEST(PaperState, DamageIsAnErrorNotACrash) {
  two_venues d;
  for (const char* text : {"", "{}", "[1]", "{\"version\":1,\"last_order\":0,\"markets\":{},\"fees\":{},\"accounts\":[{}]}", "{\"version\":3}"})
    EXPECT_FALSE(restore_state(d.venue, text)) << text;
}

TEST(PaperInstruments, TextIsReadStrictly) {
  EXPECT_TRUE(parse_instrument("BTC/USDT=60000"));
  for (const char* text : {"BTCUSDT=1", "BTC/USDT", "btc/USDT=1", "BTC/BTC=1", "BTC/USDT=0", "BTC/USDT=x", "BTC/USDT=1e30", "=/"})
    EXPECT_FALSE(parse_instrument(text)) << text;
}

}  // namespace
}  // namespace drover::exchanges::paper
