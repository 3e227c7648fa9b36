#include <gtest/gtest.h>

#include "tests/unit/gate/gate_fixture.hpp"

namespace drover::exchanges::gate {
namespace {

const std::map<std::string, exchange_errc> expected{
    {"bad_key", exchange_errc::bad_credentials},
    {"bad_signature", exchange_errc::bad_credentials},
    {"clock_skew", exchange_errc::clock_skew},
    {"permission", exchange_errc::permission_missing},
    {"read_only", exchange_errc::permission_missing},
    {"ip_restricted", exchange_errc::ip_not_allowed},
    {"ip_restricted2", exchange_errc::ip_not_allowed},
    {"insufficient_balance", exchange_errc::insufficient_funds},
    {"min_notional", exchange_errc::min_notional},
    {"min_amount", exchange_errc::min_notional},
    {"precision", exchange_errc::bad_precision},
    {"bad_text", exchange_errc::refused},
    {"order_not_found", exchange_errc::order_not_found},
    {"order_closed", exchange_errc::order_not_found},
    {"order_cancelled", exchange_errc::order_not_found},
    {"bad_symbol", exchange_errc::instrument_unknown},
    {"rate_limited", exchange_errc::rate_limited},
    {"post_only", exchange_errc::would_match},
    // To a write a 5xx proves nothing.
    {"server_error", exchange_errc::unknown_outcome},
    {"maintenance", exchange_errc::unknown_outcome},
    {"user_not_found", exchange_errc::permission_missing},
};

TEST(GateErrors, AreAtLeastAsPreciseAsAForeignClients) {
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/gate.json")) {
    const auto name = c["case"].get<std::string>();
    ASSERT_TRUE(expected.contains(name)) << name;
    const bool cancels = name.starts_with("order_");
    auto call = call_of(cancels ? operation::cancel_order : operation::create_order);
    const auto body = c["body"].is_string() ? c["body"].get<std::string>() : c["body"].dump();
    auto reply = read(call, body, c["http_status"].get<int>());
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(expected.at(name))) << name << ": " << reply.error().to_string();
    if (c["body"].is_object()) EXPECT_NE(reply.error().detail.find(c["body"]["label"].get<std::string>()), std::string::npos);
    ++seen;
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(GateErrors, ReadsThatFailAreMaintenance) {
  for (const auto* body : {"<html>503</html>", R"({"label":"SERVER_ERROR","message":"Internal server error"})"}) {
    auto reply = read(call_of(operation::balances), body, 503);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::maintenance));
  }
}

TEST(GateErrors, WritesThatProveNothingAreUnknown) {
  const std::vector<std::pair<std::string, int>> answers{
      {"<html>bad gateway</html>", 502}, {"", 504},  {"{", 200},  {"[]", 200}, {R"({"id":"1"})", 200},
      {"<html>blocked</html>", 403},     {"{}", 400}, {R"({"label":"TOO_BUSY","message":"x"})", 503},
      {R"({"label":"CANCEL_FAIL","message":"x"})", 400}, {R"({"label":"BALANCE_NOT_ENOUGH"})", 500}};
  for (const auto& [body, status] : answers) {
    auto reply = read(call_of(operation::create_order), body, status);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome)) << status << " " << body;
  }
}

TEST(GateErrors, HideInsideHttp200) {
  auto reply = read(call_of(operation::create_order), R"({"text":"t-1","succeeded":false,"label":"BALANCE_NOT_ENOUGH","message":"Not enough balance"})");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::insufficient_funds));
}

TEST(GateErrors, LimitsSayHowLongToStayAway) {
  auto reply = read(call_of(operation::balances), R"({"label":"TOO_MANY_REQUESTS","message":"x"})", 429, {{"Retry-After", "3"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().retry_after, milliseconds(3'000));
}

TEST(GateLimits, FollowTheHeadersOfEachEndpoint) {
  const auto request = *protocol().make_request(call_of(operation::balances));
  const auto now = wall_time::from_ms(1'732'104'000'000);
  const header_list headers{{"X-Gate-RateLimit-Requests-Remain", "150"}, {"X-Gate-RateLimit-Limit", "200"},
                            {"X-Gate-RateLimit-Reset-Timestamp", "1732104004"}};
  auto report = protocol().read_limits(request, {200, headers, "[]"}, now);
  ASSERT_EQ(report.readings.size(), 1u);
  EXPECT_EQ(report.readings[0].rule, request.charges[0].rule);
  EXPECT_EQ(report.readings[0].used, 50);
  EXPECT_EQ(report.readings[0].limit, 200);
  EXPECT_EQ(report.readings[0].resets_in, nanoseconds(4s));
  EXPECT_FALSE(report.account_ban);
  report = protocol().read_limits(request, {429, headers, ""}, now);
  EXPECT_EQ(report.account_ban, nanoseconds(4s));
  EXPECT_EQ(report.readings.at(0).used, 200);
  const auto open = *protocol().make_request(call_of(operation::server_time));
  EXPECT_EQ(protocol().read_limits(open, {429, {}, ""}, now).address_ban, nanoseconds(10s));
  EXPECT_TRUE(protocol().read_limits(open, {200, {{"X-Gate-RateLimit-Limit", "-9"}, {"X-Gate-RateLimit-Requests-Remain", "x"}}, ""}, now).readings.empty());
}

TEST(GateLimits, PlacingIsCountedByPair) {
  auto call = call_of(operation::create_order);
  call.order = limit_order();
  const auto& rule = protocol().traits().rules[protocol().make_request(call)->charges.at(0).rule];
  EXPECT_EQ(rule.scope, rate_scope::account_symbol);
  EXPECT_EQ(rule.limit, 10);
}

}  // namespace
}  // namespace drover::exchanges::gate
