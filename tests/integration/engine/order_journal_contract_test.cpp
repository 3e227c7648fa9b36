// One suite for both journals: what holds in memory holds in PostgreSQL.
#include <algorithm>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/random.hpp"
#include "engine/orders/order_journal.hpp"
#include "tests/integration/engine/order_backends.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::engine::test {
namespace {

using exchanges::order_status;

class OrderJournal : public ::testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<journal_backend> backend = make_backend(GetParam());
  order_journal& journal = backend->journal();
  account_id account = backend->add_account();
  user_id user = backend->user_of(account);
  std::int64_t epoch = lease(account);

  template <class T>
  T run(task<T> t) {
    return drover::test::run(backend->io, std::move(t));
  }
  std::int64_t lease(account_id a) { return *run(journal.acquire_lease(a, "engine")); }

  order_intent make_intent(account_id a) { return backend->make_intent(a); }
  order_intent append() {
    auto intent = make_intent(account);
    auto done = run(journal.append_intent(intent, epoch));
    EXPECT_TRUE(done) << done.error().to_string();
    return intent;
  }
  journal_order find(const uuid& id) {
    auto found = run(journal.find(id));
    if (!found || !*found) throw std::runtime_error("no such intent");
    return **found;
  }
  intent_state state_of(const order_intent& i) { return find(i.id).state; }
  result<booked_fill> fill(const std::optional<uuid>& intent, const std::string& trade, exchanges::side side,
                           decimal quantity, decimal price, decimal fee = {}) {
    return run(journal.record_fill(user, account, intent, make_instrument(),
                                   make_fill(trade, side, quantity, price, fee)));
  }
  static bool is(const error& e, journal_errc code) { return e.code == make_error_code(code); }
};

TEST_P(OrderJournal, EveryLeaseCountsTheEpochUp) {
  EXPECT_EQ(lease(account), epoch + 1);
  EXPECT_EQ(lease(account), epoch + 2);
}

TEST_P(OrderJournal, ManyLeasesAnswerInTheOrderOfTheQuestion) {
  const auto second = backend->add_account();
  lease(second);
  lease(second);
  auto epochs = run(journal.acquire_leases({second, account, second}, "engine"));
  ASSERT_TRUE(epochs);
  EXPECT_EQ(*epochs, (std::vector<std::int64_t>{3, epoch + 1, 3}));
}

TEST_P(OrderJournal, AnIntentComesBackAsItWasWritten) {
  auto intent = make_intent(account);
  intent.tag = "grid:3:\"buy\" \\ {x,y} NULL";
  intent.side = exchanges::side::sell;
  intent.type = exchanges::order_type::limit_maker;
  intent.tif = exchanges::time_in_force::ioc;
  intent.price = "0.000000000000000001"_dec;
  ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
  auto open = run(journal.load_open(account));
  ASSERT_TRUE(open);
  ASSERT_EQ(open->size(), 1u);
  const auto& found = open->front();
  EXPECT_EQ(found.intent.id, intent.id);
  EXPECT_EQ(found.intent.tag, intent.tag);
  EXPECT_EQ(found.intent.side, intent.side);
  EXPECT_EQ(found.intent.type, intent.type);
  EXPECT_EQ(found.intent.tif, intent.tif);
  EXPECT_EQ(found.intent.price, intent.price);
  EXPECT_EQ(found.intent.quantity, intent.quantity);
  EXPECT_EQ(found.intent.created_at, intent.created_at);
  EXPECT_EQ(found.intent.dead_after, intent.dead_after);
  EXPECT_EQ(found.intent.user, user);
  EXPECT_EQ(found.state, intent_state::intended);
}

TEST_P(OrderJournal, AnOlderEpochWritesNothing) {
  auto accepted = append();
  lease(account);
  auto intent = make_intent(account);
  auto refused = run(journal.append_intent(intent, epoch));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), journal_errc::fenced));
  EXPECT_FALSE(*run(journal.find(intent.id)));
  auto update = run(journal.record_accepted(accepted.id, "1", epoch));
  ASSERT_FALSE(update);
  EXPECT_TRUE(is(update.error(), journal_errc::fenced));
  EXPECT_EQ(state_of(accepted), intent_state::intended);
  auto saved = run(journal.save_strategy_state(backend->add_bot(account), account, "{}", epoch));
  ASSERT_FALSE(saved);
  EXPECT_TRUE(is(saved.error(), journal_errc::fenced));
  auto marked = run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"5", {}}, epoch));
  ASSERT_FALSE(marked);
  EXPECT_TRUE(is(marked.error(), journal_errc::fenced));
}

TEST_P(OrderJournal, AppendingTheSameIntentTwiceIsOnce) {
  auto intent = append();
  EXPECT_TRUE(run(journal.append_intent(intent, epoch)));
  EXPECT_EQ(run(journal.load_open(account))->size(), 1u);
}

TEST_P(OrderJournal, AnUnknownIntentCannotBeUpdated) {
  auto stranger = make_intent(account);
  auto done = run(journal.record_accepted(stranger.id, "1", epoch));
  ASSERT_FALSE(done);
  EXPECT_TRUE(is(done.error(), journal_errc::internal));
}

TEST_P(OrderJournal, OutcomesCountOnlyWhileNobodyKnows) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_outcome(intent.id, intent_state::unknown, "no answer", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::unknown);
  EXPECT_EQ(find(intent.id).reason, "no answer");
  ASSERT_TRUE(run(journal.record_accepted(intent.id, "17", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  ASSERT_TRUE(run(journal.record_outcome(intent.id, intent_state::not_placed, "wrong", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  EXPECT_EQ(find(intent.id).venue_order_id, "17");
}

TEST_P(OrderJournal, ExistenceWinsOverAConclusion) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_outcome(intent.id, intent_state::not_placed, "not found", epoch)));
  EXPECT_TRUE(run(journal.load_open(account))->empty());
  ASSERT_TRUE(run(journal.record_accepted(intent.id, "17", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
}

TEST_P(OrderJournal, AnEndIsFinal) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_status(intent.id, order_status::cancelled, 0, "17", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::closed);
  ASSERT_TRUE(run(journal.record_status(intent.id, order_status::open, 0, "17", epoch)));
  ASSERT_TRUE(run(journal.record_accepted(intent.id, "17", epoch)));
  ASSERT_TRUE(run(journal.record_outcome(intent.id, intent_state::unknown, "late", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::closed);
  EXPECT_EQ(find(intent.id).status, order_status::cancelled);
}

TEST_P(OrderJournal, ClosesOnlyWithAllItsFills) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_status(intent.id, order_status::filled, 2, "17", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  ASSERT_TRUE(fill(intent.id, "1", intent.side, 1, 100));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  ASSERT_TRUE(fill(intent.id, "2", intent.side, 1, 100));
  EXPECT_EQ(state_of(intent), intent_state::closed);
  EXPECT_EQ(find(intent.id).filled_quantity, decimal(2));
}

TEST_P(OrderJournal, ALateFillReopensUntilItIsBooked) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_status(intent.id, order_status::cancelled, 0, "17", epoch)));
  ASSERT_TRUE(run(journal.record_status(intent.id, order_status::cancelled, 1, "17", epoch)));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  ASSERT_TRUE(fill(intent.id, "1", intent.side, 1, 100));
  EXPECT_EQ(state_of(intent), intent_state::closed);
}

TEST_P(OrderJournal, AFillIsBookedOnce) {
  auto intent = append();
  auto first = fill(intent.id, "1", exchanges::side::buy, 2, 100);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_TRUE(first->was_new);
  EXPECT_EQ(first->position.quantity, decimal(2));
  EXPECT_EQ(first->position.cost, decimal(200));
  auto again = fill(intent.id, "1", exchanges::side::buy, 2, 100);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->was_new);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(first->order_filled, decimal(2));
  EXPECT_EQ(again->order_filled, decimal(2));
  EXPECT_EQ(again->position.quantity, decimal(2));
  EXPECT_EQ(find(intent.id).filled_quantity, decimal(2));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
}

TEST_P(OrderJournal, AProfitIsAnEarningWithItsTotal) {
  auto intent = append();
  ASSERT_TRUE(fill(intent.id, "1", exchanges::side::buy, 2, 100));
  auto sold = fill(intent.id, "2", exchanges::side::sell, 1, 110, "0.5"_dec);
  ASSERT_TRUE(sold);
  EXPECT_EQ(sold->realised, "9.5"_dec);
  EXPECT_EQ(sold->total_earnings, "9.5"_dec);
  EXPECT_GT(sold->earning_id, 0);
  EXPECT_EQ(sold->quote_asset, "USDT");
  auto more = fill(intent.id, "3", exchanges::side::sell, 1, 120);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->total_earnings, "29.5"_dec);
  EXPECT_EQ(more->position.quantity, decimal(0));
  EXPECT_EQ(run(journal.load_position(account, "BTC/USDT"))->realised_profit, "29.5"_dec);
  auto again = fill(intent.id, "2", exchanges::side::sell, 1, 110, "0.5"_dec);
  EXPECT_EQ(again->earning_id, sold->earning_id);
  EXPECT_EQ(again->total_earnings, "29.5"_dec);
}

TEST_P(OrderJournal, AForeignFillIsKeptOutOfTheBooksUntilItsIntentIsNamed) {
  auto intent = append();
  auto foreign = fill(std::nullopt, "1", exchanges::side::buy, 2, 100);
  ASSERT_TRUE(foreign) << foreign.error().to_string();
  EXPECT_TRUE(foreign->was_new);
  EXPECT_EQ(foreign->position.quantity, decimal(0));
  auto again = fill(std::nullopt, "1", exchanges::side::buy, 2, 100);
  EXPECT_FALSE(again->was_new);
  auto ours = fill(intent.id, "1", exchanges::side::buy, 2, 100);
  ASSERT_TRUE(ours);
  EXPECT_TRUE(ours->was_new);
  EXPECT_EQ(ours->id, foreign->id);
  EXPECT_EQ(ours->position.quantity, decimal(2));
  EXPECT_FALSE(fill(std::nullopt, "1", exchanges::side::buy, 2, 100)->was_new);
}

TEST_P(OrderJournal, AFillOfAnotherAccountsIntentIsRefusedWhole) {
  const auto other = backend->add_account();
  const auto other_epoch = lease(other);
  auto theirs = make_intent(other);
  ASSERT_TRUE(run(journal.append_intent(theirs, other_epoch)));
  auto refused = fill(theirs.id, "1", exchanges::side::buy, 2, 100);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), journal_errc::internal));
  EXPECT_EQ(run(journal.load_position(account, "BTC/USDT"))->quantity, decimal(0));
  EXPECT_EQ(find(theirs.id).filled_quantity, decimal(0));
  auto mine = append();
  EXPECT_TRUE(fill(mine.id, "1", exchanges::side::buy, 2, 100)->was_new);
}

TEST_P(OrderJournal, AFillProvesThatTheOrderExists) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_outcome(intent.id, intent_state::unknown, "no answer", epoch)));
  ASSERT_TRUE(fill(intent.id, "1", exchanges::side::buy, 1, 100));
  EXPECT_EQ(state_of(intent), intent_state::accepted);
  EXPECT_EQ(find(intent.id).venue_order_id, "venue-1");
}

TEST_P(OrderJournal, FindsByTheVenuesId) {
  auto intent = append();
  ASSERT_TRUE(run(journal.record_accepted(intent.id, "17", epoch)));
  auto found = run(journal.find_by_venue_order(account, "BTC/USDT", "17"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->intent.id, intent.id);
  EXPECT_FALSE(*run(journal.find_by_venue_order(account, "ETH/USDT", "17")));
  EXPECT_FALSE(*run(journal.find_by_venue_order(account, "BTC/USDT", "18")));
  append();
  EXPECT_FALSE(*run(journal.find_by_venue_order(account, "BTC/USDT", "")));
}

TEST_P(OrderJournal, CompletenessMovesForwardOnly) {
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->trade_id, "");
  auto intent = append();
  ASSERT_TRUE(fill(intent.id, "12", exchanges::side::buy, 1, 100));
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->trade_id, "") << "a single fill proves no completeness";
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"9", {}}, epoch)));
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"10", {}}, epoch)));
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->trade_id, "10");
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"9", {}}, epoch)));
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->trade_id, "10");
  EXPECT_EQ(run(journal.load_position(account, "BTC/USDT"))->quantity, decimal(1));
}

TEST_P(OrderJournal, WithoutCompleteFillsTheyBeginAtTheFirstIntent) {
  EXPECT_EQ(*run(journal.last_fill(account, "BTC/USDT")), exchanges::fill_cursor());
  const auto first = append();
  append();
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->at->ms(), first.created_at.ms());
  EXPECT_EQ(*run(journal.last_fill(account, "ETH/USDT")), exchanges::fill_cursor());
  ASSERT_TRUE(fill(first.id, "12", exchanges::side::buy, 1, 100));
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->at->ms(), first.created_at.ms());
}

TEST_P(OrderJournal, TradesWithoutCountingIdsAreOrderedByTime) {
  const auto early = wall_time::from_ms(1'700'000'000'000), late = early + seconds(1);
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"TZZZ", early}, epoch)));
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"TAAA", late}, epoch)));
  EXPECT_EQ(*run(journal.last_fill(account, "BTC/USDT")), (exchanges::fill_cursor{"TAAA", late}));
  ASSERT_TRUE(run(journal.mark_fills_complete(account, "BTC/USDT", exchanges::fill_cursor{"TZZZ", early}, epoch)));
  EXPECT_EQ(run(journal.last_fill(account, "BTC/USDT"))->trade_id, "TAAA");
}

TEST_P(OrderJournal, RemembersTheStrategysState) {
  const auto one = backend->add_bot(account), other = backend->add_bot(account);
  EXPECT_EQ(*run(journal.load_strategy_state(one)), "");
  ASSERT_TRUE(run(journal.save_strategy_state(one, account, R"({"a": "1"})", epoch)));
  ASSERT_TRUE(run(journal.save_strategy_state(one, account, R"({"a": "2"})", epoch)));
  EXPECT_EQ(*run(journal.load_strategy_state(one)), R"({"a": "2"})");
  EXPECT_EQ(*run(journal.load_strategy_state(other)), "");
}

TEST_P(OrderJournal, OrdersRememberTheirBot) {
  const auto bot = backend->add_bot(account);
  auto intent = backend->make_intent(account);
  intent.bot = bot;
  ASSERT_TRUE(run(journal.append_intent(intent, epoch)));
  append();
  auto open = run(journal.load_open(account));
  ASSERT_EQ(open->size(), 2u);
  EXPECT_EQ((*run(journal.find(intent.id)))->intent.bot, bot);
  EXPECT_EQ(std::ranges::count(*open, bot_id(), [](const auto& o) { return o.intent.bot; }), 1);
}

TEST_P(OrderJournal, SummariesTellWhoIsNotFresh) {
  const auto fresh = backend->add_account(), remembered = backend->add_account(), traded = backend->add_account();
  append();
  const auto done = backend->add_account();
  const auto refused = make_intent(done);
  ASSERT_TRUE(run(journal.append_intent(refused, lease(done))));
  ASSERT_TRUE(run(journal.record_outcome(refused.id, intent_state::refused, "no", 1)));
  const auto bot = backend->add_bot(remembered);
  ASSERT_TRUE(run(journal.save_strategy_state(bot, remembered, "{}", lease(remembered))));
  ASSERT_TRUE(run(journal.mark_fills_complete(traded, "BTC/USDT", exchanges::fill_cursor{"3", {}}, lease(traded))));
  auto summaries = run(journal.load_summaries());
  ASSERT_TRUE(summaries);
  std::map<account_id, order_journal::account_summary> known;
  for (auto& s : *summaries) known[s.account] = s;
  EXPECT_EQ(known.size(), 4u);
  EXPECT_FALSE(known.contains(fresh));
  EXPECT_TRUE(known.contains(done));
  EXPECT_FALSE(known[done].has_open_intents);
  EXPECT_TRUE(known[account].has_open_intents);
  EXPECT_FALSE(known[account].has_position);
  EXPECT_FALSE(known[remembered].has_open_intents);
  EXPECT_EQ(known[remembered].strategy_states, (std::map<bot_id, std::string>{{bot, "{}"}}));
  EXPECT_TRUE(known.contains(traded));
  EXPECT_FALSE(known[traded].has_position);
}

TEST_P(OrderJournal, SummariesTellWhoHoldsAPosition) {
  auto bought = append();
  ASSERT_TRUE(fill(bought.id, "1", exchanges::side::buy, decimal(1), decimal(100)));
  auto held = run(journal.load_summaries());
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->at(0).has_position);
  auto sold = append();
  ASSERT_TRUE(fill(sold.id, "2", exchanges::side::sell, decimal(1), decimal(100)));
  auto flat = run(journal.load_summaries());
  EXPECT_FALSE(flat->at(0).has_position);
}

TEST_P(OrderJournal, CountsOrdersVolumeAndProfit) {
  auto a = append(), b = append();
  append();
  ASSERT_TRUE(run(journal.record_outcome(b.id, intent_state::refused, "no", epoch)));
  ASSERT_TRUE(fill(a.id, "1", exchanges::side::buy, 2, 100));
  ASSERT_TRUE(fill(a.id, "2", exchanges::side::sell, 2, "100.5"_dec));
  auto s = run(journal.load_statistics());
  ASSERT_TRUE(s);
  EXPECT_EQ(s->accepted, 1);
  EXPECT_EQ(s->refused, 1);
  EXPECT_EQ(s->intended, 1);
  EXPECT_EQ(s->fills, 2);
  EXPECT_EQ(s->volume_json, R"({"USDT": "401"})");
  EXPECT_EQ(s->realised_json, R"({"USDT": "1"})");
}

TEST_P(OrderJournal, IntentsOfOneMomentAreAllAnsweredRightly) {
  constexpr int accounts = 20, each = 20;
  std::vector<std::pair<account_id, std::int64_t>> leases;
  for (int i = 0; i < accounts; ++i) {
    const auto a = backend->add_account();
    leases.emplace_back(a, lease(a));
  }
  // Every fifth account was lost to another engine meanwhile.
  for (int i = 0; i < accounts; i += 5) lease(leases[static_cast<std::size_t>(i)].first);
  int stored = 0, fenced = 0;
  for (int n = 0; n < each; ++n)
    for (const auto& [a, e] : leases)
      backend->spawn(journal.append_intent(make_intent(a), e), [&](const result<void>& done) {
        if (done) ++stored;
        else if (is(done.error(), journal_errc::fenced)) ++fenced;
      });
  backend->run_until([&] { return stored + fenced == accounts * each; });
  EXPECT_EQ(fenced, accounts / 5 * each);
  for (int i = 0; i < accounts; ++i)
    EXPECT_EQ(run(journal.load_open(leases[static_cast<std::size_t>(i)].first))->size(),
              i % 5 == 0 ? 0u : static_cast<std::size_t>(each));
}

TEST_P(OrderJournal, WhatIsSaidOfAnOrderIsWrittenInThatOrder) {
  auto intent = append();
  int done = 0;
  const auto count = [&](const result<void>& r) { done += r ? 1 : 0; };
  backend->spawn(journal.record_outcome(intent.id, intent_state::unknown, "first", epoch), count);
  backend->spawn(journal.record_outcome(intent.id, intent_state::not_placed, "second", epoch), count);
  backend->run_until([&] { return done == 2; });
  EXPECT_EQ(state_of(intent), intent_state::not_placed);
  EXPECT_EQ(find(intent.id).reason, "second");
}

INSTANTIATE_TEST_SUITE_P(Backends, OrderJournal, ::testing::Values("memory", "postgres"),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace drover::engine::test
