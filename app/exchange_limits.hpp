#pragma once

#include "app/credential_probe.hpp"
#include "base/clock.hpp"
#include "base/task.hpp"
#include "engine/bots/bot_manager.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "web/exchange_limits.hpp"

namespace drover::app {

/// What the exchanges' figures are read from; all of it outlives the web.
struct figure_sources {
  const exchange_map& venues;
  const engine::bot_manager& bots;
  const exchanges::spooling_raw_recorder& recorder;
  const clock& wall;
};

/// Reads rate ledgers, connections and the raw recorder on the trading thread for the web thread.
web::limits_source make_limits_source(executor trading, executor web, figure_sources);

}  // namespace drover::app
