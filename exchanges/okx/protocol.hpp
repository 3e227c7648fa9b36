#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::okx {

/// OKX v5, spot. Option `simulated: "1"`: the keys are of demo trading. errc::out_of_range for other options.
result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options&);

}  // namespace drover::exchanges::okx
