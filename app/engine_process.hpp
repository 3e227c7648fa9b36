#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/reload.hpp"
#include "app/settings.hpp"
#include "app/token_keys.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

struct engine_parts;

/// The running engine: builds every part from the settings, connects them, and takes them down in reverse.
///
/// Threads: `trading` (bots, venues, raw data), `web` (HTTP and WebSocket), the caller's thread (signals and shutdown),
/// database and worker threads behind their pools. What crosses threads goes through run_on() or a post.
class engine_process {
 public:
  engine_process(settings, settings_reader);
  ~engine_process();

  /// Checks database, schema, durability and whether the keys are the database's, then listens. The error names what is wrong
  /// and what to do. While PostgreSQL is away it listens all the same, not ready, and begins to trade when PostgreSQL has come.
  /// `masters`: the current master key first.
  result<void> start(std::vector<crypto::master_key> masters, token_keys);
  std::uint16_t port() const;
  /// Blocks until SIGTERM or SIGINT, or until a part is beyond help or the engine may not go on; then drains and stops
  /// everything within settings::shutdown_limit. Answers the exit code.
  int run_until_stopped();
  /// It was stopped to be sealed: the process goes on without keys.
  bool wants_sealing() const;

 private:
  std::unique_ptr<engine_parts> parts_;
};

}  // namespace drover::app
