#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine rebuild` and `engine raw status | gaps | check`. `chosen` is set to the command that the line named.
void add_raw_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
