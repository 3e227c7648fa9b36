#pragma once

#include <functional>

#include "app/cli/commands.hpp"

namespace CLI {
class App;
}

namespace drover::app {

/// engine audit verify, export and keys.
void add_audit_commands(CLI::App&, const global_options&, std::function<int()>& chosen);

}  // namespace drover::app
