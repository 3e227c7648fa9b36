#include <algorithm>
#include <array>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper {

namespace {

/// Rules by price, as big venues choose them: tick and lot have at most eight places together, so that every notional is
/// exact in eight places.
struct rules_row {
  std::int64_t least_price;
  std::string_view tick, lot, most;
};
constexpr std::array<rules_row, 4> rules{{
    {10'000, "0.01", "0.00001", "9000"},
    {100, "0.01", "0.0001", "90000"},
    {1, "0.0001", "0.01", "9000000"},
    {0, "0.0000001", "1", "9000000000"},
}};
constexpr std::int64_t least_notional = 5;
const decimal most_price(1'000'000'000);

bool is_asset(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

result<std::pair<exchanges::instrument, decimal>> parse_instrument(std::string_view text) {
  const auto slash = text.find('/'), equals = text.find('=');
  if (slash == text.npos || equals == text.npos || slash > equals)
    return fail(errc::malformed, "instrument '" + std::string(text) + "' is not written as BASE/QUOTE=price, e.g. BTC/USDT=60000");
  const auto base = text.substr(0, slash), quote = text.substr(slash + 1, equals - slash - 1);
  auto price = decimal::parse(text.substr(equals + 1));
  if (!is_asset(base) || !is_asset(quote) || base == quote)
    return fail(errc::malformed, "instrument '" + std::string(text) + "': assets are 1 to 16 capital letters and digits");
  if (!price || !price->is_positive() || *price > most_price)
    return fail(errc::out_of_range, "instrument '" + std::string(text) + "': the price must be positive and at most " + most_price.to_string());
  const auto& row = *std::ranges::find_if(rules, [&](const rules_row& r) { return *price >= decimal(r.least_price); });
  exchanges::instrument i;
  i.symbol = std::string(base) + "/" + std::string(quote);
  i.venue_symbol = std::string(base) + std::string(quote);
  i.base_asset = base;
  i.quote_asset = quote;
  i.tick_size = decimal::literal(row.tick);
  i.lot_size = i.min_quantity = decimal::literal(row.lot);
  i.max_quantity = decimal::literal(row.most);
  i.min_notional = decimal(least_notional);
  return std::pair(std::move(i), price->round_to_multiple(decimal::literal(row.tick), rounding::half_even));
}

}  // namespace drover::exchanges::paper
