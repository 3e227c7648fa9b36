#include "exchanges/paper/coinbase/products.hpp"

#include <algorithm>

#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

std::string product_of(const exchanges::instrument& i) {
  return i.base_asset + "-" + i.quote_asset;
}

std::optional<instrument_number> find_product(const simulated_venue& venue, std::string_view product) {
  std::string wanted(product);
  std::ranges::replace(wanted, '/', '-');
  for (std::size_t i = 0; i < venue.engine().instrument_count(); ++i)
    if (product_of(venue, static_cast<instrument_number>(i)) == wanted) return static_cast<instrument_number>(i);
  return std::nullopt;
}

std::string order_uuid(order_number n) {
  return number_to_uuid(n, order_salt);
}
std::optional<order_number> order_of_uuid(std::string_view text) {
  return uuid_to_number(text, order_salt);
}

std::vector<std::string> list_assets(const simulated_venue& venue) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < venue.engine().instrument_count(); ++i) {
    const auto& one = venue.engine().get_instrument(static_cast<instrument_number>(i));
    for (const auto* asset : {&one.base_asset, &one.quote_asset})
      if (std::ranges::find(out, *asset) == out.end()) out.push_back(*asset);
  }
  return out;
}

}  // namespace drover::exchanges::paper::coinbase
