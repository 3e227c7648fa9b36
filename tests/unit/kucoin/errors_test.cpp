#include <gtest/gtest.h>

#include "tests/unit/kucoin/kucoin_fixture.hpp"

namespace drover::exchanges::kucoin {
namespace {

const std::map<std::string, exchange_errc> expected{
    {"bad_key", exchange_errc::bad_credentials},
    {"bad_signature", exchange_errc::bad_credentials},
    {"bad_passphrase", exchange_errc::bad_credentials},
    {"clock_skew", exchange_errc::clock_skew},
    {"ip_restricted", exchange_errc::ip_not_allowed},
    {"permission", exchange_errc::permission_missing},
    {"missing_headers", exchange_errc::bad_credentials},
    {"insufficient_balance", exchange_errc::insufficient_funds},
    {"min_size", exchange_errc::min_notional},
    {"size_increment", exchange_errc::bad_precision},
    {"duplicate_client_id", exchange_errc::duplicate_order},
    {"order_not_found", exchange_errc::order_not_found},
    {"order_not_found2", exchange_errc::order_not_found},
    {"bad_symbol", exchange_errc::instrument_unknown},
    {"price_limit", exchange_errc::bad_precision},
    {"rate_limited", exchange_errc::rate_limited},
    {"rate_limited_200", exchange_errc::rate_limited},
    // To a write a 5xx proves nothing.
    {"internal", exchange_errc::unknown_outcome},
    {"symbol_halted", exchange_errc::maintenance},
};

TEST(KucoinErrors, AreAtLeastAsPreciseAsAForeignClients) {
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/kucoin.json")) {
    const auto name = c["case"].get<std::string>();
    ASSERT_TRUE(expected.contains(name)) << name;
    auto reply = read(call_of(operation::create_order), c["body"].dump(), c["http_status"].get<int>());
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(expected.at(name))) << name << ": " << reply.error().to_string();
    EXPECT_NE(reply.error().detail.find(c["body"]["code"].get<std::string>()), std::string::npos);
    ++seen;
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(KucoinErrors, WritesThatProveNothingAreUnknown) {
  const std::vector<std::pair<std::string, int>> answers{
      {"<html>bad gateway</html>", 502}, {"", 504}, {"{", 200}, {"[]", 200}, {R"({"code":"200000"})", 200}, {R"({"data":{}})", 200},
      {"<html>blocked</html>", 403}, {R"({"code":"500000","msg":"x"})", 200}, {R"({"code":"408000","msg":"timeout"})", 200},
      {R"({"code":"987654","msg":"something new"})", 200}, {R"({"code":"200004","msg":"Balance insufficient!"})", 500}};
  for (const auto& [body, status] : answers) {
    auto reply = read(call_of(operation::create_order), body, status);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome)) << status << " " << body;
  }
}

TEST(KucoinErrors, ReadsThatFailAreMaintenance) {
  EXPECT_EQ(read(call_of(operation::balances), "<html>", 503).error().code, make_error_code(exchange_errc::maintenance));
  EXPECT_EQ(read(call_of(operation::balances), R"({"code":"500000","msg":"x"})").error().code, make_error_code(exchange_errc::maintenance));
  EXPECT_EQ(read(call_of(operation::balances), "{").error().code, make_error_code(exchange_errc::protocol));
}

TEST(KucoinErrors, LimitsSayHowLongToStayAway) {
  auto reply = read(call_of(operation::balances), R"({"code":"429000","msg":"Too Many Requests"})", 429, {{"gw-ratelimit-reset", "3000"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().retry_after, milliseconds(3'000));
}

TEST(KucoinLimits, FollowTheHeadersOfThePool) {
  const auto request = *protocol().make_request(call_of(operation::balances));
  const header_list headers{{"gw-ratelimit-limit", "4000"}, {"gw-ratelimit-remaining", "3950"}, {"gw-ratelimit-reset", "12000"}};
  auto report = protocol().read_limits(request, {200, headers, ""}, {});
  ASSERT_EQ(report.readings.size(), 1u);
  EXPECT_EQ(report.readings[0].rule, request.charges[0].rule);
  EXPECT_EQ(report.readings[0].used, 50);
  EXPECT_EQ(report.readings[0].limit, 4'000);
  EXPECT_EQ(report.readings[0].resets_in, nanoseconds(12s));
  report = protocol().read_limits(request, {429, headers, ""}, {});
  EXPECT_EQ(report.account_ban, nanoseconds(12s));
  EXPECT_FALSE(report.address_ban);
}

TEST(KucoinLimits, TheEdgeCountsByAddress) {
  const auto request = *protocol().make_request(call_of(operation::balances));
  const auto report = protocol().read_limits(request, {429, {}, "error code: 1015"}, {});
  EXPECT_EQ(report.address_ban, nanoseconds(30s));
  EXPECT_FALSE(report.account_ban);
  EXPECT_TRUE(protocol().read_limits(request, {200, {{"gw-ratelimit-limit", "-9"}, {"gw-ratelimit-remaining", "x"}}, ""}, {}).readings.empty());
}

}  // namespace
}  // namespace drover::exchanges::kucoin
