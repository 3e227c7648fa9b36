#include "exchanges/protocol/market_wire.hpp"

#include <array>

namespace drover::exchanges {

std::string_view to_string(market_channel c) {
  constexpr std::array<std::string_view, 4> names{"ticker", "trades", "book", "candles"};
  return names[static_cast<std::size_t>(c)];
}

std::string market_wire::make_url(std::string_view configured, int, const stream_access* access) const {
  return access && !access->url.empty() ? access->url : std::string(configured);
}

}  // namespace drover::exchanges
