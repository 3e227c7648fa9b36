#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace drover::app {

/// `engine venue sign | parse | list`: what would be sent to a venue, and what its answers mean. No network, no
/// database. `chosen` is set to the command that the line named.
void add_venue_commands(CLI::App&, std::function<int()>& chosen);

}  // namespace drover::app
