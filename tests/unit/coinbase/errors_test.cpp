#include <gtest/gtest.h>

#include <map>

#include "tests/unit/coinbase/coinbase_fixture.hpp"

namespace drover::exchanges::coinbase {
namespace {

using expectations = std::map<std::string, exchange_errc>;

void check_all(const venue_protocol& protocol, const std::string& file, const expectations& expected) {
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/" + file)) {
    const auto name = c["case"].get<std::string>();
    auto wanted = expected.find(name);
    ASSERT_NE(wanted, expected.end()) << name;
    ++seen;
    const auto op = name.starts_with("order_not_found") || name == "already_done" ? operation::cancel_order
                    : name == "bad_symbol"                                        ? operation::book
                    : name == "maintenance"                                       ? operation::balances
                                                                                  : operation::create_order;
    auto call = call_of(op);
    call.of.venue_order_id = "11111111-1111-4111-8111-111111111111";
    const auto body = c["body"].is_string() ? c["body"].get<std::string>() : c["body"].dump();
    auto reply = read(protocol, call, body, c["http_status"].get<int>());
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(wanted->second)) << name << ": " << reply.error().to_string();
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(CoinbaseExchangeErrors, AreAtLeastAsPreciseAsAForeignClients) {
  check_all(*make_exchange_protocol(), "coinbaseexchange.json",
            {{"bad_key", exchange_errc::bad_credentials},
             {"bad_signature", exchange_errc::bad_credentials},
             {"bad_passphrase", exchange_errc::bad_credentials},
             {"clock_skew", exchange_errc::clock_skew},
             {"permission", exchange_errc::permission_missing},
             {"ip_restricted", exchange_errc::ip_not_allowed},
             {"insufficient_balance", exchange_errc::insufficient_funds},
             {"min_size", exchange_errc::min_notional},
             {"price_precision", exchange_errc::bad_precision},
             {"price_precise", exchange_errc::bad_precision},
             {"order_not_found", exchange_errc::order_not_found},
             {"order_not_found2", exchange_errc::order_not_found},
             {"already_done", exchange_errc::order_not_found},
             {"bad_client_oid", exchange_errc::refused},
             {"bad_symbol", exchange_errc::instrument_unknown},
             {"rate_limited_private", exchange_errc::rate_limited},
             {"rate_limited_public", exchange_errc::rate_limited},
             {"maintenance", exchange_errc::maintenance},
             {"cancel_only", exchange_errc::maintenance}});
}

TEST(CoinbaseAdvancedErrors, AreAtLeastAsPreciseAsAForeignClients) {
  check_all(*make_advanced_protocol(), "coinbase.json",
            {{"bad_jwt", exchange_errc::bad_credentials},
             {"permission", exchange_errc::permission_missing},
             {"insufficient_balance", exchange_errc::insufficient_funds},
             {"min_size", exchange_errc::min_notional},
             {"bad_product", exchange_errc::instrument_unknown},
             {"order_not_found", exchange_errc::order_not_found},
             {"unsupported_config", exchange_errc::refused},
             {"rate_limited", exchange_errc::rate_limited},
             {"rate_limited_v2", exchange_errc::rate_limited},
             {"clock_skew_v2", exchange_errc::clock_skew},
             // To a write a 500 proves nothing.
             {"internal", exchange_errc::unknown_outcome},
             {"preview_stop", exchange_errc::refused}});
}

TEST(CoinbaseErrors, WritesThatProveNothingAreUnknown) {
  for (auto make : {make_advanced_protocol, make_exchange_protocol}) {
    auto protocol = make();
    for (const auto* body : {"<html>bad gateway</html>", "", "{", "{\"message\":\"Insufficient funds\"}"})
      for (int status : {500, 502, 503, 504}) {
        auto reply = read(*protocol, call_of(operation::create_order), body, status);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome)) << status << body;
      }
    auto html = read(*protocol, call_of(operation::create_order), "<html>blocked</html>", 403);
    ASSERT_FALSE(html);
    EXPECT_EQ(html.error().code, make_error_code(exchange_errc::unknown_outcome));
    auto cut = read(*protocol, call_of(operation::create_order), R"({"success":tr)", 200);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, make_error_code(exchange_errc::unknown_outcome));
  }
}

TEST(CoinbaseErrors, LimitsSayHowLongToStayAway) {
  auto protocol = make_exchange_protocol();
  auto reply = read(*protocol, call_of(operation::balances), R"({"message":"Private rate limit exceeded"})", 429,
                    {{"Retry-After", "3"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().retry_after, milliseconds(3'000));
  wire_request request;
  request.is_private = true;
  auto report = protocol->read_limits(request, {429, {{"Retry-After", "3"}}, ""}, {});
  EXPECT_EQ(report.account_ban, nanoseconds(3s));
  EXPECT_FALSE(report.address_ban);
  request.is_private = false;
  EXPECT_EQ(protocol->read_limits(request, {429, {}, ""}, {}).address_ban, nanoseconds(1s));
}

}  // namespace
}  // namespace drover::exchanges::coinbase
