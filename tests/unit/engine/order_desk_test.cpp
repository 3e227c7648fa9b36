#include <gtest/gtest.h>
#include <malloc.h>

#include "base/log.hpp"
#include "tests/unit/engine/order_world.hpp"

namespace drover::engine::test {
namespace {

class OrderDesk : public ::testing::Test {
 protected:
  log_capture quiet;
  order_world w;
  void SetUp() override { ASSERT_TRUE(w.start(true)); }
  nanoseconds longest() const {
    return w.config.send_limit + w.config.validity_window + w.config.skew_bound + w.config.venue_processing_bound + w.config.visibility_delay;
  }
};

TEST_F(OrderDesk, StoresTheIntentBeforeItSends) {
  w.journal.latency = 100ms;
  const auto id = w.buy();
  w.pass(50ms);
  EXPECT_EQ(w.venue.requests, 0);
  w.pass(100ms);
  EXPECT_EQ(w.stored(id).state, intent_state::intended);
  EXPECT_EQ(w.venue.requests, 0);
  w.pass(300ms);
  EXPECT_EQ(w.venue.requests, 1);
}

TEST_F(OrderDesk, SendsNothingWhenTheJournalIsAway) {
  w.journal.away = true;
  w.buy();
  w.pass(1min);
  EXPECT_EQ(w.venue.requests, 0);
  EXPECT_TRUE(w.desk->live_orders().empty());
  EXPECT_EQ(w.heard.count(intent_state::not_placed), 1);
}

TEST_F(OrderDesk, AcceptsFillsAndClosesInOrder) {
  const auto id = w.buy();
  w.pass(100ms);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
  w.venue.fill(id.to_hex(), "0.4"_dec);
  w.pass(100ms);
  ASSERT_EQ(w.desk->live_orders().size(), 1u);
  EXPECT_EQ(w.desk->live_orders()[0].filled_quantity, "0.4"_dec);
  w.venue.fill(id.to_hex(), "0.6"_dec);
  w.pass(100ms);
  EXPECT_TRUE(w.desk->live_orders().empty());
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.heard.fills.size(), 2u);
  EXPECT_EQ(w.desk->position().quantity, decimal(1));
  EXPECT_EQ(w.heard.changes.back().first.state, intent_state::closed);
}

TEST_F(OrderDesk, TakesTheStreamBeforeTheAnswer) {
  w.venue.next = fate::filled_first;
  const auto id = w.buy();
  w.pass(1s);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.heard.count(intent_state::closed), 1);
}

TEST_F(OrderDesk, AsksWhatBecameOfAnOrderThatWasOnlyTakenIn) {
  w.venue.ids_only = true;
  w.venue.copies = [] { return 0; };
  w.venue.next = fate::filled_first;
  const auto id = w.buy();
  w.pass(200ms);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
  EXPECT_TRUE(w.heard.fills.empty());
  const int before = w.venue.lookups;
  w.pass(5s);
  EXPECT_GT(w.venue.lookups, before);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.heard.fills.size(), 1u);
}

TEST_F(OrderDesk, DoesNotAskWhatTheStreamHasTold) {
  w.venue.ids_only = true;
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.fill(id.to_hex(), 1);
  w.pass(3s);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.venue.lookups, 1) << "only the list of open orders at the start";
}

TEST_F(OrderDesk, BelievesNoCancelThatWasOnlyTakenIn) {
  w.venue.ids_only = true;
  w.venue.copies = [] { return 0; };
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  w.pass(2s);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.stored(id).status, exchanges::order_status::cancelled);
  EXPECT_EQ(w.venue.cancels, 1);
}

TEST_F(OrderDesk, BooksAnExecutionThatCameWithoutItsOrder) {
  const auto id = w.buy();
  w.pass(100ms);
  const auto stored = w.stored(id);
  exchanges::fill f{.symbol = "BTC/USDT", .trade_id = "TX-ABC", .venue_order_id = stored.venue_order_id, .price = stored.intent.price,
                    .quantity = "0.25"_dec, .at = w.venue.wall()};
  w.venue.on_event(exchanges::fill_event{f});
  w.pass(100ms);
  ASSERT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.heard.fills[0].fill.trade_id, "TX-ABC");
  EXPECT_EQ(w.desk->live_orders().at(0).filled_quantity, "0.25"_dec);
}

TEST_F(OrderDesk, BooksADuplicatedFillOnce) {
  w.venue.copies = [] { return 3; };
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.fill(id.to_hex(), 1);
  w.pass(1s);
  EXPECT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.stored_position().quantity, decimal(1));
}

/// A list named the trade while the order lived; the stream's copy overtook it, after the order had been closed without it.
TEST_F(OrderDesk, TellsALateFillOnceAlthoughALongQueueNamesItAgain) {
  const auto id = w.buy(), other = w.buy();
  w.pass(100ms);
  w.journal.latency = 500ms;
  const auto fill_other = [&](int times) {
    for (int i = 0; i < times; ++i) w.venue.fill(other.to_hex(), "0.01"_dec);
    w.pass(100ms);
  };
  fill_other(1);
  auto& order = w.venue.book.find(id.to_hex())->order;
  w.venue.end(id.to_hex(), exchanges::order_status::cancelled);
  w.pass(100ms);
  exchanges::fill late{.symbol = order.symbol, .trade_id = "late", .venue_order_id = order.venue_order_id, .price = order.price,
                       .quantity = "0.3"_dec, .at = w.venue.wall()};
  w.desk->handle(exchanges::fill_event{late});
  w.pass(1s);
  fill_other(1);
  w.pass(1s);
  ASSERT_EQ(w.stored(id).state, intent_state::closed);
  late.client_order_id = order.client_order_id;
  order.filled_quantity = late.quantity;
  w.desk->handle(exchanges::order_event{order, late});
  fill_other(80);
  w.pass(5min);
  const auto told = [](const booked_fill& b) { return b.fill.trade_id == "late"; };
  EXPECT_EQ(std::ranges::count_if(w.heard.fills, told), 1);
  EXPECT_EQ(w.stored_position().quantity, "1.12"_dec);
}

TEST_F(OrderDesk, WritesATradeOnceAlthoughTheVenuesListNamesItAgain) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.fill(id.to_hex(), "0.4"_dec);
  w.pass(100ms);
  ASSERT_EQ(w.journal.fill_writes, 1);
  w.venue.lose_stream();
  w.venue.fill(id.to_hex(), "0.6"_dec);
  w.venue.open_stream();
  w.pass(60s);
  EXPECT_EQ(w.journal.fill_writes, 2);
  EXPECT_EQ(w.heard.fills.size(), 2u);
  EXPECT_EQ(w.stored_position().quantity, decimal(1));
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

TEST_F(OrderDesk, FindsAnOrderWhoseAnswerWasLost) {
  w.venue.next = fate::answer_lost;
  w.venue.stream_up = false;
  const auto id = w.buy();
  w.pass(5s);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
  EXPECT_EQ(w.venue.book.count(id.to_hex()), 1);
  EXPECT_EQ(w.venue.requests, 1);
}

TEST_F(OrderDesk, UnknownStaysUnknownUntilItsValidityIsOver) {
  w.venue.next = fate::request_lost;
  const auto id = w.buy();
  w.pass(longest() - 100ms);
  EXPECT_EQ(w.stored(id).state, intent_state::unknown);
  w.pass(10s);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
  EXPECT_EQ(w.venue.requests, 1);
}

TEST_F(OrderDesk, NeedsTwoPiecesOfEvidenceASecondApart) {
  w.venue.next = fate::request_lost;
  const auto id = w.buy();
  w.pass(longest() + 500ms);
  EXPECT_EQ(w.stored(id).state, intent_state::unknown) << "one answer was enough";
  w.pass(1s);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
}

TEST_F(OrderDesk, IgnoresAnEarlyNotFound) {
  w.venue.next = fate::late;
  w.venue.late_by = 4s;
  w.venue.visible_after = 8s;
  w.venue.stream_up = false;
  const auto id = w.buy();
  w.pass(10s);
  EXPECT_EQ(w.stored(id).state, intent_state::unknown);
  w.pass(10s);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
}

TEST_F(OrderDesk, DoesNotWriteOffAnOrderWhoseTradeIsThereHoweverLongQuestionsLag) {
  w.venue.next = fate::answer_lost;
  w.venue.stream_up = false;
  w.venue.questions_lag = true;
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.fill(id.to_hex(), 1);
  w.pass(2min);
  EXPECT_EQ(w.stored(id).state, intent_state::unknown);
  w.venue.questions_lag = false;
  w.pass(10s);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.stored_position().quantity, decimal(1));
}

TEST_F(OrderDesk, ATradeThatTheVenueCallsAnothersIsNoHint) {
  w.venue.next = fate::request_lost;
  w.venue.stream_up = false;
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.arrive({.symbol = w.stored(id).intent.symbol, .quantity = 1, .price = 100, .client_order_id = "by-hand"}, w.venue.wall(), 1s);
  w.venue.fill("by-hand", 1);
  w.pass(longest() + 3s);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
}

TEST_F(OrderDesk, PlacesNothingWhileAnOutcomeIsUnknown) {
  w.venue.next = fate::request_lost;
  w.buy();
  w.pass(1s);
  auto second = w.desk->place(exchanges::side::buy, exchanges::order_type::limit, 100, 1, "other");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, make_error_code(risk_errc::blocked));
  w.pass(1min);
  EXPECT_TRUE(w.desk->place(exchanges::side::buy, exchanges::order_type::limit, 100, 1, "other"));
}

TEST_F(OrderDesk, DoesNotSendWhatWasBlockedWhileItWasWritten) {
  w.journal.latency = 100ms;
  const auto id = w.buy();
  w.desk->block_entries("draining");
  w.pass(1s);
  EXPECT_EQ(w.venue.requests, 0);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
}

TEST_F(OrderDesk, DoesNotSendWhatWasWrittenTooSlowly) {
  w.journal.latency = w.config.send_limit;
  const auto id = w.buy();
  w.pass(1min);
  EXPECT_EQ(w.venue.requests, 0);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
}

TEST_F(OrderDesk, AnAnswerThatNeverComesIsUnknownNotEndless) {
  w.venue.next = fate::silent;
  w.venue.late_by = 1s;
  w.venue.stream_up = false;
  const auto id = w.buy();
  w.pass(4s);
  EXPECT_EQ(w.stored(id).state, intent_state::intended);
  w.pass(6s);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
}

TEST_F(OrderDesk, TellsTheJournalWhenTheRequestLeftAndOnlyThen) {
  const auto id = w.buy();
  w.pass(100ms);
  ASSERT_TRUE(w.journal.sent.contains(id));
  EXPECT_GE(w.journal.sent.at(id), w.stored(id).intent.created_at);
  EXPECT_LE(w.journal.sent.at(id), w.stored(id).intent.created_at + 100ms);
  w.venue.next = fate::request_lost;
  const auto unknown = w.buy();
  w.pass(6s);
  EXPECT_EQ(w.stored(unknown).state, intent_state::unknown);
  EXPECT_TRUE(w.journal.sent.contains(unknown)) << "what is not known is what became of it";
}

TEST_F(OrderDesk, WhatNeverLeftHasNoTimeOfSending) {
  w.venue.next = fate::not_sent;
  const auto id = w.buy();
  w.pass(1s);
  EXPECT_EQ(w.stored(id).state, intent_state::not_placed);
  w.journal.latency = w.config.send_limit;
  const auto late = w.buy();
  w.pass(1min);
  EXPECT_EQ(w.stored(late).state, intent_state::not_placed);
  EXPECT_TRUE(w.journal.sent.empty());
}

TEST_F(OrderDesk, ARefusalIsFinalAndTold) {
  w.venue.next = fate::refused;
  const auto id = w.buy();
  w.pass(1s);
  EXPECT_EQ(w.stored(id).state, intent_state::refused);
  EXPECT_EQ(w.heard.count(intent_state::refused), 1);
  EXPECT_TRUE(w.desk->live_orders().empty());
}

TEST_F(OrderDesk, CancelsAndCloses) {
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  w.desk->cancel(id);
  w.pass(100ms);
  EXPECT_EQ(w.venue.cancels, 1);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.stored(id).status, exchanges::order_status::cancelled);
}

TEST_F(OrderDesk, ACancelThatComesTooLateLearnsOfTheFill) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.stream_up = false;
  w.venue.fill(id.to_hex(), 1);
  w.desk->cancel(id);
  w.pass(10s);
  EXPECT_EQ(w.stored(id).status, exchanges::order_status::filled);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_EQ(w.stored_position().quantity, decimal(1));
}

TEST_F(OrderDesk, CancelsAnUnknownOrderWhenItTurnsUp) {
  w.venue.next = fate::late;
  w.venue.stream_up = false;
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  EXPECT_EQ(w.venue.cancels, 0);
  w.pass(20s);
  EXPECT_EQ(w.venue.cancels, 1);
  EXPECT_EQ(w.stored(id).status, exchanges::order_status::cancelled);
}

TEST_F(OrderDesk, ALateFillAfterACancelIsBooked) {
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  w.pass(100ms);
  ASSERT_EQ(w.stored(id).state, intent_state::closed);
  w.venue.fill_ended(id.to_hex(), "0.3"_dec);
  w.pass(5s);
  EXPECT_EQ(w.stored_position().quantity, "0.3"_dec);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

TEST_F(OrderDesk, ALateFillOfTheLastOrderIsFoundAlthoughTheStreamLostIt) {
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  w.pass(100ms);
  ASSERT_EQ(w.stored(id).state, intent_state::closed);
  w.venue.copies = [] { return 0; };
  w.venue.fill_ended(id.to_hex(), "0.3"_dec);
  w.pass(1min);
  EXPECT_EQ(w.stored_position().quantity, "0.3"_dec);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_TRUE(w.timers.empty());
}

/// The bot was stopped before the trade could be read, and started again hours later.
TEST_F(OrderDesk, ALateFillIsFoundHoweverLongTheDeskWasStopped) {
  const auto id = w.buy();
  w.pass(100ms);
  w.desk->cancel(id);
  w.pass(100ms);
  ASSERT_EQ(w.stored(id).state, intent_state::closed);
  w.run(w.desk->stop());
  w.venue.fill_ended(id.to_hex(), "0.3"_dec);
  w.pass(5h);
  ASSERT_TRUE(w.start());
  w.pass(1s);
  EXPECT_EQ(w.stored_position().quantity, "0.3"_dec);
}

TEST_F(OrderDesk, ReadsWhatTheStreamMissed) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.lose_stream();
  w.venue.fill(id.to_hex(), 1);
  w.pass(100ms);
  EXPECT_EQ(w.heard.fills.size(), 0u);
  w.venue.open_stream();
  w.pass(2s);
  EXPECT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

TEST_F(OrderDesk, AnEndThatIsToldWhileTheInboxIsFullIsWrittenLater) {
  const auto id = w.buy();
  w.pass(100ms);
  w.journal.latency = 1s;
  exchanges::order by_hand = w.venue.book.find(id.to_hex())->order;
  by_hand.client_order_id = "by-hand";
  by_hand.venue_order_id = "1";
  for (int i = 0; i < 400; ++i) {
    exchanges::fill trade{.symbol = by_hand.symbol, .trade_id = "x" + std::to_string(i), .venue_order_id = "1", .price = 100, .quantity = 1};
    w.venue.emit({by_hand, trade});
  }
  w.pass(100ms);
  w.venue.end(id.to_hex(), exchanges::order_status::expired);
  w.pass(100ms);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
  w.journal.latency = 1ms;
  w.pass(2min);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
  EXPECT_TRUE(w.desk->live_orders().empty());
}

TEST_F(OrderDesk, ATradeThatAReportImpliesIsReadWithinSeconds) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.copies = [] { return 0; };
  w.venue.fill(id.to_hex(), 1);
  w.venue.copies = nullptr;
  w.venue.emit({w.venue.book.find(id.to_hex())->order, std::nullopt});
  w.pass(2s);
  EXPECT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

TEST_F(OrderDesk, AnEarlierTradeThatWasLostIsReadAlthoughALaterOneIsStored) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.copies = [] { return 0; };
  w.venue.fill(id.to_hex(), "0.5"_dec);
  w.venue.copies = nullptr;
  w.venue.fill(id.to_hex(), "0.5"_dec);
  w.pass(50ms);
  ASSERT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.stored(id).state, intent_state::accepted) << "closed without all of its fills";
  ASSERT_TRUE(w.start());
  w.pass(1s);
  EXPECT_EQ(w.stored_position().quantity, decimal(1));
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

/// What a list cannot show yet is not there either when its answer takes long: the mark stands as of the question.
TEST_F(OrderDesk, AListThatIsLongOnItsWayCallsNothingCompleteThatItCannotShow) {
  const auto first = w.buy(), second = w.buy();
  w.pass(1s);
  w.venue.copies = [] { return 0; };
  w.venue.visible_after = 8s;
  w.venue.fill(first.to_hex(), 1);
  w.venue.visible_after = 0s;
  w.venue.fill(second.to_hex(), 1);
  w.venue.trades_take = 12s;
  w.desk->handle(exchanges::order_event{w.venue.book.find(second.to_hex())->order, std::nullopt});
  w.pass(5min);
  EXPECT_EQ(w.desk->position().quantity, decimal(2));
}

TEST_F(OrderDesk, FactsWaitWhileTheJournalIsAway) {
  const auto id = w.buy();
  w.pass(100ms);
  w.journal.away = true;
  w.venue.fill(id.to_hex(), 1);
  w.pass(1min);
  EXPECT_EQ(w.heard.fills.size(), 0u);
  w.journal.away = false;
  w.pass(10s);
  EXPECT_EQ(w.heard.fills.size(), 1u);
  EXPECT_EQ(w.stored(id).state, intent_state::closed);
}

TEST_F(OrderDesk, CancelsWhileTheJournalIsAway) {
  const auto id = w.buy();
  w.pass(100ms);
  w.journal.away = true;
  w.desk->cancel(id);
  w.pass(1s);
  EXPECT_EQ(w.venue.book.find(id.to_hex())->order.status, exchanges::order_status::cancelled);
}

TEST_F(OrderDesk, AFencedEpochStopsTheDesk) {
  w.run(w.memory->acquire_lease(w.id, "another engine"));
  w.buy();
  w.pass(1s);
  EXPECT_EQ(w.venue.requests, 0);
  ASSERT_EQ(w.heard.failures.size(), 1u);
  EXPECT_EQ(w.heard.failures[0].code, make_error_code(journal_errc::fenced));
  EXPECT_FALSE(w.desk->place(exchanges::side::buy, exchanges::order_type::limit, 100, 1, "x"));
}

TEST_F(OrderDesk, ForeignOrdersAreCountedAndLeftAlone) {
  w.venue.arrive({.symbol = "BTC/USDT", .quantity = 1, .price = 90, .client_order_id = "web_1"}, w.venue.wall(), 5s);
  w.venue.arrive({.symbol = "BTC/USDT", .quantity = 1, .price = 90, .client_order_id = std::string(32, 'a')},
                 w.venue.wall(), 5s);
  w.pass(1s);
  ASSERT_TRUE(w.start());
  EXPECT_EQ(w.desk->foreign_orders(), 2);
  EXPECT_TRUE(w.desk->live_orders().empty());
  w.pass(1min);
  EXPECT_EQ(w.venue.cancels, 0);
}

TEST_F(OrderDesk, ForeignOrdersAreKeptForShow) {
  w.venue.arrive({.symbol = "BTC/USDT", .quantity = 1, .price = 90, .client_order_id = "web_1"}, w.venue.wall(), 5s);
  w.pass(1s);
  ASSERT_TRUE(w.start());
  const auto id = w.buy();
  w.pass(1min);
  const auto& seen = w.desk->list_foreign_orders();
  ASSERT_EQ(seen.orders.size(), 1u);
  EXPECT_EQ(seen.orders[0].client_order_id, "web_1");
  EXPECT_GT(seen.seen_at, w.stored(id).intent.created_at);
}

TEST_F(OrderDesk, OfManyForeignOrdersTheLatestAreKept) {
  for (std::size_t i = 0; i < order_desk::kept_foreign_orders + 5; ++i)
    w.venue.arrive({.symbol = "BTC/USDT", .quantity = 1, .price = 90, .client_order_id = "web_" + std::to_string(i)}, w.venue.wall(), 5s);
  w.pass(1s);
  ASSERT_TRUE(w.start());
  EXPECT_EQ(w.desk->foreign_orders(), static_cast<int>(order_desk::kept_foreign_orders) + 5);
  EXPECT_EQ(w.desk->list_foreign_orders().orders.size(), order_desk::kept_foreign_orders);
}

TEST_F(OrderDesk, SettleWaitsForTheRequestUnderWay) {
  const auto id = w.buy();
  w.run(w.desk->settle(10s));
  EXPECT_EQ(w.stored(id).state, intent_state::accepted);
}

TEST_F(OrderDesk, SettleIsBounded) {
  w.venue.next = fate::silent;
  w.buy();
  const auto before = w.time.now();
  w.run(w.desk->settle(2s));
  EXPECT_EQ(w.time.now() - before, 2s);
}

TEST_F(OrderDesk, AnIdleDeskHasNothingRunning) {
  const auto id = w.buy();
  w.pass(100ms);
  w.venue.fill(id.to_hex(), 1);
  w.pass(1min);
  EXPECT_TRUE(w.timers.empty());
  const int lookups = w.venue.lookups;
  w.pass(1h);
  EXPECT_EQ(w.venue.lookups, lookups);
}

TEST_F(OrderDesk, AnIdleDeskIsSmall) {
  constexpr std::size_t count = 1000;
  const auto instrument = make_instrument();
  const auto config = std::make_shared<const order_desk_config>(w.config);
  std::vector<std::unique_ptr<order_desk>> desks;
  desks.reserve(count);
  const auto make = [&] {
    desks.push_back(std::make_unique<order_desk>(
        w.whose(), instrument, order_desk_parts{w.account, w.journal, w.timers, w.random, w.time}, config, w.heard));
    ASSERT_TRUE(w.run(desks.back()->reconcile(1, true)));
  };
  make();
  const auto before = mallinfo2().uordblks;
  while (desks.size() < count) make();
  const auto each = (mallinfo2().uordblks - before) / (count - 1);
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LT(each, 2048u);
  for (auto& desk : desks) w.run(desk->stop());
}

TEST_F(OrderDesk, ReconciliationFailsWhenTheVenueIsAway) {
  w.venue.unreachable = true;
  auto done = w.start();
  ASSERT_FALSE(done);
  EXPECT_FALSE(w.desk->place(exchanges::side::buy, exchanges::order_type::limit, 100, 1, "x"));
}

TEST_F(OrderDesk, AWallClockThatJumpsAheadIsNoProof) {
  w.venue.next = fate::request_lost;
  const auto id = w.buy();
  w.pass(1s);
  w.time.set_wall(w.time.wall_now() + 1h);
  w.pass(5s);
  EXPECT_EQ(w.stored(id).state, intent_state::unknown);
}

/// The process dies after each moment of an order's life; the end is the same.
class OrderDeskRestart : public ::testing::TestWithParam<std::tuple<fate, int>> {};

TEST_P(OrderDeskRestart, EndsTheSame) {
  log_capture quiet;
  const auto [how, moment] = GetParam();
  order_world w;
  ASSERT_TRUE(w.start(true));
  w.venue.next = how;
  const auto id = w.buy();
  w.pass(moment * 1ms);
  w.crash();
  w.venue.fill(id.to_hex(), 1);
  w.pass(500ms);
  ASSERT_TRUE(w.start());
  w.venue.next = fate::acknowledged;
  w.pass(1min);
  w.venue.fill(id.to_hex(), 1);
  w.pass(1min);

  const int orders = w.venue.book.count(id.to_hex());
  EXPECT_LE(orders, 1);
  EXPECT_LE(w.venue.requests, 1);
  auto stored = w.run(w.memory->find(id));
  ASSERT_TRUE(stored);
  if (!*stored) {
    EXPECT_EQ(orders, 0);
    return;
  }
  if (orders == 0) {
    EXPECT_TRUE((*stored)->state == intent_state::refused || (*stored)->state == intent_state::not_placed);
    EXPECT_EQ(w.stored_position().quantity, decimal(0));
  } else {
    EXPECT_EQ((*stored)->state, intent_state::closed);
    EXPECT_EQ(w.stored_position().quantity, decimal(1));
  }
}

INSTANTIATE_TEST_SUITE_P(AtEveryStep, OrderDeskRestart,
                         ::testing::Combine(::testing::Values(fate::acknowledged, fate::answer_lost, fate::request_lost,
                                                              fate::late, fate::silent, fate::refused, fate::not_sent,
                                                              fate::filled_first),
                                            ::testing::Values(0, 1, 2, 3, 5, 7, 8, 10, 12, 13, 14, 15, 20, 40, 60, 200,
                                                              2000, 6000)));

}  // namespace
}  // namespace drover::engine::test
