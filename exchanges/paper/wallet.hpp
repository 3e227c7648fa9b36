#pragma once

#include <vector>

#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

/// The balances of one account: few assets, so a plain list.
class wallet {
 public:
  struct holding {
    asset_number asset{};
    decimal free, locked;
  };

  const std::vector<holding>& holdings() const { return holdings_; }
  decimal free(asset_number) const;
  holding& at(asset_number);

  void credit(asset_number asset, decimal amount) { at(asset).free += amount; }
  /// The caller has checked that enough is free.
  void lock(asset_number, decimal amount);
  void unlock(asset_number, decimal amount);
  void spend_free(asset_number asset, decimal amount) { at(asset).free -= amount; }
  void spend_locked(asset_number asset, decimal amount) { at(asset).locked -= amount; }

 private:
  std::vector<holding> holdings_;
};

}  // namespace drover::exchanges::paper
