#include "simulation/bias.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "simulation/run.hpp"

namespace drover::simulation {
namespace {

TEST(Bias, SaysNothingWhereNothingIsAsked) {
  const auto none = parse_bias("");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->bots || none->recording || none->loud);
  EXPECT_TRUE(none->surely.empty());
}

TEST(Bias, TakesKindsOfRunsAndFaults) {
  const auto wanted = parse_bias("desks scarce +answer_lost -engine_crash");
  ASSERT_TRUE(wanted);
  EXPECT_EQ(wanted->bots, false);
  EXPECT_EQ(wanted->recording, false);
  EXPECT_EQ(wanted->scarce, true);
  EXPECT_EQ(wanted->surely, std::vector{fault::answer_lost});
  EXPECT_EQ(wanted->never, std::vector{fault::engine_crash});
}

TEST(Bias, LetsNobodyFollowUnlessItIsSaid) {
  EXPECT_FALSE(parse_bias("")->copying);
  EXPECT_EQ(parse_bias("bots")->copying, false);
  const auto wanted = parse_bias("copy");
  EXPECT_EQ(wanted->copying, true);
  EXPECT_EQ(wanted->bots, true);
}

TEST(Bias, RefusesWhatItDoesNotKnow) {
  const auto refused = parse_bias("desks sometimes");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail.contains("sometimes"));
  EXPECT_FALSE(parse_bias("+no_such_fault"));
}

TEST(Bias, ReachesTheRun) {
  run_options options{.seed = 3, .span = std::chrono::minutes(1), .preferred = *parse_bias("recording +disk_error")};
  const auto verdict = run_simulation(options);
  EXPECT_EQ(verdict.failure, "");
  EXPECT_GT(verdict.records, 0u);
  EXPECT_NE(std::ranges::find(verdict.faults, fault::disk_error), verdict.faults.end());
}

}  // namespace
}  // namespace drover::simulation
