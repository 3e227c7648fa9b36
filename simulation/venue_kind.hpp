#pragma once

#include <span>
#include <string_view>

#include "base/clock.hpp"

namespace drover::simulation {

/// When a venue refuses a client order id that it has seen before.
enum class id_uniqueness { among_open_orders, for_ever, never };

/// What the venues differ in where it matters for orders that must not go wrong.
struct venue_kind {
  std::string_view name;
  id_uniqueness uniqueness = id_uniqueness::among_open_orders;
  /// create and cancel are answered with ids only ("taken in").
  bool answers_ids_only = false;
  /// The list of trades carries client order ids.
  bool trades_name_client_id = true;
  /// Trade ids count up; else they have no order.
  bool counting_trade_ids = true;
  /// Orders that were cancelled without a fill cannot be found any more.
  bool forgets_cancelled = false;
  /// Executions come on the stream without the state of their order.
  bool separate_fill_events = false;
  /// How long after placing a query may not know an order.
  milliseconds visibility_delay{1'000};
  /// How long after its window has passed a request that arrived in time may still be executed.
  milliseconds processing_bound{10'000};
};

/// Modelled on the published semantics of Binance, Kraken, Bybit, OKX, KuCoin and Coinbase Exchange.
std::span<const venue_kind> venue_kinds();

}  // namespace drover::simulation
