#pragma once

#include <string_view>

namespace drover {

#ifdef DROVER_PLANTED_BUGS
/// True when the bug of this name was asked for (engine-sim-planted --plant NAME): a simulation that has never found a bug
/// proves nothing. Exists in that one program; everywhere else the question is answered at compile time.
bool planted(std::string_view name);
#else
constexpr bool planted(std::string_view) { return false; }
#endif

}  // namespace drover
