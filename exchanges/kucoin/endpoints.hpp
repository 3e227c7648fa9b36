#pragma once

#include <cstddef>
#include <string_view>

#include "base/clock.hpp"

namespace drover::exchanges::kucoin {

/// Indexes into the venue's rate rules.
enum rule : std::size_t { spot_pool, management_pool, public_pool, socket_connects };

inline constexpr std::string_view success_code = "200000";

inline constexpr std::string_view create_order_endpoint = "POST /api/v1/hf/orders";

/// Most fills that the venue gives at once, and most requests that one list takes.
inline constexpr int fills_page = 100;
inline constexpr int page_limit = 200;
/// Symbols whose open orders are asked for one after the other.
inline constexpr std::size_t open_symbols_limit = 100;

/// Bounds of the dead-man timer (documentation of "Set DCP").
inline constexpr seconds dead_man_floor{5}, dead_man_ceiling{86'400};

}  // namespace drover::exchanges::kucoin
