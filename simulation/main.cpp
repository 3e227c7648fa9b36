#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "simulation/run.hpp"

namespace {

using namespace drover;
using namespace drover::simulation;

struct command_line {
  std::uint64_t seed = 1;
  double hours = 1;
  int count = 1;
  bool shrink = false, trace = false;
  std::vector<std::string> without;
};

std::string repro(const run_options& o) {
  std::string text =
      fmt::format("engine-sim --seed {} --hours {:g}", o.seed, static_cast<double>(o.span.count()) / 3.6e12);
  for (const auto f : o.without) text += fmt::format(" --without {}", to_string(f));
  return text;
}

void print(const run_options& o, const run_verdict& v, nanoseconds took) {
  const double hours = static_cast<double>(v.simulated.count()) / 3.6e12;
  const double rate = hours / (static_cast<double>(took.count()) / 1e9);
  fmt::print(
      "seed {} {} hash {:016x} hours {:.2f} steps {} intents {} sent {} placed {} unknown {} hours_per_second {:.0f}\n",
      o.seed, v.failure.empty() ? "ok" : "FAILED", v.hash, hours, v.steps, v.totals.intents, v.totals.sent,
      v.totals.placed, v.totals.unknown, rate);
  if (v.failure.empty()) return;
  fmt::print("  {}\n  repeat: {}\n", v.failure, repro(o));
}

bool run_one(const run_options& o) {
  const auto begin = system_clock().now();
  const auto v = run_simulation(o);
  print(o, v, system_clock().now() - begin);
  std::fflush(stdout);
  return v.failure.empty();
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
  app.add_flag("--trace", line.trace, "Print every line of the history");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  }
  set_log_level(log_level::error);
  int failed = 0;
  for (int i = 0; i < line.count; ++i) {
    run_options o{.seed = line.seed + static_cast<std::uint64_t>(i),
                  .span = nanoseconds(static_cast<std::int64_t>(line.hours * 3.6e12))};
    o.print = line.trace;
    for (const auto& name : line.without) {
      const auto f = parse_fault(name);
      if (!f) {
        fmt::print(stderr, "engine-sim: there is no fault '{}'\n", name);
        return 2;
      }
      o.without.push_back(*f);
    }
    if (!run_one(o)) ++failed;
  }
  fmt::print("{} seeds, {} failed\n", line.count, failed);
  return failed == 0 ? 0 : 1;
}
