#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"
#include "exchanges/runtime/private_feed.hpp"

namespace drover::exchanges::binance {

/// Binance spot, or anything that speaks its protocol. Knows no options: errc::out_of_range for any.
result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options&);
/// Many accounts on each WebSocket API connection.
std::unique_ptr<private_feed> make_private_feed(const feed_parts&);

}  // namespace drover::exchanges::binance
