#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine orders list`, `engine fills list` and `engine positions list`, over the API of the running engine. `chosen` is set to
/// the command that the line named.
void add_history_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
