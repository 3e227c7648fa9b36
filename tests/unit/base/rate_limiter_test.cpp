#include "base/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace drover {
namespace {

constexpr rate_limit ten_of_two{2, 10};

TEST(RateLimiter, AllowsTheBurstThenTheRate) {
  rate_limiter limiter(64, 1);
  steady_time now{1s};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.count(0, "a", ten_of_two, now).remaining, 9 - i);
  auto refused = limiter.count(0, "a", ten_of_two, now);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 500ms);
  EXPECT_FALSE(limiter.count(0, "a", ten_of_two, now + 499ms).allowed);
  EXPECT_TRUE(limiter.count(0, "a", ten_of_two, now + 500ms).allowed);
  EXPECT_FALSE(limiter.count(0, "a", ten_of_two, now + 500ms).allowed);
}

TEST(RateLimiter, RefusedCallsCostNothing) {
  rate_limiter limiter(64, 1);
  steady_time now{1s};
  for (int i = 0; i < 1000; ++i) limiter.count(0, "a", ten_of_two, now);
  EXPECT_TRUE(limiter.count(0, "a", ten_of_two, now + 500ms).allowed);
}

TEST(RateLimiter, KeepsKeysAndGroupsApart) {
  rate_limiter limiter(64, 1);
  steady_time now{1s};
  for (int i = 0; i < 11; ++i) limiter.count(0, "a", ten_of_two, now);
  EXPECT_TRUE(limiter.count(0, "b", ten_of_two, now).allowed);
  EXPECT_TRUE(limiter.count(1, "a", ten_of_two, now).allowed);
  EXPECT_FALSE(limiter.count(0, "a", ten_of_two, now).allowed);
}

TEST(RateLimiter, FloodOfKeysDoesNotFreeTheBusiestOne) {
  rate_limiter limiter(64, 1);
  steady_time now{1s};
  for (int i = 0; i < 11; ++i) limiter.count(0, "busy", ten_of_two, now);
  for (int i = 0; i < 100'000; ++i) limiter.count(0, "forged" + std::to_string(i), ten_of_two, now);
  EXPECT_FALSE(limiter.count(0, "busy", ten_of_two, now).allowed);
}

}  // namespace
}  // namespace drover
