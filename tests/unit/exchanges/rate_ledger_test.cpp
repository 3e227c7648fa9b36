#include "exchanges/rate_ledger.hpp"

#include <gtest/gtest.h>

#include "tests/unit/exchanges/rate_fixture.hpp"

namespace drover::exchanges {
namespace {

using test::names;
using test::rate_fixture;
using test::weight_rule;

TEST(RateLedger, GrantsAtOnceWhileThereIsBudget) {
  rate_fixture f(weight_rule(100));
  f.ask("a", lane::read, 30);
  f.ask("b", lane::read, 30);
  EXPECT_EQ(f.log, (names{"a", "b"}));
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.6);
}

TEST(RateLedger, KillLanePassesWhileReadsWait) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::read, 60);
  f.ask("read", lane::read, 1);
  f.ask("reconcile", lane::reconcile, 20);
  f.ask("kill", lane::kill, 20);
  EXPECT_EQ(f.log, (names{"fill", "kill"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"fill", "kill", "reconcile", "read"}));
}

TEST(RateLedger, ReservesAShareForEachUpperLane) {
  rate_fixture f(weight_rule(100));
  for (int i = 0; i < 200; ++i) f.ask("r", lane::read, 1, "1", 1s);
  EXPECT_EQ(f.log.size(), 60u);
  for (int i = 0; i < 200; ++i) f.ask("k", lane::kill, 1, "1", 1s);
  EXPECT_EQ(f.log.size(), 100u);
}

TEST(RateLedger, KeepsOrderWithinAnAccountsLane) {
  rate_fixture f(weight_rule(100));
  f.ask("first", lane::entry, 80);
  f.ask("heavy", lane::entry, 50);
  f.ask("light", lane::entry, 1);
  EXPECT_EQ(f.log, (names{"first"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"first", "heavy", "light"}));
}

TEST(RateLedger, AccountsTakeTurnsWithinALane) {
  rate_fixture f(weight_rule(10));
  f.ask("fill", lane::read, 6);
  for (int i = 0; i < 100; ++i) f.ask("a", lane::read, 1, "busy");
  f.ask("b", lane::read, 1, "quiet");
  f.ask("c", lane::read, 1, "other");
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"fill", "a", "b", "c", "a", "a", "a"}));
}

TEST(RateLedger, OneAccountsTenThousandReadsDoNotDelayAnothersSingleOne) {
  rate_fixture f(weight_rule(600), {.account_queue_limit = 20'000});
  for (int i = 0; i < 10'000; ++i) f.ask("busy", lane::read, 1, "1", 100h);
  f.ask("single", lane::read, 1, "2", 100h);
  f.advance(61s);
  EXPECT_EQ(f.count("single"), 1u);
  EXPECT_LT(f.log.size(), 800u);
}

TEST(RateLedger, RefusesAfterTheDeadlineAndLeavesTheQueue) {
  rate_fixture f(weight_rule(100));
  f.ask("first", lane::read, 60);
  f.ask("late", lane::read, 10, "1", 2s);
  EXPECT_EQ(f.ledger.waiting(), 1u);
  f.advance(3s);
  EXPECT_EQ(f.log, (names{"first", "late!"}));
  EXPECT_EQ(f.ledger.waiting(), 0u);
  EXPECT_TRUE(f.last_retry_after);
}

TEST(RateLedger, ACancelledWaitFreesItsPlace) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::entry, 85);
  auto& heavy = f.ask("heavy", lane::reconcile, 80);
  f.ask("light", lane::reconcile, 1);
  heavy.emit(asio::cancellation_type::terminal);
  test::manual_timers::settle(f.io);
  EXPECT_EQ(f.ledger.waiting(), 1u);
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"fill", "light"}));
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.01);
}

TEST(RateLedger, WhatWaitedBehindACancelledHeavyOnePassesAtOnce) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::read, 50);
  auto& heavy = f.ask("heavy", lane::read, 20);
  f.ask("light", lane::read, 5);
  heavy.emit(asio::cancellation_type::terminal);
  f.advance(10ms);
  EXPECT_EQ(f.log, (names{"fill", "light"}));
}

TEST(RateLedger, BanStopsEveryLaneUntilItsEnd) {
  rate_fixture f(weight_rule(100));
  f.ban_address(3min);
  f.ask("kill", lane::kill, 1);
  f.ask("impatient", lane::kill, 1, "1", 10s);
  EXPECT_EQ(f.log, (names{"impatient!"}));
  EXPECT_EQ(f.last_retry_after, milliseconds(181s));
  EXPECT_FALSE(f.take(lane::kill, 1));
  f.advance(180s);
  EXPECT_EQ(f.log, (names{"impatient!"}));
  f.advance(2s);
  EXPECT_EQ(f.log, (names{"impatient!", "kill"}));
  EXPECT_FALSE(f.ledger.banned_for());
}

TEST(RateLedger, AShorterBanDoesNotEndALongerOne) {
  rate_fixture f(weight_rule(100));
  f.ban_address(3min);
  f.ban_address(1s);
  f.advance(10s);
  EXPECT_EQ(f.ledger.banned_for(), nanoseconds(171s));
  EXPECT_EQ(f.ledger.snapshot().address_bans, 1u);
}

TEST(RateLedger, ABanReachesThoseThatWaitAlready) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::kill, 100);
  f.ask("waits", lane::kill, 1);
  f.ban_address(2min);
  f.advance(120s);
  EXPECT_EQ(f.log, (names{"fill"}));
  f.advance(2s);
  EXPECT_EQ(f.log, (names{"fill", "waits"}));
}

TEST(RateLedger, ABannedAccountDoesNotStopItsNeighbours) {
  rate_fixture f(weight_rule(100));
  limit_report report;
  report.account_ban = 1min;
  f.apply(report, "1");
  f.ask("banned", lane::kill, 1, "1");
  f.ask("other", lane::read, 1, "2");
  f.ask("public", lane::read, 1, "");
  EXPECT_EQ(f.log, (names{"other", "public"}));
  EXPECT_EQ(f.ledger.snapshot().banned_accounts, 1u);
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"other", "public", "banned"}));
  EXPECT_EQ(f.ledger.snapshot().account_bans, 1u);
  EXPECT_EQ(f.ledger.snapshot().account_buckets, 0u);
}

TEST(RateLedger, TakesTheVenuesCountWhenItIsHigher) {
  rate_fixture f(weight_rule(100));
  f.ask("a", lane::read, 10);
  f.apply({.readings = {{.rule = 0, .used = 99, .limit = {}, .resets_in = {}}}, .address_ban = {}, .account_ban = {}});
  f.apply({.readings = {{.rule = 0, .used = 5, .limit = {}, .resets_in = {}}}, .address_ban = {}, .account_ban = {}});
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.99);
  f.ask("b", lane::kill, 2);
  EXPECT_EQ(f.log, (names{"a"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"a", "b"}));
}

TEST(RateLedger, ACountOfTheWindowBeforeIsNotTakenForThisOnes) {
  rate_fixture f(weight_rule(100));
  rate_grant before{0, f.timers.get_clock().now()};
  f.advance(61s);
  f.ledger.apply({.readings = {{.rule = 0, .used = 99, .limit = {}, .resets_in = {}}}, .address_ban = {}, .account_ban = {}},
                 before, "1");
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0);
}

TEST(RateLedger, ALimitNamedByTheVenueReplacesThePublishedOne) {
  std::vector<rate_rule> rules{{"orders", rate_scope::account, rate_model::sliding_window, 10, 1s}};
  rate_fixture f(rules, {.share = 0.5});
  f.apply({.readings = {{.rule = 0, .used = {}, .limit = 40, .resets_in = {}}}, .address_ban = {}, .account_ban = {}}, "vip");
  for (int i = 0; i < 30; ++i) {
    f.ask("vip", lane::kill, 1, "vip", 1ms);
    f.ask("plain", lane::kill, 1, "plain", 1ms);
  }
  EXPECT_EQ(f.count("vip"), 20u);
  EXPECT_EQ(f.count("plain"), 5u);
}

TEST(RateLedger, OpensTheWindowByTheVenuesClock) {
  rate_fixture f(weight_rule(100));
  f.ledger.set_clock_offset(50s);
  f.advance(60s);
  // The venue's clock is 51 s into its minute.
  f.ask("fill", lane::kill, 100);
  f.ask("next", lane::kill, 1);
  f.advance(8s);
  EXPECT_EQ(f.log, (names{"fill"}));
  f.advance(3s);
  EXPECT_EQ(f.log, (names{"fill", "next"}));
}

TEST(RateLedger, HearsOfTheClockWhileRequestsWait) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::kill, 100);
  f.ask("next", lane::kill, 1);
  f.ledger.set_clock_offset(55s);
  f.advance(3s);
  EXPECT_EQ(f.log, (names{"fill"}));
  f.advance(2s);
  EXPECT_EQ(f.log, (names{"fill", "next"}));
}

TEST(RateLedger, AClockSetBackByAnHourDoesNotStopTheVenue) {
  rate_fixture f(weight_rule(100));
  f.ask("a", lane::kill, 100);
  f.ledger.set_clock_offset(-milliseconds(1h));
  f.ask("b", lane::kill, 100);
  EXPECT_EQ(f.log, (names{"a"}));
  f.advance(61s);
  EXPECT_EQ(f.log, (names{"a", "b"}));
}

TEST(RateLedger, CountsTwiceWhatIsSentAtAWindowsEnd) {
  rate_fixture f(weight_rule(100));
  f.advance(58'900ms);
  f.ask("late", lane::kill, 40);
  f.advance(1s);
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0.4);
  f.advance(1min);
  EXPECT_DOUBLE_EQ(f.ledger.used_ratio(), 0);
}

TEST(RateLedger, RefusesMoreWaitersThanItsLimit) {
  rate_fixture f(weight_rule(10), {.queue_limit = 4});
  f.ask("fill", lane::read, 6);
  for (auto name : {"a", "b", "c"}) f.ask(name, lane::read, 5);
  EXPECT_EQ(f.log, (names{"fill", "c!"}));
  // The upper lanes have places that the lower ones cannot take.
  f.ask("kill 1", lane::kill, 5);
  f.ask("kill 2", lane::kill, 5);
  f.ask("kill 3", lane::kill, 5);
  EXPECT_EQ(f.log, (names{"fill", "c!", "kill 3!"}));
  f.advance(5min);
}

TEST(RateLedger, RefusesMoreWaitersOfOneAccountThanItsLimit) {
  rate_fixture f(weight_rule(10), {.account_queue_limit = 2});
  f.ask("fill", lane::kill, 10);
  for (auto name : {"a", "b", "c"}) f.ask(name, lane::kill, 5, "1");
  f.ask("other", lane::kill, 5, "2");
  EXPECT_EQ(f.log, (names{"fill", "c!"}));
  EXPECT_EQ(f.ledger.waiting(), 3u);
  f.advance(5min);
}

TEST(RateLedger, RefusesAtOnceWhatCanNeverFit) {
  rate_fixture f(weight_rule(10));
  f.ask("elephant", lane::kill, 11);
  EXPECT_EQ(f.log, (names{"elephant!"}));
}

TEST(RateLedger, WaitsForAllLimitsWithoutHoldingOne) {
  rate_fixture f({{"weight", rate_scope::address, rate_model::fixed_window, 100, 60s},
                  {"orders", rate_scope::account, rate_model::fixed_window, 1, 300s}});
  f.ask({.name = "first", .lane = lane::kill, .charges = {{0, 1}, {1, 1}}, .account = "1", .symbol = {}, .patience = 1h});
  f.ask({.name = "second", .lane = lane::kill, .charges = {{0, 50}, {1, 1}}, .account = "1", .symbol = {}, .patience = 1h});
  EXPECT_EQ(f.log, (names{"first"}));
  f.ask("other", lane::kill, 99, "2");
  EXPECT_EQ(f.log, (names{"first", "other"}));
  f.advance(301s);
  EXPECT_EQ(f.log, (names{"first", "other", "second"}));
}

TEST(RateLedger, AnAccountWithoutOrdersLeftDoesNotStopTheOthers) {
  rate_fixture f({{"weight", rate_scope::address, rate_model::fixed_window, 1000, 60s},
                  {"orders", rate_scope::account_symbol, rate_model::sliding_window, 5, 10s}});
  auto order = [&f](const std::string& account, const std::string& symbol) {
    f.ask({.name = account + symbol, .lane = lane::kill, .charges = {{0, 1}, {1, 1}}, .account = account, .symbol = symbol,
           .patience = 1h});
  };
  for (int i = 0; i < 10; ++i) order("a", "X");
  order("a", "Y");
  order("b", "X");
  EXPECT_EQ(f.count("aX"), 5u);
  EXPECT_EQ(f.count("aY"), 1u);
  EXPECT_EQ(f.count("bX"), 1u);
  f.advance(11s);
  EXPECT_EQ(f.count("aX"), 10u);
}

TEST(RateLedger, ImmediateAskGivesWayToWaiters) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::entry, 80);
  f.ask("waits", lane::entry, 50);
  EXPECT_FALSE(f.take(lane::entry, 1));
  EXPECT_TRUE(f.take(lane::kill, 1));
  f.advance(61s);
}

TEST(RateLedger, AHeavyRequestIsNotStarvedByLightOnes) {
  rate_fixture f({{"calls", rate_scope::address, rate_model::sliding_window, 100, 10s}});
  f.ask("fill", lane::read, 60);
  f.ask("heavy", lane::read, 60, "1", 1h);
  for (int i = 0; i < 200; ++i) {
    f.advance(100ms);
    f.ask("light", lane::read, 1, "2", 1h);
  }
  EXPECT_EQ(f.count("heavy"), 1u);
}

TEST(RateLedger, IdleAccountsCostNothing) {
  rate_fixture f({{"orders", rate_scope::account, rate_model::sliding_window, 5, 10s},
                  {"orders_symbol", rate_scope::account_symbol, rate_model::decaying_counter, 5, 10s}});
  for (int i = 0; i < 1000; ++i)
    f.ask({.name = "o", .lane = lane::entry, .charges = {{0, 1}, {1, 1}}, .account = std::to_string(i), .symbol = "X", .patience = 1s});
  EXPECT_EQ(f.ledger.snapshot().account_buckets, 2000u);
  f.advance(20s);
  // The requests of others clear them away.
  for (int i = 0; i < 3 * 500; ++i) f.ask("p", lane::entry, 1, "p");
  EXPECT_LT(f.ledger.snapshot().account_buckets, 10u);
}

TEST(RateLedger, RefusesFurtherAccountsWhenTooManyCount) {
  rate_fixture f({{"orders", rate_scope::account, rate_model::sliding_window, 5, 10s}}, {.bucket_limit = 3});
  for (auto a : {"1", "2", "3", "4"}) f.ask(a, lane::kill, 1, a);
  EXPECT_EQ(f.log, (names{"1", "2", "3", "4!"}));
  f.advance(20s);
  f.ask("5", lane::kill, 1, "5");
  EXPECT_EQ(f.log.back(), "5");
}

TEST(RateLedger, MeasuresTheWaitOfEachLane) {
  rate_fixture f(weight_rule(100));
  f.ask("fill", lane::read, 60);
  f.ask("read", lane::read, 1);
  f.ask("kill", lane::kill, 1);
  auto before = f.ledger.snapshot();
  EXPECT_EQ(before.lanes[4].waiting, 1u);
  EXPECT_EQ(before.lanes[0].granted, 1u);
  EXPECT_EQ(before.lanes[0].longest_wait, 0ns);
  f.advance(61s);
  auto after = f.ledger.snapshot();
  EXPECT_EQ(after.lanes[4].waiting, 0u);
  EXPECT_EQ(after.lanes[4].granted, 2u);
  EXPECT_EQ(after.lanes[4].longest_wait, nanoseconds(59'050ms));
}

TEST(RateLedger, ShowsHowFullItsLimitsAre) {
  rate_fixture f({{"weight", rate_scope::address, rate_model::fixed_window, 1000, 60s},
                  {"orders", rate_scope::account, rate_model::fixed_window, 10, 10s}});
  for (int i = 0; i < 3; ++i)
    f.ask({.name = "o", .lane = lane::kill, .charges = {{0, 10}, {1, i + 1}}, .account = std::to_string(i), .symbol = {}, .patience = 1s});
  auto s = f.ledger.snapshot(2);
  ASSERT_EQ(s.sources.size(), 1u);
  ASSERT_EQ(s.sources[0].levels.size(), 1u);
  EXPECT_EQ(s.sources[0].levels[0].rule, "weight");
  EXPECT_EQ(s.sources[0].levels[0].used, 30);
  EXPECT_EQ(s.sources[0].levels[0].limit, 1000);
  EXPECT_EQ(s.sources[0].levels[0].resets_in, nanoseconds(59'050ms));
  ASSERT_EQ(s.hottest.size(), 2u);
  EXPECT_EQ(s.hottest[0].account, "2");
  EXPECT_EQ(s.hottest[0].level.used, 3);
  EXPECT_EQ(s.hottest[1].account, "1");
}

TEST(RateLedger, EachSourceAddressHasItsOwnBudgetAndBan) {
  rate_fixture f(weight_rule(100), {.source_addresses = {"127.0.0.2", "127.0.0.3"}});
  std::string on[2];
  for (int i = 0; on[0].empty() || on[1].empty(); ++i) on[f.ledger.source_of(std::to_string(i))] = std::to_string(i);
  f.ask("a", lane::kill, 100, on[0]);
  f.ask("b", lane::kill, 50, on[1]);
  EXPECT_EQ(f.log, (names{"a", "b"}));
  EXPECT_EQ(f.ledger.source_of(""), 1u);
  EXPECT_EQ(f.ledger.source_address(1), "127.0.0.3");
  limit_report report;
  report.address_ban = 2min;
  f.apply(report, on[1]);
  EXPECT_EQ(f.ledger.source_of(""), 0u);
  f.advance(61s);
  f.ask("c", lane::kill, 1, on[0]);
  f.ask("d", lane::kill, 1, on[1]);
  EXPECT_EQ(f.log, (names{"a", "b", "c"}));
  f.advance(2min);
}

TEST(RateLedger, AnAccountKeepsItsAddressWhenAnotherIsAdded) {
  rate_fixture two({}, {.source_addresses = {"10.0.0.1", "10.0.0.2"}});
  rate_fixture three({}, {.source_addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.3"}});
  std::array<int, 3> counts{};
  for (int i = 0; i < 3000; ++i) {
    auto account = std::to_string(i);
    auto now = three.ledger.source_of(account);
    ++counts[now];
    if (now != 2) { EXPECT_EQ(now, two.ledger.source_of(account)) << account; }
  }
  for (auto c : counts) EXPECT_NEAR(c, 1000, 150);
}

}  // namespace
}  // namespace drover::exchanges
