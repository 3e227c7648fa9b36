#include "tests/integration/web/web_world.hpp"

// After <utility>, which it needs.
#include "tests/integration/net/raw_client.hpp"

namespace drover::web {
namespace {

using test::live_client;
using test::web_world;

engine::earnings_event event_of(web_world& w, const std::string& name, std::int64_t total) {
  return {.user = w.ids.at(name),
          .account = account_id(1),
          .earning_id = total,
          .source = "trading",
          .asset = "USDT",
          .amount = decimal(1),
          .total = decimal(total),
          .at = system_clock().wall_now(),
          .received_at = system_clock().now()};
}

TEST(WebLive, EarningsArriveAndAreResumedAfterADrop) {
  web_world w;
  std::int64_t last = 0;
  {
    live_client c(w, "/ws/earnings");
    EXPECT_EQ(c.hear("welcome")["payload"]["auth_required"], true);
    c.log_in(w.log_in("alice"));
    w.server->publish(event_of(w, "alice", 1));
    auto update = c.hear("earnings_update");
    EXPECT_EQ(update["payload"]["total"], "1");
    EXPECT_EQ(update["payload"]["account_id"], 1);
    last = update["seq"];
  }
  w.server->publish(event_of(w, "alice", 2));
  w.server->publish(event_of(w, "bob", 900));
  w.server->publish(event_of(w, "alice", 3));
  live_client again(w, "/ws/earnings");
  again.log_in(w.token_of("alice"));
  again.say({{"type", "resume"}, {"payload", {{"seq", last}}}});
  EXPECT_EQ(again.hear("earnings_update")["payload"]["total"], "2");
  EXPECT_EQ(again.hear("earnings_update")["payload"]["total"], "3");
  EXPECT_EQ(again.hear("synced")["payload"]["replayed"], 2);
}

TEST(WebLive, FramesFollowFillsWithinMilliseconds) {
  web_world w;
  live_client c(w, "/ws/earnings");
  c.log_in(w.token_of("alice"));
  std::vector<nanoseconds> delays;
  for (int i = 1; i <= 200; ++i) {
    auto before = system_clock().now();
    w.server->publish(event_of(w, "alice", i));
    c.hear("earnings_update");
    delays.push_back(system_clock().now() - before);
  }
  std::sort(delays.begin(), delays.end());
  EXPECT_LT(delays[delays.size() / 2], 20ms);
  RecordProperty("median_us", static_cast<int>(delays[delays.size() / 2].count() / 1000));
}

TEST(WebLive, WrongTokensEndWith4401) {
  web_world w;
  live_client c(w, "/ws/dashboard");
  c.say({{"type", "auth"}, {"payload", {{"token", "wrong"}}}});
  EXPECT_EQ(c.hear("error")["code"], "auth_failed");
  EXPECT_FALSE(c.hear());
  EXPECT_NE(c.end.find("4401"), std::string::npos) << c.end;
}

TEST(WebLive, SilentStrangersAreClosed) {
  web_config config;
  config.websocket_auth_timeout = 200ms;
  web_world w(config);
  live_client c(w, "/ws/referrals");
  EXPECT_EQ(c.hear("error")["code"], "auth_timeout");
  EXPECT_FALSE(c.hear());
}

TEST(WebLive, TokenInTheHandshakeIsEnough) {
  web_world w;
  live_client c(w, "/ws/dashboard", {{"Authorization", "Bearer " + w.token_of("alice")}});
  EXPECT_EQ(c.hear("welcome")["payload"]["auth_required"], false);
  EXPECT_EQ(c.hear("auth_success")["user_id"], w.ids.at("alice").value);
}

TEST(WebLive, ForeignPagesMayNotConnect) {
  web_world w;
  EXPECT_THROW(live_client(w, "/ws/dashboard", {{"Origin", "https://evil.example"}}), std::runtime_error);
}

/// Frames of a WebSocket without masks, as servers send them: texts until the close frame.
std::vector<json> read_frames(test::raw_client& c) {
  std::vector<json> out;
  for (;;) {
    auto head = c.read(2);
    if (head.size() < 2) return out;
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) {
      auto extended = c.read(2);
      size = static_cast<unsigned char>(extended[0]) * 256U + static_cast<unsigned char>(extended[1]);
    }
    auto payload = c.read(size);
    if ((head[0] & 15) == 8) return out;
    if ((head[0] & 15) == 1) out.push_back(json::parse(payload));
    if (!out.empty() && out.back()["type"] == "earnings_update" && out.back()["payload"]["total"] == "999999999")
      return out;
  }
}

TEST(WebLive, SlowReadersEndUpWithTheLatestState) {
  web_world w;
  test::raw_client slow(w.server->port(), 4096);
  slow.send(
      "GET /ws/earnings HTTP/1.1\r\nHost: x\r\nUser-Agent: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " +
      w.token_of("alice") + "\r\n\r\n");
  EXPECT_NE(slow.read_head().find(" 101 "), std::string::npos);
  constexpr int flood = 60'000;
  for (int i = 1; i <= flood; ++i) w.server->publish(event_of(w, "alice", i));
  w.database_of_test.sql("INSERT INTO earnings (user_id, source, asset, amount, at, cause_kind, cause_id) VALUES (" +
                         std::to_string(w.ids.at("alice").value) +
                         ", 'trading', 'USDT', 999999999, now(), 'fill', 'last')");
  w.server->publish(event_of(w, "alice", 999'999'999));
  w.call("GET", "/healthz");
  auto frames = read_frames(slow);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back()["payload"]["total"], "999999999");
  EXPECT_LT(frames.size(), static_cast<std::size_t>(flood)) << "what was overtaken is left out";
}

}  // namespace
}  // namespace drover::web
