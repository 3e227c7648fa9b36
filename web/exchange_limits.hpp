#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace drover::web {

struct services;

/// How full one limit of an exchange is.
struct limit_level {
  std::string rule, scope, model;
  std::int64_t used = 0, limit = 0;
  nanoseconds window{}, resets_in{};
};

/// The request budget of one exchange at one instant.
struct exchange_limits {
  struct source {
    /// Local address; empty for the default one.
    std::string address;
    std::vector<limit_level> levels;
    std::optional<nanoseconds> banned_for;
  };
  struct lane {
    std::string name;
    std::size_t waiting = 0;
    std::uint64_t granted = 0, refused = 0;
    nanoseconds waited{}, longest_wait{};
  };
  struct account {
    std::string id, symbol;
    limit_level level;
  };
  /// How requests and messages are doing, of all accounts together.
  struct connections {
    std::optional<milliseconds> latency_median, message_age, market_data_age;
    std::uint64_t reconnects = 0;
    std::string breaker = "closed";
    /// Accounts by the state of their own breaker: "closed", "half_open", "open".
    std::map<std::string, std::int64_t> account_breakers;
  };
  std::string exchange;
  std::vector<source> sources;
  std::vector<lane> lanes;
  /// Accounts nearest to a limit of their own; bounded.
  std::vector<account> hottest_accounts;
  std::uint64_t address_bans = 0, account_bans = 0;
  std::size_t banned_accounts = 0;
  connections health{};
};

/// What the raw recorder did since the start.
struct recorder_report {
  std::uint64_t recorded = 0, stored = 0, dropped = 0, quarantined = 0, sync_failures = 0, segments_left_alone = 0;
  std::uint64_t spooled_bytes = 0;
  std::size_t segments = 0;
  /// Gap rows by exchange; the last number by stream that is in the database.
  std::map<std::string, std::uint64_t> gaps, stored_to;
};

/// Of all exchanges, by name.
struct limits_report {
  wall_time at;
  std::vector<exchange_limits> exchanges;
  std::optional<recorder_report> recorder{};
};
/// Asks the trading thread; `done` is called on the web thread, later or never.
using limits_source = std::function<void(std::function<void(std::shared_ptr<const limits_report>)> done)>;

/// What the trading thread says now; when it says nothing for a moment, what it said last (empty: never anything).
/// Web thread.
task<std::shared_ptr<const limits_report>> read_limits(services&);

}  // namespace drover::web
