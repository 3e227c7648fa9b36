#include "exchanges/paper/mexc/symbols.hpp"

#include <charconv>

namespace drover::exchanges::paper::mexc {

namespace {

constexpr std::string_view order_prefix = "C02__";

}  // namespace

std::string symbol_of(const simulated_venue& v, instrument_number n) {
  const auto& i = v.engine().get_instrument(n);
  return i.base_asset + i.quote_asset;
}

std::vector<instrument_number> list_instruments(const simulated_venue& v) {
  std::vector<instrument_number> out;
  for (std::size_t i = 0; i < v.engine().instrument_count(); ++i) out.push_back(static_cast<instrument_number>(i));
  return out;
}

std::optional<instrument_number> find_symbol(const simulated_venue& v, std::string_view symbol) {
  for (const auto n : list_instruments(v))
    if (symbol_of(v, n) == symbol) return n;
  return std::nullopt;
}

std::string order_id_of(order_number n) { return std::string(order_prefix) + std::to_string(n); }

std::optional<order_number> parse_order_id(std::string_view text) {
  if (!text.starts_with(order_prefix)) return std::nullopt;
  text.remove_prefix(order_prefix.size());
  order_number out = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc() || end != text.data() + text.size() || out <= 0) return std::nullopt;
  return out;
}

const std::vector<interval>& intervals() {
  static const std::vector<interval> all{{"1m", "Min1", 60'000},       {"5m", "Min5", 300'000},       {"15m", "Min15", 900'000},
                                         {"30m", "Min30", 1'800'000},  {"60m", "Min60", 3'600'000},   {"4h", "Hour4", 14'400'000},
                                         {"8h", "Hour8", 28'800'000},  {"1d", "Day1", 86'400'000}};
  return all;
}

std::vector<candle> list_candles(const simulated_venue& v, instrument_number n, std::int64_t length) {
  return join_candles(v.data().candles(n, candle_interval::minute), length);
}

}  // namespace drover::exchanges::paper::mexc
