#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "simulation/measure.hpp"
#include "simulation/plants.hpp"
#include "simulation/report.hpp"
#include "simulation/shrink.hpp"

namespace {

using namespace drover;
using namespace drover::simulation;

constexpr int exit_usage = 2;

struct command_line {
  std::uint64_t seed = 1;
  double hours = 1, minutes = 0;
  int count = 1;
  bool shrink = false, trace = false;
  std::vector<std::string> without;
  std::string plant, corpus, preferred;
  bool list_plants = false, stop_at_failure = false, measure = false;
};

/// True when it held; of a planted bug: when what it does was not seen.
bool run_one(const run_options& o, const command_line& line, run_sums& all) {
  const auto begin = system_clock().now();
  const auto v = run_simulation(o);
  all.add(v);
  print_verdict(o, v, line.plant, system_clock().now() - begin);
  std::fflush(stdout);
  if (v.failure.empty()) return true;
  if (!line.plant.empty() && !shows(line.plant, v.failure)) {
    fmt::print("  not what '{}' should look like; going on\n", line.plant);
    return true;
  }
  if (!line.shrink) return false;
  shrink(o, [&line](const run_options& smaller, const run_verdict& found) {
    fmt::print("  smaller: {}: {}\n", repro(smaller, line.plant), found.failure);
    std::fflush(stdout);
  });
  return false;
}

/// What was asked for, else what the planted bug needs; false when it says nothing.
bool prefer(const std::string& words, const std::string& plant, run_options& o) {
  auto wanted = parse_bias(words.empty() ? bias_of(plant) : words);
  if (!wanted) {
    fmt::print(stderr, "engine-sim: {}\n", wanted.error().detail);
    return false;
  }
  o.preferred = std::move(*wanted);
  if (words.empty()) o.preferred.words.clear();
  return true;
}

/// Adds the fault names to the options; false when there is no such fault.
bool leave_out(const std::vector<std::string>& names, run_options& o) {
  for (const auto& name : names) {
    const auto f = parse_fault(name);
    if (!f) {
      fmt::print(stderr, "engine-sim: there is no fault '{}'; simulation/fault_plan.cpp lists them\n", name);
      return false;
    }
    o.without.push_back(*f);
  }
  return true;
}

/// Lines "SEED HOURS [bias WORD …] [without FAULT …]  # what failed then".
int run_corpus(const command_line& line) {
  std::ifstream file(line.corpus);
  if (!file) {
    fmt::print(stderr, "engine-sim: {} cannot be read\n", line.corpus);
    return exit_usage;
  }
  run_sums all;
  for (std::string text; std::getline(file, text);) {
    std::istringstream words(text.substr(0, text.find('#')));
    run_options o{.print = line.trace};
    double hours = 0;
    if (!(words >> o.seed >> hours)) continue;
    o.span = span_of_hours(hours);
    std::string preferred;
    std::vector<std::string> without;
    bool leaving_out = false;
    for (std::string word; words >> word;) {
      if (word == "bias" || word == "without")
        leaving_out = word == "without";
      else if (leaving_out)
        without.push_back(word);
      else
        preferred += word + " ";
    }
    if (!leave_out(without, o) || !prefer(preferred, line.plant, o)) return exit_usage;
    run_one(o, line, all);
  }
  all.print();
  return all.failed == 0 ? 0 : 1;
}

int run(const command_line& line) {
  run_options o{.span = span_of_hours(line.hours), .print = line.trace};
  if (!leave_out(line.without, o) || !prefer(line.preferred, line.plant, o)) return exit_usage;
  const auto end = system_clock().now() + nanoseconds(static_cast<std::int64_t>(line.minutes * 6e10));
  run_sums all;
  bool found = false;
  for (int i = 0; i < line.count; ++i) {
    if (line.minutes > 0 && system_clock().now() >= end) break;
    o.seed = line.seed + static_cast<std::uint64_t>(i);
    if (run_one(o, line, all)) continue;
    found = true;
    if (line.stop_at_failure) break;
  }
  all.print();
  return found ? 1 : 0;
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
  app.add_option("--bias", line.preferred, "What kind of runs, as words of simulation/bias.hpp: \"desks +query_lags\"");
  app.add_flag("--shrink", line.shrink, "Look for a smaller run that fails as well");
  app.add_flag("--stop-at-failure", line.stop_at_failure, "Do not go on to the next seed");
  app.add_option("--minutes", line.minutes, "Start no further seed after so many minutes of real time; 0 = no limit")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 100'000.0));
  app.add_option("--corpus", line.corpus, "Run the seeds of this file instead");
  app.add_flag("--measure", line.measure, "Print what the simulation costs, as JSON");
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
  if (line.measure) {
    fmt::print("{}\n", measure_simulation());
    return 0;
  }
  return line.corpus.empty() ? run(line) : run_corpus(line);
}
