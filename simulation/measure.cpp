#include "simulation/measure.hpp"

#include <fmt/core.h>

#include "base/clock.hpp"
#include "simulation/run.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {
namespace {

constexpr std::uint64_t first_seed = 101, seeds = 8;
constexpr std::uint64_t bare_timers = 100, bare_steps = 2'000'000;

double seconds_since(steady_time begin) {
  return static_cast<double>((system_clock().now() - begin).count()) / 1e9;
}

/// Timers that only set themselves again.
void tick(world& w, nanoseconds every) {
  w.call_after(every, [&w, every] { tick(w, every); });
}

double measure_bare() {
  world w(1);
  for (std::uint64_t i = 1; i <= bare_timers; ++i) tick(w, milliseconds(static_cast<std::int64_t>(i)));
  const auto begin = system_clock().now();
  const auto end = w.now() + std::chrono::hours(24);
  while (w.steps() < bare_steps && w.step(end)) {
  }
  return static_cast<double>(w.steps()) / seconds_since(begin);
}

}  // namespace

std::string measure_simulation() {
  double hours = 0;
  std::uint64_t steps = 0, orders = 0;
  const auto begin = system_clock().now();
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    const auto v = run_simulation({.seed = seed});
    hours += static_cast<double>(v.simulated.count()) / 3.6e12;
    steps += v.steps;
    orders += v.totals.sent;
  }
  const auto took = seconds_since(begin);
  return fmt::format(
      R"({{"busy_hours_per_s":{:.2f},"steps_per_s":{:.0f},"orders_per_s":{:.0f},"bare_steps_per_s":{:.0f}}})",
      hours / took, static_cast<double>(steps) / took, static_cast<double>(orders) / took, measure_bare());
}

}  // namespace drover::simulation
