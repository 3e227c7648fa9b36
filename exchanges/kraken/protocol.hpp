#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::kraken {

const venue_traits& get_traits();

/// Kraken spot: REST and WebSocket v2. Knows no options: errc::out_of_range names one.
result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options&);

}  // namespace drover::exchanges::kraken
