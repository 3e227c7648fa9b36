#include "app/exchange_catalogue.hpp"

#include <algorithm>

#include "exchanges/runtime/venue_core.hpp"

namespace drover::app {
namespace {

using exchanges::exchange_config;

constexpr char separator = '@';

const exchange_config* find_exchange(const std::vector<exchange_config>& configs, const std::string& name) {
  const auto found = std::ranges::find(configs, name, &exchange_config::name);
  return found == configs.end() || name.find(separator) != std::string::npos ? nullptr : &*found;
}

std::string base_url_of(const exchange_config& config) {
  const auto* traits = exchanges::find_venue(config.dialect);
  if (traits == nullptr) return config.rest_url;
  const auto resolved = exchanges::resolve_addresses(config, *traits);
  return resolved ? resolved->rest_url : config.rest_url;
}

std::vector<tenants::exchange_region> regions_of(const std::vector<exchange_config>& configs, const std::string& name) {
  std::vector<tenants::exchange_region> regions;
  const auto prefix = name + separator;
  for (const auto& c : configs) {
    if (c.name == name) regions.insert(regions.begin(), {std::string(tenants::default_region), base_url_of(c)});
    if (c.name.starts_with(prefix)) regions.push_back({c.name.substr(prefix.size()), base_url_of(c)});
  }
  return regions;
}

}  // namespace

exchange_config make_region(const exchange_config& of, const std::string& region) {
  auto made = of;
  made.name = tenants::venue_of(of.name, region);
  made.rest_url = made.stream_url = made.ws_api_url = std::string();
  made.recorded = {};
  return made;
}

std::string exchange_of_venue(const std::string& venue) {
  return venue.substr(0, venue.find(separator));
}

tenants::exchange_catalogue make_exchange_catalogue(const std::vector<exchange_config>& configs) {
  tenants::exchange_catalogue catalogue;
  for (const auto& c : configs)
    if (find_exchange(configs, c.name) != nullptr) catalogue.names.push_back(c.name);
  catalogue.is_known = [&configs](const std::string& name) { return find_exchange(configs, name) != nullptr; };
  catalogue.needs_passphrase = [&configs](const std::string& name) {
    const auto* found = find_exchange(configs, name);
    const auto* traits = found != nullptr ? exchanges::find_venue(found->dialect) : nullptr;
    return traits != nullptr && traits->has_passphrase;
  };
  catalogue.regions = [&configs](const std::string& name) { return regions_of(configs, name); };
  return catalogue;
}

}  // namespace drover::app
