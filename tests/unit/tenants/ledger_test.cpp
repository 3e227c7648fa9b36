#include "tenants/earnings/ledger.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "base/random.hpp"

namespace drover::tenants {
namespace {

trade buy(decimal price, decimal quantity, decimal fee = 0, const std::string& fee_asset = "USDT") {
  return {.is_buy = true,
          .base_asset = "BTC",
          .quote_asset = "USDT",
          .price = price,
          .quantity = quantity,
          .fee = fee,
          .fee_asset = fee_asset};
}
trade sell(decimal price, decimal quantity, decimal fee = 0, const std::string& fee_asset = "USDT") {
  auto t = buy(price, quantity, fee, fee_asset);
  t.is_buy = false;
  return t;
}

/// The books of one account: what apply_trade answered, added up.
struct books {
  position now;
  std::map<std::pair<std::string, std::string>, decimal> pockets;

  trade_effect apply(const trade& t) {
    auto effect = apply_trade(now, t);
    now = effect.after;
    for (const auto& p : effect.postings) pockets[{p.pocket, p.asset}] += p.amount;
    return effect;
  }
  decimal pocket(const std::string& name, const std::string& asset) const {
    auto found = pockets.find({name, asset});
    return found == pockets.end() ? decimal() : found->second;
  }
};

TEST(Ledger, BuyAddsQuantityAtItsCost) {
  auto effect = apply_trade({}, buy(100, 2));
  EXPECT_EQ(effect.after.quantity, 2);
  EXPECT_EQ(effect.after.cost, 200);
  EXPECT_EQ(effect.realised, 0);
  EXPECT_TRUE(is_balanced(effect.postings));
}

TEST(Ledger, SellRealisesAgainstTheAverageCost) {
  books b;
  b.apply(buy(100, 1));
  b.apply(buy(200, 1));
  auto effect = b.apply(sell(180, 1));
  EXPECT_EQ(effect.realised, 30);
  EXPECT_EQ(b.now.quantity, 1);
  EXPECT_EQ(b.now.cost, 150);
  EXPECT_EQ(b.now.realised_profit, 30);
}

TEST(Ledger, LossesAreRealisedToo) {
  books b;
  b.apply(buy(100, 1));
  EXPECT_EQ(b.apply(sell(90, 1)).realised, -10);
}

TEST(Ledger, QuoteFeesReduceTheProfit) {
  books b;
  EXPECT_EQ(b.apply(buy(100, 1, "0.1"_dec)).realised, "-0.1"_dec);
  EXPECT_EQ(b.now.cost, 100);
  EXPECT_EQ(b.apply(sell(110, 1, "0.11"_dec)).realised, "9.89"_dec);
  EXPECT_EQ(b.now.realised_profit, "9.79"_dec);
  EXPECT_EQ(b.pocket("fees", "USDT"), 0);
}

TEST(Ledger, BaseFeesReduceTheQuantityAndNotTheCost) {
  books b;
  auto effect = b.apply(buy(100, 1, "0.001"_dec, "BTC"));
  EXPECT_EQ(effect.realised, 0);
  EXPECT_EQ(b.now.quantity, "0.999"_dec);
  EXPECT_EQ(b.now.cost, 100);
  EXPECT_EQ(b.pocket("fees", "BTC"), "0.001"_dec);
  EXPECT_EQ(b.pocket("holdings", "BTC"), "0.999"_dec);
  EXPECT_EQ(b.apply(sell(100, "0.999"_dec)).realised, "-0.1"_dec);
}

TEST(Ledger, ThirdAssetFeesArePostingsOnly) {
  books b;
  EXPECT_EQ(b.apply(buy(100, 1, "0.01"_dec, "BNB")).realised, 0);
  EXPECT_EQ(b.now.quantity, 1);
  EXPECT_EQ(b.pocket("holdings", "BNB"), "-0.01"_dec);
  EXPECT_EQ(b.pocket("fees", "BNB"), "0.01"_dec);
}

TEST(Ledger, RebatesAreNegativeFees) {
  books b;
  EXPECT_EQ(b.apply(buy(100, 1, "-0.02"_dec)).realised, "0.02"_dec);
  b.apply(buy(100, 1, "-0.001"_dec, "BTC"));
  EXPECT_EQ(b.now.quantity, "2.001"_dec);
  EXPECT_EQ(b.now.cost, 200);
}

TEST(Ledger, SellingMoreThanHeldMakesNoProfitOfTheExcess) {
  books b;
  b.apply(buy(100, 1));
  auto effect = b.apply(sell(150, 3));
  EXPECT_EQ(effect.realised, 50);
  EXPECT_EQ(b.now.quantity, 0);
  EXPECT_EQ(b.now.cost, 0);
  EXPECT_EQ(b.pocket("holdings", "USDT"), 350);
  EXPECT_EQ(b.pocket("venue", "USDT"), -300);
}

TEST(Ledger, SellingWithoutAPositionRealisesTheFeeOnly) {
  EXPECT_EQ(apply_trade({}, sell(150, 1, "0.15"_dec)).realised, "-0.15"_dec);
}

TEST(Ledger, LastSaleLeavesNoCostBehind) {
  books b;
  b.apply(buy(10, 3));
  b.apply(buy("10.01"_dec, "0.7"_dec));
  decimal proceeds;
  for (auto quantity : {"1.1"_dec, "1.3"_dec, "1.3"_dec}) {
    b.apply(sell(10, quantity));
    proceeds += quantity * 10;
  }
  EXPECT_EQ(b.now.quantity, 0);
  EXPECT_EQ(b.now.cost, 0);
  EXPECT_EQ(b.now.realised_profit, proceeds - "37.007"_dec);
}

TEST(Ledger, BaseFeeThatEatsTheRestRealisesItsCostAsLoss) {
  books b;
  b.apply(buy(100, 1));
  auto effect = b.apply(sell(100, "0.999"_dec, "0.001"_dec, "BTC"));
  EXPECT_EQ(b.now.quantity, 0);
  EXPECT_EQ(b.now.cost, 0);
  EXPECT_EQ(effect.realised, "-0.1"_dec);
}

TEST(Ledger, ImpossibleTradesAreRefused) {
  EXPECT_THROW(apply_trade({}, buy(100, 0)), std::invalid_argument);
  EXPECT_THROW(apply_trade({}, buy(100, -1)), std::invalid_argument);
  EXPECT_THROW(apply_trade({}, buy(-1, 1)), std::invalid_argument);
  EXPECT_THROW(apply_trade({}, buy(100, 1, 1, "")), std::invalid_argument);
  EXPECT_THROW(apply_trade({.quantity = -1, .cost = 0, .realised_profit = 0}, buy(100, 1)), std::invalid_argument);
  auto same = buy(100, 1);
  same.quote_asset = same.base_asset;
  EXPECT_THROW(apply_trade({}, same), std::invalid_argument);
}

TEST(Ledger, BalancedMeansZeroForEachAsset) {
  EXPECT_TRUE(is_balanced({}));
  EXPECT_TRUE(is_balanced({{"a", "X", 1}, {"b", "X", "-0.4"_dec}, {"c", "X", "-0.6"_dec}}));
  EXPECT_FALSE(is_balanced({{"a", "X", 1}, {"b", "Y", -1}}));
  EXPECT_FALSE(is_balanced({{"a", "X", "0.000000000000000001"_dec}}));
}

/// A random history of one account with the money that really moved, counted beside the books.
class random_history {
public:
  explicit random_history(std::uint64_t seed) : random_(seed) {}

  void step() {
    static const std::string fee_assets[] = {"USDT", "BTC", "BNB"};
    auto price = units(1, 100'000'000, 2);
    auto fee_asset = fee_assets[random_.below(3)];
    bool is_buy = b_.now.quantity.is_zero() || random_.below(2) == 0;
    auto quantity = is_buy ? units(1, 1'000'000, 5) : part_of(b_.now.quantity);
    auto fee = fee_asset == "BTC" ? (is_buy ? quantity * "0.001"_dec : decimal()) : units(0, 1000, 4);
    trade_once(is_buy ? buy(price, quantity, fee, fee_asset) : sell(price, quantity, fee, fee_asset));
  }
  void flatten() {
    if (b_.now.quantity.is_positive()) trade_once(sell(units(1, 100'000'000, 2), b_.now.quantity));
  }
  void check() const {
    EXPECT_EQ(b_.pocket("inventory", "USDT"), b_.now.cost);
    EXPECT_EQ(b_.pocket("earnings", "USDT"), -b_.now.realised_profit);
    EXPECT_EQ(b_.pocket("holdings", "USDT"), cash_);
    EXPECT_EQ(b_.pocket("holdings", "BTC"), b_.now.quantity);
    EXPECT_FALSE(b_.now.quantity.is_negative());
    EXPECT_FALSE(b_.now.cost.is_negative());
    if (b_.now.quantity.is_zero()) {
      EXPECT_EQ(b_.now.cost, 0);
      EXPECT_EQ(b_.now.realised_profit, cash_);
    }
  }

private:
  decimal units(std::uint64_t least, std::uint64_t most, int places) {
    auto value = decimal(static_cast<std::int64_t>(least + random_.below(most - least + 1)));
    for (int i = 0; i < places; ++i) value = value * "0.1"_dec;
    return value;
  }
  decimal part_of(decimal quantity) {
    if (random_.below(4) == 0) return quantity;
    auto part = (quantity * units(1, 99, 2)).round_to_places(8, rounding::down);
    return part.is_zero() ? quantity : part;
  }
  void trade_once(const trade& t) {
    auto effect = b_.apply(t);
    EXPECT_TRUE(is_balanced(effect.postings));
    auto notional = t.price * t.quantity;
    cash_ += t.is_buy ? -notional : notional;
    if (t.fee_asset == "USDT") cash_ -= t.fee;
  }

  seeded_random random_;
  books b_;
  decimal cash_;
};

TEST(Ledger, RandomHistoriesKeepTheBooks) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    random_history history(seed);
    for (int i = 0; i < 50; ++i) {
      history.step();
      history.check();
    }
    history.flatten();
    history.check();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace drover::tenants
