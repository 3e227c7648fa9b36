#include "exchanges/registry.hpp"

#include <algorithm>
#include <array>

#include "exchanges/binance/venue.hpp"

namespace drover::exchanges {

namespace {

struct dialect {
  std::string_view name;
  std::unique_ptr<exchange> (*make)(const exchange_config&, exchange_parts);
  const venue_traits& (*traits)();
};

/// One line a venue.
constexpr std::array dialects{
    dialect{"binance", binance::make_binance, binance::get_traits},
};

}  // namespace

std::span<const venue_traits* const> known_venues() {
  static const auto all = [] {
    std::array<const venue_traits*, dialects.size()> out{};
    for (std::size_t i = 0; i < dialects.size(); ++i) out[i] = &dialects[i].traits();
    return out;
  }();
  return all;
}

const venue_traits* find_venue(std::string_view name) {
  auto found = std::ranges::find(known_venues(), name, &venue_traits::name);
  return found == known_venues().end() ? nullptr : *found;
}

std::vector<std::string> known_dialects() {
  std::vector<std::string> names;
  for (const auto& d : dialects) names.emplace_back(d.name);
  return names;
}

result<std::unique_ptr<exchange>> make_exchange(const exchange_config& config, exchange_parts parts) {
  for (const auto& d : dialects)
    if (d.name == config.dialect) return d.make(config, parts);
  std::string known;
  for (const auto& name : known_dialects()) known += (known.empty() ? "" : ", ") + name;
  return fail(errc::not_found, "exchange " + config.name + ": unknown dialect \"" + config.dialect + "\" (known: " + known + ")");
}

}  // namespace drover::exchanges
