#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/reload.hpp"
#include "app/settings.hpp"

namespace drover::app {

/// The running engine: builds every part from the settings, connects them, and takes them down in reverse.
///
/// Threads: `trading` (bots, venues, raw data), `web` (HTTP and WebSocket), the caller's thread (signals and shutdown),
/// database and worker threads behind their pools. What crosses threads goes through run_on() or a post.
class engine_process {
 public:
  engine_process(settings, settings_reader);
  ~engine_process();

  /// Checks keys, database, schema and durability, then listens. The error names what is wrong and what to do.
  result<void> start();
  std::uint16_t port() const;
  /// Blocks until SIGTERM or SIGINT, or until a part is beyond help; then drains and stops everything within
  /// settings::shutdown_limit. Answers the exit code.
  int run_until_stopped();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// True when the failure is outside of us (database away, port in use) and a restart may help.
bool is_unavailable(const error&);

}  // namespace drover::app
