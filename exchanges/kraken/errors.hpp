#pragma once

#include <optional>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::kraken {

/// The canonical error of "EOrder:Insufficient funds" and the like.
error make_venue_refusal(operation, int http_status, std::string_view text);

/// What a refused subscription says.
error make_stream_refusal(std::string_view text);

/// "EService:Throttled: 1732104060" → the time in it, seconds.
std::optional<std::int64_t> find_throttle_end(std::string_view text);

}  // namespace drover::exchanges::kraken
