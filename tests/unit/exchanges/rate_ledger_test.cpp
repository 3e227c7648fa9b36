#include "exchanges/rate_ledger.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

using test::manual_timers;

class rate_ledger_fixture {
 public:
  explicit rate_ledger_fixture(rate_limits limits = {.weight_per_minute = 100})
      : ledger(io.get_executor(), timers, limits) {}

  /// Starts one acquire; its outcome lands in `log` as "name" or "name!".
  void ask(std::string name, lane l, int weight, nanoseconds patience = 10min) {
    asio::co_spawn(io, run_ask(std::move(name), l, weight, patience), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    manual_timers::settle(io);
  }
  void advance(nanoseconds by) { timers.advance(io, by); }

  asio::io_context io;
  manual_timers timers;
  rate_ledger ledger;
  std::vector<std::string> log;
  std::optional<milliseconds> last_retry_after;

 private:
  task<void> run_ask(std::string name, lane l, int weight, nanoseconds patience) {
    auto deadline = timers.get_clock().now() + patience;
    auto got = co_await ledger.acquire(l, weight, deadline);
    if (!got) last_retry_after = got.error().retry_after;
    log.push_back(got ? name : name + "!");
  }
};

using names = std::vector<std::string>;

TEST(RateLedger, GrantsAtOnceWhileThereIsBudget) {
  rate_ledger_fixture f;
  f.ask("a", lane::read, 30);
  f.ask("b", lane::read, 30);
  EXPECT_EQ(f.log, (names{"a", "b"}));
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.6);
}

TEST(RateLedger, KillLanePassesWhileReadsWait) {
  rate_ledger_fixture f;
  f.ask("fill", lane::read, 60);
  f.ask("read", lane::read, 1);
  f.ask("reconcile", lane::reconcile, 20);
  f.ask("kill", lane::kill, 20);
  EXPECT_EQ(f.log, (names{"fill", "kill"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"fill", "kill", "reconcile", "read"}));
}

TEST(RateLedger, ReservesAShareForEachUpperLane) {
  rate_ledger_fixture f;
  for (int i = 0; i < 200; ++i) f.ask("r", lane::read, 1, 1s);
  EXPECT_EQ(f.log.size(), 60u);
  for (int i = 0; i < 200; ++i) f.ask("k", lane::kill, 1, 1s);
  EXPECT_EQ(f.log.size(), 100u);
}

TEST(RateLedger, KeepsOrderWithinALane) {
  rate_ledger_fixture f;
  f.ask("first", lane::entry, 80);
  f.ask("heavy", lane::entry, 50);
  f.ask("light", lane::entry, 1);
  EXPECT_EQ(f.log, (names{"first"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"first", "heavy", "light"}));
}

TEST(RateLedger, RefusesAfterTheDeadlineAndLeavesTheQueue) {
  rate_ledger_fixture f;
  f.ask("first", lane::read, 60);
  f.ask("late", lane::read, 10, 2s);
  EXPECT_EQ(f.ledger.waiting(), 1u);
  f.advance(3s);
  EXPECT_EQ(f.log, (names{"first", "late!"}));
  EXPECT_EQ(f.ledger.waiting(), 0u);
  EXPECT_TRUE(f.last_retry_after);
}

TEST(RateLedger, BanStopsEveryLaneUntilItsEnd) {
  rate_ledger_fixture f;
  f.ledger.ban_for(3min);
  f.ask("kill", lane::kill, 1);
  f.ask("impatient", lane::kill, 1, 10s);
  EXPECT_EQ(f.log, (names{"impatient!"}));
  EXPECT_EQ(f.last_retry_after, milliseconds(3min));
  f.advance(179s);
  EXPECT_EQ(f.log, (names{"impatient!"}));
  f.advance(2s);
  EXPECT_EQ(f.log, (names{"impatient!", "kill"}));
  EXPECT_FALSE(f.ledger.banned_for());
}

TEST(RateLedger, AShorterBanDoesNotEndALongerOne) {
  rate_ledger_fixture f;
  f.ledger.ban_for(3min);
  f.ledger.ban_for(1s);
  f.advance(10s);
  EXPECT_EQ(f.ledger.banned_for(), nanoseconds(170s));
}

TEST(RateLedger, TakesTheVenuesCountWhenItIsHigher) {
  rate_ledger_fixture f;
  f.ask("a", lane::read, 10);
  f.ledger.correct_used_weight(99);
  f.ledger.correct_used_weight(5);
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.99);
  f.ask("b", lane::kill, 2);
  EXPECT_EQ(f.log, (names{"a"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"a", "b"}));
}

TEST(RateLedger, OpensTheWindowByTheVenuesClock) {
  rate_ledger_fixture f;
  // Our clock stands at a full minute; the venue's is 50 s further, so its next minute is 10 s away.
  f.ledger.set_clock_offset(50s);
  f.advance(61s);
  f.ask("fill", lane::kill, 100);
  f.ask("next", lane::kill, 1);
  f.advance(8s);
  EXPECT_EQ(f.log, (names{"fill"}));
  f.advance(3s);
  EXPECT_EQ(f.log, (names{"fill", "next"}));
}

TEST(RateLedger, RefusesMoreWaitersThanItsLimit) {
  rate_ledger_fixture f({.weight_per_minute = 10, .queue_limit = 2});
  f.ask("fill", lane::read, 6);
  for (auto name : {"a", "b", "c"}) f.ask(name, lane::read, 5);
  EXPECT_EQ(f.log, (names{"fill", "c!"}));
  f.advance(5min);
}

TEST(RateLedger, CountsRequestsWhateverTheirWeight) {
  rate_ledger_fixture f({.weight_per_minute = 1000, .requests_per_five_minutes = 10});
  for (int i = 0; i < 11; ++i) f.ask("k", lane::kill, 1);
  EXPECT_EQ(f.log.size(), 10u);
  f.advance(301s);
  EXPECT_EQ(f.log.size(), 11u);
}

TEST(RateLedger, ImmediateAskGivesWayToWaiters) {
  rate_ledger_fixture f;
  f.ask("fill", lane::entry, 80);
  f.ask("waits", lane::entry, 50);
  EXPECT_TRUE(f.ledger.try_acquire(lane::entry, 1));
  EXPECT_FALSE(f.ledger.try_acquire(lane::kill, 1));
  f.advance(61s);
}

}  // namespace
}  // namespace drover::exchanges
