#include "engine/orders/entry_gate.hpp"

#include <gtest/gtest.h>

#include "tests/unit/engine/order_world.hpp"

namespace drover::engine::test {
namespace {

using kind = halt_scope::kind;

const order_owner someone{user_id(3), account_id(7), "paper", bot_id(11)};

TEST(EntryGate, CoversByBotAccountUserExchangeAndAll) {
  for (const auto& scope : {halt_scope{kind::bot, 11}, halt_scope{kind::account, 7}, halt_scope{kind::user, 3},
                            halt_scope{kind::exchange, 0, "paper"}, halt_scope{kind::all}}) {
    entry_gate gate;
    gate.close({"k", halt_verb::halt, scope, "because"});
    ASSERT_NE(gate.find(someone), nullptr) << describe(scope);
    EXPECT_EQ(gate.find(someone)->reason, "because");
    gate.open("k");
    EXPECT_EQ(gate.find(someone), nullptr);
  }
}

TEST(EntryGate, LeavesOthersAlone) {
  entry_gate gate;
  gate.close({"a", halt_verb::halt, {kind::bot, 7}, ""});
  gate.close({"b", halt_verb::halt, {kind::account, 11}, ""});
  gate.close({"c", halt_verb::halt, {kind::exchange, 0, "other"}, ""});
  EXPECT_EQ(gate.find(someone), nullptr);
}

TEST(EntryGate, TheStrictestHaltCountsAndEachIsReleasedByItself) {
  entry_gate gate;
  gate.close({"a", halt_verb::halt, {kind::all}, "locked"});
  gate.close({"b", halt_verb::flatten, {kind::user, 3}, "flat"});
  gate.close({"c", halt_verb::cancel, {kind::user, 3}, "cancelled"});
  EXPECT_EQ(gate.find(someone)->key, "b");
  gate.open("b");
  EXPECT_EQ(gate.find(someone)->key, "c");
  gate.open("c");
  EXPECT_EQ(gate.find(someone)->key, "a");
  EXPECT_EQ(gate.size(), 1u);
}

TEST(EntryGate, AKeyIsClosedOnce) {
  entry_gate gate;
  gate.close({"a", halt_verb::halt, {kind::all}, "old"});
  gate.close({"a", halt_verb::halt, {kind::bot, 11}, "new"});
  EXPECT_EQ(gate.size(), 1u);
  EXPECT_EQ(gate.find(someone)->reason, "new");
}

struct gated_world : order_world {
  void close() { gate.close({"lock", halt_verb::halt, {kind::all}, "trading is locked"}); }
};

TEST(GatedDesk, RefusesNewOrdersWithTheReasonWhileTheGateIsClosed) {
  gated_world w;
  ASSERT_TRUE(w.start());
  w.close();
  auto refused = w.desk->place(exchanges::side::buy, exchanges::order_type::limit, 100, 1, "slot");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "trading is locked");
  w.gate.open("lock");
  w.buy();
}

/// It used to leave up to send_limit later: the lock was looked at before the wait for the rate budget only.
TEST(GatedDesk, AnOrderThatWaitsForTheRateBudgetDoesNotLeaveAfterTheGateWasClosed) {
  gated_world w;
  ASSERT_TRUE(w.start());
  w.venue.queue_time = 2s;
  const auto id = w.buy();
  w.pass(1s);
  w.close();
  w.pass(30s);
  EXPECT_EQ(w.venue.requests, 0);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
  EXPECT_NE(w.stored(id).reason.find("trading is locked"), std::string::npos) << w.stored(id).reason;
  EXPECT_TRUE(w.desk->live_orders().empty());
}

TEST(GatedDesk, AnOrderWhoseIntentIsBeingStoredDoesNotLeaveAfterTheGateWasClosed) {
  gated_world w;
  ASSERT_TRUE(w.start());
  w.journal.latency = 1s;
  w.buy();
  w.pass(500ms);
  w.close();
  w.pass(30s);
  EXPECT_EQ(w.venue.requests, 0);
}

TEST(GatedDesk, ACancelledOrderThatWaitsForTheRateBudgetDoesNotLeave) {
  gated_world w;
  ASSERT_TRUE(w.start());
  w.venue.queue_time = 2s;
  const auto id = w.buy();
  w.pass(1s);
  w.desk->cancel(id);
  w.pass(30s);
  EXPECT_EQ(w.venue.requests, 0);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
}

TEST(GatedDesk, ClosingOrdersAndCancelsPassTheClosedGateInTheKillLane) {
  gated_world w;
  ASSERT_TRUE(w.start());
  const auto bought = w.buy(2);
  const auto resting = w.buy(1, 90);
  w.pass(1s);
  w.venue.fill(bought.to_hex(), 2);
  w.pass(1s);
  ASSERT_EQ(w.desk->position().quantity, decimal(2));
  w.close();
  w.venue.lanes.clear();
  ASSERT_TRUE(w.desk->place_closing(exchanges::side::sell, 98, 2, "flatten"));
  w.desk->cancel(resting, exchanges::lane::kill);
  w.pass(1s);
  EXPECT_EQ(w.venue.lanes, std::vector{exchanges::lane::kill});
  EXPECT_EQ(w.venue.cancel_lanes, std::vector{exchanges::lane::kill});
}

TEST(GatedDesk, AClosingOrderOnlyMakesThePositionSmaller) {
  gated_world w;
  ASSERT_TRUE(w.start());
  const auto bought = w.buy(2);
  w.pass(1s);
  w.venue.fill(bought.to_hex(), 2);
  w.pass(1s);
  EXPECT_FALSE(w.desk->place_closing(exchanges::side::sell, 98, decimal(3), "flatten"));
  EXPECT_FALSE(w.desk->place_closing(exchanges::side::buy, 102, 1, "flatten"));
  ASSERT_TRUE(w.desk->place_closing(exchanges::side::sell, 98, decimal(1), "flatten"));
  EXPECT_FALSE(w.desk->place_closing(exchanges::side::sell, 98, 2, "flatten")) << "one rests already";
}

/// The venue tells that an order is filled before its fills are known: what it sold must not be sold again.
TEST(GatedDesk, AClosingOrderLeavesOutWhatWasSoldUnseen) {
  gated_world w;
  ASSERT_TRUE(w.start());
  const auto bought = w.buy(2);
  w.pass(1s);
  w.venue.fill(bought.to_hex(), 2);
  w.pass(1s);
  const auto sold = w.desk->place(exchanges::side::sell, exchanges::order_type::limit, 110, 2, "slot");
  ASSERT_TRUE(sold);
  w.pass(1s);
  w.venue.copies = [] { return 0; };
  w.venue.fill(sold->to_hex(), 2);
  w.desk->handle(exchanges::order_event{w.venue.book.find(sold->to_hex())->order, std::nullopt});
  ASSERT_EQ(w.desk->position().quantity, decimal(2));
  EXPECT_FALSE(w.desk->place_closing(exchanges::side::sell, 98, 2, "flatten"));
}

TEST(GatedDesk, LimitsOfEntriesDoNotKeepAPositionFromBeingClosed) {
  gated_world w;
  ASSERT_TRUE(w.start());
  const auto bought = w.buy(2);
  w.pass(1s);
  w.venue.fill(bought.to_hex(), 2);
  w.pass(1s);
  w.config.limits.max_order_notional = decimal(10);
  ASSERT_TRUE(w.start());
  EXPECT_FALSE(w.desk->place(exchanges::side::sell, exchanges::order_type::limit, 100, 2, "slot"));
  EXPECT_TRUE(w.desk->place_closing(exchanges::side::sell, 98, 2, "flatten"));
}

}  // namespace
}  // namespace drover::engine::test
