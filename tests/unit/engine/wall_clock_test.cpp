// Jumps of the wall clock (an administrator, NTP, a machine without a battery) neither stop bots nor release anything early.
#include <gtest/gtest.h>

#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

class WallClock : public ::testing::TestWithParam<nanoseconds> {
 protected:
  /// To 1970, or by so much.
  void jump() {
    const auto by = GetParam();
    w.clock.set_wall(by == 0ns ? wall_time{} : w.clock.wall_now() + by);
    w.settle();
  }
  bot_world w;
};

INSTANTIATE_TEST_SUITE_P(Jumps, WallClock, ::testing::Values(1h, -1h, 24h, -24h, 0ns));

TEST_P(WallClock, BotsTradeOn) {
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.start();
  w.price(60'000);
  jump();
  for (const int mid : {59'600, 60'400, 59'600, 60'400}) {
    w.price(mid);
    w.pass(300ms);
  }
  EXPECT_EQ(w.state(id), bot_state::running) << w.reason(id);
  ASSERT_FALSE(w.earned.empty());
  EXPECT_LE(w.earned.back().received_at, w.clock.now()) << "a latency must not be negative";
  EXPECT_EQ(w.open_orders(id), 3u);
}

TEST_P(WallClock, AWaitForTheNextTryIsNeitherCutNorStretched) {
  w.config.backoff_floor = w.config.backoff_ceiling = 20s;
  const auto id = w.connect_and_approve(1, "key-one-1111");
  w.venue().fail_with(w.label(id), error(exchanges::exchange_errc::maintenance, "upgrade"));
  w.start();
  w.pass(100ms);
  ASSERT_EQ(w.state(id), bot_state::backing_off) << w.reason(id);
  w.venue().fail_with(w.label(id), std::nullopt);
  jump();
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::backing_off) << "not before its time";
  w.pass(20s);
  EXPECT_EQ(w.state(id), bot_state::running) << w.reason(id);
}

}  // namespace
}  // namespace drover::engine
