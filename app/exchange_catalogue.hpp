#pragma once

#include <vector>

#include "exchanges/registry.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::app {

/// A region of a configured exchange is a venue of its own, with connections, instruments and records of its own, and
/// is called venue_of() both. `configs` outlives what is made of it.

/// What accounts may be connected to, and where they may trade there.
tenants::exchange_catalogue make_exchange_catalogue(const std::vector<exchanges::exchange_config>& configs);

/// Nothing but the address and the name differs from the exchange's own.
exchanges::exchange_config make_region(const exchanges::exchange_config& of, const std::string& region);
/// "bybit" of "bybit@eu".
std::string exchange_of_venue(const std::string& venue);

}  // namespace drover::app
