#include <gtest/gtest.h>

#include <map>

#include "exchanges/bybit/protocol.hpp"
#include "exchanges/bybit/wire.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::bybit {
namespace {

using test_support::load_data;
using json = nlohmann::ordered_json;

std::unique_ptr<venue_protocol> open_protocol() {
  return make_protocol();
}

credentials keys_of(const json& v) {
  return {secret(v["credentials"]["apiKey"].get<std::string>()), secret(v["credentials"]["secret"].get<std::string>()),
          secret(v["credentials"].value("password", std::string()))};
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

signing_context context_of(const json& v) {
  signing_context c;
  c.server_now = wall_time::from_ms(v["clock_ms"].get<std::int64_t>());
  c.base_url = "https://api.bybit.com";
  return c;
}

/// The request that the vector describes, as make_request would leave it.
wire_request request_of(const json& v) {
  wire_request out;
  const bool post = v["expected"]["method"] == "POST";
  out.method = post ? "POST" : "GET";
  out.path = v["expected"]["path"].get<std::string>();
  out.is_private = true;
  if (post) {
    out.json = v["input"]["params"].dump();
    return out;
  }
  for (const auto& [name, value] : v["input"]["params"].items()) out.query.add(name, text_of(value));
  return out;
}

TEST(BybitVectors, RequestsAreSignedAsAForeignClientSignsThem) {
  auto protocol = open_protocol();
  int checked = 0;
  for (const auto& v : load_data("signing/bybit.json")) {
    if (v["transport"] != "rest") continue;
    auto keys = keys_of(v);
    auto made = protocol->sign(request_of(v), &keys, context_of(v));
    ASSERT_TRUE(made) << v["id"];
    // A question mark without a query behind it says nothing.
    auto expected = v["expected"]["url"].get<std::string>();
    if (expected.ends_with('?')) expected.pop_back();
    EXPECT_EQ(made->url, expected) << v["id"];
    for (const auto& [name, value] : v["expected"]["headers"].items()) {
      // ccxt names itself; we do not.
      if (name != "Referer")
        EXPECT_EQ(find_header(made->headers, name), value.get<std::string>()) << v["id"] << " " << name;
    }
    EXPECT_EQ(made->body, v["expected"]["body"].is_null() ? "" : v["expected"]["body"].get<std::string>()) << v["id"];
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(BybitVectors, StreamIsOpenedAsAForeignClientOpensIt) {
  int checked = 0;
  for (const auto& v : load_data("signing/bybit.json")) {
    if (v["transport"] != "ws") continue;
    auto frames = open_protocol()->make_private_wire()->make_frames(0, keys_of(v), nullptr, context_of(v));
    ASSERT_TRUE(frames);
    EXPECT_EQ(json::parse(frames->front()), v["expected"]["frame"]);
    ++checked;
  }
  EXPECT_EQ(checked, 1);
}

TEST(BybitErrors, AreAtLeastAsPreciseAsAForeignClients) {
  const std::map<std::string, exchange_errc> expected{{"bad_key", exchange_errc::bad_credentials},
                                                      {"bad_signature", exchange_errc::bad_credentials},
                                                      {"clock_skew", exchange_errc::clock_skew},
                                                      {"permission", exchange_errc::permission_missing},
                                                      {"ip_restricted", exchange_errc::ip_not_allowed},
                                                      {"key_expired", exchange_errc::bad_credentials},
                                                      {"user_auth_failed", exchange_errc::bad_credentials},
                                                      {"insufficient_balance", exchange_errc::insufficient_funds},
                                                      {"insufficient_balance_uta", exchange_errc::insufficient_funds},
                                                      {"min_notional", exchange_errc::min_notional},
                                                      {"min_qty", exchange_errc::min_notional},
                                                      {"precision_qty", exchange_errc::bad_precision},
                                                      {"precision_price", exchange_errc::bad_precision},
                                                      {"duplicate_client_id", exchange_errc::duplicate_order},
                                                      {"duplicate_link_id_uta", exchange_errc::duplicate_order},
                                                      {"order_not_found", exchange_errc::order_not_found},
                                                      {"order_not_found_uta", exchange_errc::order_not_found},
                                                      {"already_cancelled", exchange_errc::order_not_found},
                                                      {"bad_symbol", exchange_errc::instrument_unknown},
                                                      {"rate_limited", exchange_errc::rate_limited},
                                                      {"ip_rate_limited", exchange_errc::rate_limited},
                                                      {"system_error", exchange_errc::unknown_outcome},
                                                      {"post_only", exchange_errc::would_match},
                                                      {"geo", exchange_errc::refused}};
  auto protocol = open_protocol();
  const instrument_table table;
  std::size_t seen = 0;
  for (const auto& c : load_data("errors/bybit.json")) {
    const auto name = c["case"].get<std::string>();
    auto wanted = expected.find(name);
    ASSERT_NE(wanted, expected.end()) << name;
    ++seen;
    const bool cancels = name.find("not_found") != name.npos || name.find("cancel") != name.npos;
    const bool reads = false;
    auto call = test_support::call_of(cancels ? operation::cancel_order
                                      : reads ? operation::balances
                                              : operation::create_order);
    call.of.venue_order_id = "1";
    client_response answer;
    answer.status = c["http_status"].get<int>();
    answer.body = c["body"].is_string() ? c["body"].get<std::string>() : c["body"].dump();
    auto reply = protocol->read_answer(call, answer, table);
    ASSERT_FALSE(reply) << name;
    EXPECT_EQ(reply.error().code, make_error_code(wanted->second)) << name << ": " << reply.error().to_string();
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(BybitErrors, WritesThatProveNothingAreUnknown) {
  auto protocol = open_protocol();
  const instrument_table table;
  auto call = test_support::call_of(operation::create_order);
  for (const auto* body : {"<html>bad gateway</html>", "", "{", "[]",
                           R"({"retCode":10016,"retMsg":"Internal server error.","result":{}})"})
    for (int status : {200, 500, 502, 504}) {
      auto reply = protocol->read_answer(call, {status, {}, body}, table);
      ASSERT_FALSE(reply) << status << body;
      EXPECT_EQ(reply.error().code, make_error_code(exchange_errc::unknown_outcome))
          << status << body << reply.error().to_string();
    }
}

TEST(BybitRequests, EveryOperationIsMadeOrRefusedWithAReason) {
  auto protocol = open_protocol();
  for (auto op : all_operations()) {
    auto call = test_support::call_of(op);
    call.order = test_support::limit_order();
    call.of.client_order_id = test_support::client_id;
    auto made = protocol->make_request(call);
    if (!made) {
      EXPECT_EQ(made.error().code, make_error_code(exchange_errc::unsupported)) << to_string(op);
      continue;
    }
    EXPECT_EQ(made->is_private, is_private(op)) << to_string(op);
    EXPECT_FALSE(made->charges.empty()) << to_string(op);
    for (const auto& charge : made->charges) EXPECT_LT(charge.rule, protocol->traits().rules.size());
  }
}

}  // namespace
}  // namespace drover::exchanges::bybit
