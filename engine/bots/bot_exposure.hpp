#pragma once

#include <optional>
#include <string>

#include "base/decimal.hpp"
#include "engine/orders/entry_gate.hpp"

namespace drover::engine {

/// What one bot has at the exchange, and how far it has carried out the halt that covers it.
struct bot_exposure {
  order_owner owner;
  std::string symbol;
  /// It is reconciled and trades, or would but for a halt; else what it has is as the journal knew it, and `problem` says why.
  bool reachable = false;
  int open_orders = 0;
  /// In the base asset, and its worth at the last price in the quote asset.
  decimal position{};
  std::optional<decimal> notional{};
  /// Orders that ended since the halt.
  int cancelled = 0;
  /// Nothing more will happen because of the halt.
  bool carried_out = false;
  /// What could not be done, for a person.
  std::string problem{};
};

}  // namespace drover::engine
