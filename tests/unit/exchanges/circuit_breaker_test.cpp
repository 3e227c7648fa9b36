#include "exchanges/runtime/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace drover::exchanges {
namespace {

using enum circuit_breaker::verdict;
constexpr steady_time start{1h};

void fail_times(circuit_breaker& b, int count, steady_time now = start) {
  for (int i = 0; i < count; ++i) b.failed("down", now);
}

TEST(CircuitBreaker, OpensAfterFiveFailuresInARow) {
  circuit_breaker b;
  fail_times(b, 4);
  EXPECT_EQ(b.ask(start), pass);
  b.succeeded();
  fail_times(b, 4);
  EXPECT_EQ(b.state(start), breaker_state::closed);
  fail_times(b, 1);
  EXPECT_EQ(b.state(start), breaker_state::open);
  EXPECT_EQ(b.ask(start), refuse);
  EXPECT_EQ(b.reason(), "down");
}

TEST(CircuitBreaker, OpensWhenHalfOfTheLastTwentyFailed) {
  circuit_breaker b;
  for (int i = 0; i < 9; ++i) {
    b.succeeded();
    b.failed("flaky", start);
  }
  b.succeeded();
  EXPECT_EQ(b.state(start), breaker_state::closed) << "nineteen are not enough to judge";
  b.failed("flaky", start);
  EXPECT_EQ(b.state(start), breaker_state::open);
}

TEST(CircuitBreaker, LetsOneTryAfterThePause) {
  circuit_breaker b;
  fail_times(b, 5);
  EXPECT_EQ(b.ask(start + 4900ms), refuse);
  EXPECT_EQ(b.wait(start + 4s), nanoseconds(1s));
  EXPECT_EQ(b.state(start + 5s), breaker_state::half_open);
  EXPECT_EQ(b.ask(start + 5s), probe);
  EXPECT_EQ(b.ask(start + 5s), refuse);
  b.succeeded();
  EXPECT_EQ(b.ask(start + 5s), pass);
  EXPECT_EQ(b.reason(), "");
}

TEST(CircuitBreaker, AFailedTryBeginsAnotherPause) {
  circuit_breaker b;
  fail_times(b, 5);
  ASSERT_EQ(b.ask(start + 5s), probe);
  b.failed("still down", start + 6s);
  EXPECT_EQ(b.ask(start + 10s), refuse);
  EXPECT_EQ(b.ask(start + 11s), probe);
}

TEST(CircuitBreaker, FailuresOfRequestsUnderWayDoNotLengthenThePause) {
  circuit_breaker b;
  fail_times(b, 5);
  fail_times(b, 10, start + 4s);
  EXPECT_EQ(b.ask(start + 5s), probe);
}

TEST(CircuitBreaker, ATryThatNeverLeftFreesItsPlace) {
  circuit_breaker b;
  fail_times(b, 5);
  ASSERT_EQ(b.ask(start + 5s), probe);
  b.abandoned();
  EXPECT_EQ(b.ask(start + 5s), probe);
}

}  // namespace
}  // namespace drover::exchanges
