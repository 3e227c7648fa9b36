#include "exchanges/paper/gate/pairs.hpp"

#include <algorithm>
#include <array>

namespace drover::exchanges::paper::gate {

namespace {

constexpr std::array intervals{
    std::pair<std::string_view, std::int64_t>{"1m", 60'000},       std::pair<std::string_view, std::int64_t>{"5m", 300'000},
    std::pair<std::string_view, std::int64_t>{"15m", 900'000},     std::pair<std::string_view, std::int64_t>{"30m", 1'800'000},
    std::pair<std::string_view, std::int64_t>{"1h", 3'600'000},    std::pair<std::string_view, std::int64_t>{"4h", 14'400'000},
    std::pair<std::string_view, std::int64_t>{"8h", 28'800'000},   std::pair<std::string_view, std::int64_t>{"1d", 86'400'000}};

}  // namespace

std::string pair_of(const exchanges::instrument& i) { return i.base_asset + "_" + i.quote_asset; }

std::optional<instrument_number> find_pair(const simulated_venue& v, std::string_view pair) {
  for (const auto n : list_instruments(v))
    if (pair_of(v, n) == pair) return n;
  return std::nullopt;
}

std::vector<instrument_number> list_instruments(const simulated_venue& v) {
  std::vector<instrument_number> out;
  for (std::size_t i = 0; i < v.engine().instrument_count(); ++i) out.push_back(static_cast<instrument_number>(i));
  return out;
}

std::vector<std::string> list_assets(const simulated_venue& v) {
  std::vector<std::string> out;
  for (const auto n : list_instruments(v)) {
    const auto& one = v.engine().get_instrument(n);
    for (const auto* asset : {&one.base_asset, &one.quote_asset})
      if (std::ranges::find(out, *asset) == out.end()) out.push_back(*asset);
  }
  return out;
}

std::optional<std::int64_t> interval_ms(std::string_view name) {
  for (const auto& [text, ms] : intervals)
    if (text == name) return ms;
  return std::nullopt;
}

std::vector<candle> list_candles(const simulated_venue& v, instrument_number n, std::int64_t length) {
  return join_candles(v.data().candles(n, candle_interval::minute), length);
}

}  // namespace drover::exchanges::paper::gate
