#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/bot_world.hpp"

namespace drover::engine {
namespace {

using test::bot_world;

constexpr auto eth = "ETH/USDT";

/// One account with its default bot on BTC/USDT.
class AccountBots : public ::testing::Test {
 protected:
  AccountBots() : account(w.connect_and_approve(1, "key-one-1111")), label(w.label(account)) { w.venue().list("ETH"); }

  std::size_t open_on(const std::string& symbol) {
    const auto open = w.venue().open_orders(label);
    return static_cast<std::size_t>(std::ranges::count(open, symbol, &exchanges::order::symbol));
  }
  std::size_t living_streams() {
    return static_cast<std::size_t>(
        std::ranges::count_if(w.venue().account(label).streams, [](const auto& stream) { return !stream.expired(); }));
  }
  decimal held(const std::string& symbol) { return test::run(w.io, w.journal->load_position(account, symbol))->quantity; }
  bot row(bot_id id) { return test::run(w.io, w.bots->get(user_id(1), id)).value(); }
  void quote(std::int64_t mid, const std::string& symbol) {
    w.venue().set_price(mid, symbol);
    w.settle();
  }

  bot_world w;
  account_id account;
  std::string label;
};

TEST_F(AccountBots, ShareOneStreamAndOneLease) {
  w.start();
  const auto second = w.add_bot(account, eth);
  w.settle();
  EXPECT_EQ(w.state(w.bot_of(account)), bot_state::running);
  EXPECT_EQ(w.state(second), bot_state::running);
  EXPECT_EQ(living_streams(), 1u);
  w.price(60'000);
  quote(3'000, eth);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
  EXPECT_EQ(open_on(eth), 3u);
  quote(2'980, eth);
  w.pass(1s);
  EXPECT_TRUE(held(eth).is_positive());
  EXPECT_TRUE(held("BTC/USDT").is_zero());
  EXPECT_EQ(*test::run(w.io, w.journal->acquire_lease(account, "somebody else")), 2);
}

TEST_F(AccountBots, OneThatJoinsLaterHearsOfTheOpenStreamAndTrades) {
  w.start();
  w.price(60'000);
  const auto second = w.add_bot(account, eth);
  w.settle();
  quote(3'000, eth);
  EXPECT_EQ(w.state(second), bot_state::running);
  EXPECT_EQ(open_on(eth), 3u);
  EXPECT_EQ(living_streams(), 1u);
  EXPECT_EQ(*test::run(w.io, w.journal->acquire_lease(account, "somebody else")), 2);
}

TEST_F(AccountBots, QuarantineOfOneLeavesTheOther) {
  w.start();
  const auto flooded = w.add_bot(account, eth);
  w.settle();
  exchanges::order foreign;
  foreign.symbol = eth;
  foreign.client_order_id = "not ours";
  for (int i = 0; i < 10'000; ++i) w.venue().emit(label, exchanges::order_event{foreign, std::nullopt});
  w.settle();
  EXPECT_EQ(w.state(flooded), bot_state::quarantined);
  EXPECT_EQ(w.state(w.bot_of(account)), bot_state::running);
  EXPECT_EQ(w.state(account), bot_state::quarantined);
  w.price(60'000);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
}

TEST_F(AccountBots, AKeyThatMayWithdrawStopsAllOfThem) {
  w.start();
  const auto second = w.add_bot(account, eth);
  w.settle();
  w.venue().rights.withdraw = exchanges::tristate::yes;
  EXPECT_TRUE(w.manager->probe(account));
  w.pass(1s);
  for (const auto id : {w.bot_of(account), second}) {
    EXPECT_EQ(w.state(id), bot_state::quarantined);
    EXPECT_NE(w.reason(id).find("may withdraw"), std::string::npos);
  }
  EXPECT_EQ(living_streams(), 0u);
}

TEST_F(AccountBots, SwitchingTheAccountOffEndsAllOfThem) {
  w.start();
  w.add_bot(account, eth);
  w.settle();
  w.price(60'000);
  quote(3'000, eth);
  w.switch_active(1, account, false);
  w.pass(1s);
  EXPECT_EQ(w.manager->size(), 0u);
  EXPECT_EQ(w.open_orders(account), 0u);
  EXPECT_EQ(living_streams(), 0u);
  w.switch_active(1, account, true);
  w.pass(1s);
  EXPECT_EQ(w.manager->size(), 2u);
}

TEST_F(AccountBots, APausedOneKeepsItsOrdersFollowsTheirFillsAndPlacesNone) {
  w.start();
  w.price(60'000);
  const auto id = w.bot_of(account);
  w.want(id, desired_state::paused);
  EXPECT_EQ(w.state(id), bot_state::paused);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
  const int placed = w.venue().account(label).placed;
  w.price(59'600);
  w.pass(1s);
  EXPECT_EQ(open_on("BTC/USDT"), 2u);
  EXPECT_TRUE(held("BTC/USDT").is_positive());
  EXPECT_EQ(w.venue().account(label).placed, placed);
  w.want(id, desired_state::running);
  EXPECT_EQ(w.state(id), bot_state::running);
  for (int i = 0; i < 40; ++i) w.price(59'600 + i % 2);
  w.pass(1s);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
}

TEST_F(AccountBots, OneThatIsPausedStaysSoAcrossARestart) {
  w.start();
  w.price(60'000);
  const auto id = w.bot_of(account);
  w.want(id, desired_state::paused);
  w.drain();
  const int placed = w.venue().account(label).placed;
  w.start();
  w.price(59'600);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::paused);
  EXPECT_EQ(w.venue().account(label).placed, placed);
}

TEST_F(AccountBots, AStoppedOneLeavesItsOrdersByTheContractResume) {
  w.start();
  w.price(60'000);
  const auto id = w.bot_of(account);
  w.want(id, desired_state::stopped);
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
  EXPECT_TRUE(row(id).at_rest);
  w.price(59'600);
  const int placed = w.venue().account(label).placed;
  w.want(id, desired_state::running);
  w.price(59'600);
  w.pass(1s);
  EXPECT_TRUE(held("BTC/USDT").is_positive());
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
  EXPECT_EQ(w.venue().account(label).placed, placed + 1);
}

TEST_F(AccountBots, AStoppedOneCancelsByTheContractCancelAndWait) {
  w.start();
  const auto id = w.add_bot(account, eth, "grid", "", resume_contract::cancel_and_wait);
  w.settle();
  w.price(60'000);
  quote(3'000, eth);
  ASSERT_EQ(open_on(eth), 3u);
  w.want(id, desired_state::stopped);
  w.pass(1s);
  EXPECT_EQ(open_on(eth), 0u);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
  EXPECT_TRUE(row(id).at_rest);
}

TEST_F(AccountBots, AStoppedOneSellsWhatItHoldsByTheContractFlatten) {
  w.start();
  const auto id = w.add_bot(account, eth, "grid", "", resume_contract::flatten);
  w.settle();
  quote(3'000, eth);
  quote(2'980, eth);
  w.pass(1s);
  ASSERT_TRUE(held(eth).is_positive());
  w.want(id, desired_state::stopped);
  w.pass(5s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(open_on(eth), 0u);
  EXPECT_LT(held(eth), "0.00001"_dec);
  EXPECT_TRUE(row(id).at_rest);
  EXPECT_EQ(row(id).reason, "");
  const auto& sold = w.venue().account(label).fills.back();
  EXPECT_EQ(sold.side, exchanges::side::sell);
  EXPECT_GE(sold.price, "2979.99"_dec * "0.98"_dec);
}

TEST_F(AccountBots, AContractIsCarriedOutAfterACrashInBetween) {
  w.start();
  const auto id = w.add_bot(account, eth, "grid", "", resume_contract::flatten);
  w.settle();
  quote(3'000, eth);
  quote(2'980, eth);
  w.pass(1s);
  ASSERT_TRUE(held(eth).is_positive());
  w.drain();
  w.want(id, desired_state::stopped);
  EXPECT_FALSE(row(id).at_rest);
  w.start();
  w.pass(10s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(open_on(eth), 0u);
  EXPECT_LT(held(eth), "0.00001"_dec);
  EXPECT_TRUE(row(id).at_rest);
}

TEST_F(AccountBots, RestartWithNewParametersKeepingWhatTheyRemember) {
  w.start();
  w.price(60'000);
  w.price(59'600);
  w.pass(1s);
  ASSERT_TRUE(held("BTC/USDT").is_positive());
  const auto id = w.bot_of(account);
  w.clock.advance(1ms);
  bot_patch patch{.name = {}, .parameters = R"({"levels":2,"spacing":"0.01","order_notional":"60"})", .resume = {}};
  ASSERT_TRUE(test::run(w.io, w.bots->update(user_id(1), id, std::move(patch))));
  w.tell(account);
  w.pass(1s);
  w.price(59'600);
  w.pass(1s);
  EXPECT_EQ(w.state(id), bot_state::running);
  EXPECT_TRUE(held("BTC/USDT").is_positive());
  w.price(60'400);
  w.pass(1s);
  EXPECT_FALSE(w.earned.empty());
}

TEST_F(AccountBots, EachKeepsItsStateAcrossARestart) {
  w.start();
  const auto second = w.add_bot(account, eth);
  w.settle();
  w.price(60'000);
  quote(3'000, eth);
  w.price(59'600);
  quote(2'980, eth);
  w.pass(1s);
  const int placed = w.venue().account(label).placed;
  const auto first_state = test::run(w.io, w.journal->load_strategy_state(w.bot_of(account))).value();
  const auto second_state = test::run(w.io, w.journal->load_strategy_state(second)).value();
  EXPECT_NE(first_state, second_state);
  w.drain();
  w.start();
  w.price(59'600);
  quote(2'980, eth);
  w.pass(1s);
  EXPECT_EQ(w.venue().account(label).placed, placed);
  EXPECT_EQ(test::run(w.io, w.journal->load_strategy_state(second)).value(), second_state);
}

TEST_F(AccountBots, ASuccessorOnTheMarketWaitsUntilThePredecessorHasLeft) {
  w.start();
  w.price(60'000);
  const auto first = w.bot_of(account);
  w.clock.advance(1ms);
  ASSERT_TRUE(test::run(w.io, w.bots->set_desired(user_id(1), first, desired_state::stopped)));
  const auto second = w.add_bot(account, "BTC/USDT");
  w.pass(2s);
  EXPECT_FALSE(w.board.find(first));
  EXPECT_EQ(w.state(second), bot_state::running);
  w.price(60'000);
  w.pass(1s);
  EXPECT_EQ(open_on("BTC/USDT"), 3u);
}

TEST_F(AccountBots, ASignalIsAnsweredWithAVerdict) {
  w.start();
  const auto id = w.bot_of(account);
  trade_signal signal;
  signal.id = "s1";
  EXPECT_TRUE(w.manager->deliver_signal(id, signal));
  w.settle();
  ASSERT_EQ(w.verdicts.size(), 1u);
  EXPECT_EQ(w.verdicts[0].first, id);
  EXPECT_EQ(w.verdicts[0].second.signal_id, "s1");
  EXPECT_EQ(w.verdicts[0].second.outcome, signal_outcome::skipped);
  w.want(id, desired_state::paused);
  signal.id = "s2";
  EXPECT_TRUE(w.manager->deliver_signal(id, signal));
  w.settle();
  EXPECT_EQ(w.verdicts.at(1).second.reason, "the bot is paused");
  EXPECT_FALSE(w.manager->deliver_signal(bot_id(999), signal));
}

/// Has done its work at the first ticker.
class short_strategy final : public strategy {
 public:
  strategy_actions on_start(const strategy_context&) override { return {}; }
  strategy_actions on_tick(const strategy_context&) override { return {finish_bot{"all of it was bought"}}; }
  strategy_actions on_order(const strategy_context&, const live_order&) override { return {}; }
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view) override { return {}; }
  std::string save_state() const override { return "{}"; }
};
const strategy_kind* find_short(std::string_view) {
  static const strategy_kind kind{
      "short", "for tests", "{}",
      [](const std::string&, const std::string&) -> result<std::unique_ptr<strategy>> { return std::make_unique<short_strategy>(); },
      [](const std::string&) -> result<std::string> { return std::string("BTC/USDT"); }};
  return &kind;
}

TEST_F(AccountBots, OneThatHasFinishedIsStoppedWithItsReasonUntilSomebodyStartsIt) {
  w.find_kind = find_short;
  w.start();
  const auto id = w.bot_of(account);
  ASSERT_EQ(w.state(id), bot_state::running);
  w.price(60'000);
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
  EXPECT_EQ(row(id).desired, desired_state::stopped);
  EXPECT_NE(row(id).reason.find("all of it was bought"), std::string::npos);
  w.manager->reload();
  w.pass(1s);
  EXPECT_FALSE(w.board.find(id));
  w.want(id, desired_state::running);
  w.settle();
  w.pass(100ms);
  EXPECT_EQ(row(id).desired, desired_state::stopped) << "the ticker is known already, so it finishes again";
}

TEST(NoDefaultBot, AccountsGetNoneWhereNoStrategyIsConfigured) {
  auto config = bot_world::fast_config();
  config.strategy.clear();
  bot_world w(config);
  const auto account = w.connect_and_approve(1, "key-one-1111");
  w.start();
  EXPECT_EQ(w.manager->size(), 0u);
  EXPECT_TRUE(w.manager->first_load_done());
  const auto id = w.add_bot(account, "BTC/USDT");
  w.settle();
  EXPECT_EQ(w.state(id), bot_state::running);
}

class AtShutdown : public ::testing::TestWithParam<shutdown_orders> {};

INSTANTIATE_TEST_SUITE_P(AccountBots, AtShutdown, ::testing::Values(shutdown_orders::leave, shutdown_orders::cancel, shutdown_orders::by_contract));

TEST_P(AtShutdown, OrdersRestOrAreCancelledAsConfigured) {
  auto config = bot_world::fast_config();
  config.at_shutdown = GetParam();
  bot_world w(config);
  w.venue().list("ETH");
  const auto account = w.connect_and_approve(1, "key-one-1111");
  w.add_bot(account, "BTC/USDT");
  w.add_bot(account, "ETH/USDT", "grid", "", resume_contract::cancel_and_wait);
  w.start();
  w.price(60'000);
  w.venue().set_price(60'000, "ETH/USDT");
  w.settle();
  ASSERT_EQ(w.open_orders(account), 6u);
  w.drain();
  const std::size_t left = GetParam() == shutdown_orders::leave ? 6 : GetParam() == shutdown_orders::by_contract ? 3 : 0;
  EXPECT_EQ(w.open_orders(account), left);
  w.start();
  w.price(60'000);
  w.venue().set_price(60'000, "ETH/USDT");
  w.pass(1s);
  EXPECT_EQ(w.open_orders(account), 6u) << "the next start takes up where this one ended";
}

}  // namespace
}  // namespace drover::engine
