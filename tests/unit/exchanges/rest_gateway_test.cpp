#include "exchanges/runtime/rest_gateway.hpp"

#include <gtest/gtest.h>

#include "exchanges/runtime/redaction.hpp"
#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using test::runtime_fixture;

order_request small_order() {
  order_request r;
  r.symbol = "BTC/USDT";
  r.quantity = r.price = decimal(1);
  r.client_order_id = "mine";
  return r;
}

std::int64_t nonce_of(const client_request& r) { return std::stoll(std::string(find_header(r.headers, "Nonce"))); }

TEST(RestGateway, NoncesOnlyGrow) {
  runtime_fixture f;
  f.build();
  auto& account = f.open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(f.run(account.fetch_balances(lane::read)));
  for (std::size_t i = 1; i < f.http.requests.size(); ++i)
    EXPECT_LT(nonce_of(f.http.requests[i - 1]), nonce_of(f.http.requests[i]));
}

TEST(RestGateway, AKeyWithSerialNoncesSendsOneAtATime) {
  runtime_fixture f;
  f.protocol->own.serial_nonce = true;
  f.build();
  int under_way = 0, most = 0, answered = 0;
  class slow_http final : public http_client {
   public:
    slow_http(timer_queue& t, int& n, int& m) : timers(t), now(n), most(m) {}
    task<result<client_response>> send(client_request) override {
      most = std::max(most, ++now);
      co_await sleep_for(timers, 100ms);
      --now;
      co_return client_response{200, {}, "{}"};
    }
    timer_queue& timers;
    int& now;
    int& most;
  } slow(f.timers, under_way, most);
  auto protocol = std::make_unique<test::word_protocol>();
  protocol->own.serial_nonce = true;
  protocol->read = [&f](const venue_call& c, const client_response& a) { return f.read(c, a); };
  auto venue = make_venue_exchange(f.config, {f.io.get_executor(), f.timers, f.random, slow, f.sockets, f.recorder},
                                   std::move(protocol), nullptr)
                   .value();
  {
    credential_source keys = []() -> result<credentials> { return credentials{}; };
    auto account = venue->open_account(keys, "1");
    for (int i = 0; i < 5; ++i)
      asio::co_spawn(f.io, account->fetch_balances(lane::read), [&](std::exception_ptr, auto r) { answered += r.has_value(); });
    f.advance(450ms);
    EXPECT_EQ(answered, 4);
    f.advance(1s);
  }
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(most, 1);
  asio::co_spawn(f.io, venue->stop(), [](std::exception_ptr) {});
  f.advance(1s);
}

TEST(RestGateway, JoinsTheListsOfAllSteps) {
  runtime_fixture f;
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::fills) return std::nullopt;
    std::vector<fill> page(2);
    // Newest first, and the pages overlap.
    for (int i = 0; i < 2; ++i) {
      const int number = 9 - c.step - i;
      page[static_cast<std::size_t>(i)].trade_id = std::to_string(number);
      page[static_cast<std::size_t>(i)].at = wall_time::from_ms(number);
    }
    std::optional<venue_call> next;
    if (c.step < 3) {
      next = c;
      ++next->step;
      next->cursor = std::to_string(c.step);
    }
    return venue_reply{std::move(page), std::move(next)};
  };
  f.build();
  auto fills = f.run(f.open().fetch_fills("BTC/USDT", {"5", {}}, lane::read));
  ASSERT_TRUE(fills) << fills.error().to_string();
  std::string ids;
  for (const auto& one : *fills) ids += one.trade_id;
  EXPECT_EQ(ids, "6789");
  EXPECT_EQ(f.sent("fills"), 4u);
}

TEST(RestGateway, AnEndlessListEnds) {
  runtime_fixture f;
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::open_orders) return std::nullopt;
    return venue_reply{std::vector<order>{}, c};
  };
  f.build();
  EXPECT_EQ(f.run(f.open().fetch_open_orders("BTC/USDT", lane::read)).error().code, errc::out_of_range);
  EXPECT_EQ(f.sent("open_orders"), static_cast<std::size_t>(rest_gateway::step_limit));
}

TEST(RestGateway, ALaterStepOfAWriteNeverClaimsThatNothingHappened) {
  runtime_fixture f;
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::create_order || c.step > 0) return std::nullopt;
    auto next = c;
    ++next.step;
    next.cursor = "second";
    return venue_reply{nothing{}, std::move(next)};
  };
  f.answer = [](const client_request& r) -> result<client_response> {
    if (r.url.find("second") != std::string::npos) return fail(transport_errc::not_sent, "connect");
    return client_response{200, {}, "{}"};
  };
  f.build();
  EXPECT_EQ(f.run(f.open().place_order(small_order(), 5'000ms)).error().code, exchange_errc::unknown_outcome);
}

TEST(RestGateway, AnOrderThatMayNotLeaveAnyMoreIsNotSentAndTheVenueIsNotBlamed) {
  runtime_fixture f;
  f.build();
  auto& account = f.open();
  ASSERT_TRUE(f.run(account.fetch_balances(lane::read)));
  const auto before = f.http.requests.size();
  for (int i = 0; i < 10; ++i) {
    auto held = f.run(account.place_order(small_order(), {5s, lane::entry, [] { return std::string("trading is locked"); }}));
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().code, exchange_errc::not_sent);
    EXPECT_EQ(held.error().detail, "trading is locked");
  }
  EXPECT_EQ(f.http.requests.size(), before);
  EXPECT_EQ(f.venue->get_health().connection.breaker, breaker_state::closed);
  EXPECT_EQ(f.venue->get_health().connection.errors, 0u);
  EXPECT_TRUE(f.run(account.place_order(small_order(), {5s, lane::entry, [] { return std::string(); }})));
}

TEST(RestGateway, CompletesAnAnswerThatHasOnlyIds) {
  runtime_fixture f;
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::create_order) return std::nullopt;
    return venue_reply{order{.venue_order_id = "77", .complete = false}, {}};
  };
  f.build();
  auto placed = f.run(f.open().place_order(small_order(), 5'000ms));
  ASSERT_TRUE(placed);
  EXPECT_FALSE(placed->complete);
  EXPECT_EQ(placed->client_order_id, "mine");
  EXPECT_EQ(placed->symbol, "BTC/USDT");
  EXPECT_EQ(placed->quantity, decimal(1));
}

TEST(RestGateway, StopsAskingAVenueThatIsDownAndAsksAgainEveryFiveSeconds) {
  runtime_fixture f;
  bool down = true;
  f.answer = [&](const client_request&) -> result<client_response> {
    if (down) return client_response{503, {}, ""};
    return client_response{200, {}, "{}"};
  };
  f.build();
  auto& account = f.open();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(f.run(account.fetch_balances(lane::read)));
  const auto before = f.http.requests.size();
  auto refused = f.run(account.place_order(small_order(), 5'000ms));
  EXPECT_EQ(refused.error().code, exchange_errc::maintenance);
  EXPECT_NE(refused.error().detail.find("HTTP 503"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(f.http.requests.size(), before);
  EXPECT_EQ(f.venue->get_health().connection.breaker, breaker_state::open);
  for (int i = 0; i < 1000; ++i) (void)f.run(account.fetch_balances(lane::read));
  f.advance(60s);
  for (int second = 0; second < 60; ++second) {
    (void)f.run(account.fetch_balances(lane::read));
    f.advance(1s);
  }
  EXPECT_LE(f.http.requests.size() - before, 15u);
  down = false;
  f.advance(6s);
  EXPECT_TRUE(f.run(account.fetch_balances(lane::read)));
  EXPECT_TRUE(f.run(account.place_order(small_order(), 5'000ms)));
  EXPECT_EQ(f.venue->get_health().connection.breaker, breaker_state::closed);
}

TEST(RestGateway, CancelsLeaveWhateverTheBreakerSays) {
  runtime_fixture f;
  f.answer = [](const client_request&) -> result<client_response> { return fail(transport_errc::no_answer, "reset"); };
  f.build();
  auto& account = f.open();
  for (int i = 0; i < 6; ++i) (void)f.run(account.fetch_balances(lane::read));
  const auto before = f.http.requests.size();
  EXPECT_EQ(f.run(account.cancel_order({"BTC/USDT", "mine", ""}, lane::protective)).error().code, exchange_errc::unknown_outcome);
  EXPECT_EQ(f.http.requests.size(), before + 1);
}

TEST(RestGateway, OneAccountsTroubleIsItsOwn) {
  runtime_fixture f;
  f.answer = [](const client_request& r) -> result<client_response> {
    if (find_header(r.headers, "Key") == "key-bad") return client_response{500, {}, ""};
    return client_response{200, {}, "{}"};
  };
  f.build();
  auto& good = f.open("good");
  auto& bad = f.open("bad");
  for (int i = 0; i < 12; ++i) {
    for (int n = 0; n < 3; ++n) EXPECT_TRUE(f.run(good.fetch_balances(lane::read)));
    EXPECT_FALSE(f.run(bad.fetch_balances(lane::read)));
  }
  EXPECT_EQ(bad.get_health().breaker, breaker_state::open);
  EXPECT_EQ(bad.get_health().errors, 5u);
  EXPECT_EQ(good.get_health().breaker, breaker_state::closed);
  EXPECT_EQ(f.venue->get_health().connection.breaker, breaker_state::closed);
}

TEST(RestGateway, KeepsTokensOutOfTheRecord) {
  runtime_fixture f;
  f.protocol->own.private_stream_needs_access = true;
  bool readable = true;
  f.answer = [](const client_request& r) -> result<client_response> {
    if (r.url.ends_with("stream_access")) return client_response{200, {}, R"({"token":"abcdefghijklmnopqrstuvwxyz","code":"ok"})"};
    return client_response{200, {}, "{}"};
  };
  f.on_read = [&](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::stream_access) return std::nullopt;
    if (!readable) return fail(exchange_errc::protocol, "shape");
    auto access = std::make_shared<stream_access>();
    access->token = secret("abcdefghijklmnopqrstuvwxyz");
    return venue_reply{std::shared_ptr<const stream_access>(access), {}};
  };
  f.build();
  f.open().subscribe([](const account_event&) {});
  f.advance(1s);
  readable = false;
  f.open("18").subscribe([](const account_event&) {});
  f.advance(1s);
  int seen = 0;
  for (const auto& r : f.recorder.records) {
    EXPECT_EQ(r.find("abcdefghijklmnopqrstuvwxyz"), std::string::npos) << r;
    if (r.find("stream_access") == std::string::npos) continue;
    EXPECT_NE(r.find(R"({"token":"***","code":"ok"})"), std::string::npos) << r;
    ++seen;
  }
  EXPECT_GE(seen, 2);
  EXPECT_EQ(f.sockets.urls.at(0), "ws://private?abcdefghijklmnopqrstuvwxyz");
}

TEST(RestGateway, TellsHowTheConnectionIsDoing) {
  runtime_fixture f;
  f.build();
  auto& account = f.open();
  ASSERT_TRUE(f.run(account.fetch_balances(lane::read)));
  f.answer = [](const client_request&) -> result<client_response> { return fail(transport_errc::no_answer); };
  (void)f.run(account.fetch_balances(lane::read));
  f.advance(2s);
  const auto health = f.venue->get_health().connection;
  EXPECT_EQ(health.requests, 2u);
  EXPECT_EQ(health.errors, 1u);
  EXPECT_TRUE(health.latency_median);
  ASSERT_TRUE(health.message_age);
  EXPECT_GE(*health.message_age, 2000ms);
  f.advance(6min);
  EXPECT_EQ(f.venue->get_health().connection.requests, 0u);
}

TEST(RestGateway, TheDeadManTimerIsRepeatedWhileSomebodyTradesAndSwitchedOffAtTheEnd) {
  runtime_fixture f;
  f.protocol->own.has_dead_man = true;
  f.config.dead_man_after = 30s;
  f.build();
  f.open().subscribe([](const account_event&) {});
  f.advance(35s);
  EXPECT_EQ(f.sent("set_dead_man?after=30000"), 4u);
  f.accounts.clear();
  f.advance(1s);
  EXPECT_EQ(f.sent("set_dead_man?after=0"), 1u);
  f.advance(1min);
  EXPECT_EQ(f.sent("set_dead_man?after=30000"), 4u);
}

TEST(RestGateway, TheDeadManTimerIsSwitchedOffBeforeTheVenueStops) {
  runtime_fixture f;
  f.protocol->own.has_dead_man = true;
  f.config.dead_man_after = 30s;
  f.build();
  f.open().subscribe([](const account_event&) {});
  f.advance(1s);
  f.accounts.clear();
  bool done = false;
  asio::co_spawn(f.io, f.venue->stop(), [&](std::exception_ptr) { done = true; });
  f.advance(1s);
  EXPECT_TRUE(done);
  EXPECT_EQ(f.sent("set_dead_man?after=0"), 1u);
}

TEST(Redaction, ReplacesEveryOccurrence) {
  EXPECT_EQ(redact("a token b token", "token"), "a *** b ***");
  EXPECT_EQ(redact("abc", "abc"), "abc") << "too short to be a secret";
  EXPECT_EQ(redact_long_strings(R"({"a":"short","b":"0123456789abcdef","c":"with \" 0123456789"})"), R"({"a":"short","b":"***","c":"***"})");
  EXPECT_EQ(redact_long_strings("\"unterminated 0123456789"), "\"***");
}

}  // namespace
}  // namespace drover::exchanges
