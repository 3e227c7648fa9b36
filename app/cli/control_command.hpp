#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine kill`, `lock`, `unlock`, `lockdown`, `release` and `risk`: emergency stops, locks and limits of the running engine.
void add_control_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
