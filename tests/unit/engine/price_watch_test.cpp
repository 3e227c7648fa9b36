#include "engine/history/price_watch.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "tests/support/fake_exchange.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

class PriceWatch : public ::testing::Test {
 protected:
  PriceWatch() {
    auto made = std::make_unique<test::fake_exchange>(io.get_executor(), clock);
    venue = made.get();
    venue->list("ETH");
    venues.emplace("paper", std::move(made));
  }
  void ask(std::vector<market_key> markets) {
    answer.reset();
    watch.ask(std::move(markets), [this](market_prices found) { answer = std::move(found); });
    settle();
  }
  void settle() {
    io.restart();
    io.poll();
  }

  const market_key btc{"paper", "BTC/USDT"}, eth{"paper", "ETH/USDT"};
  asio::io_context io{1};
  test::manual_clock clock;
  test::manual_timers timers{clock};
  std::map<std::string, std::unique_ptr<exchanges::exchange>> venues;
  test::fake_exchange* venue = nullptr;
  std::optional<market_prices> answer;
  price_watch watch{venues, timers};
};

TEST_F(PriceWatch, APriceThatIsKnownSoonIsToldAtOnce) {
  venue->set_price(decimal(99), decimal(101));
  ask({btc});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at(btc).mid(), decimal(100));
  EXPECT_EQ(answer->at(btc).age, 0ms);
}

TEST_F(PriceWatch, APriceThatDoesNotComeIsLeftOut) {
  venue->set_price(decimal(99), decimal(101));
  ask({btc, eth});
  EXPECT_FALSE(answer);
  timers.advance(price_watch::patience);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->contains(btc));
  EXPECT_FALSE(answer->contains(eth));
}

TEST_F(PriceWatch, TheLastMissingPriceEndsTheWait) {
  ask({btc, eth});
  venue->set_price(decimal(99), decimal(101));
  EXPECT_FALSE(answer);
  venue->set_price(decimal(9), decimal(11), "ETH/USDT");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->size(), 2u);
  EXPECT_EQ(timers.size(), 1u);
}

TEST_F(PriceWatch, AnOldPriceTellsItsAge) {
  venue->set_price(decimal(99), decimal(101));
  ask({btc});
  timers.advance(7s);
  ask({btc});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at(btc).age, 7000ms);
}

TEST_F(PriceWatch, MarketsThatNobodyAsksForAreLetGo) {
  venue->set_price(decimal(99), decimal(101));
  ask({btc});
  EXPECT_EQ(venue->ticker_subscribers(), 1u);
  timers.advance(price_watch::idle_limit / 2);
  ask({btc});
  timers.advance(price_watch::idle_limit / 2);
  EXPECT_EQ(venue->ticker_subscribers(), 1u);
  timers.advance(2 * price_watch::idle_limit);
  EXPECT_EQ(venue->ticker_subscribers(), 0u);
  EXPECT_TRUE(timers.empty());
}

TEST_F(PriceWatch, AnUnknownExchangeHasNoPriceAndNobodyWaitsForIt) {
  ask({{"nowhere", "BTC/USDT"}});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->empty());
  EXPECT_EQ(watch.size(), 0u);
}

}  // namespace
}  // namespace drover::engine
