#include "exchanges/protocol/market_wire.hpp"

#include <algorithm>
#include <array>

namespace drover::exchanges {

namespace {

constexpr std::array<std::string_view, 4> channel_names{"ticker", "trades", "book", "candles"};

}  // namespace

std::string_view to_string(market_channel c) {
  return channel_names[static_cast<std::size_t>(c)];
}

std::optional<market_channel> parse_market_channel(std::string_view name) {
  const auto found = std::ranges::find(channel_names, name);
  if (found == channel_names.end()) return std::nullopt;
  return static_cast<market_channel>(found - channel_names.begin());
}

std::string market_wire::make_url(std::string_view configured, int, const stream_access* access) const {
  return access && !access->url.empty() ? access->url : std::string(configured);
}

}  // namespace drover::exchanges
