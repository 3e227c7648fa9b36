#include <fmt/core.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "base/json.hpp"

namespace drover::app {

std::optional<settings> load_settings(const global_options& options) {
  auto outcome = read_settings(options.config_file, options.overrides);
  for (const auto& problem : outcome.report.problems) fmt::print(stderr, "{}\n", problem.to_string());
  if (!outcome.report.problems.empty()) {
    fmt::print(stderr, "engine: the configuration has {} problem(s); nothing was started\n",
               outcome.report.problems.size());
    return std::nullopt;
  }
  return std::move(outcome.value);
}

int run_check_config(const global_options& options, bool show) {
  auto outcome = read_settings(options.config_file, options.overrides);
  const auto& report = outcome.report;
  if (options.output == "json") {
    json problems = json::array();
    for (const auto& p : report.problems)
      problems.push_back({{"source", p.source}, {"line", p.line}, {"column", p.column}, {"key", p.key}, {"message", p.message}});
    fmt::print("{}\n", json{{"ok", report.problems.empty()}, {"problems", problems}}.dump(2));
  } else {
    for (const auto& p : report.problems) fmt::print(stderr, "{}\n", p.to_string());
    if (report.problems.empty()) fmt::print("configuration ok\n");
  }
  if (show)
    for (const auto& k : report.keys) fmt::print("{:<36} {:<28} {:<12} {}\n", k.key, k.value, k.origin, k.help);
  return report.problems.empty() ? exit_ok : exit_config;
}

}  // namespace drover::app
