#pragma once

#include <string>

#include "base/error.hpp"

namespace drover::app {

/// sysexits(3), as far as `engine` uses them.
enum exit_code : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  /// Another engine works on the database.
  exit_another_engine = 3,
  /// Something outside is missing: database, port.
  exit_unavailable = 69,
  exit_no_permission = 77,
  /// The configuration or a key is wrong; starting again will not help.
  exit_config = 78,
};

/// True when the failure is outside of us (database away, port in use) and a restart may help.
bool is_unavailable(const error&);
/// What a person at a terminal is told: the detail, or else what the code says.
std::string describe(const error&);
/// What the process answers when it does not start, or stops by itself.
int exit_code_of(const error&);

}  // namespace drover::app
