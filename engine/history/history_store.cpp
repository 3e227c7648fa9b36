#include "engine/history/history_store.hpp"

namespace drover::engine {

symbol_assets split_symbol(std::string_view symbol) {
  const auto slash = symbol.find('/');
  if (slash == std::string_view::npos) return {};
  return {std::string(symbol.substr(0, slash)), std::string(symbol.substr(slash + 1))};
}

std::optional<decimal> average_price(const tenants::position& p) {
  if (p.quantity.is_zero()) return std::nullopt;
  return p.cost / p.quantity;
}

decimal unrealised_profit(const tenants::position& p, decimal price) { return p.quantity * price - p.cost; }

}  // namespace drover::engine
