#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "base/timer.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges {

/// Asks a venue for public data on behalf of the back-filler: lowest urgency, the answer recorded on "<exchange>.rest" like any
/// other before it is interpreted. The call's `since` and `after` say where the missing part begins, for venues that can go back.
class backfill_source {
 public:
  virtual ~backfill_source() = default;
  /// errc::not_found: no such exchange is configured. Other errors are the venue's (exchange_errc).
  virtual task<result<venue_answer>> fetch(std::string exchange, venue_call) = 0;
};

enum class gap_state { open, filled, partly, unfillable };
std::string_view to_string(gap_state);

/// A row of data_gaps that is still open.
struct open_gap {
  std::string stream;
  std::uint64_t sequence = 0;
  wall_time from, to, noted_at;
  std::string channel, account, symbol, interval, reason;
  std::int64_t first_missing = 0, last_missing = 0;
  int attempts = 0;
};

/// data_gaps, as the back-filler sees it.
class gap_store {
 public:
  virtual ~gap_store() = default;
  /// Open ones that are due, oldest first, of as many exchanges as there are.
  virtual task<result<std::vector<open_gap>>> list_due(wall_time now, int limit) = 0;
  virtual task<result<void>> settle(open_gap, gap_state, std::string outcome) = 0;
  /// Tried in vain: again not before `at`.
  virtual task<result<void>> postpone(open_gap, wall_time at, std::string outcome) = 0;
  /// Whether the account's fills (of all accounts when empty) were read over REST after `at`.
  virtual task<result<bool>> fills_read_since(std::string exchange, std::string account, wall_time at) = 0;
};
std::unique_ptr<gap_store> make_postgres_gap_store(database&);

struct backfill_config {
  /// Between looks for gaps.
  milliseconds interval{15'000};
  int gaps_per_look = 50;
  /// Requests for one gap before the rest of it counts as out of reach.
  int request_limit = 20;
  int attempt_limit = 8;
  milliseconds retry_floor{30'000}, retry_ceiling{3'600'000};
  /// Gaps of a private stream wait so long for the account's reconciliation.
  milliseconds reconciliation_limit{3'600'000};
};

/// Closes gaps: asks the venue for the trades and candles that are missing, and says of everything else why it cannot be had. Every
/// gap ends in a state with its reason. Trading thread only.
class backfiller {
 public:
  backfiller(timer_queue&, gap_store&, backfill_source&, backfill_config);

  /// Until cancelled.
  task<void> run();
  /// One look; answers how many gaps were settled. Errors are the store's.
  task<result<int>> run_once();

  struct statistics {
    std::uint64_t filled = 0, partly = 0, unfillable = 0, postponed = 0;
  };
  const statistics& get_statistics() const { return statistics_; }

 private:
  struct verdict {
    /// None: later.
    std::optional<gap_state> state;
    std::string outcome;
  };
  task<verdict> judge(open_gap);
  task<verdict> fill_trades(open_gap);
  task<verdict> fill_candles(open_gap);
  task<result<verdict>> judge_private(open_gap);
  task<result<void>> write(open_gap, verdict);

  timer_queue& timers_;
  gap_store& store_;
  backfill_source& source_;
  backfill_config config_;
  statistics statistics_;
};

}  // namespace drover::exchanges
