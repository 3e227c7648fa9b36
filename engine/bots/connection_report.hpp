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

/// How one account's connection is doing (SPEC B9).
struct connection_report {
  account_id account;
  std::string exchange;
  exchanges::connection_health connection;
  exchanges::exchange::health venue;
  milliseconds clock_offset{0};
  std::optional<connection_probe> last_probe;
};

/// Whether a bot may go on with a key of which the exchange now says this: a key that may withdraw, or may not trade,
/// is not the one that was approved. Nothing when it may.
std::optional<bot_failure> judge_probe(const result<exchanges::permissions>&);

}  // namespace drover::engine
