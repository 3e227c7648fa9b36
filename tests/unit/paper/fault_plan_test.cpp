#include "exchanges/paper/fault_plan.hpp"

#include <gtest/gtest.h>

namespace drover::exchanges::paper {
namespace {

TEST(FaultPlan, StrikesTheNamedPathSoOftenAsPlanned) {
  fault_plan plan;
  seeded_random random(1);
  ASSERT_TRUE(plan.add({.kind = fault_kind::error_5xx, .count = 2, .path = "/api/v3/order", .method = "POST"}));
  EXPECT_FALSE(plan.strike_request("binance", "POST", "/api/v3/ping", random));
  EXPECT_FALSE(plan.strike_request("binance", "GET", "/api/v3/order", random));
  EXPECT_TRUE(plan.strike_request("binance", "POST", "/api/v3/order", random));
  EXPECT_TRUE(plan.strike_request("binance", "POST", "/api/v3/order", random));
  EXPECT_FALSE(plan.strike_request("binance", "POST", "/api/v3/order", random));
  EXPECT_TRUE(plan.empty());
}

TEST(FaultPlan, ProbabilityIsKept) {
  fault_plan plan;
  seeded_random random(2);
  ASSERT_TRUE(plan.add({.kind = fault_kind::reset, .count = -1, .probability_ppm = 250'000}));
  int struck = 0;
  for (int i = 0; i < 4'000; ++i) struck += plan.strike_request("binance", "GET", "/api/v3/time", random).has_value() ? 1 : 0;
  EXPECT_NEAR(struck, 1'000, 120);
}

TEST(FaultPlan, FrameFaultsLeaveRequestsAlone) {
  fault_plan plan;
  seeded_random random(3);
  ASSERT_TRUE(plan.add({.kind = fault_kind::garbage, .path = "/ws-api", .websocket = true}));
  ASSERT_TRUE(plan.add({.kind = fault_kind::duplicate_frames}));
  EXPECT_FALSE(plan.strike_request("binance", "GET", "/ws-api/v3", random));
  EXPECT_EQ(plan.strike_frame("binance", "/ws", random)->kind, fault_kind::duplicate_frames);
  EXPECT_EQ(plan.strike_frame("binance", "/ws-api/v3", random)->kind, fault_kind::garbage);
  EXPECT_FALSE(plan.strike_frame("binance", "/ws-api/v3", random));
}

TEST(FaultPlan, ClockOffsetAndMaintenanceLastUntilCleared) {
  fault_plan plan;
  ASSERT_TRUE(plan.add({.kind = fault_kind::clock_offset, .delay = milliseconds(-1'500)}));
  ASSERT_TRUE(plan.add({.kind = fault_kind::maintenance}));
  EXPECT_EQ(plan.clock_offset(), milliseconds(-1'500));
  EXPECT_TRUE(plan.in_maintenance());
  plan.clear();
  EXPECT_EQ(plan.clock_offset(), milliseconds(0));
  EXPECT_FALSE(plan.in_maintenance());
}

TEST(FaultPlan, OneVenueIsStruckAloneAndEachKindHasItsName) {
  fault_plan plan;
  seeded_random random(4);
  ASSERT_TRUE(plan.add({.kind = fault_kind::error_5xx, .venue = "okx"}));
  ASSERT_TRUE(plan.add({.kind = fault_kind::sequence_gap, .venue = "okx"}));
  ASSERT_TRUE(plan.add({.kind = fault_kind::delayed_visibility, .venue = "okx", .delay = milliseconds(70)}));
  EXPECT_FALSE(plan.strike_request("gate", "GET", "/x", random));
  EXPECT_TRUE(plan.strike_request("okx", "GET", "/x", random));
  EXPECT_FALSE(plan.strike_book("gate", random));
  EXPECT_TRUE(plan.strike_book("okx", random));
  EXPECT_FALSE(plan.strike_book("okx", random));
  EXPECT_EQ(plan.visibility_delay("okx"), milliseconds(70));
  EXPECT_EQ(plan.visibility_delay("gate"), milliseconds(0));
  for (int k = 0; k <= static_cast<int>(fault_kind::delayed_visibility); ++k)
    EXPECT_EQ(parse_fault_kind(to_string(static_cast<fault_kind>(k))), static_cast<fault_kind>(k));
}

TEST(FaultPlan, GarbageIsAsBadAsItSays) {
  EXPECT_GT(make_garbage({.kind = fault_kind::huge_frame, .bytes = 1'000}).size(), 1'000u);
  EXPECT_TRUE(make_garbage({.kind = fault_kind::html}).starts_with("<html>"));
  EXPECT_TRUE(make_garbage({.kind = fault_kind::deep_json}).starts_with("[[[["));
  EXPECT_NE(make_garbage({.kind = fault_kind::invalid_utf8}).find('\xff'), std::string::npos);
}

}  // namespace
}  // namespace drover::exchanges::paper
