#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace drover::simulation {

/// Everything that can go wrong, one name each, so that a failing run can be made smaller by leaving some out.
enum class fault {
  // The way to a venue and back.
  connection_refused,
  request_lost,
  request_slow,
  answer_lost,
  answer_slow,
  connection_reset,
  server_error_placed,
  server_error_not_placed,
  // Inside a venue.
  order_rejected,
  execution_delayed,
  list_omits,
  query_lags,
  rate_limited,
  banned,
  maintenance,
  fill_after_end,
  // The private stream.
  event_lost,
  event_twice,
  event_late,
  stream_breaks,
  ticker_breaks,
  // Answers, stream and queries together, as when a venue is overloaded.
  venue_unwell,
  // The database.
  commit_in_doubt,
  statement_failed,
  database_slow,
  database_down,
  // The engine.
  engine_crash,
  engine_twice,
  clock_wrong,
  clock_jumps,
  engine_drain,
  // The machine under it, in runs that record what the venues say.
  power_loss,
  disk_full,
  disk_error,
  record_refused,
  // People.
  people,
  accounts_change,
  bots_change,
  keys_replaced,
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(fault::keys_replaced) + 1;
std::string_view to_string(fault);
std::optional<fault> parse_fault(std::string_view name);

/// Which faults a run has and how often: drawn from the seed, so that runs differ in what they are hard on.
class fault_plan {
public:
  /// Nothing goes wrong.
  fault_plan() = default;
  /// Each fault is left out of about half of all runs; its rate, where it is not, spreads over an order of magnitude.
  static fault_plan draw(random_source&);

  /// Draws whether it goes wrong this time.
  bool strikes(fault, random_source&) const;
  /// One in a million; 0 = never.
  std::uint32_t rate(fault f) const { return rates_[static_cast<std::size_t>(f)]; }
  void set_rate(fault f, std::uint32_t per_million) { rates_[static_cast<std::size_t>(f)] = per_million; }
  /// With half of its highest rate at least.
  void ensure(fault f);
  void remove(fault f) { set_rate(f, 0); }
  std::vector<fault> active() const;
  /// How often anything went wrong.
  std::uint64_t struck() const { return struck_; }

private:
  std::array<std::uint32_t, fault_count> rates_{};
  mutable std::uint64_t struck_ = 0;
};

}  // namespace drover::simulation
