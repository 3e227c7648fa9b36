#include "engine/bots/thread_share.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

constexpr milliseconds longest_call = 20ms;
constexpr int percent = 1;
/// What a rested bot may use at once.
constexpr nanoseconds burst = longest_call * thread_share::burst_calls;

nanoseconds used_processor{};

class ThreadShare : public ::testing::Test {
protected:
  ThreadShare() { used_processor = {}; }
  std::unique_ptr<thread_share> make() {
    return std::make_unique<thread_share>(clock_, meters_, longest_call, percent, debtors_);
  }
  void spend(thread_share& share, nanoseconds took, nanoseconds processor = {}, int weight = 1) {
    const thread_share::use charged(share, weight);
    clock_.advance(took);
    used_processor += processor;
  }
  nanoseconds wait_of(const thread_share& share) const { return share.free_at() - clock_.now(); }

  test::manual_clock clock_;
  strategy_meters meters_;
  share_debtors debtors_;
};

TEST_F(ThreadShare, LetsABotUseItsShareForEver) {
  auto share = make();
  for (int i = 0; i < 10'000; ++i) {
    spend(*share, 1ms);
    ASSERT_FALSE(share->is_in_excess()) << i;
    clock_.advance(99ms);
  }
}

TEST_F(ThreadShare, LetsARestedBotUseABurst) {
  auto share = make();
  for (int i = 0; i < thread_share::burst_calls; ++i) spend(*share, longest_call);
  EXPECT_FALSE(share->is_spent());
  spend(*share, longest_call);
  EXPECT_TRUE(share->is_spent());
}

TEST_F(ThreadShare, HoldsAHogToItsShareOverAnyTime) {
  auto share = make();
  nanoseconds used{};
  const auto end = clock_.now() + 600s;
  while (clock_.now() < end) {
    spend(*share, 19ms);
    used += 19ms;
    if (share->is_spent()) clock_.advance(wait_of(*share));
  }
  EXPECT_LE(used, 600s * percent / 100 + burst + 19ms);
  EXPECT_GE(used, 600s * percent / 100 - 19ms);
}

TEST_F(ThreadShare, GivesAllWhoAreInDebtOneShareTogether) {
  std::vector<std::unique_ptr<thread_share>> hogs;
  for (int i = 0; i < 17; ++i) hogs.push_back(make());
  for (auto& hog : hogs) spend(*hog, burst + 1ms);
  EXPECT_EQ(debtors_.count, 17);
  nanoseconds used{};
  const auto end = clock_.now() + 600s;
  while (clock_.now() < end) {
    for (auto& hog : hogs) {
      if (hog->is_spent()) continue;
      spend(*hog, 19ms);
      used += 19ms;
    }
    clock_.advance(10ms);
  }
  EXPECT_LE(used, 600s * percent / 100 + 17 * 19ms);
}

TEST_F(ThreadShare, IsOutOfExcessWhenItHasRested) {
  auto share = make();
  spend(*share, burst + 10ms);
  ASSERT_TRUE(share->is_in_excess());
  clock_.advance(wait_of(*share));
  share->settle();
  EXPECT_FALSE(share->is_spent());
  EXPECT_TRUE(share->is_in_excess()) << "it has nothing in hand yet";
  clock_.advance(share->rested_at() - clock_.now());
  share->settle();
  EXPECT_FALSE(share->is_in_excess());
  EXPECT_EQ(debtors_.count, 0);
}

TEST_F(ThreadShare, WantsTooMuchOnlyWhenTheExcessLasts) {
  auto share = make();
  spend(*share, burst + 10ms);
  EXPECT_FALSE(share->wants_too_much());
  const auto began = clock_.now();
  while (clock_.now() - began < thread_share::patience) {
    EXPECT_FALSE(share->wants_too_much());
    if (share->is_spent()) clock_.advance(wait_of(*share));
    spend(*share, 19ms);
  }
  EXPECT_TRUE(share->wants_too_much());
}

TEST_F(ThreadShare, DoesNotHoldAPauseOfTheMachineAgainstABot) {
  meters_.processor_time = [] { return used_processor; };
  auto share = make();
  for (int i = 0; i < 100; ++i) spend(*share, 500ms, 1ms);
  EXPECT_FALSE(share->is_in_excess());
}

TEST_F(ThreadShare, CountsProcessorTimeOnceABotWasOver) {
  meters_.processor_time = [] { return used_processor; };
  auto share = make();
  spend(*share, burst + 1ms, burst + 1ms);
  EXPECT_FALSE(share->is_in_excess()) << "perhaps the machine stood still";
  spend(*share, 19ms, 19ms);
  EXPECT_TRUE(share->is_spent());
}

TEST_F(ThreadShare, CountsOneLookForMany) {
  auto share = make();
  spend(*share, 5ms, {}, 16);
  EXPECT_TRUE(share->is_spent());
}

TEST_F(ThreadShare, LeavesTheDebtorsWhenItGoes) {
  auto share = make();
  spend(*share, burst + 10ms);
  ASSERT_EQ(debtors_.count, 1);
  share.reset();
  EXPECT_EQ(debtors_.count, 0);
}

}  // namespace
}  // namespace drover::engine
