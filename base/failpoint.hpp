#pragma once

#include <string_view>

namespace drover {

#ifdef DROVER_FAILPOINTS
inline constexpr bool failpoints_compiled = true;
/// Named place where a crash test may intervene: ENGINE_FAILPOINT=name:action:nth with action `kill` (SIGKILL to
/// oneself), `crash` (SIGSEGV), `hang` (for good, on the processor), `throw` or `delay_ms=N`. Compiled out of release builds.
void failpoint(std::string_view name);
#else
inline constexpr bool failpoints_compiled = false;
inline void failpoint(std::string_view) {}
#endif

}  // namespace drover
