#include "tenants/users/attempt_throttle.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "tenants/users/attempt_guard.hpp"

namespace drover::tenants {
namespace {

TEST(AttemptThrottle, TheWaitDoublesUpToItsCeilingAndIsForgotten) {
  attempt_throttle throttle({.free = 2, .first = 1s, .longest = 8s, .forgets_every = 1min}, 100);
  steady_time now{1h};
  for (auto wait : {0s, 0s, 1s, 2s, 4s, 8s, 8s}) {
    EXPECT_FALSE(throttle.wait_of("a", now));
    throttle.count("a", now);
    EXPECT_EQ(throttle.wait_of("a", now).value_or(0ms), wait);
    now = now + wait;
  }
  EXPECT_FALSE(throttle.wait_of("b", now));
  now = now + 10min;
  throttle.count("a", now);
  EXPECT_FALSE(throttle.wait_of("a", now)) << "ten failures are forgotten in ten minutes";
}

TEST(AttemptThrottle, GivenBackAttemptsAreFree) {
  attempt_throttle throttle({.free = 1, .first = 1s, .longest = 8s, .forgets_every = 1min}, 100);
  steady_time now{1h};
  for (int i = 0; i < 10; ++i) {
    throttle.count("a", now);
    throttle.give_back("a", now);
  }
  throttle.count("a", now);
  EXPECT_FALSE(throttle.wait_of("a", now));
  throttle.count("a", now);
  EXPECT_EQ(throttle.wait_of("a", now), milliseconds(1000));
}

TEST(AttemptThrottle, TracksABoundedNumberOfKeys) {
  attempt_throttle throttle({}, 50);
  steady_time now{1h};
  for (int i = 0; i < 10'000; ++i) {
    throttle.count("k" + std::to_string(i), now);
    now = now + 1ms;
  }
  EXPECT_LE(throttle.size(), 50u);
}

TEST(AttemptGuard, WhoNeverStopsGuessingFailsLessThanAHundredTimesAnHour) {
  attempt_guard guard{{}};
  std::deque<steady_time> failures;
  std::size_t most = 0;
  for (steady_time now{1h}; now < steady_time{6h}; now = now + 100ms) {
    // Each time from elsewhere: only the name slows it down.
    auto address = "10." + std::to_string(now.since_start / 1s % 250) + ".0.1";
    if (!guard.begin("alice", address, now)) continue;
    failures.push_back(now);
    while (failures.front() + 1h <= now) failures.pop_front();
    most = std::max(most, failures.size());
  }
  EXPECT_LE(most, 100u);
  EXPECT_GE(most, 50u) << "nobody is locked out";
}

TEST(AttemptGuard, VeryManyFailuresSlowEverybodyDownButThoseAtHome) {
  attempt_guard guard{{.everybody = {.free = 50, .first = 100ms, .longest = 1s, .forgets_every = 100ms}}};
  steady_time now{1h};
  guard.succeeded(guard.begin("alice", "192.0.2.1", now).value(), now);
  int passed = 0;
  for (int i = 0; i < 200; ++i)
    if (guard.begin("name" + std::to_string(i), "10.0.0." + std::to_string(i), now)) ++passed;
  EXPECT_EQ(passed, 51);
  EXPECT_FALSE(guard.begin("bob", "192.0.2.2", now));
  EXPECT_TRUE(guard.begin("alice", "192.0.2.1", now));
}

}  // namespace
}  // namespace drover::tenants
