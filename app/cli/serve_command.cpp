#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "app/engine_process.hpp"
#include "app/fatal_signals.hpp"
#include "app/process_hardening.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

namespace drover::app {

int run_serve(const global_options& options, const std::string& ready_file) {
  auto s = load_settings(options);
  if (!s) return exit_config;
  configure_logging(s->log);
  harden_process();
  watch_fatal_signals();
  const signal_stack stack;
  const auto address = s->web.server.address;
  engine_process process(std::move(*s), [&options] { return read_settings(options.config_file, options.overrides); });
  auto started = process.start();
  if (!started) {
    fmt::print(stderr, "engine: cannot start: {}\n", started.error().detail);
    return exit_code_of(started.error());
  }
  if (!ready_file.empty()) {
    const json ready{{"http", fmt::format("http://{}:{}", address, process.port())}, {"pid", getpid()}};
    auto written = system_files().write_atomically(ready_file, ready.dump() + "\n");
    if (!written) fmt::print(stderr, "engine: {} could not be written: {}\n", ready_file, written.error().detail);
  }
  return process.run_until_stopped();
}

}  // namespace drover::app
