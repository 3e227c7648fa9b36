#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// engine db roles.
void add_db_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
