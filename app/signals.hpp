#pragma once

#include <boost/asio/signal_set.hpp>

#include "app/reload.hpp"
#include "base/task.hpp"
#include "engine/control/trading_control.hpp"

namespace drover::app {

/// SIGUSR1 halts and SIGUSR2 cancels everything, as an emergency stop of the operator of the machine (docs/RISK_AND_KILL.md).
void add_kill_signals(asio::signal_set&);

/// Until SIGTERM or SIGINT. SIGHUP reloads; kills run on the trading thread, their receipts are in the log.
task<void> run_signals(asio::signal_set&, configuration_reload&, executor trading, engine::trading_control&);

}  // namespace drover::app
