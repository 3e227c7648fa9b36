#include "simulation/fault_plan.hpp"

#include <algorithm>

namespace drover::simulation {
namespace {

struct fault_entry {
  std::string_view name;
  /// The highest rate that is drawn, in millionths of the occasions.
  std::uint32_t ceiling;
};

constexpr std::array<fault_entry, fault_count> table{{
    {"connection_refused", 200'000},
    {"request_lost", 200'000},
    {"request_slow", 200'000},
    {"answer_lost", 300'000},
    {"answer_slow", 200'000},
    {"connection_reset", 200'000},
    {"server_error_placed", 200'000},
    {"server_error_not_placed", 200'000},
    {"order_rejected", 200'000},
    {"execution_delayed", 200'000},
    // Times per hour of these, see where they are asked for.
    {"list_omits", 1'000'000},
    {"query_lags", 1'000'000},
    {"rate_limited", 30'000},
    {"banned", 5'000},
    {"maintenance", 1'000'000},
    {"fill_after_end", 200'000},
    {"event_lost", 300'000},
    {"event_twice", 300'000},
    {"event_late", 300'000},
    {"stream_breaks", 1'000'000},
    {"ticker_breaks", 200'000},
    {"venue_unwell", 1'000'000},
    {"commit_in_doubt", 100'000},
    {"statement_failed", 100'000},
    {"database_slow", 100'000},
    {"database_down", 1'000'000},
    {"engine_crash", 1'000'000},
    {"engine_twice", 1'000'000},
    {"clock_wrong", 1'000'000},
    {"clock_jumps", 1'000'000},
    {"engine_drain", 1'000'000},
    {"power_loss", 1'000'000},
    {"disk_full", 1'000'000},
    {"disk_error", 20'000},
    {"record_refused", 5'000},
    {"people", 1'000'000},
    {"accounts_change", 1'000'000},
    {"bots_change", 1'000'000},
    {"keys_replaced", 1'000'000},
}};

constexpr std::uint64_t million = 1'000'000;

}  // namespace

std::string_view to_string(fault f) {
  return table[static_cast<std::size_t>(f)].name;
}

std::optional<fault> parse_fault(std::string_view name) {
  const auto at = std::ranges::find(table, name, &fault_entry::name);
  if (at == table.end()) return std::nullopt;
  return static_cast<fault>(at - table.begin());
}

fault_plan fault_plan::draw(random_source& random) {
  fault_plan plan;
  for (std::size_t i = 0; i < fault_count; ++i) {
    const bool used = random.below(2) == 0;
    const std::uint64_t divisor = 1u << random.below(5);
    if (used) plan.rates_[i] = static_cast<std::uint32_t>(table[i].ceiling / divisor);
  }
  return plan;
}

void fault_plan::ensure(fault f) {
  set_rate(f, std::max(rate(f), table[static_cast<std::size_t>(f)].ceiling / 2));
}

bool fault_plan::strikes(fault f, random_source& random) const {
  const auto often = rate(f);
  const bool struck = often > 0 && random.below(million) < often;
  struck_ += struck ? 1 : 0;
  return struck;
}

std::vector<fault> fault_plan::active() const {
  std::vector<fault> all;
  for (std::size_t i = 0; i < fault_count; ++i)
    if (rates_[i] > 0) all.push_back(static_cast<fault>(i));
  return all;
}

}  // namespace drover::simulation
