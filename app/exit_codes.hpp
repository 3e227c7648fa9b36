#pragma once

namespace drover::app {

/// sysexits(3), as far as `engine` uses them.
enum exit_code : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  /// Something outside is missing: database, port.
  exit_unavailable = 69,
  exit_no_permission = 77,
  /// The configuration or a key is wrong; starting again will not help.
  exit_config = 78,
};

}  // namespace drover::app
