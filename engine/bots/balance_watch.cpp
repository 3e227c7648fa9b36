#include "engine/bots/balance_watch.hpp"

#include <utility>

namespace drover::engine {

void balance_watch::book(const exchanges::fill& f, const exchanges::instrument& i) {
  if (!begun_) return;
  const bool bought = f.side == exchanges::side::buy;
  const auto worth = f.price * f.quantity;
  expected_[i.base_asset] += bought ? f.quantity : -f.quantity;
  expected_[i.quote_asset] += bought ? -worth : worth;
  if (!f.fee.is_zero()) expected_[f.fee_asset] -= f.fee;
}

std::vector<balance_watch::drift> balance_watch::compare(const std::vector<exchanges::balance>& balances) {
  amounts now;
  for (const auto& b : balances) now[b.asset] += b.free + b.locked;
  if (!std::exchange(begun_, true)) {
    now.shrink_to_fit();
    expected_ = std::move(now);
    return {};
  }
  // An asset that is all gone is not in the list any more.
  for (const auto& [asset, amount] : expected_) now.try_emplace(asset);
  std::vector<drift> moved;
  for (const auto& [asset, amount] : now)
    if (const auto difference = amount - expected_[asset]; !difference.is_zero()) moved.push_back({asset, difference});
  return moved;
}

void balance_watch::accept(const std::vector<drift>& told) {
  for (const auto& d : told) expected_[d.asset] += d.amount;
}

}  // namespace drover::engine
