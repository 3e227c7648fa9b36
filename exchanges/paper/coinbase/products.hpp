#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper::coinbase {

/// "BTC/USDT" → "BTC-USDT".
std::string product_of(const exchanges::instrument&);
inline std::string product_of(const simulated_venue& v, instrument_number n) {
  return product_of(v.engine().get_instrument(n));
}
/// "BTC-USDT", and "BTC/USDT" as one client sends it.
std::optional<instrument_number> find_product(const simulated_venue&, std::string_view product);

/// Kinds of numbers that become UUIDs.
inline constexpr std::uint32_t order_salt = 11, trade_salt = 12, account_salt = 13, stranger_salt = 14;
std::string order_uuid(order_number);
std::optional<order_number> order_of_uuid(std::string_view);

/// {"BTC", "USDT", …}: every asset that an instrument names, once.
std::vector<std::string> list_assets(const simulated_venue&);

}  // namespace drover::exchanges::paper::coinbase
