#include "exchanges/kucoin/names.hpp"

#include <algorithm>
#include <array>

namespace drover::exchanges::kucoin {

namespace {

/// In the order of candle_interval.
constexpr std::array<std::string_view, 6> interval_names{"1min", "5min", "15min", "1hour", "4hour", "1day"};

std::string replace(std::string_view text, char from, char to) {
  std::string out(text);
  std::ranges::replace(out, from, to);
  return out;
}

}  // namespace

std::string to_venue_symbol(std::string_view symbol) { return replace(symbol, '/', '-'); }
std::string to_symbol(std::string_view venue_symbol) { return replace(venue_symbol, '-', '/'); }

std::string_view to_venue_interval(candle_interval i) { return interval_names[static_cast<std::size_t>(i)]; }

result<candle_interval> parse_venue_interval(std::string_view text) {
  for (std::size_t i = 0; i < interval_names.size(); ++i)
    if (interval_names[i] == text) return static_cast<candle_interval>(i);
  return fail(errc::malformed, "interval");
}

}  // namespace drover::exchanges::kucoin
