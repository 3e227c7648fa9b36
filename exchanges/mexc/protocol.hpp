#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::mexc {

/// MEXC spot, API v3. Knows no options: errc::out_of_range names any that is given.
result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options&);

}  // namespace drover::exchanges::mexc
