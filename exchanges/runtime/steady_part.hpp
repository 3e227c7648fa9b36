#pragma once

#include <functional>
#include <string>

#include "base/task_scope.hpp"
#include "exchanges/registry.hpp"

namespace drover::exchanges {

/// Spawns a long-lived part of a venue, which runs until it returns; one that throws is logged and started again, one
/// for one, after a pause that grows to a minute. Unlike the services of a thread (service_supervisor) it is never
/// given up: a venue whose part is beyond help must not end an engine that trades elsewhere, and what it is missed by
/// (a silent stream, an old clock) shows in its health. `part`: a literal; `of`: whose, for the log. `run` makes each
/// attempt; it and `scope` outlive the part.
void spawn_steadily(task_scope& scope, const char* part, std::string of, const exchange_parts&,
                    std::function<task<void>()> run);

}  // namespace drover::exchanges
