#include <gtest/gtest.h>

#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::web_fixture;

std::shared_ptr<const limits_report> make_report() {
  exchange_limits e{.exchange = "binance"};
  e.sources.push_back({"10.0.0.1", {{"request_weight_1m", "address", "fixed_window", 1500, 6000, 60s, 1500us}}, std::nullopt});
  e.sources.push_back({"", {{"request_weight_1m", "address", "fixed_window", 3000, 6000, 60s, 20s}}, 90s});
  e.lanes.push_back({"read", 7, 100, 3, 2500ms, 400ms});
  e.hottest_accounts.push_back({"17", "BTC/USDT", {"orders_10s", "account", "fixed_window", 99, 100, 10s, 5s}});
  e.address_bans = 2;
  limits_report report{wall_time::from_ms(1'732'104'000'000), {e}};
  return std::make_shared<const limits_report>(std::move(report));
}

TEST(ExchangeLimitsApi, ShowsAdministratorsHowFullTheBudgetsAre) {
  web_fixture f;
  f.services.parts.limits = [](auto done) { done(make_report()); };
  EXPECT_EQ(f.call("GET", "/admin/exchanges/limits").status, 401);
  EXPECT_EQ(f.call("GET", "/admin/exchanges/limits", f.token_of("alice")).status, 403);
  auto answer = f.call("GET", "/admin/exchanges/limits", f.token_of("root"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  auto body = web_fixture::parse(answer);
  EXPECT_EQ(body["at"], "2024-11-20T12:00:00.000000Z");
  const auto& e = body["exchanges"][0];
  EXPECT_EQ(e["exchange"], "binance");
  EXPECT_EQ(e["addresses"][0]["address"], "10.0.0.1");
  EXPECT_TRUE(e["addresses"][0]["banned_for_ms"].is_null());
  EXPECT_EQ(e["addresses"][0]["rules"][0]["used"], 1500);
  EXPECT_EQ(e["addresses"][0]["rules"][0]["resets_in_ms"], 2);
  EXPECT_EQ(e["addresses"][1]["address"], "default");
  EXPECT_EQ(e["addresses"][1]["banned_for_ms"], 90'000);
  EXPECT_EQ(e["lanes"][0]["waiting"], 7);
  EXPECT_EQ(e["lanes"][0]["longest_wait_ms"], 400);
  EXPECT_EQ(e["hottest_accounts"][0]["account"], "17");
  EXPECT_EQ(e["hottest_accounts"][0]["symbol"], "BTC/USDT");
  EXPECT_EQ(e["address_bans"], 2);
}

TEST(ExchangeLimitsApi, AnswersWithoutATradingThread) {
  web_fixture f;
  auto body = web_fixture::parse(f.call("GET", "/admin/exchanges/limits", f.token_of("root")));
  EXPECT_TRUE(body["at"].is_null());
  EXPECT_TRUE(body["exchanges"].empty());
}

TEST(ExchangeLimitsApi, RefusesUnknownParameters) {
  web_fixture f;
  EXPECT_EQ(f.call("GET", "/admin/exchanges/limits?x=1", f.token_of("root")).status, 422);
}

TEST(ExchangeLimitsApi, MetricsNameBucketsAndNoAccount) {
  web_fixture f;
  f.services.parts.limits = [](auto done) { done(make_report()); };
  net::http_request r{.method = "GET"};
  r.path = "/metrics";
  r.remote_address = "127.0.0.1";
  auto text = f.send(std::move(r)).body;
  EXPECT_NE(text.find(R"(engine_exchange_rate_limit_used_ratio{bucket="request_weight_1m",exchange="binance"} 0.5)"), text.npos) << text;
  EXPECT_NE(text.find(R"(engine_exchange_rate_waiting{exchange="binance",lane="read"} 7)"), text.npos);
  EXPECT_NE(text.find(R"(engine_exchange_bans_total{exchange="binance",of="address"} 2)"), text.npos);
  EXPECT_NE(text.find(R"(engine_exchange_rate_wait_seconds_total{exchange="binance",lane="read"} 2.5)"), text.npos);
  EXPECT_EQ(text.find("orders_10s"), text.npos);
}

TEST(ExchangeLimitsApi, MetricsTellOfConnectionsAndTheRawRecord) {
  web_fixture f;
  limits_report report{wall_time::from_ms(1), {exchange_limits{.exchange = "okx"}}};
  auto& health = report.exchanges[0].health;
  health.latency_median = milliseconds(25);
  health.reconnects = 3;
  health.breaker = "half_open";
  health.account_breakers = {{"closed", 7}, {"open", 2}};
  report.recorder = recorder_report{.recorded = 90, .stored = 80, .dropped = 4, .quarantined = 1, .spooled_bytes = 4096, .segments = 2};
  report.recorder->gaps = {{"okx", 5}};
  report.recorder->stored_to = {{"okx.user", 1'795'250'932'476'797}};
  f.services.parts.limits = [&](auto done) { done(std::make_shared<const limits_report>(report)); };
  const auto read = [&] {
    net::http_request r{.method = "GET"};
    r.path = "/metrics";
    r.remote_address = "127.0.0.1";
    return f.send(std::move(r)).body;
  };
  const auto text = read();
  for (const auto* line : {R"(engine_exchange_latency_seconds{exchange="okx"} 0.025)",
                           R"(engine_exchange_reconnects_total{exchange="okx"} 3)",
                           R"(engine_exchange_circuit_breakers{exchange="okx",of="account",state="closed"} 7)",
                           R"(engine_exchange_circuit_breakers{exchange="okx",of="account",state="half_open"} 0)",
                           R"(engine_exchange_circuit_breakers{exchange="okx",of="exchange",state="half_open"} 1)",
                           R"(engine_raw_records_total{result="stored"} 80)", R"(engine_raw_records_total{result="quarantined"} 1)",
                           R"(engine_raw_spool_bytes 4096)", R"(engine_raw_gaps_total{exchange="okx"} 5)",
                           R"(engine_raw_stored_sequence{stream="okx.user"} 1795250932476797)"})
    EXPECT_NE(text.find(line), text.npos) << line << "\n" << text;
  EXPECT_EQ(text.find("engine_exchange_message_age_seconds{"), text.npos);
  // What is not known any more is not shown as it was.
  report.exchanges[0].health.latency_median.reset();
  EXPECT_EQ(read().find("engine_exchange_latency_seconds{"), text.npos);
}

}  // namespace
}  // namespace drover::web
