#include "web/ws/hub.hpp"

#include "tests/unit/web/web_fixture.hpp"

namespace drover::web::ws {
namespace {

using test::web_fixture;

static_assert(sizeof(dashboard_session) <= 256, "an idle socket must stay small");

/// The socket as the HTTP server would give it: keeps what was sent.
class fake_socket final : public net::websocket_session {
public:
  bool send(std::shared_ptr<const std::string> text) override {
    sent.push_back(json::parse(*text));
    return true;
  }
  bool send_binary(std::shared_ptr<const std::string>) override { return true; }
  void close(std::uint16_t code, std::string_view) override {
    if (!closed) closed = code;
  }
  void abort() override {}
  std::size_t queued_bytes() const override { return queued; }
  std::string_view remote_address() const override { return "192.0.2.7"; }

  std::vector<json> types(const std::string& type) const {
    std::vector<json> out;
    for (const auto& m : sent)
      if (m.at("type") == type) out.push_back(m);
    return out;
  }

  std::vector<json> sent;
  std::optional<int> closed;
  std::size_t queued = 0;
};

/// A client: socket and handler.
class client {
public:
  client(web_fixture& f, topic t = topic::dashboard, std::optional<tenants::principal> caller = {})
      : fixture(f), handler(f.services.sockets->make_session(t, std::move(caller), "192.0.2.7")) {
    handler->on_open(socket);
    f.settle();
  }
  ~client() { drop(); }
  void drop() {
    if (handler) handler->on_close(1006);
    handler.reset();
  }
  void say(const json& message) {
    handler->on_message(message.dump(), false);
    fixture.settle();
  }
  void log_in(const std::string& name) { say({{"type", "auth"}, {"payload", {{"token", fixture.token_of(name)}}}}); }

  web_fixture& fixture;
  fake_socket socket;
  std::shared_ptr<net::websocket_handler> handler;
};

engine::earnings_event event_of(web_fixture& f, const std::string& name, const std::string& total) {
  return {.user = f.id_of(name),
          .account = account_id(3),
          .earning_id = 1,
          .source = "trading",
          .asset = "USDT",
          .amount = "0.5"_dec,
          .total = decimal::literal(total),
          .at = f.clock.wall_now(),
          .received_at = f.clock.now()};
}

engine::bot_status status_of(web_fixture& f, const std::string& name, engine::bot_state state) {
  return {.account = account_id(3), .user = f.id_of(name), .state = state, .reason = "because"};
}

TEST(Hub, WelcomesAndAuthenticates) {
  web_fixture f;
  client c(f);
  ASSERT_EQ(c.socket.sent.size(), 1u);
  EXPECT_EQ(c.socket.sent[0]["type"], "welcome");
  EXPECT_EQ(c.socket.sent[0]["payload"]["auth_required"], true);
  std::string session = c.socket.sent[0]["payload"]["session_id"];
  c.log_in("alice");
  auto success = c.socket.types("auth_success").at(0);
  EXPECT_EQ(success["payload"]["user_id"], f.id_of("alice").value);
  EXPECT_EQ(success["user_id"], f.id_of("alice").value);
  EXPECT_EQ(success["session_id"], session);
  EXPECT_EQ(success["payload"]["session_id"], session);
}

TEST(Hub, ReadsDataInPlaceOfPayload) {
  web_fixture f;
  client c(f);
  c.say({{"type", "auth"}, {"data", {{"token", f.token_of("alice")}}}});
  EXPECT_EQ(c.socket.types("auth_success").size(), 1u);
}

TEST(Hub, SnapshotFollowsAuthentication) {
  web_fixture f;
  auto account = f.add_account("alice");
  f.earnings.all.push_back({.id = 1,
                            .user = f.id_of("alice"),
                            .account = account_id(account),
                            .source = "trading",
                            .asset = "USDT",
                            .amount = "12.5"_dec});
  client c(f);
  c.log_in("alice");
  auto earnings = c.socket.types("earnings_update").at(0);
  EXPECT_EQ(earnings["payload"]["snapshot"], true);
  EXPECT_EQ(earnings["payload"]["total"], "12.5");
  EXPECT_EQ(earnings["payload"]["account_id"], nullptr);
  auto bot = c.socket.types("bot_update").at(0);
  EXPECT_EQ(bot["payload"]["account_id"], account);
  EXPECT_EQ(bot["payload"]["state"], "waiting_approval");
  EXPECT_EQ(c.socket.types("synced").at(0)["payload"]["snapshot"], true);
}

TEST(Hub, WrongTokensAreToldAndClosedAfterAWhile) {
  web_fixture f;
  client c(f);
  c.say({{"type", "auth"}, {"payload", {{"token", "wrong"}}}});
  EXPECT_EQ(c.socket.sent.back()["type"], "error");
  EXPECT_EQ(c.socket.sent.back()["code"], "auth_failed");
  EXPECT_FALSE(c.socket.closed);
  auto count = c.socket.sent.size();
  c.log_in("alice");
  EXPECT_EQ(c.socket.sent.size(), count) << "one try per socket";
  f.timers.advance(1s);
  EXPECT_EQ(c.socket.closed, 4401);
}

TEST(Hub, AnApiTokenOpensSocketsFromItsAddressesUntilItIsRevoked) {
  web_fixture f;
  const auto make = [&](const std::string& network) {
    auto wanted = json{{"name", "bot"}, {"scope", "read"}, {"addresses", {network}}};
    return web_fixture::parse(f.call("POST", "/api/tokens", f.token_of("alice"), wanted.dump()));
  };
  auto here = make("192.0.2.0/24"), elsewhere = make("203.0.113.1");
  client strange(f), known(f);
  strange.say({{"type", "auth"}, {"payload", {{"token", elsewhere["token"]}}}});
  EXPECT_EQ(strange.socket.sent.back()["code"], "auth_failed");
  known.say({{"type", "auth"}, {"payload", {{"token", here["token"]}}}});
  EXPECT_EQ(known.socket.types("auth_success").size(), 1u);
  EXPECT_EQ(f.call("DELETE", "/api/tokens/" + here["id"].dump(), f.token_of("alice")).status, 204);
  f.settle();
  EXPECT_EQ(known.socket.closed, 4401);
}

TEST(Hub, BeforeAuthenticationOnlyAuthAndHeartbeatAreTaken) {
  web_fixture f;
  client c(f);
  c.say({{"type", "resume"}, {"payload", {{"seq", 1}}}});
  EXPECT_EQ(c.socket.sent.back()["code"], "not_authenticated");
  c.say({{"type", "heartbeat"}});
  EXPECT_EQ(c.socket.sent.back()["type"], "heartbeat");
  f.services.sockets->publish(event_of(f, "alice", "1"));
  EXPECT_TRUE(c.socket.types("earnings_update").empty());
}

TEST(Hub, SilentSocketsAreClosedAfterTheDeadline) {
  web_fixture f;
  client c(f);
  f.timers.advance(4s);
  EXPECT_FALSE(c.socket.closed);
  f.timers.advance(3s);
  EXPECT_EQ(c.socket.closed, 4401);
  EXPECT_EQ(c.socket.sent.back()["code"], "auth_timeout");
}

TEST(Hub, UpdatesReachOnlyTheirUserAndTopic) {
  web_fixture f;
  client dashboard(f), earnings(f, topic::earnings), referrals(f, topic::referrals), stranger(f);
  for (auto* c : {&dashboard, &earnings, &referrals}) c->log_in("alice");
  stranger.log_in("bob");
  f.services.sockets->publish(event_of(f, "alice", "7.25"));
  f.services.sockets->publish(status_of(f, "alice", engine::bot_state::running));
  auto update = dashboard.socket.types("earnings_update").at(0);
  EXPECT_EQ(update["payload"]["total"], "7.25");
  EXPECT_EQ(update["payload"]["amount"], "0.5");
  EXPECT_EQ(update["payload"]["asset"], "USDT");
  EXPECT_EQ(update["payload"]["source"], "trading");
  EXPECT_EQ(update["payload"]["account_id"], 3);
  auto bot = dashboard.socket.types("bot_update").at(0);
  EXPECT_EQ(bot["payload"]["state"], "running");
  EXPECT_EQ(bot["seq"].get<std::int64_t>(), update["seq"].get<std::int64_t>() + 1);
  EXPECT_EQ(earnings.socket.types("earnings_update").size(), 1u);
  EXPECT_TRUE(earnings.socket.types("bot_update").empty());
  EXPECT_TRUE(referrals.socket.types("earnings_update").empty());
  EXPECT_TRUE(stranger.socket.types("earnings_update").empty());
}

TEST(Hub, PostsArriveFromOutside) {
  web_fixture f;
  client c(f);
  c.log_in("alice");
  f.services.sockets->post(event_of(f, "alice", "1"));
  EXPECT_TRUE(c.socket.types("earnings_update").empty());
  f.settle();
  EXPECT_EQ(c.socket.types("earnings_update").size(), 1u);
}

TEST(Hub, ResumeReplaysWhatWasMissed) {
  web_fixture f;
  std::int64_t last = 0;
  {
    client c(f);
    c.log_in("alice");
    f.services.sockets->publish(event_of(f, "alice", "1"));
    last = c.socket.sent.back()["seq"];
  }
  f.services.sockets->publish(event_of(f, "alice", "2"));
  f.services.sockets->publish(event_of(f, "alice", "3"));
  client again(f);
  again.log_in("alice");
  again.say({{"type", "resume"}, {"payload", {{"seq", last}}}});
  auto updates = again.socket.types("earnings_update");
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates[0]["payload"]["total"], "2");
  EXPECT_EQ(updates[1]["payload"]["total"], "3");
  EXPECT_EQ(again.socket.sent.back()["type"], "synced");
  EXPECT_EQ(again.socket.sent.back()["payload"]["replayed"], 2);
  EXPECT_EQ(again.socket.sent.back()["seq"], last + 2);
}

TEST(Hub, ResumeFromTooFarBackGivesAFreshSnapshot) {
  web_config config;
  config.replay_limit = 4;
  web_fixture f(config);
  client c(f);
  c.log_in("alice");
  for (int i = 0; i < 10; ++i) f.services.sockets->publish(event_of(f, "alice", "1"));
  auto before = c.socket.types("synced").size();
  c.say({{"type", "resume"}, {"payload", {{"seq", 1}}}});
  auto synced = c.socket.types("synced");
  ASSERT_EQ(synced.size(), before + 1);
  EXPECT_EQ(synced.back()["payload"]["snapshot"], true);
}

TEST(Hub, SequenceNumbersNeverFallBack) {
  web_fixture f;
  std::int64_t last = 0;
  {
    client c(f);
    c.log_in("alice");
    for (int i = 0; i < 5; ++i) f.services.sockets->publish(event_of(f, "alice", "1"));
    last = c.socket.sent.back()["seq"];
  }
  f.timers.advance(std::chrono::minutes(5));
  client again(f);
  again.log_in("alice");
  EXPECT_GT(again.socket.sent.back()["seq"].get<std::int64_t>(), last);
}

TEST(Hub, SlowReadersGetTheLatestOnly) {
  web_fixture f;
  client c(f);
  c.log_in("alice");
  auto before = c.socket.sent.size();
  c.socket.queued = 100 * 1024;
  for (int i = 1; i <= 50; ++i) f.services.sockets->publish(event_of(f, "alice", std::to_string(i)));
  f.services.sockets->publish(status_of(f, "alice", engine::bot_state::degraded));
  f.services.sockets->publish(status_of(f, "alice", engine::bot_state::running));
  f.timers.advance(100ms);
  EXPECT_EQ(c.socket.sent.size(), before) << "nothing is added to a full queue";
  c.socket.queued = 0;
  f.timers.advance(100ms);
  auto updates = c.socket.types("earnings_update");
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0]["payload"]["total"], "50");
  ASSERT_EQ(c.socket.types("bot_update").size(), 1u);
  EXPECT_EQ(c.socket.types("bot_update")[0]["payload"]["state"], "running");
  f.services.sockets->publish(event_of(f, "alice", "51"));
  EXPECT_EQ(c.socket.types("earnings_update").size(), 2u);
}

TEST(Hub, VerySlowReadersGetASnapshot) {
  web_fixture f;
  client c(f);
  c.log_in("alice");
  c.socket.queued = 100 * 1024;
  for (int i = 1; i <= 500; ++i) f.services.sockets->publish(event_of(f, "alice", std::to_string(i)));
  f.earnings.all.push_back(
      {.id = 1, .user = f.id_of("alice"), .source = "trading", .asset = "USDT", .amount = decimal(500)});
  c.socket.queued = 0;
  f.timers.advance(100ms);
  f.settle();
  ASSERT_EQ(c.socket.types("synced").size(), 2u);
  EXPECT_EQ(c.socket.types("earnings_update").back()["payload"]["total"], "500");
}

TEST(Hub, EndedSessionsAreClosed) {
  web_fixture f;
  client alice(f), bob(f);
  alice.log_in("alice");
  bob.log_in("bob");
  EXPECT_EQ(f.call("POST", "/backend/ban-user/name/alice/now", f.token_of("root")).status, 200);
  EXPECT_EQ(alice.socket.closed, 4401);
  EXPECT_EQ(alice.socket.sent.back()["code"], "session_ended");
  EXPECT_FALSE(bob.socket.closed);
}

TEST(Hub, LogoutClosesTheSocketsOfThatSession) {
  web_fixture f;
  client first(f), second(f);
  auto token = f.token_of("alice");
  first.say({{"type", "auth"}, {"payload", {{"token", token}}}});
  second.log_in("alice");
  EXPECT_EQ(f.call("POST", "/client/logout", token).status, 204);
  EXPECT_EQ(first.socket.closed, 4401);
  EXPECT_FALSE(second.socket.closed);
}

TEST(Hub, ExpiredTokensEndTheSocketUnlessRenewed) {
  web_fixture f;
  client idle(f), renewing(f);
  idle.log_in("alice");
  renewing.log_in("alice");
  f.timers.advance(std::chrono::minutes(50));
  renewing.log_in("alice");
  f.timers.advance(std::chrono::minutes(11));
  EXPECT_EQ(idle.socket.closed, 4401);
  EXPECT_FALSE(renewing.socket.closed);
}

TEST(Hub, HeartbeatsComeAtTheirInterval) {
  web_fixture f;
  client c(f);
  c.log_in("alice");
  f.timers.advance(95s);
  EXPECT_EQ(c.socket.types("heartbeat").size(), 3u);
}

TEST(Hub, MisuseIsBounded) {
  web_fixture f;
  client garbage(f), flood(f), binary(f), huge(f);
  for (int i = 0; i < 20; ++i) garbage.handler->on_message("{", false);
  EXPECT_EQ(garbage.socket.closed, 1008);
  EXPECT_LE(garbage.socket.sent.size(), 17u);
  for (int i = 0; i < 200; ++i) flood.handler->on_message(R"({"type":"heartbeat"})", false);
  EXPECT_EQ(flood.socket.closed, 1008);
  binary.handler->on_message("x", true);
  EXPECT_EQ(binary.socket.closed, 1003);
  huge.handler->on_message(std::string(5000, 'x'), false);
  EXPECT_EQ(huge.socket.closed, 1009);
}

TEST(Hub, CountsWhatIsOpen) {
  web_fixture f;
  client waiting(f, topic::earnings), known(f, topic::earnings);
  known.log_in("alice");
  auto counts = f.services.sockets->counts()[static_cast<std::size_t>(topic::earnings)];
  EXPECT_EQ(counts.authenticated, 1);
  EXPECT_EQ(counts.waiting, 1);
  known.drop();
  waiting.drop();
  counts = f.services.sockets->counts()[static_cast<std::size_t>(topic::earnings)];
  EXPECT_EQ(counts.authenticated + counts.waiting, 0);
}

TEST(Hub, StrangersOfOneAddressAreBounded) {
  web_config config;
  config.unauthenticated_sockets_per_address = 2;
  web_fixture f(config);
  client first(f), second(f);
  EXPECT_FALSE(f.services.sockets->may_wait("192.0.2.7"));
  EXPECT_TRUE(f.services.sockets->may_wait("192.0.2.8"));
  first.log_in("alice");
  EXPECT_TRUE(f.services.sockets->may_wait("192.0.2.7"));
}

net::http_request handshake(header_list headers) {
  headers.emplace_back("Host", "engine.example");
  return {.method = "GET", .path = "/ws/earnings", .headers = std::move(headers), .wants_websocket = true};
}

TEST(Handshake, ChecksOriginAgentAndUpgrade) {
  web_fixture f;
  EXPECT_EQ(f.send(handshake({{"User-Agent", "t"}})).status, 101);
  EXPECT_EQ(f.send(handshake({})).status, 400);
  EXPECT_EQ(f.send(handshake({{"User-Agent", "t"}, {"Origin", "https://evil.example"}})).status, 403);
  EXPECT_EQ(f.send(handshake({{"User-Agent", "t"}, {"Origin", "https://engine.example"}})).status, 101);
  auto plain = f.call("GET", "/ws/earnings");
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(find_header(plain.headers, "Upgrade"), "websocket");
}

TEST(Handshake, TokensMayComeWithIt) {
  web_fixture f;
  auto token = f.token_of("alice");
  auto by_header = f.send(handshake({{"User-Agent", "t"}, {"Authorization", "Bearer " + token}}));
  ASSERT_TRUE(by_header.websocket);
  fake_socket socket;
  by_header.websocket->on_open(socket);
  EXPECT_EQ(socket.sent[0]["payload"]["auth_required"], false);
  EXPECT_EQ(socket.types("auth_success").size(), 1u);
  by_header.websocket->on_close(1000);
  f.settle();
  auto by_protocol = f.send(handshake({{"User-Agent", "t"}, {"Sec-WebSocket-Protocol", "drover, bearer." + token}}));
  EXPECT_EQ(by_protocol.status, 101);
  EXPECT_EQ(find_header(by_protocol.headers, "Sec-WebSocket-Protocol"), "drover");
  EXPECT_EQ(f.send(handshake({{"User-Agent", "t"}, {"Sec-WebSocket-Protocol", "bearer.bad"}})).status, 401);
  EXPECT_EQ(f.send(handshake({{"User-Agent", "t"}, {"Authorization", "Bearer bad"}})).status, 401);
}

}  // namespace
}  // namespace drover::web::ws
