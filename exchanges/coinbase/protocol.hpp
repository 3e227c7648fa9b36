#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::coinbase {

/// Coinbase Advanced Trade, named "coinbase". Knows no options.
std::unique_ptr<venue_protocol> make_advanced_protocol();
/// Coinbase Exchange, named "coinbaseexchange". Knows no options.
std::unique_ptr<venue_protocol> make_exchange_protocol();

}  // namespace drover::exchanges::coinbase
