#pragma once

#include <memory>

#include "exchanges/runtime/private_feed.hpp"

namespace drover::exchanges {

/// The exchange that a protocol makes: everything that venues share, driven by what is peculiar to this one. `make_feed` is
/// null where each account has a private connection of its own. errc::out_of_range when an address is missing.
result<std::unique_ptr<exchange>> make_venue_exchange(const exchange_config&, exchange_parts, std::unique_ptr<venue_protocol>,
                                                      private_feed_factory make_feed);

}  // namespace drover::exchanges
