#pragma once

#include <cstddef>
#include <string_view>

#include "base/clock.hpp"

namespace drover::exchanges::kraken {

/// Indexes into the venue's rate rules.
enum rule : std::size_t { call_counter, pair_counter, public_calls, socket_connects };

inline constexpr std::string_view add_order_endpoint = "POST /0/private/AddOrder";

/// Trades that one answer holds.
inline constexpr std::size_t fills_page = 50;
/// Requests that one list takes at most.
inline constexpr int page_limit = 400;
/// Orders that one CancelOrderBatch takes.
inline constexpr std::size_t cancel_batch = 50;

/// Bounds of AddOrder's deadline (documentation: now + 2 s to now + 60 s), with room for the way.
inline constexpr milliseconds deadline_floor{3'000}, deadline_ceiling{59'000};

}  // namespace drover::exchanges::kraken
