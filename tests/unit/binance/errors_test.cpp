#include "exchanges/binance/errors.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges::binance {
namespace {

const std::map<std::string, exchange_errc> meanings{
    {"bad_credentials", exchange_errc::bad_credentials},   {"clock_skew", exchange_errc::clock_skew},
    {"insufficient_funds", exchange_errc::insufficient_funds}, {"min_notional", exchange_errc::min_notional},
    {"bad_precision", exchange_errc::bad_precision},       {"duplicate_order", exchange_errc::duplicate_order},
    {"would_match", exchange_errc::would_match},           {"order_not_found", exchange_errc::order_not_found},
    {"instrument_unknown", exchange_errc::instrument_unknown}, {"rate_limited", exchange_errc::rate_limited},
    {"maintenance", exchange_errc::maintenance},           {"unknown_outcome", exchange_errc::unknown_outcome},
    {"refused", exchange_errc::refused}};

constexpr wall_time now = wall_time::from_ms(1'732'104'000'000);

error classify_body(operation op, int status, std::string body, header_list headers = {}) {
  return classify_answer(op, {status, std::move(headers), std::move(body)}, now);
}

TEST(BinanceErrors, AgreeWithTheTableOfCases) {
  auto cases = nlohmann::json::parse(test::read_test_data("error_cases.json"));
  EXPECT_GE(cases.size(), 23u);
  for (const auto& c : cases) {
    auto status = c["status"].get<int>();
    auto body = c["body"].get<std::string>();
    EXPECT_EQ(classify_body(operation::find_order, status, body).code, meanings.at(c["read"])) << "read " << c["case"];
    EXPECT_EQ(classify_body(operation::create_order, status, body).code, meanings.at(c["write"])) << "write " << c["case"];
  }
}

TEST(BinanceErrors, AreAtLeastAsPreciseAsAForeignClient) {
  const std::map<std::string, std::set<std::error_code>> as_precise{
      {"AuthenticationError", {exchange_errc::bad_credentials}},
      {"InvalidNonce", {exchange_errc::clock_skew}},
      {"InsufficientFunds", {exchange_errc::insufficient_funds}},
      {"BadRequest", {exchange_errc::min_notional, exchange_errc::bad_precision}},
      {"InvalidOrder", {exchange_errc::bad_precision, exchange_errc::duplicate_order}},
      {"OrderImmediatelyFillable", {exchange_errc::would_match}},
      {"OrderNotFound", {exchange_errc::order_not_found}},
      {"BadSymbol", {exchange_errc::instrument_unknown}},
      {"DDoSProtection", {exchange_errc::rate_limited}},
      {"MarketClosed", {exchange_errc::maintenance}},
      {"RequestTimeout", {exchange_errc::unknown_outcome}},
      {"ExchangeError", {exchange_errc::maintenance}},
      {"ExchangeNotAvailable", {exchange_errc::maintenance, exchange_errc::refused}}};
  std::ifstream in(std::string(DROVER_SOURCE_DIR) + "/tests/data/errors/binance.json");
  const auto cases = nlohmann::json::parse(in);
  EXPECT_EQ(cases.size(), 23u);
  for (const auto& c : cases) {
    const auto& body = c["body"];
    const auto text = body.is_string() ? body.get<std::string>() : body.dump();
    const auto e = classify_body(operation::find_order, c["http_status"].get<int>(), text);
    EXPECT_TRUE(as_precise.at(c["ccxt_exception"]).contains(e.code)) << c["case"] << ' ' << e.to_string();
  }
}

TEST(BinanceErrors, NeverCallAWriteFailedWithoutProof) {
  const std::pair<int, std::string> answers[] = {
      {500, ""},
      {502, "<html>bad gateway</html>"},
      {503, R"({"code":-2010,"msg":"Account has insufficient balance for requested action."})"},
      {504, R"({"code":-1007,"msg":"Timeout"})"},
      {400, R"({"code":-1006,"msg":"execution status unknown"})"},
      {400, R"({"code":-1001,"msg":"Internal error"})"},
      {400, R"({"code":-1000,"msg":"An unknown error"})"},
      {400, R"({"code":-9999,"msg":"something new"})"},
      {400, "<html>"},
      {403, "<html>blocked</html>"},
      {404, ""},
      {400, "{}"},
      {400, R"({"code":"-2010","msg":"text instead of a number"})"},
      {302, ""},
  };
  for (const auto& [status, body] : answers)
    EXPECT_EQ(classify_body(operation::create_order, status, body).code, exchange_errc::unknown_outcome) << status << body;
}

TEST(BinanceErrors, ReadTheEndOfABanFromTheMessage) {
  auto e = classify_body(operation::find_order, 418,
                         R"({"code":-1003,"msg":"Way too much request weight used; IP banned until 1732104060000. Bye."})");
  EXPECT_EQ(e.retry_after, milliseconds(60'000));
}

TEST(BinanceErrors, PreferTheHeaderOverTheMessage) {
  auto e = classify_body(operation::find_order, 429, R"({"code":-1003,"msg":"banned until 1732104060000"})",
                         {{"retry-after", "7"}});
  EXPECT_EQ(e.retry_after, milliseconds(7'000));
}

TEST(BinanceErrors, BoundAbsurdBans) {
  auto e = classify_body(operation::find_order, 429, "", {{"Retry-After", "9000000000000000000"}});
  EXPECT_EQ(e.retry_after, milliseconds(72h));
  auto past = classify_body(operation::find_order, 418, R"({"code":-1003,"msg":"banned until 5"})");
  EXPECT_EQ(past.retry_after, milliseconds(0));
}

TEST(BinanceErrors, AnswersTellTheLedgerWhatIsUsedAndWhoMustWait) {
  const header_list headers{{"x-mbx-used-weight-1m", "3000"}, {"X-MBX-ORDER-COUNT-10S", "7"}};
  const auto fine = read_limits({200, headers, "{}"}, now);
  ASSERT_EQ(fine.readings.size(), 2u);
  EXPECT_EQ(fine.readings[0].used, 3000);
  EXPECT_EQ(fine.readings[1].used, 7);
  EXPECT_FALSE(fine.address_ban || fine.account_ban);
  const auto banned = read_limits({418, {}, R"({"code":-1003,"msg":"IP banned until 1732104060000."})"}, now);
  EXPECT_EQ(banned.address_ban, nanoseconds(60s));
  const auto slow = read_limits({429, {{"Retry-After", "3"}}, R"({"code":-1015,"msg":"Too many new orders"})"}, now);
  EXPECT_FALSE(slow.address_ban);
  EXPECT_EQ(slow.account_ban, nanoseconds(3s));
}

TEST(BinanceErrors, TellAnAccountsOrderRateFromTheAddresssLimit) {
  EXPECT_FALSE(concerns_everybody({429, {}, R"({"code":-1015,"msg":"Too many new orders"})"}));
  EXPECT_TRUE(concerns_everybody({429, {}, R"({"code":-1003,"msg":"Too much"})"}));
  EXPECT_TRUE(concerns_everybody({429, {}, ""}));
  EXPECT_TRUE(concerns_everybody({418, {}, ""}));
  EXPECT_FALSE(concerns_everybody({400, {}, ""}));
}

TEST(BinanceErrors, KeepTheVenuesWordsPrintableAndShort) {
  auto e = classify_body(operation::find_order, 400, "{\"code\":-2010,\"msg\":\"a\\u001b[31m" + std::string(5000, 'x') + "\"}");
  EXPECT_LT(e.detail.size(), 250u);
  EXPECT_EQ(e.detail.find('\x1b'), std::string::npos);
  EXPECT_TRUE(e.detail.starts_with("-2010: a?[31m"));
}

}  // namespace
}  // namespace drover::exchanges::binance
