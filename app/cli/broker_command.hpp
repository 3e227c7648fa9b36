#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine broker add | list | remove`: the clients of the key broker, by the operator in the database; `sign |
/// reveal`: a call of the running broker, by a client (docs/BROKER.md).
void add_broker_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
