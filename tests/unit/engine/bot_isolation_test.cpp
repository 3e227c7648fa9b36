#include <gtest/gtest.h>

#include "base/log.hpp"
#include "engine/bots/bot_instance.hpp"
#include "engine/bots/strategy_runner.hpp"
#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

const decimal throws_at_tick(666), hogs(667), floods(668), begs(669), pesters(670);

/// What one strategy of the kind "odd" does follows from the money in its account.
struct odd_control {
  test::manual_clock* clock = nullptr;
  int ticks = 0, made = 0, begged = 0;
  std::vector<decimal> asks;
};
odd_control control;

class odd_strategy final : public strategy {
 public:
  strategy_actions on_start(const strategy_context&) override { return {}; }
  strategy_actions on_tick(const strategy_context& ctx) override {
    const auto money = ctx.balances.empty() ? decimal() : ctx.balances.front().free;
    if (money == throws_at_tick) throw std::runtime_error("division by a mood");
    if (money == hogs) control.clock->advance(30ms);
    if (money == floods) return strategy_actions(300, place_order{});
    if (money == begs) return {place_order{.price = decimal(1), .quantity = decimal(++control.begged), .tag = "beg"}};
    if (money == pesters) return strategy_actions(250, place_order{.price = decimal(1), .quantity = decimal(1), .tag = "beg"});
    ++control.ticks;
    control.asks.push_back(ctx.ticker->ask_price);
    return {};
  }
  strategy_actions on_order(const strategy_context&, const live_order&) override { return {}; }
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view) override { return {}; }
  std::string save_state() const override { return "{}"; }
};

result<std::unique_ptr<strategy>> make_odd(const std::string&, const std::string&) {
  ++control.made;
  return std::make_unique<odd_strategy>();
}
result<std::string> odd_symbol(const std::string&) { return std::string("BTC/USDT"); }

const strategy_kind* find_odd(std::string_view) {
  static const strategy_kind kind{"odd", "for tests", "{}", make_odd, odd_symbol};
  return &kind;
}

class BotIsolation : public ::testing::Test {
 protected:
  BotIsolation() {
    control = {.clock = &w.clock, .ticks = 0, .made = 0, .begged = 0, .asks = {}};
    w.find_kind = find_odd;
  }
  account_id with_money(std::int64_t user, decimal money) {
    const auto id = w.connect_and_approve(user, "key-" + std::to_string(100'000 + user));
    w.venue().set_balance(w.label(id), "USDT", money);
    return id;
  }
  /// As many slow calls as end a bot, so far apart that its share of the thread allows them.
  void hog_until_quarantined() {
    for (int i = 0; i < strategy_runner::strike_limit; ++i) {
      if (i > 0) w.pass(5s);
      w.price(60'000 + i);
    }
  }
  bot_world w;
};

TEST_F(BotIsolation, AThrowingStrategyIsRestartedThenQuarantinedWhileItsNeighbourGoesOn) {
  const auto good = with_money(1, decimal(10));
  const auto bad = with_money(2, throws_at_tick);
  w.start();
  w.price(60'000);
  EXPECT_EQ(w.state(bad), bot_state::backing_off);
  EXPECT_NE(w.reason(bad).find("division by a mood"), std::string::npos);
  for (int i = 0; i < 600 && w.state(bad) != bot_state::quarantined; ++i) {
    w.pass(100ms);
    w.price(60'000 + i);
  }
  EXPECT_EQ(w.state(bad), bot_state::quarantined);
  EXPECT_EQ(w.board.find(bad)->restarts, w.config.restart_intensity);
  EXPECT_EQ(control.made, 1 + 1 + 1 + w.config.restart_intensity);  // the check of the parameters, the good one, the bad ones
  EXPECT_EQ(w.state(good), bot_state::running);
  const int before = control.ticks;
  w.price(61'000);
  EXPECT_EQ(control.ticks, before + 1);
}

TEST_F(BotIsolation, ANewNumberOfRestartsCountsWithoutOne) {
  const auto bad = with_money(2, throws_at_tick);
  w.start();
  auto fresh = w.config;
  fresh.restart_intensity = 1;
  w.manager->adopt(fresh);
  for (int i = 0; i < 600 && w.state(bad) != bot_state::quarantined; ++i) {
    w.pass(100ms);
    w.price(60'000 + i);
  }
  EXPECT_EQ(w.state(bad), bot_state::quarantined);
  EXPECT_EQ(w.board.find(bad)->restarts, 1);
  EXPECT_NE(w.reason(bad).find("more than 1 times"), std::string::npos) << w.reason(bad);
}

TEST_F(BotIsolation, AQuarantinedBotIsTriedOnceInAWhile) {
  const auto bad = with_money(1, hogs);
  w.start();
  hog_until_quarantined();
  ASSERT_EQ(w.state(bad), bot_state::quarantined);
  EXPECT_NE(w.reason(bad).find("one trial in"), std::string::npos) << w.reason(bad);
  w.pass(w.config.quarantine_probe_interval - 1min);
  EXPECT_EQ(w.state(bad), bot_state::quarantined);
  w.pass(w.config.quarantine_probe_interval / 5);
  EXPECT_EQ(w.state(bad), bot_state::running);
}

TEST_F(BotIsolation, ATrialThatGoesWrongEndsAtTheFirstFailure) {
  const auto bad = with_money(1, hogs);
  w.start();
  hog_until_quarantined();
  w.pass(w.config.quarantine_probe_interval);
  for (int i = 0; i < 600 && w.state(bad) == bot_state::quarantined; ++i) w.pass(1s);
  ASSERT_EQ(w.state(bad), bot_state::running);
  w.venue().emit(w.label(bad), exchanges::balance_event{{{.asset = "USDT", .free = throws_at_tick, .locked = {}}}});
  w.price(61'000);
  EXPECT_EQ(w.state(bad), bot_state::quarantined);
  EXPECT_NE(w.reason(bad).find("trial after its quarantine went wrong"), std::string::npos) << w.reason(bad);
  EXPECT_NE(w.reason(bad).find("division by a mood"), std::string::npos) << w.reason(bad);
}

TEST_F(BotIsolation, ATrialThatGoesWellClosesTheMatter) {
  const auto bad = with_money(1, hogs);
  w.start();
  hog_until_quarantined();
  w.venue().set_balance(w.label(bad), "USDT", decimal(10));
  w.pass(w.config.quarantine_probe_interval * 6 / 5 + w.config.restart_period);
  w.venue().emit(w.label(bad), exchanges::balance_event{{{.asset = "USDT", .free = throws_at_tick, .locked = {}}}});
  w.price(61'000);
  EXPECT_EQ(w.state(bad), bot_state::backing_off) << "an ordinary failure again: " << w.reason(bad);
}

TEST_F(BotIsolation, NobodyIsTriedWhereTrialsAreOff) {
  w.config.quarantine_probe_interval = 0ms;
  const auto bad = with_money(1, hogs);
  w.start();
  hog_until_quarantined();
  w.pass(48h);
  EXPECT_EQ(w.state(bad), bot_state::quarantined);
}

TEST_F(BotIsolation, AHogIsQuarantinedWithItsTimes) {
  const auto hog = with_money(1, hogs);
  const auto good = with_money(2, decimal(10));
  w.start();
  hog_until_quarantined();
  EXPECT_EQ(w.state(hog), bot_state::quarantined);
  EXPECT_NE(w.reason(hog).find("20 ms"), std::string::npos) << w.reason(hog);
  EXPECT_EQ(w.state(good), bot_state::running);
}

TEST_F(BotIsolation, TooManyActionsOfOneCallAreAFault) {
  const auto id = with_money(1, floods);
  w.start();
  w.price(60'000);
  EXPECT_EQ(w.state(id), bot_state::backing_off);
  EXPECT_EQ(w.venue().account(w.label(id)).placed, 0);
}

TEST_F(BotIsolation, RefusalsThatDifferEachTimeDoNotFillTheLog) {
  with_money(1, begs);
  w.start();
  log_capture lines;
  for (int i = 0; i < 100; ++i) {
    w.price(60'000 + i);
    w.pass(100ms);
  }
  const auto text = lines.text();
  std::size_t count = 0;
  for (auto at = text.find("an order was not placed"); at != std::string::npos; at = text.find("an order was not placed", at + 1)) ++count;
  EXPECT_EQ(control.begged, 100);
  EXPECT_EQ(count, 1u);
}

TEST_F(BotIsolation, EndlessRefusalsQuarantineABot) {
  const auto id = with_money(1, pesters);
  w.start();
  int ticks = 0;
  while (w.state(id) == bot_state::running && ticks < 10) {
    w.price(60'000 + ++ticks);
    w.pass(100ms);
  }
  EXPECT_EQ(w.state(id), bot_state::quarantined);
  EXPECT_EQ(ticks, 1 + bot_instance::refusal_limit / 250);
  EXPECT_NE(w.reason(id).find("asks for what it cannot have"), std::string::npos) << w.reason(id);
}

TEST_F(BotIsolation, AFloodOfTickersIsConflatedToTheLatest) {
  with_money(1, decimal(10));
  w.start();
  for (int i = 0; i < 10'000; ++i) w.venue().set_price(60'000 + i);
  w.settle();
  EXPECT_EQ(control.ticks, 1);
  EXPECT_EQ(control.asks.back(), decimal(69'999) + "0.01"_dec);
}

TEST_F(BotIsolation, AFloodOfEventsQuarantinesOnlyItsBot) {
  const auto flooded = with_money(1, decimal(10));
  const auto good = with_money(2, decimal(10));
  w.start();
  exchanges::order foreign;
  foreign.symbol = "BTC/USDT";
  foreign.client_order_id = "not ours";
  for (int i = 0; i < 10'000; ++i) w.venue().emit(w.label(flooded), exchanges::order_event{foreign, std::nullopt});
  w.settle();
  EXPECT_EQ(w.state(flooded), bot_state::quarantined);
  EXPECT_EQ(w.state(good), bot_state::running);
}

TEST_F(BotIsolation, ALostStreamShowsAsDegradedUntilItIsBack) {
  const auto id = with_money(1, decimal(10));
  w.start();
  w.venue().emit(w.label(id), exchanges::stream_lost{"reset by peer"});
  w.settle();
  EXPECT_EQ(w.state(id), bot_state::degraded);
  EXPECT_NE(w.reason(id).find("reset by peer"), std::string::npos);
  w.venue().emit(w.label(id), exchanges::stream_opened{});
  w.settle();
  EXPECT_EQ(w.state(id), bot_state::running);
}

}  // namespace
}  // namespace drover::engine
