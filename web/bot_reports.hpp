#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/task.hpp"
#include "engine/bots/connection_report.hpp"

namespace drover::web {

struct services;

/// What the trading thread knows of one bot and its account.
struct bot_reports {
  std::optional<engine::connection_report> connection;
  std::optional<engine::bot_report> bot;
};

/// Asks the trading thread; `done` is called on the web thread, later or never.
using reports_source = std::function<void(account_id, bot_id, std::function<void(std::shared_ptr<const bot_reports>)> done)>;

/// Empty when the trading thread says nothing for a moment. Web thread.
task<bot_reports> read_reports(services&, account_id, bot_id);

}  // namespace drover::web
