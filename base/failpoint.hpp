#pragma once

#include <string_view>

namespace drover {

#ifdef DROVER_FAILPOINTS
inline constexpr bool failpoints_compiled = true;
/// Named place where a crash test may intervene: ENGINE_FAILPOINT=name:action:nth with action `kill` (SIGKILL to
/// oneself), `crash` (SIGSEGV), `hang` (for good, on the processor), `throw` or `delay_ms=N`. Compiled out of release builds.
void failpoint(std::string_view name);
/// Whether ENGINE_FAILPOINT names it, for places that prepare the ground (half a request).
bool is_failpoint_armed(std::string_view name);
#else
inline constexpr bool failpoints_compiled = false;
inline void failpoint(std::string_view) {}
inline bool is_failpoint_armed(std::string_view) { return false; }
#endif

}  // namespace drover
