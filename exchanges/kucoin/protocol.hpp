#pragma once

#include <memory>

#include "exchanges/protocol/venue_options.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::exchanges::kucoin {

const venue_traits& get_traits();

/// KuCoin's high-frequency spot trading. Option: `key_version` "2" (as when absent) or "3", as the venue shows it beside the key.
/// errc::out_of_range names an unknown option or value.
result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options&);

}  // namespace drover::exchanges::kucoin
