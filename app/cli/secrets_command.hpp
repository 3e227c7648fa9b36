#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine secrets import`: exchange accounts from the files of other systems.
void add_secrets_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
