#include <gtest/gtest.h>

#include "engine/bots/bot_failure.hpp"
#include "engine/bots/bot_status.hpp"
#include "base/restart_policy.hpp"
#include "engine/orders/order_journal.hpp"
#include "exchanges/types.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

bot_status status_of(std::int64_t bot, bot_state state, std::int64_t account = 7) {
  bot_status s;
  s.bot = bot_id(bot);
  s.account = account_id(account);
  s.state = state;
  return s;
}

TEST(BotBoard, CountsByStateAndForgets) {
  bot_board board;
  board.set(status_of(1, bot_state::running));
  board.set(status_of(2, bot_state::running));
  board.set(status_of(2, bot_state::quarantined));
  EXPECT_EQ(board.counts(), (std::map<bot_state, std::int64_t>{{bot_state::running, 1}, {bot_state::quarantined, 1}}));
  board.remove(bot_id(1));
  EXPECT_FALSE(board.find(bot_id(1)));
  EXPECT_EQ(board.counts(), (std::map<bot_state, std::int64_t>{{bot_state::quarantined, 1}}));
}

TEST(BotBoard, AnAccountShowsTheBotThatNeedsAPersonMost) {
  bot_board board;
  board.set(status_of(1, bot_state::running));
  board.set(status_of(2, bot_state::quarantined));
  board.set(status_of(3, bot_state::degraded, 8));
  EXPECT_EQ(board.find(account_id(7))->bot, bot_id(2));
  EXPECT_EQ(board.find(account_id(8))->bot, bot_id(3));
  board.remove(bot_id(2));
  EXPECT_EQ(board.find(account_id(7))->bot, bot_id(1));
  board.remove(bot_id(1));
  EXPECT_FALSE(board.find(account_id(7)));
}

TEST(BotBoard, TellsItsListenerEachChange) {
  bot_board board;
  std::vector<bot_state> heard;
  board.on_change([&](const bot_status& s) { heard.push_back(s.state); });
  board.set(status_of(1, bot_state::starting));
  board.set(status_of(1, bot_state::running));
  EXPECT_EQ(heard, (std::vector{bot_state::starting, bot_state::running}));
}

TEST(BotState, EveryOneHasItsName) {
  EXPECT_EQ(to_string(bot_state::waiting_approval), "waiting_approval");
  EXPECT_EQ(to_string(bot_state::backing_off), "backing_off");
  EXPECT_EQ(to_string(bot_state::locked), "locked");
}

TEST(RestartPolicy, GivesUpWhenItCrashesMoreOftenThanAllowed) {
  const restart_limits limits{.intensity = 3, .period = milliseconds(60'000), .floor = milliseconds(1'000), .ceiling = milliseconds(10'000)};
  restart_policy policy(limits);
  seeded_random random(1);
  steady_time now{1s};
  for (int i = 0; i < 3; ++i) {
    auto wait = policy.after_crash(limits, now, random);
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, milliseconds(500));
    EXPECT_LE(*wait, milliseconds(10'000));
    now = now + 1s;
  }
  EXPECT_FALSE(policy.after_crash(limits, now, random));
  policy.forgive();
  EXPECT_TRUE(policy.after_crash(limits, now, random));
}

TEST(OrderCounters, RecentOnesAreForgottenAndTheSumIsNot) {
  test::manual_clock time;
  order_counters counters(time);
  counters.add({.accepted = 3, .refused = 1});
  EXPECT_EQ(error_ratio(counters.recent()), decimal::literal("0.25"));
  time.advance(order_counters::window / 2);
  counters.add({.accepted = 4});
  EXPECT_EQ(error_ratio(counters.recent()), decimal::literal("0.125"));
  time.advance(order_counters::window / 2 + 10s);
  EXPECT_EQ(counters.recent().accepted, 4u);
  EXPECT_EQ(counters.recent().refused, 0u);
  time.advance(order_counters::window);
  EXPECT_EQ(counters.recent().accepted, 0u);
  EXPECT_EQ(error_ratio(counters.recent()), decimal());
  EXPECT_EQ(counters.snapshot().accepted, 7u);
}

TEST(RestartPolicy, OldCrashesAreForgotten) {
  const restart_limits limits{.intensity = 1, .period = milliseconds(60'000), .floor = milliseconds(10), .ceiling = milliseconds(100)};
  restart_policy policy(limits);
  seeded_random random(1);
  steady_time now{1s};
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(policy.after_crash(limits, now, random)) << i;
    now = now + 61s;
  }
}

TEST(RestartPolicy, OutsideTroubleIsTriedForEver) {
  const restart_limits limits{.intensity = 1, .period = milliseconds(60'000), .floor = milliseconds(10), .ceiling = milliseconds(1000)};
  restart_policy policy(limits);
  seeded_random random(1);
  for (int i = 0; i < 100; ++i) EXPECT_LE(policy.after_trouble(limits, steady_time{1s}, random), milliseconds(1000));
  EXPECT_EQ(policy.restarts(), 100);
}

TEST(BotFailure, OnlyWhatAPersonMustChangeIsPermanent) {
  using kind = bot_failure::kind;
  EXPECT_EQ(to_bot_failure(exchanges::exchange_errc::bad_credentials).how, kind::permanent);
  EXPECT_EQ(to_bot_failure(journal_errc::fenced).how, kind::permanent);
  EXPECT_EQ(to_bot_failure(journal_errc::unavailable).how, kind::outside);
  EXPECT_EQ(to_bot_failure(exchanges::exchange_errc::maintenance).how, kind::outside);
  error limited(exchanges::exchange_errc::rate_limited);
  limited.retry_after = 7s;
  EXPECT_EQ(to_bot_failure(limited).retry_after, milliseconds(7000));
}

}  // namespace
}  // namespace drover::engine
