#include <gtest/gtest.h>

#include "tests/unit/bybit/bybit_fixture.hpp"

namespace drover::exchanges::bybit {
namespace {

error error_of(operation op, int code, const std::string& words = "x", int status = 200) {
  auto call = call_of(op);
  call.of.venue_order_id = "1";
  call.step = 1;
  auto reply = read(call, refusal(code, words), status);
  return reply ? error(exchange_errc::protocol, "no error") : reply.error();
}

void expect_meaning(operation op, const std::vector<int>& codes, exchange_errc meaning, const std::string& words = "x") {
  for (int code : codes) {
    const auto e = error_of(op, code, words);
    EXPECT_EQ(e.code, make_error_code(meaning)) << to_string(op) << " " << e.to_string();
  }
}

TEST(BybitErrors, AFailingSystemLeavesWritesUnknown) {
  const std::vector<int> failures{10'000, 10'016, 170'001, 170'007, 170'032, 170'146, 170'147, 170'149, 170'150, 170'234};
  expect_meaning(operation::create_order, failures, exchange_errc::unknown_outcome);
  expect_meaning(operation::cancel_order, failures, exchange_errc::unknown_outcome);
  expect_meaning(operation::balances, failures, exchange_errc::maintenance);
  for (int status : {500, 502, 503, 504})
    EXPECT_EQ(error_of(operation::create_order, 170'131, "x", status).code, make_error_code(exchange_errc::unknown_outcome));
}

TEST(BybitErrors, CodesThatNobodyKnowsLeaveWritesUnknown) {
  expect_meaning(operation::create_order, {1, 99'999, 170'035, 170'400, 180'000, -1}, exchange_errc::unknown_outcome);
  expect_meaning(operation::balances, {99'999}, exchange_errc::refused);
}

TEST(BybitErrors, TheSpotGateRefusesForCertain) {
  expect_meaning(operation::create_order, {170'105, 170'115, 170'116, 170'117, 170'130, 170'159, 170'210, 170'217, 170'227}, exchange_errc::refused);
  expect_meaning(operation::create_order, {170'151, 170'157}, exchange_errc::maintenance);
}

TEST(BybitErrors, PricesAndSizesOutOfBounds) {
  expect_meaning(operation::create_order, {170'124, 170'132, 170'133, 170'135, 170'148, 170'192, 170'193, 170'194, 170'197, 170'198, 170'228, 170'229},
                 exchange_errc::bad_precision);
  expect_meaning(operation::create_order, {170'136, 170'140, 110'094}, exchange_errc::min_notional);
}

TEST(BybitErrors, MoneyRightsAndLimits) {
  expect_meaning(operation::create_order, {110'004, 110'007, 110'012, 170'033, 170'131}, exchange_errc::insufficient_funds);
  expect_meaning(operation::create_order, {10'005, 10'024, 10'027, 170'201}, exchange_errc::permission_missing);
  expect_meaning(operation::create_order, {10'006, 10'018, 10'429, 170'005, 170'222}, exchange_errc::rate_limited);
  EXPECT_EQ(error_of(operation::create_order, 10'006).retry_after, std::optional<milliseconds>(1'000));
}

TEST(BybitErrors, OrdersThatEndedAreNotFound) {
  expect_meaning(operation::cancel_order, {110'001, 110'008, 110'010, 170'139, 170'142, 170'143, 170'190, 170'213}, exchange_errc::order_not_found);
}

TEST(BybitErrors, OneCodeMayMeanTwoThings) {
  expect_meaning(operation::create_order, {10'001}, exchange_errc::instrument_unknown, "params error: symbol invalid");
  expect_meaning(operation::create_order, {10'001}, exchange_errc::refused, "Illegal category");
}

TEST(BybitErrors, TheEdgeIsToldFromTheExchange) {
  const auto silent = read(call_of(operation::create_order), "access too frequent", 403);
  EXPECT_EQ(silent.error().code, make_error_code(exchange_errc::rate_limited));
  EXPECT_EQ(silent.error().retry_after, std::optional<milliseconds>(600'000));
  const auto country = read(call_of(operation::create_order), "<html>The Amazon CloudFront distribution is configured to block access from your country</html>", 403);
  EXPECT_EQ(country.error().code, make_error_code(exchange_errc::refused));
  // Another page in the way: nobody knows.
  EXPECT_EQ(read(call_of(operation::create_order), "<html>attention required</html>", 403).error().code, make_error_code(exchange_errc::unknown_outcome));
  EXPECT_EQ(read(call_of(operation::create_order), "<html>attention required</html>", 400).error().code, make_error_code(exchange_errc::unknown_outcome));
}

TEST(BybitErrors, WordsAreBounded) {
  const auto e = error_of(operation::balances, 10'005, std::string(5'000, 'w'));
  EXPECT_LT(e.detail.size(), 300u);
}

}  // namespace
}  // namespace drover::exchanges::bybit
