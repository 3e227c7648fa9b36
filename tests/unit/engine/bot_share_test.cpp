#include <gtest/gtest.h>

#include "engine/bots/thread_share.hpp"
#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

/// Just under callback_budget (20 ms), so that no call by itself is too long.
constexpr milliseconds long_call = 19ms;
constexpr milliseconds tick_interval = 100ms;
/// Of a timer that its first tick sets; it is slowed by then.
constexpr milliseconds timer_delay = 1'000ms;

/// Bots whose money is this take long_call at every tick.
const decimal sips(671);

struct sipper_control {
  test::manual_clock* clock = nullptr;
  int greedy_ticks = 0, modest_ticks = 0, orders_heard = 0, fills_heard = 0, timers_heard = 0;
  decimal last_ask;
};
sipper_control control;

class sipper final : public strategy {
public:
  strategy_actions on_start(const strategy_context&) override { return {}; }
  strategy_actions on_tick(const strategy_context& ctx) override {
    if (ctx.balances.empty() || ctx.balances.front().free + ctx.balances.front().locked != sips) {
      ++control.modest_ticks;
      return {};
    }
    control.last_ask = ctx.ticker->ask_price;
    if (++control.greedy_ticks == 1)
      return {place_order{.price = decimal(50'000), .quantity = "0.001"_dec, .tag = "first"},
              place_order{.price = decimal(40'000), .quantity = "0.001"_dec, .tag = "second"},
              set_timer{ctx.now + timer_delay}};
    control.clock->advance(long_call);
    return {};
  }
  strategy_actions on_timer(const strategy_context&) override {
    ++control.timers_heard;
    return {};
  }
  strategy_actions on_order(const strategy_context&, const live_order&) override {
    ++control.orders_heard;
    return {};
  }
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view) override {
    ++control.fills_heard;
    return {};
  }
  std::string save_state() const override { return "{}"; }
};

const strategy_kind* find_sipper(std::string_view) {
  static const strategy_kind kind{"sipper", "for tests", "{}",
                                  [](const std::string&, const std::string&) -> result<std::unique_ptr<strategy>> {
                                    return std::make_unique<sipper>();
                                  },
                                  [](const std::string&) -> result<std::string> { return "BTC/USDT"; }};
  return &kind;
}

class BotShare : public ::testing::Test {
protected:
  BotShare() {
    control = {.clock = &w.clock};
    w.find_kind = find_sipper;
  }
  account_id with_money(std::int64_t user, decimal money) {
    const auto id = w.connect_and_approve(user, "key-" + std::to_string(100'000 + user));
    w.venue().set_balance(w.label(id), "USDT", money);
    return id;
  }
  /// So many ticks, ten a second.
  void tick(int count) {
    for (int i = 0; i < count; ++i) {
      w.price(60'000 + ++prices_);
      w.pass(tick_interval);
    }
  }
  bool is_slowed(account_id id) const { return w.reason(id).find("its ticks are delayed") != std::string::npos; }
  void slow_down(account_id id) {
    for (int i = 0; i < 100 && !is_slowed(id); ++i) tick(1);
    ASSERT_TRUE(is_slowed(id)) << w.reason(id);
    ASSERT_EQ(w.state(id), bot_state::running);
  }
  bot_world w;
  int prices_ = 0;
};

TEST_F(BotShare, ABotJustUnderTheBudgetOfACallIsSlowedThenQuarantinedWithin10Seconds) {
  const auto greedy = with_money(1, sips);
  w.start();
  const auto began = w.clock.now();
  slow_down(greedy);
  EXPECT_LT(w.clock.now() - began, 1s);
  while (w.state(greedy) == bot_state::running && w.clock.now() - began < 60s) tick(1);
  EXPECT_EQ(w.state(greedy), bot_state::quarantined);
  EXPECT_LT(w.clock.now() - began, 10s);
  EXPECT_NE(w.reason(greedy).find("too much of the trading thread: for 8 s it wanted more than 1 %"), std::string::npos)
      << w.reason(greedy);
}

TEST_F(BotShare, ANeighbourOfASlowedBotHearsEveryTick) {
  const auto greedy = with_money(1, sips);
  const auto modest = with_money(2, decimal(10));
  w.start();
  const int before = control.modest_ticks;
  slow_down(greedy);
  const int greedy_before = control.greedy_ticks;
  tick(50);
  EXPECT_EQ(control.modest_ticks - before, prices_);
  EXPECT_LE(control.greedy_ticks - greedy_before, 3);
  EXPECT_EQ(w.state(modest), bot_state::running);
  EXPECT_FALSE(is_slowed(modest));
}

TEST_F(BotShare, ASlowedBotSeesTheLatestPriceWhenItIsItsTurn) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  const int before = control.greedy_ticks;
  decimal latest;
  for (int i = 0; i < 50 && control.greedy_ticks == before; ++i) {
    latest = decimal(60'000 + prices_ + 1) + "0.01"_dec;
    tick(1);
  }
  EXPECT_EQ(control.greedy_ticks, before + 1);
  EXPECT_EQ(control.last_ask, latest);
}

TEST_F(BotShare, ASlowedBotHearsOfItsOrdersAtOnce) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  ASSERT_EQ(w.open_orders(greedy), 2u);
  const int fills = control.fills_heard, orders = control.orders_heard, ticks = control.greedy_ticks;
  w.price(49'000);
  EXPECT_EQ(control.fills_heard, fills + 1);
  EXPECT_GT(control.orders_heard, orders);
  EXPECT_EQ(control.greedy_ticks, ticks) << "its tick waits";
}

TEST_F(BotShare, ATimerOfASlowedBotWaitsAndComesWithoutATick) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  w.pass(timer_delay);
  EXPECT_EQ(control.timers_heard, 0);
  w.pass(3s);
  EXPECT_EQ(control.timers_heard, 1);
}

TEST_F(BotShare, AKillCancelsTheOrdersOfASlowedBot) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  ASSERT_EQ(w.open_orders(greedy), 2u);
  w.gate.close({"kill", halt_verb::cancel, {halt_scope::kind::all}, "killed"});
  w.manager->heed_gate();
  w.settle();
  EXPECT_EQ(w.open_orders(greedy), 0u);
  EXPECT_EQ(w.state(greedy), bot_state::locked);
}

TEST_F(BotShare, AStopByItsContractCancelsTheOrdersOfASlowedBot) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  w.switch_active(1, greedy, false);
  w.settle();
  EXPECT_EQ(w.open_orders(greedy), 0u);
}

TEST_F(BotShare, ABotThatRestsIsNotSlowedAnyMore) {
  const auto greedy = with_money(1, sips);
  w.start();
  slow_down(greedy);
  w.venue().emit(w.label(greedy), exchanges::balance_event{{{.asset = "USDT", .free = decimal(10), .locked = {}}}});
  w.pass(thread_share::patience);
  EXPECT_EQ(w.state(greedy), bot_state::running);
  EXPECT_EQ(w.reason(greedy), "Trading");
  const int before = control.modest_ticks;
  tick(10);
  EXPECT_EQ(control.modest_ticks, before + 10);
}

TEST_F(BotShare, ALargerShareIsAllowed) {
  w.config.thread_share_percent = 50;
  const auto greedy = with_money(1, sips);
  w.start();
  tick(300);
  EXPECT_EQ(w.state(greedy), bot_state::running);
  EXPECT_EQ(control.greedy_ticks, 300);
}

}  // namespace
}  // namespace drover::engine
