#pragma once

#include "base/task.hpp"
#include "engine/bots/bot_manager.hpp"
#include "web/market_facts.hpp"

namespace drover::app {

/// Asked on the trading thread, answered on the web thread.
web::prices_source make_prices_source(executor trading, executor web, engine::price_watch&);
web::external_orders_source make_external_orders_source(executor trading, executor web, const engine::bot_manager&);

}  // namespace drover::app
