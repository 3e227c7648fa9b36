#include "base/life_signs.hpp"

#include <gtest/gtest.h>

#include "tests/support/manual_time.hpp"

namespace drover {
namespace {

TEST(LifeRound, NeedsAFreshSignOfEveryPart) {
  life_signs signs;
  auto& one = signs.add("one", {});
  auto& two = signs.add("two", {});
  life_round round(signs);
  EXPECT_FALSE(round.take());
  one.beat({1s});
  EXPECT_FALSE(round.take());
  two.beat({1s});
  EXPECT_TRUE(round.take());
  EXPECT_FALSE(round.take()) << "what was proof once is none for the next round";
  one.beat({2s});
  two.beat({2s});
  EXPECT_TRUE(round.take());
}

TEST(LifeRound, IsNotTakenByAnotherPurpose) {
  life_signs signs;
  signs.add("one", {}).beat({1s});
  life_round feeding(signs), starting(signs);
  EXPECT_TRUE(feeding.take());
  EXPECT_TRUE(starting.take());
  EXPECT_FALSE(feeding.take());
}

TEST(LifeRound, NamesWhoIsSilentAndForHowLong) {
  life_signs signs;
  signs.add("one", {}).beat({5s});
  signs.add("two", {2s});
  EXPECT_EQ(life_round(signs).describe_missing({7s}), "two (silent for 5000 ms)");
}

class Heart : public ::testing::Test {
protected:
  test::manual_clock clock_;
  test::manual_timers timers_{clock_};
  life_sign sign_{"thread", clock_.now()};
  int more_ = 0;
  heart heart_{timers_, sign_, [this](steady_time) { ++more_; }};
};

TEST_F(Heart, BeatsAsLongAsItsTimersRun) {
  heart_.start();
  timers_.advance(1s);
  EXPECT_EQ(sign_.beats(), 4u);
  EXPECT_EQ(more_, 4);
  heart_.stop();
  timers_.advance(1s);
  EXPECT_EQ(sign_.beats(), 4u);
}

TEST_F(Heart, ALateTimerIsNoProof) {
  heart_.start();
  clock_.advance(heart::interval + heart::lateness_limit + 1ms);
  timers_.advance(0ms);
  EXPECT_EQ(sign_.beats(), 0u);
  timers_.advance(heart::interval);
  EXPECT_EQ(sign_.beats(), 1u);
}

TEST_F(Heart, AJumpOfTheWallClockChangesNothing) {
  heart_.start();
  for (const auto jump : {wall_time{}, clock_.wall_now() + 24h, clock_.wall_now() - 1h}) {
    clock_.set_wall(jump);
    timers_.advance(1s);
  }
  EXPECT_EQ(sign_.beats(), 12u);
}

}  // namespace
}  // namespace drover
