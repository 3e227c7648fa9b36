#include <gtest/gtest.h>

#include "simulation/run.hpp"

namespace drover::simulation {
namespace {

run_options short_run(std::uint64_t seed) {
  return {.seed = seed, .span = std::chrono::minutes(3)};
}

TEST(Simulation, EqualSeedsGiveEqualHistories) {
  const auto first = run_simulation(short_run(5)), second = run_simulation(short_run(5));
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.steps, second.steps);
  EXPECT_GT(first.totals.placed, 3u);
  EXPECT_NE(first.hash, run_simulation(short_run(6)).hash);
}

TEST(Simulation, OrdersStayRightUnderFaults) {
  std::uint64_t unknown = 0, placed = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto verdict = run_simulation(short_run(seed));
    EXPECT_EQ(verdict.failure, "") << "seed " << seed;
    unknown += verdict.totals.unknown;
    placed += verdict.totals.placed;
  }
  EXPECT_GT(placed, 20u);
  EXPECT_GT(unknown, 2u);
}

TEST(Simulation, FaultsCanBeLeftOut) {
  auto options = short_run(5);
  for (std::size_t i = 0; i < fault_count; ++i) options.without.push_back(static_cast<fault>(i));
  const auto verdict = run_simulation(options);
  EXPECT_EQ(verdict.failure, "");
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.totals.unknown, 0u);
}

}  // namespace
}  // namespace drover::simulation
