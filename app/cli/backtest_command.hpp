#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// Adds `engine backtest`; `chosen` is set when it was asked for.
void add_backtest_command(CLI::App& app, const global_options& global, std::function<int()>& chosen);

}  // namespace drover::app
