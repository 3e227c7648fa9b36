#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace drover::exchanges {

/// Index of the address that `account` is pinned to (rendezvous hashing: adding or removing an address moves only the
/// accounts that it gets or had). 0 when there is none to choose from.
std::size_t pick_source(std::span<const std::string> addresses, std::string_view account);

}  // namespace drover::exchanges
