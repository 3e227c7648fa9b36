#include <gtest/gtest.h>

#include "tests/unit/web/web_fixture.hpp"
#include "web/connection_health.hpp"

namespace drover::web {
namespace {

using engine::bot_state;
using engine::bot_status;
using test::web_fixture;

bot_status running() {
  return {.state = bot_state::running, .reason = "Trading"};
}

connection_health healthy() {
  connection_health h;
  h.exchange = "binance";
  h.account = {.message_age = 900ms, .latency_last = 30ms, .latency_median = 25ms, .requests = 100, .errors = 1};
  h.last_probe =
      connection_health::probe{wall_time::from_ms(1'732'104'000'000), 40ms, true, "", "yes", "yes", "no", "unknown"};
  return h;
}

TEST(HealthVerdict, SaysOkWhenAllIsWell) {
  auto h = healthy();
  EXPECT_EQ(judge_health(running(), &h).state, "ok");
  EXPECT_TRUE(judge_health(running(), &h).reasons.empty());
}

TEST(HealthVerdict, NamesEveryTroubleWorstFirst) {
  auto h = healthy();
  h.account.errors = 40;
  h.clock_offset = -800ms;
  h.venue.breaker = "open";
  h.venue.reason = "5 requests in a row failed";
  auto v = judge_health(running(), &h);
  EXPECT_EQ(v.state, "down");
  ASSERT_EQ(v.reasons.size(), 3u);
  EXPECT_NE(v.reasons[0].find("5 requests in a row failed"), std::string::npos);
  EXPECT_NE(v.reasons[1].find("40 of the last 100 requests"), std::string::npos);
  EXPECT_NE(v.reasons[2].find("-800 ms"), std::string::npos);
}

TEST(HealthVerdict, KnowsSilenceBansAndFailedProbes) {
  auto h = healthy();
  h.account.message_age = 61s;
  h.last_probe->passed = false;
  h.last_probe->reason = "not reached";
  EXPECT_EQ(judge_health(running(), &h).state, "degraded");
  EXPECT_EQ(judge_health(running(), &h).reasons.size(), 2u);
  h.banned_for = 90s;
  EXPECT_EQ(judge_health(running(), &h).state, "down");
}

TEST(HealthVerdict, BotThatDoesNotRunExplainsItself) {
  auto off = judge_health({.state = bot_state::off, .reason = "Switched off"}, nullptr);
  EXPECT_EQ(off.state, "idle");
  ASSERT_EQ(off.reasons.size(), 1u);
  EXPECT_NE(off.reasons[0].find("Switched off"), std::string::npos);
  EXPECT_EQ(judge_health({.state = bot_state::quarantined, .reason = "The key may not trade"}, nullptr).state, "down");
  EXPECT_EQ(judge_health({.state = bot_state::backing_off, .reason = "Again in 5 s"}, nullptr).state, "degraded");
}

TEST(HealthApi, ShowsTheOwnerHowTheConnectionIsDoing) {
  web_fixture f;
  const auto id = f.add_account("alice");
  f.services.parts.health = [](account_id, auto done) { done(std::make_shared<const connection_health>(healthy())); };
  const auto path = "/user/exchanges/" + std::to_string(id) + "/health";
  EXPECT_EQ(f.call("GET", path).status, 401);
  EXPECT_EQ(f.call("GET", path, f.token_of("bob")).status, 404);
  EXPECT_EQ(f.call("GET", path + "?x=1", f.token_of("alice")).status, 422);
  auto answer = f.call("GET", path, f.token_of("alice"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  auto body = web_fixture::parse(answer);
  EXPECT_EQ(body["account_id"], id);
  EXPECT_EQ(body["account"]["latency_median_ms"], 25);
  EXPECT_EQ(body["account"]["breaker"], "closed");
  EXPECT_EQ(body["probe"]["withdraw"], "no");
  EXPECT_TRUE(body["banned_for_ms"].is_null());
}

TEST(HealthApi, AnswersWithoutATradingThread) {
  web_fixture f;
  const auto id = f.add_account("alice");
  auto answer = f.call("GET", "/user/exchanges/" + std::to_string(id) + "/health", f.token_of("alice"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  auto body = web_fixture::parse(answer);
  EXPECT_EQ(body["state"], "idle");
  EXPECT_FALSE(body["reasons"].empty());
  EXPECT_TRUE(body["probe"].is_null());
}

}  // namespace
}  // namespace drover::web
