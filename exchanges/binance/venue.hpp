#pragma once

#include <memory>

#include "exchanges/registry.hpp"

namespace drover::exchanges::binance {

/// Binance spot, or anything that speaks its protocol.
std::unique_ptr<exchange> make_binance(const exchange_config&, exchange_parts);
const venue_traits& get_traits();

}  // namespace drover::exchanges::binance
