#pragma once

#include "base/task.hpp"
#include "engine/bots/bot_manager.hpp"
#include "web/connection_health.hpp"

namespace drover::app {

/// Asks the bots on the trading thread for the web thread. The manager outlives the web.
web::health_source make_health_source(executor trading, executor web, const engine::bot_manager&);

}  // namespace drover::app
