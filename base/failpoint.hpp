#pragma once

#include <string_view>

namespace drover {

#ifdef DROVER_FAILPOINTS
/// Named place where a crash test may intervene: ENGINE_FAILPOINT=name:action:nth with action `kill` (SIGKILL to
/// oneself), `throw` or `delay_ms=N`. Compiled out of release builds.
void failpoint(std::string_view name);
#else
inline void failpoint(std::string_view) {}
#endif

}  // namespace drover
