#pragma once

#include <optional>

#include "base/log.hpp"
#include "simulation/oracle.hpp"

namespace drover::simulation {

/// Keeps what the engine has to say away from the terminal. A loud one takes every level and looks for secrets in it.
class log_watch {
public:
  log_watch(oracle&, bool loud);
  ~log_watch();

  /// Looks through what was said since the last time.
  void check();

private:
  oracle& judge_;
  bool loud_;
  std::optional<log_capture> captured_;
};

}  // namespace drover::simulation
