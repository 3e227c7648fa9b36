#include "exchanges/paper/fault_plan.hpp"

#include <gtest/gtest.h>

namespace drover::exchanges::paper {
namespace {

TEST(FaultPlan, StrikesTheNamedPathSoOftenAsPlanned) {
  fault_plan plan;
  seeded_random random(1);
  ASSERT_TRUE(plan.add({.kind = fault_kind::error_5xx, .count = 2, .path = "/api/v3/order", .method = "POST"}));
  EXPECT_FALSE(plan.strike_request("POST", "/api/v3/ping", random));
  EXPECT_FALSE(plan.strike_request("GET", "/api/v3/order", random));
  EXPECT_TRUE(plan.strike_request("POST", "/api/v3/order", random));
  EXPECT_TRUE(plan.strike_request("POST", "/api/v3/order", random));
  EXPECT_FALSE(plan.strike_request("POST", "/api/v3/order", random));
  EXPECT_TRUE(plan.empty());
}

TEST(FaultPlan, ProbabilityIsKept) {
  fault_plan plan;
  seeded_random random(2);
  ASSERT_TRUE(plan.add({.kind = fault_kind::reset, .count = -1, .probability_ppm = 250'000}));
  int struck = 0;
  for (int i = 0; i < 4'000; ++i) struck += plan.strike_request("GET", "/api/v3/time", random).has_value() ? 1 : 0;
  EXPECT_NEAR(struck, 1'000, 120);
}

TEST(FaultPlan, FrameFaultsLeaveRequestsAlone) {
  fault_plan plan;
  seeded_random random(3);
  ASSERT_TRUE(plan.add({.kind = fault_kind::garbage, .path = "/ws-api"}));
  ASSERT_TRUE(plan.add({.kind = fault_kind::duplicate_frames}));
  EXPECT_FALSE(plan.strike_request("GET", "/ws-api/v3", random));
  EXPECT_EQ(plan.strike_frame("/ws", random), fault_kind::duplicate_frames);
  EXPECT_EQ(plan.strike_frame("/ws-api/v3", random), fault_kind::garbage);
  EXPECT_FALSE(plan.strike_frame("/ws-api/v3", random));
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

}  // namespace
}  // namespace drover::exchanges::paper
