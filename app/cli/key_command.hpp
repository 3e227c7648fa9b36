#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine key init | status | rotate`, `engine seal` and `engine unseal`: the master keys, and the running engine's
/// hold on them.
void add_key_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
