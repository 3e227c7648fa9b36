#include "exchanges/paper/wallet.hpp"

namespace drover::exchanges::paper {

decimal wallet::free(asset_number asset) const {
  for (const auto& h : holdings_)
    if (h.asset == asset) return h.free;
  return {};
}

wallet::holding& wallet::at(asset_number asset) {
  for (auto& h : holdings_)
    if (h.asset == asset) return h;
  return holdings_.emplace_back(holding{.asset = asset});
}

void wallet::lock(asset_number asset, decimal amount) {
  auto& h = at(asset);
  h.free -= amount;
  h.locked += amount;
}

void wallet::unlock(asset_number asset, decimal amount) {
  auto& h = at(asset);
  h.locked -= amount;
  h.free += amount;
}

}  // namespace drover::exchanges::paper
