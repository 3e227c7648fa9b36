#include "exchanges/registry.hpp"

#include <array>
#include <string_view>

#include "exchanges/binance/venue.hpp"

namespace drover::exchanges {

namespace {

struct dialect {
  std::string_view name;
  std::unique_ptr<exchange> (*make)(const exchange_config&, exchange_parts);
};

/// One line a venue.
constexpr std::array dialects{
    dialect{"binance", binance::make_binance},
};

}  // namespace

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
