#include "exchanges/binance/user_stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges::binance {
namespace {

constexpr steady_time start{1h};

struct user_fixture {
  seeded_random random{1};
  std::vector<std::string> log;
  std::optional<nanoseconds> budget_wait;
  bool keys_open = true;
  std::shared_ptr<const instrument_table> table = std::make_shared<instrument_table>();
  std::function<void(slot_id, const account_event&)> on_event;

  user_stream stream{{.random = random,
                      .make_subscribe = [this](slot_id id, std::string_view request) -> result<std::string> {
                        if (!keys_open) return fail(errc::not_found, "sealed");
                        return "sub " + std::to_string(static_cast<std::uint64_t>(id)) + " " + std::string(request);
                      },
                      .take_weight = [this](int) { return budget_wait; },
                      .instruments = [this] { return table; },
                      .server_now = [] { return wall_time::from_ms(0); },
                      .on_event = [this](slot_id id, const account_event& e) { note(id, e); },
                      .on_refusal = [this](const error& e) { log.push_back("refusal " + e.code.message()); }}};

  void note(slot_id id, const account_event& e) {
    auto text = std::to_string(static_cast<std::uint64_t>(id));
    if (std::holds_alternative<stream_opened>(e)) text += " opened";
    if (std::holds_alternative<stream_lost>(e)) text += " lost";
    if (std::holds_alternative<balance_event>(e)) text += " balances";
    if (auto* o = std::get_if<order_event>(&e)) text += " order " + o->order.client_order_id;
    log.push_back(text);
    if (on_event) on_event(id, e);
  }
  void add(int id) { stream.add(slot_id(id), std::to_string(id)); }
  void acknowledge(int request, int subscription) {
    stream.on_message(R"({"id":")" + std::to_string(request) + R"(","status":200,"result":{"subscriptionId":)" +
                          std::to_string(subscription) + "}}",
                      start);
  }
  void open_with(int id) {
    add(id);
    stream.on_open(start);
    stream.next_action(start);
    acknowledge(1, 40);
  }
};

using lines = std::vector<std::string>;

std::string position(int subscription) {
  return R"({"subscriptionId":)" + std::to_string(subscription) +
         R"(,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[]}})";
}

TEST(UserStream, OpensAnAccountWhenItsSubscriptionIsAcknowledged) {
  user_fixture f;
  f.add(7);
  f.stream.on_open(start);
  EXPECT_EQ(f.stream.next_action(start).frames, lines{"sub 7 1"});
  EXPECT_TRUE(f.log.empty());
  f.acknowledge(1, 0);
  EXPECT_EQ(f.log, lines{"7 opened"});
}

TEST(UserStream, GivesEventsToTheAccountOfTheirSubscription) {
  user_fixture f;
  f.add(7);
  f.add(8);
  f.stream.on_open(start);
  f.stream.next_action(start);
  f.acknowledge(2, 0);
  f.acknowledge(1, 5);
  f.log.clear();
  f.stream.on_message(position(5), start);
  f.stream.on_message(position(0), start);
  f.stream.on_message(position(99), start);
  EXPECT_EQ(f.log, (lines{"7 balances", "8 balances"}));
}

TEST(UserStream, LosesEveryOpenAccountWithTheConnectionAndSubscribesThemAgain) {
  user_fixture f;
  f.open_with(7);
  f.add(8);
  f.stream.on_close("cut", start + 1s);
  EXPECT_EQ(f.log, (lines{"7 opened", "7 lost"}));
  f.stream.on_open(start + 2s);
  EXPECT_EQ(f.stream.next_action(start + 2s).frames.size(), 2u);
}

TEST(UserStream, SubscribesFiveHundredAccountsWithinASecond) {
  user_fixture f;
  for (int i = 1; i <= 500; ++i) f.add(i);
  f.stream.on_open(start);
  auto now = start;
  int sent = 0;
  while (sent < 500 && now < start + 10s) {
    auto action = f.stream.next_action(now);
    EXPECT_LE(action.frames.size(), user_stream::batch_limit);
    for (std::size_t i = 0; i < action.frames.size(); ++i, ++sent) f.acknowledge(sent + 1, sent);
    ASSERT_TRUE(sent == 500 || action.wake_at);
    now = action.wake_at.value_or(now);
  }
  EXPECT_EQ(f.stream.active(), 500u);
  EXPECT_LT(now - start, nanoseconds(1s));
}

TEST(UserStream, LimitsWhatIsUnanswered) {
  user_fixture f;
  for (int i = 1; i <= 500; ++i) f.add(i);
  f.stream.on_open(start);
  std::size_t sent = 0;
  for (int i = 0; i < 20; ++i) sent += f.stream.next_action(start + i * 50ms).frames.size();
  EXPECT_EQ(sent, user_stream::unanswered_limit);
}

TEST(UserStream, WaitsForTheVenuesBudget) {
  user_fixture f;
  f.budget_wait = 3s;
  f.add(1);
  f.stream.on_open(start);
  auto action = f.stream.next_action(start);
  EXPECT_TRUE(action.frames.empty());
  EXPECT_EQ(action.wake_at, start + 3s);
  f.budget_wait.reset();
  EXPECT_EQ(f.stream.next_action(start + 3s).frames.size(), 1u);
}

TEST(UserStream, RetriesOnlyTheRefusedAccountAndWithPauses) {
  user_fixture f;
  f.add(1);
  f.add(2);
  f.stream.on_open(start);
  f.stream.next_action(start);
  f.stream.on_message(R"({"id":"1","status":401,"error":{"code":-2015,"msg":"Invalid API-key"}})", start);
  f.acknowledge(2, 0);
  EXPECT_EQ(f.log.at(1), "1 lost");
  EXPECT_EQ(f.log.at(2), "2 opened");
  EXPECT_TRUE(f.stream.next_action(start + 900ms).frames.empty());
  auto retried = f.stream.next_action(start + 3s).frames;
  EXPECT_EQ(retried, lines{"sub 1 3"});
}

TEST(UserStream, AccountWhoseKeysCannotBeOpenedHurtsNobodyElse) {
  user_fixture f;
  f.keys_open = false;
  f.add(1);
  f.stream.on_open(start);
  EXPECT_TRUE(f.stream.next_action(start).frames.empty());
  EXPECT_EQ(f.log.back(), "1 lost");
  f.keys_open = true;
  f.add(2);
  EXPECT_EQ(f.stream.next_action(start + 100ms).frames, lines{"sub 2 2"});
}

TEST(UserStream, SubscribesAgainWhenTheVenueEndsASubscription) {
  user_fixture f;
  f.open_with(7);
  f.stream.on_message(R"({"subscriptionId":40,"event":{"e":"eventStreamTerminated","E":1}})", start + 1s);
  EXPECT_EQ(f.log.back(), "7 lost");
  EXPECT_EQ(f.stream.next_action(start + 10s).frames, lines{"sub 7 2"});
}

TEST(UserStream, AnUnreadableEventIsALossNotASilence) {
  user_fixture f;
  f.open_with(7);
  f.stream.on_message(R"({"subscriptionId":40,"event":{"e":"executionReport","s":"BTCUSDT","q":"-5"}})", start + 1s);
  EXPECT_EQ(f.log.back(), "7 lost");
  EXPECT_EQ(f.stream.unreadable_frames(), 1u);
  auto frames = f.stream.next_action(start + 10s).frames;
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_NE(frames[0].find("\"subscriptionId\":40"), std::string::npos);
}

TEST(UserStream, UnsubscribesAnAccountThatLeaves) {
  user_fixture f;
  f.open_with(7);
  f.stream.remove(slot_id(7));
  EXPECT_FALSE(f.stream.wants_connection());
  auto frames = f.stream.next_action(start + 1s).frames;
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_NE(frames[0].find("userDataStream.unsubscribe"), std::string::npos);
  f.stream.on_message(position(40), start + 1s);
  EXPECT_EQ(f.log, lines{"7 opened"});
}

TEST(UserStream, GivesUpASubscriptionWhoseAccountLeftMeanwhile) {
  user_fixture f;
  f.add(7);
  f.stream.on_open(start);
  f.stream.next_action(start);
  f.stream.remove(slot_id(7));
  f.acknowledge(1, 40);
  EXPECT_TRUE(f.log.empty());
  EXPECT_EQ(f.stream.next_action(start).frames.size(), 1u);
}

TEST(UserStream, SurvivesAccountsThatLeaveInsideTheirHandlers) {
  user_fixture f;
  for (int i = 1; i <= 20; ++i) f.add(i);
  f.stream.on_open(start);
  f.stream.next_action(start);
  for (int i = 1; i <= 20; ++i) f.acknowledge(i, i);
  f.on_event = [&](slot_id, const account_event&) {
    for (int i = 1; i <= 20; ++i) f.stream.remove(slot_id(i));
  };
  f.log.clear();
  f.stream.on_close("cut", start + 1s);
  EXPECT_EQ(f.log.size(), 1u);
  EXPECT_EQ(f.stream.size(), 0u);
}

TEST(UserStream, NamesTheAccountOfAFrameForTheRawRecord) {
  user_fixture f;
  f.open_with(7);
  EXPECT_EQ(f.stream.account_of(position(40)), "7");
  EXPECT_EQ(f.stream.account_of(position(41)), "");
  EXPECT_EQ(f.stream.account_of("\"subscriptionId\":"), "");
  EXPECT_EQ(f.stream.account_of("garbage"), "");
}

TEST(UserStream, GivesUpAConnectionThatDoesNotAnswer) {
  user_fixture f;
  f.add(7);
  f.stream.on_open(start);
  f.stream.next_action(start);
  EXPECT_FALSE(f.stream.next_action(start + 11s).give_up.empty());
}

}  // namespace
}  // namespace drover::exchanges::binance
