#pragma once

#include <string>

#include "simulation/model_engine.hpp"

namespace drover::simulation {

/// Compares the journal and the engine's memory with the books of the venues, to the last digit. Empty when they agree,
/// else the first difference.
std::string check_books(setting&, const model_engine&);

}  // namespace drover::simulation
