#include "exchanges/exchange.hpp"

#include <array>

namespace drover::exchanges {

std::string_view to_string(breaker_state s) {
  constexpr std::array<std::string_view, 3> names{"closed", "half_open", "open"};
  return names[static_cast<std::size_t>(s)];
}

}  // namespace drover::exchanges
