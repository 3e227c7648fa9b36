#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "simulation/plants.hpp"
#include "simulation/run.hpp"
#include "simulation/shrink.hpp"

namespace {

using namespace drover;
using namespace drover::simulation;

constexpr int exit_usage = 2;

struct command_line {
  std::uint64_t seed = 1;
  double hours = 1;
  int count = 1;
  bool shrink = false, trace = false;
  std::vector<std::string> without;
  std::string plant;
  bool list_plants = false, stop_at_failure = false;
};

std::string repro(const run_options& o, const std::string& plant) {
  std::string text =
      fmt::format("engine-sim{} --seed {} --hours {:g}", plant.empty() ? std::string() : "-planted --plant " + plant,
                  o.seed, static_cast<double>(o.span.count()) / 3.6e12);
  for (const auto f : o.without) text += fmt::format(" --without {}", to_string(f));
  return text;
}

void print(const run_options& o, const run_verdict& v, const std::string& plant, nanoseconds took) {
  const double hours = static_cast<double>(v.simulated.count()) / 3.6e12;
  const double rate = hours / (static_cast<double>(took.count()) / 1e9);
  fmt::print(
      "seed {} {} hash {:016x} hours {:.2f} steps {} intents {} sent {} placed {} unknown {} hours_per_second {:.1f}\n",
      o.seed, v.failure.empty() ? "ok" : "FAILED", v.hash, hours, v.steps, v.totals.intents, v.totals.sent,
      v.totals.placed, v.totals.unknown, rate);
  if (v.failure.empty()) return;
  fmt::print("  {}\n  repeat: {}\n", v.failure, repro(o, plant));
}

bool run_one(const run_options& o, const command_line& line) {
  const auto begin = system_clock().now();
  const auto v = run_simulation(o);
  print(o, v, line.plant, system_clock().now() - begin);
  std::fflush(stdout);
  if (v.failure.empty() || !line.shrink) return v.failure.empty();
  shrink(o, [&line](const run_options& smaller, const run_verdict& found) {
    fmt::print("  smaller: {}: {}\n", repro(smaller, line.plant), found.failure);
    std::fflush(stdout);
  });
  return false;
}

int run(const command_line& line) {
  run_options o{.span = nanoseconds(static_cast<std::int64_t>(line.hours * 3.6e12)), .print = line.trace};
  for (const auto& name : line.without) {
    const auto f = parse_fault(name);
    if (!f) {
      fmt::print(stderr, "engine-sim: there is no fault '{}'; simulation/fault_plan.cpp lists them\n", name);
      return exit_usage;
    }
    o.without.push_back(*f);
  }
  int failed = 0;
  for (int i = 0; i < line.count; ++i) {
    o.seed = line.seed + static_cast<std::uint64_t>(i);
    if (run_one(o, line)) continue;
    ++failed;
    if (line.stop_at_failure) break;
  }
  fmt::print("{} failed\n", failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  command_line line;
  CLI::App app(
      "Runs the engine's own code on virtual time against model venues and a model database; one seed, one history.",
      "engine-sim");
  app.add_option("--seed", line.seed, "First seed")->capture_default_str();
  app.add_option("--count", line.count, "Seeds to run, one after the other")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--hours", line.hours, "Virtual hours with faults")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 100'000.0));
  app.add_option("--without", line.without, "Leave this fault out (repeatable)");
  app.add_flag("--shrink", line.shrink, "Look for a smaller run that fails as well");
  app.add_flag("--stop-at-failure", line.stop_at_failure, "Do not go on to the next seed");
  app.add_option("--plant", line.plant, "Put this bug in (engine-sim-planted only)");
  app.add_flag("--list-plants", line.list_plants, "List the bugs that can be put in");
  app.add_flag("--trace", line.trace, "Print every line of the history");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  set_log_level(log_level::error);
  if (line.list_plants) {
    for (const auto& p : plants()) fmt::print("{:26} {}\n", p.name, p.what);
    return 0;
  }
  if (!choose_plant(line.plant)) {
    fmt::print(
        stderr,
        "engine-sim: there is no planted bug '{}' in this program; --list-plants of engine-sim-planted names them\n",
        line.plant);
    return exit_usage;
  }
  return run(line);
}
