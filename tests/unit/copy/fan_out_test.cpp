#include "engine/copy/fan_out.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <set>

#include "engine/copy/room_service.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

constexpr account_id lead_account(1);
constexpr user_id lead(1);
constexpr bot_id lead_bot(9'000'000);

/// A fan-out over stores in memory; bots are a set of those that trade and a list of what they were told.
class FanOut : public ::testing::Test {
protected:
  FanOut() { room = open_room("one"); }
  ~FanOut() override { stop(); }

  room_id open_room(const std::string& name) {
    new_room wanted{
        .lead = lead, .account = lead_account, .name = name, .symbols = {"BTC/USDT"}, .max_followers = 10'000};
    return run(rooms.create(std::move(wanted))).value().id;
  }
  /// Of the account and user of that number.
  member join(std::int64_t number, const std::string& parameters = R"({"sizing":"ratio","max_age_s":"10"})",
              room_id into = {}) {
    if (!into.valid()) into = room;
    auto code = run(rooms.invite(lead, into, {})).value().code;
    auto joined =
        run(rooms.join(user_id(number),
                       {.code = code, .account = account_id(number), .symbol = "BTC/USDT", .parameters = parameters}));
    if (!joined) throw std::runtime_error(joined.error().to_string());
    alive.insert(joined->bot);
    return *joined;
  }
  void start() {
    fan_out_parts parts{.executor = io.get_executor(),
                        .timers = timers,
                        .random = random,
                        .wall = clock,
                        .store = *store,
                        .deliver =
                            [this](bot_id bot, const trade_signal& signal) {
                              if (!alive.contains(bot)) return false;
                              told.emplace_back(bot, signal);
                              return true;
                            },
                        .report = [this](bot_id) { return lead_report; },
                        .why_idle = [](bot_id) { return std::string("quarantined, the key was refused"); }};
    fan = std::make_unique<fan_out>(std::move(parts));
    fan->start();
    settle();
  }
  void stop() {
    if (!fan) return;
    bool done = false;
    asio::co_spawn(io, fan->drain(), [&done](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
      done = true;
    });
    for (int step = 0; step < 100 && !done; ++step) pass(100ms);
    if (!done) throw std::runtime_error("the drain did not end");
    fan.reset();
  }
  /// Verdicts that nobody had heard are lost.
  void crash() {
    told.clear();
    stop();
  }
  fill_id fill(bool is_told = true) {
    booked_fill booked;
    booked.id = fill_id(++last_fill);
    booked.was_new = true;
    booked.fill.symbol = "BTC/USDT";
    booked.fill.side = exchanges::side::buy;
    booked.fill.price = decimal(100);
    booked.fill.quantity = decimal(2);
    booked.fill.at = clock.wall_now();
    store->book(lead_account, lead_bot, booked.id, booked.fill);
    if (is_told) fan->on_fill(lead_bot, lead_account, booked);
    return booked.id;
  }
  /// An order, which is told twice, is in the journal at once.
  void judge(const member& m, fill_id id, signal_outcome outcome = signal_outcome::taken, uuid order = {}) {
    decide(m, id, outcome, order);
    if (outcome == signal_outcome::taken) decide(m, id, outcome, order);
  }
  void decide(const member& m, fill_id id, signal_outcome outcome, uuid order) {
    fan->on_verdict(m.bot, {to_signal_id({m.room, id}), outcome, decimal(1), "tag", "because"}, order);
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }
  void pass(nanoseconds d) {
    const auto end = clock.now() + d;
    settle();
    while (timers.advance_to_next(end - clock.now())) settle();
    settle();
  }
  std::vector<receipt_view> receipts(room_id of = {}) {
    return run(store->list_receipts(lead, of.valid() ? of : room, {.limit = 200})).value();
  }
  std::size_t unfinished() { return run(store->load_unfinished(0ms, 100)).value().size(); }
  template <class T>
  T run(task<T> t) {
    return test::run(io, std::move(t));
  }

  asio::io_context io{1};
  test::manual_clock clock;
  test::manual_timers timers{clock};
  seeded_random random{3};
  std::map<std::pair<bot_id, std::string>, std::pair<uuid, decimal>> orders;
  std::unique_ptr<bot_store> bots =
      make_memory_bot_store(clock, {[](account_id a) { return std::optional(user_id(a.value)); }});
  std::unique_ptr<memory_copy_store> store = make_memory_copy_store(
      clock, {.owner_of = [](account_id a) { return std::optional(user_id(a.value)); },
              .username = [](user_id u) { return "user" + std::to_string(u.value); },
              .is_alive = [](user_id, account_id) { return true; },
              .bots = bots.get(),
              .find_order = [this](bot_id bot, const std::string& tag) -> std::optional<std::pair<uuid, decimal>> {
                auto at = orders.find({bot, tag});
                return at == orders.end() ? std::nullopt : std::optional(at->second);
              },
              .saved_state = [](bot_id) { return std::string(); }});
  room_service rooms{*store, random, clock, {}};
  room_id room;
  std::set<bot_id> alive;
  std::vector<std::pair<bot_id, trade_signal>> told;
  std::optional<bot_report> lead_report;
  std::unique_ptr<fan_out> fan;
  std::int64_t last_fill = 0;
};

TEST_F(FanOut, EveryFollowerHearsItAndTheVerdictIsTheReceipt) {
  const auto bob = join(2), carol = join(3);
  start();
  const auto id = fill();
  settle();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].second.id, to_signal_id({room, id}));
  EXPECT_EQ(told[0].second.source, to_signal_source(room));
  EXPECT_EQ(told[0].second.quantity, decimal(2));
  const auto order = make_uuid_v7(clock, random);
  pass(3ms);
  judge(bob, id, signal_outcome::taken, order);
  judge(carol, id, signal_outcome::skipped);
  pass(fan_out::linger);
  const auto seen = receipts();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].receipt.account, bob.account);
  EXPECT_EQ(seen[0].receipt.order, order);
  EXPECT_EQ(seen[0].receipt.latency, 3ms);
  EXPECT_EQ(seen[1].receipt.outcome, signal_outcome::skipped);
  EXPECT_EQ(seen[1].receipt.reason, "because");
  EXPECT_EQ(unfinished(), 0u);
  EXPECT_EQ(fan->get_statistics().signals, 0u);
}

TEST_F(FanOut, AReceiptWaitsUntilItsOrderIsInTheJournal) {
  const auto bob = join(2);
  start();
  const auto id = fill();
  settle();
  const auto order = make_uuid_v7(clock, random);
  pass(3ms);
  decide(bob, id, signal_outcome::taken, order);
  pass(1s);
  EXPECT_TRUE(receipts().empty());
  decide(bob, id, signal_outcome::taken, order);
  pass(fan_out::linger);
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_EQ(receipts()[0].receipt.order, order);
  EXPECT_EQ(receipts()[0].receipt.latency, 3ms);
}

TEST_F(FanOut, AnOrderThatNeverGotIntoTheJournalIsSkipped) {
  const auto bob = join(2);
  start();
  const auto id = fill();
  settle();
  decide(bob, id, signal_outcome::taken, make_uuid_v7(clock, random));
  decide(bob, id, signal_outcome::skipped, {});
  pass(fan_out::linger);
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_EQ(receipts()[0].receipt.outcome, signal_outcome::skipped);
  EXPECT_EQ(receipts()[0].receipt.order, uuid());
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(FanOut, FillsOfOthersAreNoSignals) {
  join(2);
  start();
  booked_fill other;
  other.id = fill_id(77);
  other.fill.symbol = "BTC/USDT";
  fan->on_fill(lead_bot, account_id(55), other);
  other.fill.symbol = "ETH/USDT";
  fan->on_fill(lead_bot, lead_account, other);
  pass(1s);
  EXPECT_TRUE(told.empty());
}

TEST_F(FanOut, ABotThatDoesNotTradeIsAskedAgain) {
  const auto bob = join(2);
  alive.clear();
  start();
  const auto id = fill();
  pass(500ms);
  EXPECT_TRUE(told.empty());
  alive.insert(bob.bot);
  pass(fan_out::retry_interval);
  ASSERT_EQ(told.size(), 1u);
  judge(bob, id);
  pass(fan_out::linger);
  EXPECT_EQ(receipts().size(), 1u);
}

TEST_F(FanOut, WhatNobodyTookInTimeIsStale) {
  join(2);
  alive.clear();
  start();
  fill();
  pass(11s);
  const auto seen = receipts();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].receipt.outcome, signal_outcome::skipped);
  EXPECT_EQ(seen[0].receipt.reason,
            "stale: it is 10 s old, the staleness guard is 10 s; the bot: quarantined, the key was refused");
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(FanOut, APatientFollowerIsNotWaitedForForever) {
  join(2, R"({"sizing":"ratio","max_age_s":"86400"})");
  alive.clear();
  start();
  fill();
  pass(fan_out::delivery_limit + 1s);
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_TRUE(receipts()[0].receipt.reason.starts_with("the bot did not trade for 60 s"))
      << receipts()[0].receipt.reason;
}

TEST_F(FanOut, EquityFollowersWaitForTheLeadsWorth) {
  join(2, R"({"sizing":"equity"})");
  start();
  fill();
  pass(200ms);
  EXPECT_TRUE(told.empty());
  bot_report report;
  report.base_asset = "BTC";
  report.quote_asset = "USDT";
  report.balances = {
      {"BTC", decimal(2), decimal(1)}, {"USDT", decimal(500), decimal()}, {"ETH", decimal(9), decimal()}};
  lead_report = report;
  pass(fan_out::retry_interval);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].second.sender_equity, decimal(800));
}

TEST_F(FanOut, ATurnServesFewAndRoomsTakeTurns) {
  const auto second = open_room("two");
  constexpr int followers = 200;
  for (int i = 0; i < followers; ++i) join(100 + i);
  for (int i = 0; i < followers; ++i) join(1'000 + i, R"({"sizing":"ratio"})", second);
  start();
  fill();
  io.restart();
  io.poll_one();
  EXPECT_EQ(told.size(), static_cast<std::size_t>(fan_out::deliveries_per_turn));
  const auto of_second =
      std::ranges::count_if(told, [&](const auto& t) { return t.second.source == to_signal_source(second); });
  EXPECT_EQ(of_second, fan_out::deliveries_per_turn / 2);
  settle();
  EXPECT_EQ(told.size(), 2u * followers);
}

TEST_F(FanOut, AfterACrashASignalIsOfferedAgainWhileFresh) {
  const auto bob = join(2), carol = join(3);
  start();
  const auto id = fill();
  settle();
  crash();
  start();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].second.id, to_signal_id({room, id}));
  judge(bob, id);
  judge(carol, id);
  pass(fan_out::linger);
  EXPECT_EQ(receipts().size(), 2u);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(FanOut, AFillThatNobodyToldOfIsASignalToo) {
  const auto bob = join(2);
  start();
  const auto id = fill(false);
  pass(fan_out::sweep_interval * 2);
  ASSERT_EQ(told.size(), 1u);
  judge(bob, id);
  pass(fan_out::linger);
  EXPECT_EQ(receipts().size(), 1u);
}

TEST_F(FanOut, WhoHasOrderedBeforeTheCrashIsNotAskedAgain) {
  const auto bob = join(2), carol = join(3);
  start();
  const auto id = fill();
  settle();
  crash();
  const auto order = make_uuid_v7(clock, random);
  orders[{bob.bot, "signal:" + to_signal_id({room, id})}] = {order, decimal(1)};
  start();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].first, carol.bot);
  judge(carol, id, signal_outcome::carried);
  pass(fan_out::linger);
  const auto seen = receipts();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].receipt.outcome, signal_outcome::taken);
  EXPECT_EQ(seen[0].receipt.order, order);
  EXPECT_EQ(seen[1].receipt.outcome, signal_outcome::carried);
}

TEST_F(FanOut, AfterALongPauseSignalsAreStale) {
  join(2);
  start();
  fill();
  settle();
  crash();
  pass(1min);
  start();
  EXPECT_TRUE(told.empty());
  pass(fan_out::linger);
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_TRUE(receipts()[0].receipt.reason.starts_with("stale: it is 60 s old")) << receipts()[0].receipt.reason;
}

TEST_F(FanOut, WhoLeftMeanwhileIsNotAsked) {
  const auto bob = join(2);
  start();
  pass(1ms);
  fill();
  settle();
  crash();
  pass(1ms);
  ASSERT_TRUE(run(store->leave(bob.user, room, {})));
  start();
  pass(fan_out::linger);
  EXPECT_TRUE(told.empty());
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_EQ(receipts()[0].receipt.reason, "the membership ended before it was delivered");
}

TEST_F(FanOut, ALostVerdictIsAskedForAgainAndWrittenOnce) {
  const auto bob = join(2, R"({"sizing":"ratio","max_age_s":"60"})");
  start();
  const auto id = fill();
  settle();
  ASSERT_EQ(told.size(), 1u);
  pass(fan_out::verdict_limit + fan_out::sweep_interval * 2);
  ASSERT_EQ(told.size(), 2u);
  judge(bob, id, signal_outcome::taken);
  judge(bob, id, signal_outcome::skipped);
  pass(fan_out::linger);
  ASSERT_EQ(receipts().size(), 1u);
  EXPECT_EQ(receipts()[0].receipt.outcome, signal_outcome::taken);
}

TEST_F(FanOut, WhoJoinsOrLeavesIsHeardOf) {
  start();
  const auto bob = join(2);
  fan->room_changed(room);
  settle();
  EXPECT_EQ(fan->get_statistics().members, 1u);
  fill();
  settle();
  EXPECT_EQ(told.size(), 1u);
  ASSERT_TRUE(run(store->leave(bob.user, room, {})));
  fan->room_changed(room);
  settle();
  fill();
  settle();
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(FanOut, ADrainWritesWhatWaits) {
  const auto bob = join(2);
  start();
  const auto id = fill();
  settle();
  judge(bob, id);
  stop();
  EXPECT_EQ(receipts().size(), 1u);
  EXPECT_EQ(unfinished(), 0u);
}

}  // namespace
}  // namespace drover::engine
