#include <gtest/gtest.h>

#include <utility>

#include "tests/support/bot_world.hpp"
#include "tests/unit/engine/order_fakes.hpp"

namespace drover::engine {
namespace {

constexpr auto eth = "ETH/USDT";

/// A bot that follows signals over a journal whose statements may fail.
class FollowedSignals : public ::testing::Test {
 protected:
  FollowedSignals() {
    w.venue().list("ETH");
    const auto account = w.connect_and_approve(1, "key-one-1111");
    w.journal = std::make_unique<test::weak_journal>(*inner, w.timers);
    w.on_verdict = [this](bot_id, const signal_verdict&, const uuid& order) { orders.push_back(order); };
    w.start();
    new_bot fresh{.user = user_id(1), .account = account, .name = "follower", .strategy = "signal_following",
                  .parameters = R"({"symbol":"ETH/USDT","sizing":"fixed","order_notional":"60"})", .symbol = eth,
                  .desired = desired_state::running};
    follower = drover::test::run(w.io, w.bots->create(std::move(fresh), 100)).value().id;
    w.tell(account);
    w.pass(1s);
    w.venue().set_price(3'000, eth);
    w.settle();
  }
  ~FollowedSignals() override {
    w.drain();
    w.journal.reset();
  }
  void send() {
    EXPECT_TRUE(w.manager->deliver_signal(follower, {.id = "1.7", .source = "room:1", .side = exchanges::side::buy, .quantity = decimal(1),
                                                     .price = decimal(3'000), .sender_equity = {}, .at = w.clock.wall_now()}));
    w.settle();
  }

  test::weak_journal& weak() { return static_cast<test::weak_journal&>(*w.journal); }

  drover::test::bot_world w;
  std::unique_ptr<order_journal> inner = make_memory_order_journal(w.clock);
  bot_id follower;
  std::vector<uuid> orders;
};

TEST_F(FollowedSignals, AreToldAsTakenAgainOnceTheOrderIsInTheJournal) {
  send();
  ASSERT_EQ(w.verdicts.size(), 1u);
  EXPECT_EQ(w.verdicts[0].second.outcome, signal_outcome::taken);
  w.pass(1s);
  ASSERT_EQ(w.verdicts.size(), 2u);
  EXPECT_EQ(w.verdicts[1].second.outcome, signal_outcome::taken);
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_TRUE(drover::test::run(w.io, inner->find(orders[0])).value());
}

TEST_F(FollowedSignals, WhoseOrderCouldNotBeStoredAreSkippedAfterAll) {
  bool failed = false;
  weak().draw = [&failed] {
    return std::exchange(failed, true) ? test::weak_journal::weakness::none : test::weak_journal::weakness::away;
  };
  send();
  w.pass(1s);
  ASSERT_EQ(w.verdicts.size(), 2u);
  EXPECT_EQ(w.verdicts[1].second.outcome, signal_outcome::skipped);
  EXPECT_TRUE(w.verdicts[1].second.reason.starts_with("its order was not placed: the intent could not be stored")) << w.verdicts[1].second.reason;
  EXPECT_EQ(orders[1], uuid());
}

TEST_F(FollowedSignals, ThatComeAgainMeanwhileHaveOneVerdict) {
  weak().latency = 5s;
  send();
  send();
  ASSERT_EQ(w.verdicts.size(), 1u);
  EXPECT_EQ(w.verdicts[0].second.outcome, signal_outcome::taken);
}

}  // namespace
}  // namespace drover::engine
