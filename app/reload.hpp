#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.hpp"

namespace drover::app {

/// Reads the settings again.
using settings_reader = std::function<settings_outcome()>;

/// A key whose value is not what it was.
struct config_change {
  std::string key, before, after;
  /// It is taken over while running; else it needs a restart.
  bool applies = false;
};
/// Of two descriptions of the same keys; also what is only in one of them.
std::vector<config_change> compare_configurations(const std::vector<config_key>& before, const std::vector<config_key>& after);

/// Whether SIGHUP takes the key over; docs/OPERATIONS.md lists them, and a test holds both together.
bool is_reloadable(std::string_view key);
/// The keys, and "prefix.*" for all that begin so.
std::span<const std::string_view> reloadable_keys();

/// Takes a changed configuration over while the process runs (SIGHUP): all of it is checked first, a problem leaves everything as
/// it was and is logged with its line. What applies at once is logged with its values, what needs a restart by its name. Main thread.
class configuration_reload {
 public:
  /// Reads once, to know what changes later. `apply` hands what is_reloadable() says to the parts, and nothing else.
  configuration_reload(settings_reader, std::function<void(const settings&)> apply);
  void run();

 private:
  settings_reader read_;
  std::function<void(const settings&)> apply_;
  std::vector<config_key> known_;
};

}  // namespace drover::app
