#pragma once

#include "app/credential_probe.hpp"
#include "base/clock.hpp"
#include "base/task.hpp"
#include "web/exchange_limits.hpp"

namespace drover::app {

/// Reads the rate ledgers on the trading thread for the web thread. The references outlive the web.
web::limits_source make_limits_source(executor trading, executor web, const exchange_map& venues, const clock&);

}  // namespace drover::app
