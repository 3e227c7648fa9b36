#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "app/version.hpp"
#include "base/json.hpp"

namespace drover::app {

int run_version(const global_options& options) {
  if (options.output == "json")
    fmt::print("{}\n", json{{"version", version}, {"revision", revision}, {"compiler", __VERSION__}}.dump());
  else
    fmt::print("engine {} ({}, {})\n", version, revision, __VERSION__);
  return exit_ok;
}

}  // namespace drover::app
