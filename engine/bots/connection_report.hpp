#pragma once

#include <optional>
#include <string>

#include "base/ids.hpp"
#include "engine/bots/bot_failure.hpp"
#include "exchanges/exchange.hpp"

namespace drover::engine {

/// What the exchange said of a key when it was last asked.
struct connection_probe {
  wall_time at;
  milliseconds took{0};
  bool passed = false;
  /// For a person; empty when it passed.
  std::string reason;
  exchanges::permissions rights;
};

/// The account's balances moved although no trade of the engine moved them (REL-08).
struct balance_drift {
  wall_time at;
  /// For a person: "BTC +0.1, USDT -6000".
  std::string amounts;
};

/// How one account's connection is doing (SPEC B9).
struct connection_report {
  account_id account;
  std::string exchange;
  exchanges::connection_health connection;
  exchanges::exchange::health venue;
  milliseconds clock_offset{0};
  std::optional<connection_probe> last_probe;
  std::optional<balance_drift> last_drift;
};

/// What one living bot knows that its state does not tell.
struct bot_report {
  bot_id bot;
  bool reconciled = false, market_watched = false;
  /// Since the last ticker; nothing: none is known, or it is stale.
  std::optional<milliseconds> market_age;
  /// Empty before the instrument is known.
  std::string base_asset, quote_asset;
  decimal bid_price, min_notional;
  /// Of the two assets.
  std::vector<exchanges::balance> balances;
  /// Why its last order was not placed; empty: none was refused.
  std::string last_refusal;
  int foreign_orders = 0;
  /// Its ticks are delayed: it takes more than its share of the trading thread.
  bool slowed = false;
};

/// Whether a bot may go on with a key of which the exchange now says this: a key that may withdraw, or may not trade,
/// is not the one that was approved. Nothing when it may. `withdraw_waived`: administrators know that it may withdraw.
std::optional<bot_failure> judge_probe(const result<exchanges::permissions>&, bool withdraw_waived);

}  // namespace drover::engine
