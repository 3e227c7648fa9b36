#include "exchanges/rate_usage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"

namespace drover::exchanges {
namespace {

rate_moment at(nanoseconds t) { return {steady_time{1h + t}, wall_time{1'732'104'000'000ms + t}}; }
rate_need all_of(std::int64_t limit, std::int64_t weight = 1) { return {weight, limit, limit}; }

TEST(FixedWindowUsage, StartsAnewWithTheVenuesWindow) {
  rate_shape shape{rate_model::fixed_window, 10s, 100ms, 50ms};
  rate_usage u(shape);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(u.fits(at(1s), all_of(5)));
    u.take(at(1s), all_of(5));
  }
  EXPECT_FALSE(u.fits(at(1s), all_of(5)));
  EXPECT_EQ(u.next_chance(at(1s), all_of(5)), at(10'050ms).now);
  EXPECT_FALSE(u.fits(at(10'049ms), all_of(5)));
  EXPECT_TRUE(u.fits(at(10'050ms), all_of(5)));
  EXPECT_EQ(u.used(at(10'050ms), 5), 0);
}

TEST(FixedWindowUsage, LetsAHeavyRequestPassAFreshWindow) {
  rate_shape shape{rate_model::fixed_window, 10s, 100ms, 50ms};
  rate_usage u(shape);
  rate_need heavy{80, 60, 100};
  EXPECT_TRUE(u.fits(at(1s), heavy));
  u.take(at(1s), {1, 60, 100});
  EXPECT_FALSE(u.fits(at(1s), heavy));
}

TEST(SlidingWindowUsage, FreesEachRequestAWindowAfterItself) {
  rate_shape shape{rate_model::sliding_window, 64s, 1s, 0ns};
  rate_usage u(shape);
  u.take(at(0s), all_of(3, 2));
  u.take(at(30s), all_of(3, 1));
  EXPECT_FALSE(u.fits(at(30s), all_of(3)));
  EXPECT_EQ(u.next_chance(at(30s), all_of(3)), at(66s).now);
  EXPECT_FALSE(u.fits(at(65'999ms), all_of(3)));
  EXPECT_TRUE(u.fits(at(66s), all_of(3, 2)));
  EXPECT_FALSE(u.fits(at(66s), all_of(3, 3)));
  EXPECT_EQ(u.resets_at(at(66s)), at(96s).now);
}

TEST(SlidingWindowUsage, ForgetsWhatOthersUsedWhenTheVenueDoes) {
  rate_shape shape{rate_model::sliding_window, 64s, 1s, 0ns};
  rate_usage u(shape);
  u.correct(at(0s), at(0s).now, {.rule = 0, .used = 90, .limit = {}, .resets_in = 10s}, 100);
  EXPECT_EQ(u.used(at(0s), 100), 90);
  EXPECT_EQ(u.used(at(10s), 100), 90);
  EXPECT_EQ(u.used(at(13s), 100), 0);
}

TEST(SlidingWindowUsage, NoWindowOfAnyAlignmentHoldsMoreThanTheLimit) {
  seeded_random random(11);
  constexpr std::int64_t limit = 40;
  const rate_shape shape{rate_model::sliding_window, 2s, 200ms, 0ns};
  rate_usage u(shape);
  std::vector<nanoseconds> arrivals;
  for (nanoseconds t{}; t < 400s; t += nanoseconds(random.below(40'000'000))) {
    if (!u.fits(at(t), all_of(limit))) continue;
    u.take(at(t), all_of(limit));
    arrivals.push_back(t + nanoseconds(random.below(200'000'000)));
  }
  std::ranges::sort(arrivals);
  ASSERT_GT(arrivals.size(), 6'000u);
  for (std::size_t i = limit; i < arrivals.size(); ++i)
    ASSERT_GT(arrivals[i] - arrivals[i - limit], 2s) << "the venue would have counted more than " << limit;
}

TEST(DecayingUsage, FallsSteadily) {
  rate_shape shape{rate_model::decaying_counter, 40s, 1s, 0ns};
  rate_usage u(shape);
  for (int i = 0; i < 19; ++i) {
    ASSERT_TRUE(u.fits(at(10s), all_of(20))) << i;
    u.take(at(10s), all_of(20));
  }
  EXPECT_EQ(u.used(at(10s), 20), 19);
  EXPECT_FALSE(u.fits(at(10s), all_of(20)));
  auto next = u.next_chance(at(10s), all_of(20));
  EXPECT_EQ(next, at(11s).now);
  EXPECT_TRUE(u.fits(at(11s), all_of(20)));
  EXPECT_EQ(u.used(at(30s), 20), 9);
  EXPECT_EQ(u.resets_at(at(30s)), at(49s).now);
}

TEST(DecayingUsage, LetsAHeavyRequestPassWhenItIsEmpty) {
  rate_shape shape{rate_model::decaying_counter, 1s, 250ms, 0ns};
  rate_usage u(shape);
  EXPECT_TRUE(u.fits(at(0s), all_of(1)));
  u.take(at(0s), all_of(1));
  EXPECT_FALSE(u.fits(at(1s), all_of(1)));
  EXPECT_EQ(u.next_chance(at(1s), all_of(1)), at(1250ms).now);
  EXPECT_TRUE(u.fits(at(1250ms), all_of(1)));
}

TEST(DecayingUsage, RisesToTheVenuesCount) {
  rate_shape shape{rate_model::decaying_counter, 40s, 1s, 0ns};
  rate_usage u(shape);
  u.take(at(0s), all_of(20, 5));
  u.correct(at(0s), at(0s).now, {.rule = 0, .used = 12, .limit = {}, .resets_in = {}}, 20);
  EXPECT_EQ(u.used(at(0s), 20), 12);
  u.correct(at(0s), at(0s).now, {.rule = 0, .used = 3, .limit = {}, .resets_in = {}}, 20);
  EXPECT_EQ(u.used(at(0s), 20), 12);
}

TEST(DecayingUsage, ACounterOfTheVenueNeverOverflows) {
  seeded_random random(5);
  constexpr std::int64_t limit = 20;
  const rate_shape shape{rate_model::decaying_counter, 40s, 500ms, 0ns};
  rate_usage u(shape);
  std::vector<nanoseconds> arrivals;
  for (nanoseconds t{}; t < 4'000s; t += nanoseconds(random.below(400'000'000))) {
    if (!u.fits(at(t), all_of(limit))) continue;
    u.take(at(t), all_of(limit));
    arrivals.push_back(t + nanoseconds(random.below(500'000'000)));
  }
  std::ranges::sort(arrivals);
  ASSERT_GT(arrivals.size(), 1'900u);
  double counter = 0;
  nanoseconds last{};
  for (auto a : arrivals) {
    counter = std::max(0.0, counter - static_cast<double>((a - last).count()) / 2e9) + 1;
    last = a;
    ASSERT_LE(counter, 20.0);
  }
}

}  // namespace
}  // namespace drover::exchanges
