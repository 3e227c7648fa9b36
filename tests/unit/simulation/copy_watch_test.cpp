#include "simulation/copy_watch.hpp"

#include <gtest/gtest.h>

#include "simulation/run.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

/// A room with one follower who is in it, and a signal.
class CopyWatch : public ::testing::Test {
protected:
  CopyWatch() {
    watch.joined(bob, {.max_age = seconds(10), .max_slippage = decimal::literal("0.01")});
    signal.key = {bob.room, fill_id(7)};
    signal.symbol = bob.symbol;
    signal.price = decimal(100);
    signal.quantity = decimal(2);
    signal.at = signal.created_at = w.wall_now();
    watch.signal_booked(signal);
  }
  order_intent make_order(decimal price = decimal(101)) {
    order_intent made;
    made.id = make_uuid_v7(system_clock(), random);
    made.account = bob.account;
    made.bot = bob.bot;
    made.symbol = bob.symbol;
    made.price = price;
    made.quantity = decimal(1);
    made.tag = "signal:" + to_signal_id(signal.key);
    return made;
  }
  receipt make_receipt(const order_intent& order) {
    return {.key = signal.key,
            .account = bob.account,
            .member = bob.id,
            .outcome = signal_outcome::taken,
            .reason = {},
            .quantity = order.quantity,
            .order = order.id,
            .judged_at = {}};
  }

  world w{1};
  history past;
  oracle judge{w, past};
  seeded_random random{3};
  copy_watch watch{w, judge};
  member bob{.id = member_id(1), .room = room_id(4), .account = account_id(2), .bot = bot_id(9), .symbol = "BTC/USDT"};
  room_signal signal;
};

TEST_F(CopyWatch, IsContentWithOneOrderAndItsReceipt) {
  const auto order = make_order();
  watch.order_committed(1, order);
  EXPECT_TRUE(watch.find_unanswered().contains("has no receipt of account 2"));
  watch.receipts_committed({make_receipt(order)});
  EXPECT_EQ(watch.find_unanswered(), "");
  EXPECT_EQ(judge.failure(), "");
}

TEST_F(CopyWatch, SeesASecondOrder) {
  watch.order_committed(1, make_order());
  watch.order_committed(2, make_order());
  EXPECT_TRUE(judge.failure().contains("a second time")) << judge.failure();
}

TEST_F(CopyWatch, SeesAnOrderBeyondTheSlippageGuard) {
  watch.order_committed(1, make_order(decimal::literal("101.01")));
  EXPECT_TRUE(judge.failure().contains("the slippage guard ends at 101")) << judge.failure();
}

TEST_F(CopyWatch, SeesAnOrderForAStaleSignalUnlessTheClockIsWrong) {
  w.run_for(seconds(16));
  watch.clock_is_wrong(1);
  watch.order_committed(1, make_order());
  EXPECT_EQ(judge.failure(), "");
  signal.key.fill = fill_id(8);
  watch.signal_booked(signal);
  watch.order_committed(2, make_order());
  EXPECT_TRUE(judge.failure().contains("16 s old, the staleness guard is 10 s")) << judge.failure();
}

TEST_F(CopyWatch, SeesAnOrderAfterTheMembershipIsOver) {
  watch.ended(bob, w.now() + seconds(5));
  w.run_for(seconds(6));
  watch.order_committed(1, make_order());
  EXPECT_TRUE(judge.failure().contains("after the end of membership 1")) << judge.failure();
}

TEST_F(CopyWatch, SeesAReceiptWhoseOrderIsNotInTheJournal) {
  watch.receipts_committed({make_receipt(make_order())});
  EXPECT_TRUE(watch.find_unanswered().contains("which is not in the journal")) << watch.find_unanswered();
}

TEST_F(CopyWatch, SeesAnOrderWhoseReceiptSaysSkipped) {
  const auto order = make_order();
  watch.order_committed(1, order);
  auto wrong = make_receipt(order);
  wrong.outcome = signal_outcome::skipped;
  wrong.order = {};
  watch.receipts_committed({wrong});
  EXPECT_TRUE(watch.find_unanswered().contains("says skipped")) << watch.find_unanswered();
}

TEST(CopyRuns, FollowersHaveReceiptsOfEverySignal) {
  std::uint64_t signals = 0, receipts = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    run_options options{.seed = seed, .span = std::chrono::minutes(6), .preferred = *parse_bias("copy")};
    const auto verdict = run_simulation(options);
    EXPECT_EQ(verdict.failure, "") << "seed " << seed;
    signals += verdict.signals;
    receipts += verdict.receipts;
  }
  EXPECT_GT(signals, 10u);
  EXPECT_GT(receipts, signals);
}

}  // namespace
}  // namespace drover::simulation
