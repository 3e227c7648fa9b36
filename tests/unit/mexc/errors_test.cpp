#include <gtest/gtest.h>

#include "tests/unit/mexc/mexc_fixture.hpp"

namespace drover::exchanges::mexc {
namespace {

const std::map<std::string, exchange_errc> expected{
    {"bad_key", exchange_errc::bad_credentials},
    {"bad_signature", exchange_errc::bad_credentials},
    {"clock_skew", exchange_errc::clock_skew},
    {"ip_restricted", exchange_errc::ip_not_allowed},
    {"permission", exchange_errc::permission_missing},
    {"insufficient_balance", exchange_errc::insufficient_funds},
    {"insufficient_balance2", exchange_errc::insufficient_funds},
    {"oversold", exchange_errc::insufficient_funds},
    {"min_notional", exchange_errc::min_notional},
    {"max_price", exchange_errc::bad_precision},
    {"cancel_unknown", exchange_errc::order_not_found},
    {"order_not_found", exchange_errc::order_not_found},
    {"bad_symbol", exchange_errc::instrument_unknown},
    {"symbol_no_api", exchange_errc::instrument_unknown},
    {"api_symbol_not_supported", exchange_errc::maintenance},
    {"precision", exchange_errc::bad_precision},
    {"rate_limited", exchange_errc::rate_limited},
    // To a write a 5xx proves nothing.
    {"maintenance", exchange_errc::unknown_outcome},
};

TEST(MexcErrors, AreAtLeastAsPreciseAsAForeignClients) {
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/mexc.json")) {
    const auto name = c["case"].get<std::string>();
    ASSERT_TRUE(expected.contains(name)) << name;
    const auto op = name == "cancel_unknown" ? operation::cancel_order : name == "order_not_found" ? operation::find_order : operation::create_order;
    auto reply = read(call_of(op), c["body"].dump(), c["http_status"].get<int>());
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(expected.at(name))) << name << ": " << reply.error().to_string();
    EXPECT_TRUE(reply.error().detail.starts_with(c["body"]["code"].dump() + ": ")) << reply.error().detail;
    // The same inside HTTP 200.
    if (c["http_status"] != 400) continue;
    auto hidden = read(call_of(op), c["body"].dump(), 200);
    ASSERT_FALSE(hidden) << name;
    EXPECT_EQ(hidden.error().code, reply.error().code) << name;
    ++seen;
  }
  EXPECT_EQ(seen, 15u);
}

TEST(MexcErrors, ReadsThatFailAreMaintenance) {
  for (const auto* body : {"<html>503</html>", R"({"code":503,"msg":"Service not available. Please try again"})"}) {
    auto reply = read(call_of(operation::balances), body, 503);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::maintenance));
  }
}

TEST(MexcErrors, WritesThatProveNothingAreUnknown) {
  const std::vector<std::pair<std::string, int>> answers{{"<html>bad gateway</html>", 502}, {"", 504}, {"{", 200}, {"[]", 200}, {"{}", 200},
                                                         {"<html>blocked</html>", 403}, {R"({"code":500,"msg":"x"})", 400},
                                                         {R"({"code":30004,"msg":"x"})", 500}, {R"({"code":987654,"msg":"x"})", 400}};
  for (const auto& [body, status] : answers) {
    auto reply = read(call_of(operation::create_order), body, status);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome)) << status << " " << body;
  }
}

TEST(MexcLimits, ABanOfOneIsABanOfTheAddress) {
  wire_request request;
  request.is_private = true;
  EXPECT_EQ(protocol().read_limits(request, {429, {{"Retry-After", "7"}}, ""}, {}).address_ban, nanoseconds(7s));
  EXPECT_EQ(protocol().read_limits(request, {429, {}, ""}, {}).address_ban, nanoseconds(10s));
  EXPECT_EQ(protocol().read_limits(request, {418, {}, ""}, {}).address_ban, nanoseconds(120s));
  EXPECT_FALSE(protocol().read_limits(request, {200, {}, ""}, {}).address_ban);
  auto reply = read(call_of(operation::balances), R"({"code":429,"msg":"Too Many Requests"})", 429, {{"Retry-After", "3"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().retry_after, milliseconds(3'000));
}

}  // namespace
}  // namespace drover::exchanges::mexc
