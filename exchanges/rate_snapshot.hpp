#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchanges/protocol/rate_rule.hpp"

namespace drover::exchanges {

/// How full one limit is.
struct rate_level {
  /// rate_rule::name.
  std::string_view rule;
  rate_scope scope = rate_scope::address;
  rate_model model = rate_model::sliding_window;
  std::int64_t used = 0;
  /// What this process allows itself.
  std::int64_t limit = 0;
  nanoseconds window{};
  nanoseconds resets_in{};
};

struct rate_source_state {
  /// Local address; empty for the default one.
  std::string address;
  std::vector<rate_level> levels;
  std::optional<nanoseconds> banned_for;
};

struct rate_account_state {
  std::string account, symbol;
  rate_level level;
};

struct rate_lane_state {
  std::size_t waiting = 0;
  std::uint64_t granted = 0, refused = 0;
  /// Time between asking and leave, over all that were granted.
  nanoseconds waited{};
  nanoseconds longest_wait{};
};

/// The ledger of one venue at one instant, for people and metrics.
struct rate_snapshot {
  std::vector<rate_source_state> sources;
  /// By urgency: kill, protective, entry, reconcile, read.
  std::array<rate_lane_state, 5> lanes{};
  /// The limits of accounts that are nearest to being used up, fullest first; bounded.
  std::vector<rate_account_state> hottest;
  /// Since the start.
  std::uint64_t address_bans = 0, account_bans = 0;
  /// Accounts that the venue bans at the moment.
  std::size_t banned_accounts = 0;
  /// Buckets of accounts that hold a count.
  std::size_t account_buckets = 0;
};

}  // namespace drover::exchanges
