#include "engine/bots/balance_watch.hpp"

#include <gtest/gtest.h>

#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using exchanges::balance;
using test::bot_world;

exchanges::instrument btc_usdt() {
  exchanges::instrument i;
  i.symbol = "BTC/USDT";
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  return i;
}

exchanges::fill make_fill(exchanges::side side, decimal price, decimal quantity, decimal fee, std::string fee_asset) {
  exchanges::fill f;
  f.symbol = "BTC/USDT";
  f.side = side;
  f.price = price;
  f.quantity = quantity;
  f.fee = fee;
  f.fee_asset = std::move(fee_asset);
  return f;
}

std::vector<balance> balances(decimal btc, decimal usdt_free, decimal usdt_locked = {}) {
  return {{"BTC", btc, {}}, {"USDT", usdt_free, usdt_locked}};
}

TEST(BalanceWatch, TradesExplainWhatMoves) {
  balance_watch w;
  EXPECT_TRUE(w.compare(balances("1"_dec, "1000"_dec)).empty());
  w.book(make_fill(exchanges::side::buy, "100"_dec, "2"_dec, "0.002"_dec, "BTC"), btc_usdt());
  w.book(make_fill(exchanges::side::sell, "110"_dec, "1"_dec, "0.11"_dec, "USDT"), btc_usdt());
  EXPECT_TRUE(w.compare(balances("1.998"_dec, "900"_dec, "9.89"_dec)).empty());
}

TEST(BalanceWatch, WhatNobodyTradedIsADriftUntilItIsAccepted) {
  balance_watch w;
  w.compare(balances("1"_dec, "1000"_dec));
  const auto moved = w.compare({{"BTC", "0.5"_dec, {}}, {"ETH", "3"_dec, {}}, {"USDT", "1000"_dec, {}}});
  EXPECT_EQ(moved, (std::vector<balance_watch::drift>{{"BTC", "-0.5"_dec}, {"ETH", "3"_dec}}));
  w.accept(moved);
  EXPECT_TRUE(w.compare({{"BTC", "0.5"_dec, {}}, {"ETH", "3"_dec, {}}, {"USDT", "1000"_dec, {}}}).empty());
}

TEST(BalanceWatch, AnAssetThatIsGoneFromTheListIsMissed) {
  balance_watch w;
  w.compare(balances("1"_dec, "1000"_dec));
  EXPECT_EQ(w.compare({{"USDT", "1000"_dec, {}}}), (std::vector<balance_watch::drift>{{"BTC", "-1"_dec}}));
}

bots_config comparing_config() {
  auto config = bot_world::fast_config();
  config.balance_interval = 45s;
  return config;
}

TEST(BalanceWatch, AWithdrawalByHandIsToldWithinAMinute) {
  bot_world w(comparing_config());
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  w.pass(50s);
  ASSERT_TRUE(w.manager->report_connection(id));
  EXPECT_FALSE(w.manager->report_connection(id)->last_drift);
  w.venue().account(w.label(id)).balances["USDT"].free -= "250"_dec;
  w.pass(60s);
  const auto report = w.manager->report_connection(id);
  ASSERT_TRUE(report && report->last_drift);
  EXPECT_EQ(report->last_drift->amounts, "USDT -250");
  EXPECT_EQ(w.state(id), bot_state::running);
}

}  // namespace
}  // namespace drover::engine
