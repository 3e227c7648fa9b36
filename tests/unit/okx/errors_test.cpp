#include <gtest/gtest.h>

#include "tests/unit/okx/okx_fixture.hpp"

namespace drover::exchanges::okx {
namespace {

/// What the venue's code means when it comes in either place: of the whole request, or of the one order in it.
std::vector<error> errors_of(operation op, const std::string& code, const std::string& words = "x", int status = 200) {
  auto call = call_of(op);
  call.of.venue_order_id = "1";
  call.step = 1;
  std::vector<error> out;
  auto whole = read(call, R"({"code":")" + code + R"(","data":[],"msg":")" + words + R"("})", status);
  if (!whole) out.push_back(whole.error());
  if (op != operation::create_order && op != operation::cancel_order) return out;
  auto one = read(call, acknowledged(code, words), status);
  if (!one) out.push_back(one.error());
  return out;
}

void expect_meaning(operation op, const std::string& code, exchange_errc meaning, const std::string& words = "x") {
  const auto all = errors_of(op, code, words);
  ASSERT_FALSE(all.empty());
  for (const auto& e : all) EXPECT_EQ(e.code, make_error_code(meaning)) << to_string(op) << " " << e.to_string();
}

TEST(OkxErrors, ABusySystemLeavesWritesUnknown) {
  for (const auto* code : {"50001", "50004", "50005", "50013", "50026", "51054", "51149"}) {
    for (auto op : {operation::create_order, operation::cancel_order}) expect_meaning(op, code, exchange_errc::unknown_outcome);
    if (std::string(code) != "50004") expect_meaning(operation::balances, code, exchange_errc::maintenance);
  }
}

TEST(OkxErrors, AFailingSystemLeavesWritesUnknownWhateverItSays) {
  for (const auto* code : {"51008", "50011", "50102", "1", "99999"})
    for (int status : {500, 502, 503, 504})
      for (const auto& e : errors_of(operation::create_order, code, "x", status))
        EXPECT_EQ(e.code, make_error_code(exchange_errc::unknown_outcome)) << code << " " << status;
}

TEST(OkxErrors, CodesThatNobodyKnowsLeaveWritesUnknown) {
  for (const auto* code : {"59999", "1", "50999", "5100", "510000", ""})
    expect_meaning(operation::create_order, code, exchange_errc::unknown_outcome);
  expect_meaning(operation::balances, "59999", exchange_errc::refused);
}

TEST(OkxErrors, AHaltedInstrumentProvablyTookNothing) {
  for (const auto* code : {"51021", "51022", "51028"}) expect_meaning(operation::create_order, code, exchange_errc::maintenance);
}

TEST(OkxErrors, PricesOutsideTheVenuesBandAreOutOfBounds) {
  for (const auto* code : {"51006", "51116", "51122", "51135", "51136", "51137", "51138"})
    expect_meaning(operation::create_order, code, exchange_errc::bad_precision);
}

TEST(OkxErrors, SizesOutOfBoundsAreToldFromThoseTooSmall) {
  for (const auto* code : {"51005", "51121", "51150", "51201", "51202", "51203"})
    expect_meaning(operation::create_order, code, exchange_errc::bad_precision);
  for (const auto* code : {"51020", "51120"}) expect_meaning(operation::create_order, code, exchange_errc::min_notional);
}

TEST(OkxErrors, OneCodeMayMeanThreeThings) {
  expect_meaning(operation::create_order, "51000", exchange_errc::bad_precision, "Parameter sz error");
  expect_meaning(operation::create_order, "51000", exchange_errc::bad_precision, "Parameter px error");
  expect_meaning(operation::create_order, "51000", exchange_errc::instrument_unknown, "Parameter instId error");
  expect_meaning(operation::create_order, "51000", exchange_errc::refused, "Parameter clOrdId error");
}

TEST(OkxErrors, ExpiredRequestsWereNotCarriedOut) {
  for (const auto* code : {"50036", "50037", "50102"}) expect_meaning(operation::create_order, code, exchange_errc::clock_skew);
}

TEST(OkxErrors, WhatTheGatewayRefusesWasNotCarriedOut) {
  for (const auto* code : {"50000", "50002", "50006", "50014", "50015", "50016", "51009", "51025"})
    expect_meaning(operation::create_order, code, exchange_errc::refused);
  for (const auto* code : {"50007", "50012", "50027", "50030", "50114", "50120", "51024"})
    expect_meaning(operation::create_order, code, exchange_errc::permission_missing);
  expect_meaning(operation::create_order, "50035", exchange_errc::ip_not_allowed);
}

TEST(OkxErrors, OrdersThatEndedAreNotFound) {
  for (const auto* code : {"51400", "51401", "51402", "51503", "51603"}) expect_meaning(operation::cancel_order, code, exchange_errc::order_not_found);
}

TEST(OkxErrors, LimitsSayHowLongToStayAway) {
  for (const auto* code : {"50011", "50061", "51113"})
    for (const auto& e : errors_of(operation::create_order, code)) {
      EXPECT_EQ(e.code, make_error_code(exchange_errc::rate_limited));
      EXPECT_EQ(e.retry_after, std::optional<milliseconds>(2'000));
    }
}

TEST(OkxErrors, TheEdgesWordsAreBoundedAndPrintable) {
  const auto all = errors_of(operation::balances, "50030", std::string(5'000, 'w') + "\\u0007");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_LT(all[0].detail.size(), 300u);
}

}  // namespace
}  // namespace drover::exchanges::okx
