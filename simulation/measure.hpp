#pragma once

#include <string>

namespace drover::simulation {

/// What the simulation costs on this machine, as a JSON object: virtual hours and steps per second of a few busy hours,
/// and steps per second of a world in which nothing happens. Takes some seconds.
std::string measure_simulation();

}  // namespace drover::simulation
