#pragma once

#include "base/task.hpp"
#include "engine/bots/bot_manager.hpp"
#include "web/bot_reports.hpp"

namespace drover::app {

/// Reads the manager on the trading thread and answers on the web thread.
web::reports_source make_reports_source(executor trading, executor web, const engine::bot_manager&);

}  // namespace drover::app
