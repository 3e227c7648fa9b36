#include "simulation/shrink.hpp"

#include <algorithm>

namespace drover::simulation {
namespace {

constexpr nanoseconds shortest = std::chrono::seconds(36);

}  // namespace

run_options shrink(run_options failing, const std::function<void(const run_options&, const run_verdict&)>& tell) {
  auto best = run_simulation(failing);
  auto keep_if_failing = [&](run_options candidate) {
    auto verdict = run_simulation(candidate);
    if (verdict.failure.empty()) return false;
    failing = std::move(candidate);
    best = std::move(verdict);
    tell(failing, best);
    return true;
  };
  const auto faults = best.faults;
  for (const auto f : faults) {
    auto candidate = failing;
    candidate.without.push_back(f);
    keep_if_failing(std::move(candidate));
  }
  for (;;) {
    auto candidate = failing;
    candidate.span = std::min(failing.span, best.simulated) / 2;
    if (candidate.span < shortest || !keep_if_failing(std::move(candidate))) break;
  }
  return failing;
}

}  // namespace drover::simulation
