#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// `engine backup` and `engine restore`: everything the database holds, in one sealed file under a key of its own.
void add_backup_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
