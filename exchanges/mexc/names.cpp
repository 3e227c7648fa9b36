#include "exchanges/mexc/names.hpp"

#include <array>

namespace drover::exchanges::mexc {

namespace {

struct interval_names {
  std::string_view rest, stream;
};
/// By candle_interval.
constexpr std::array intervals{interval_names{"1m", "Min1"},   interval_names{"5m", "Min5"},  interval_names{"15m", "Min15"},
                               interval_names{"60m", "Min60"}, interval_names{"4h", "Hour4"}, interval_names{"1d", "Day1"}};

}  // namespace

std::string to_venue_symbol(std::string_view symbol) {
  std::string out(symbol);
  if (const auto at = out.find('/'); at != std::string::npos) out.erase(at, 1);
  return out;
}

std::string_view to_rest_interval(candle_interval i) { return intervals[static_cast<std::size_t>(i)].rest; }
std::string_view to_stream_interval(candle_interval i) { return intervals[static_cast<std::size_t>(i)].stream; }

result<candle_interval> parse_stream_interval(std::string_view text) {
  for (std::size_t i = 0; i < intervals.size(); ++i)
    if (intervals[i].stream == text) return static_cast<candle_interval>(i);
  return fail(errc::malformed, "unknown interval");
}

}  // namespace drover::exchanges::mexc
