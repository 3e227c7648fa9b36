#include <gtest/gtest.h>

#include "tests/unit/kraken/kraken_fixture.hpp"

namespace drover::exchanges::kraken {
namespace {

const std::map<std::string, exchange_errc> expected{
    {"EAPI:Invalid key", exchange_errc::bad_credentials},
    {"EAPI:Invalid signature", exchange_errc::bad_credentials},
    {"EAPI:Invalid nonce", exchange_errc::clock_skew},
    {"EGeneral:Permission denied", exchange_errc::permission_missing},
    {"EAPI:Feature disabled", exchange_errc::unsupported},
    {"EOrder:Insufficient funds", exchange_errc::insufficient_funds},
    {"EOrder:Order minimum not met", exchange_errc::min_notional},
    {"EOrder:Cost minimum not met", exchange_errc::min_notional},
    {"EOrder:Invalid price", exchange_errc::bad_precision},
    {"EGeneral:Invalid arguments", exchange_errc::refused},
    {"EGeneral:Invalid arguments:volume minimum not met", exchange_errc::min_notional},
    {"EGeneral:Invalid arguments:price", exchange_errc::bad_precision},
    {"EOrder:Unknown order", exchange_errc::order_not_found},
    {"EOrder:Invalid order", exchange_errc::refused},
    {"EQuery:Unknown asset pair", exchange_errc::instrument_unknown},
    {"EQuery:Invalid asset pair", exchange_errc::instrument_unknown},
    {"EAPI:Rate limit exceeded", exchange_errc::rate_limited},
    {"EOrder:Rate limit exceeded", exchange_errc::rate_limited},
    {"EGeneral:Temporary lockout", exchange_errc::rate_limited},
    {"EGeneral:Too many requests", exchange_errc::rate_limited},
    {"EService:Throttled: 1732104060", exchange_errc::rate_limited},
    // The engine may have taken the order before the front lost it.
    {"EService:Unavailable", exchange_errc::unknown_outcome},
    {"EService:Busy", exchange_errc::unknown_outcome},
    {"EService:Timeout", exchange_errc::unknown_outcome},
    {"EGeneral:Internal error", exchange_errc::unknown_outcome},
    {"EService:Market in cancel_only mode", exchange_errc::maintenance},
    {"EService:Market in post_only mode", exchange_errc::maintenance},
    {"EOrder:Post only order", exchange_errc::would_match},
    {"EOrder:Orders limit exceeded", exchange_errc::refused},
    {"EGeneral:Invalid arguments:cl_ord_id", exchange_errc::refused},
};

TEST(KrakenErrors, AreAtLeastAsPreciseAsAForeignClients) {
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/kraken.json")) {
    const auto name = c["case"].get<std::string>();
    ASSERT_TRUE(expected.contains(name)) << name;
    auto reply = read(call_of(operation::create_order), c["body"].dump(), c["http_status"].get<int>());
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(expected.at(name))) << name << ": " << reply.error().to_string();
    EXPECT_NE(reply.error().detail.find(name.substr(name.find(':') + 1)), std::string::npos) << reply.error().detail;
    ++seen;
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(KrakenErrors, KnowAClientIdThatIsInUse) {
  auto reply = read(call_of(operation::create_order), R"({"error":["EGeneral:Invalid arguments:cl_ord_id not unique"]})");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::duplicate_order));
}

TEST(KrakenErrors, ReadsThatFailAreMaintenance) {
  for (const auto* text : {"EService:Unavailable", "EService:Busy", "EGeneral:Internal error"})
    EXPECT_EQ(read(call_of(operation::balances), R"({"error":[")" + std::string(text) + "\"]}").error().code,
              make_error_code(exchange_errc::maintenance));
  EXPECT_EQ(read(call_of(operation::balances), "<html>", 520).error().code, make_error_code(exchange_errc::maintenance));
}

TEST(KrakenErrors, WritesThatProveNothingAreUnknown) {
  const std::vector<std::pair<std::string, int>> answers{
      {"<html>bad gateway</html>", 502}, {"", 504}, {"{", 200}, {"[]", 200}, {"{}", 200}, {R"({"error":[]})", 200},
      {R"({"error":[],"result":{}})", 200}, {R"({"error":[7]})", 200}, {R"({"error":["new words"]})", 200},
      {R"({"error":["EOrder:Insufficient funds"]})", 503}};
  for (const auto& [body, status] : answers) {
    auto call = call_of(operation::create_order);
    auto reply = read(call, body, status);
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome)) << status << " " << body;
  }
}

TEST(KrakenErrors, WarningsAreNone) {
  EXPECT_TRUE(read(call_of(operation::server_time), R"({"error":["WGeneral:Deprecated"],"result":{"unixtime":1732104000,"rfc1123":"x"}})"));
}

TEST(KrakenErrors, AnUnknownOrderIsNotFoundWhicheverWay) {
  auto call = call_of(operation::find_order);
  call.of.venue_order_id = "OQCLML-BW3P3-BUCMWZ";
  for (const auto* text : {"EOrder:Unknown order", "EOrder:Invalid order"})
    EXPECT_EQ(read(call, R"({"error":[")" + std::string(text) + "\"]}").error().code, make_error_code(exchange_errc::order_not_found));
  EXPECT_EQ(read(call, success("{}")).error().code, make_error_code(exchange_errc::order_not_found));
}

TEST(KrakenLimits, AreToldByErrorsOnly) {
  const auto now = wall_time::from_ms(1'732'104'000'000);
  const auto account = *protocol().make_request(call_of(operation::balances));
  const auto open = *protocol().make_request(call_of(operation::ticker));
  auto ask = [&](const wire_request& r, const std::string& text) {
    return protocol().read_limits(r, {200, {}, R"({"error":[")" + text + "\"]}"}, now);
  };
  EXPECT_EQ(ask(account, "EAPI:Rate limit exceeded").account_ban, nanoseconds(15s));
  EXPECT_EQ(ask(account, "EGeneral:Temporary lockout").account_ban, nanoseconds(15min));
  EXPECT_EQ(ask(open, "EGeneral:Too many requests").address_ban, nanoseconds(5s));
  EXPECT_EQ(ask(account, "EService:Throttled: 1732104060").account_ban, nanoseconds(60s));
  EXPECT_FALSE(ask(account, "EService:Throttled: 99999999999999999999").account_ban);
  EXPECT_FALSE(ask(account, "EOrder:Insufficient funds").account_ban);
  EXPECT_TRUE(protocol().read_limits(account, {429, {}, ""}, now).address_ban);
}

}  // namespace
}  // namespace drover::exchanges::kraken
