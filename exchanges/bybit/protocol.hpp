#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::bybit {

/// Bybit v5, spot. Knows no options.
std::unique_ptr<venue_protocol> make_protocol();

}  // namespace drover::exchanges::bybit
