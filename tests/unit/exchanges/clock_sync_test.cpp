#include "exchanges/clock_sync.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/task_scope.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

/// A venue whose clock runs `ahead` of what ours was when it began, whatever becomes of ours.
struct clock_fixture {
  clock_fixture() {
    scope.spawn("clock", clock.run());
    settle();
  }
  ~clock_fixture() {
    scope.stop();
    drover::test::run(io, scope.join());
  }
  wall_time venue_now() const { return began + (timers.get_clock().now() - steady_began) + ahead; }
  void settle() { test::manual_timers::settle(io); }
  void advance(nanoseconds by) { timers.advance(io, by); }
  void step_ours(nanoseconds by) { timers.clock_of().set_wall(timers.get_clock().wall_now() + by); }

  asio::io_context io;
  test::manual_timers timers;
  wall_time began = timers.get_clock().wall_now();
  steady_time steady_began = timers.get_clock().now();
  nanoseconds ahead = 0s;
  int asked = 0;
  bool away = false;
  std::vector<std::int64_t> told_ms;
  clock_sync clock{io.get_executor(), timers,
                   [this]() -> task<result<wall_time>> {
                     ++asked;
                     if (away) co_return fail(exchange_errc::maintenance, "away");
                     co_return venue_now();
                   },
                   [this](milliseconds offset) { told_ms.push_back(offset.count()); }};
  task_scope scope{io.get_executor(), "test"};
};

TEST(ClockSync, KnowsTheVenuesTimeAndAsksAgainEveryFiveMinutes) {
  clock_fixture f;
  EXPECT_EQ(f.asked, 3);
  EXPECT_EQ(f.clock.offset(), 0ms);
  f.ahead = 200ms;
  f.advance(299s);
  EXPECT_EQ(f.asked, 3);
  f.advance(2s);
  EXPECT_EQ(f.asked, 6);
  EXPECT_EQ(f.clock.offset(), 200ms);
  EXPECT_EQ(f.clock.server_now(), f.venue_now());
  EXPECT_EQ(f.told_ms, (std::vector<std::int64_t>{200}));
}

TEST(ClockSync, AStepOfOurClockChangesNothingOfWhatIsSent) {
  clock_fixture f;
  for (const auto step : {3'600s, -7'200s}) {
    f.step_ours(step);
    EXPECT_EQ(f.clock.server_now(), f.venue_now()) << "at once, without a question";
    f.advance(1s);
    EXPECT_EQ(std::chrono::milliseconds(f.told_ms.back()), f.clock.offset())
        << "who counts by our clock knows within a second";
    f.advance(20s);
  }
  EXPECT_EQ(f.clock.offset(), 3'600s);
}

TEST(ClockSync, AsksTheVenueAfterAStepButNotInAStorm) {
  clock_fixture f;
  for (int i = 0; i < 30; ++i) {
    f.step_ours(2s);
    f.advance(1s);
  }
  EXPECT_LE(f.asked, 3 + 3 * 3);
  EXPECT_GE(f.asked, 6);
}

TEST(ClockSync, ASmallCorrectionOfOurClockIsNoStep) {
  clock_fixture f;
  f.step_ours(400ms);
  f.advance(60s);
  EXPECT_EQ(f.asked, 3);
  EXPECT_EQ(f.clock.server_now(), f.venue_now());
}

TEST(ClockSync, AnEstimateThatWasFarOffIsMadeAgainSoon) {
  clock_fixture f;
  f.ahead = 800ms;
  f.advance(301s);
  EXPECT_EQ(f.asked, 6);
  EXPECT_EQ(f.clock.offset(), 800ms);
  f.advance(10s);
  EXPECT_EQ(f.asked, 9) << "once more";
  f.advance(200s);
  EXPECT_EQ(f.asked, 9) << "and no more, as it was right";
}

TEST(ClockSync, RefusedTimestampsDoNotMakeItAskAllTheTime) {
  clock_fixture f;
  for (int i = 0; i < 100; ++i) {
    f.clock.refresh();
    f.advance(100ms);
  }
  EXPECT_LE(f.asked, 6);
  f.advance(100s);
  EXPECT_LE(f.asked, 9) << "once more for what was refused since, at most";
}

TEST(ClockSync, KeepsWhatItKnowsWhileTheVenueIsAway) {
  clock_fixture f;
  f.ahead = 100ms;
  f.advance(301s);
  f.away = true;
  f.advance(301s);
  const auto asked = f.asked;
  f.advance(20s);
  EXPECT_EQ(f.asked, asked + 4) << "every five seconds";
  EXPECT_EQ(f.clock.offset(), 100ms);
}

}  // namespace
}  // namespace drover::exchanges
