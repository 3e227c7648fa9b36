#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

enum class limit_model {
  /// `limit` per `window`; windows begin at multiples of their length.
  fixed_window,
  /// `limit` in any span of `window`.
  sliding_window,
  /// A counter that may rise to `limit` and falls by `drained` per `window`, steadily (a bucket with a leak).
  decaying,
};

struct limit_rule {
  /// For people.
  std::string name;
  limit_model model = limit_model::fixed_window;
  std::int64_t limit = 0;
  milliseconds window{1'000};
  std::int64_t drained = 1;
  /// Refused requests count, too.
  bool counts_refused = false;
  /// After this many refusals in one window the caller is banned for `ban`; negative = never.
  int patience = -1;
  milliseconds ban{0};
};

enum class limit_number : std::uint32_t {};

/// How things stand after a charge: what a dialect needs for its headers and its refusal.
struct meter_verdict {
  bool allowed = true;
  bool banned = false;
  std::int64_t used = 0, limit = 0;
  /// When the count is as if nothing had been used (fixed window: the end of this one).
  wall_time reset_at;
  /// When the refused request would pass; a ban's end.
  wall_time retry_at;

  std::int64_t remaining() const { return used < limit ? limit - used : 0; }
  /// Rounded up, at least 1.
  seconds retry_after(wall_time now) const;
};

/// Counts requests against the limits of one venue and says no. Keys are what a limit is counted by: an address, an account,
/// an account and an instrument; see the make_key functions. Pure bookkeeping: time is passed in. One thread.
class request_meter {
 public:
  /// Callers that one limit remembers; past it the ones that are quiet now are forgotten.
  static constexpr std::size_t key_limit = 20'000;

  /// Not enforced: counts, but never refuses.
  explicit request_meter(bool enforced) : enforced_(enforced) {}

  limit_number add(limit_rule);
  meter_verdict charge(limit_number, std::string_view key, std::int64_t cost, wall_time now);
  /// Without charging: what a request of this cost would get.
  meter_verdict read(limit_number, std::string_view key, wall_time now, std::int64_t cost = 0) const;
  const limit_rule& rule(limit_number n) const { return limits_[static_cast<std::size_t>(n)].rule; }
  bool enforced() const { return enforced_; }
  void set_enforced(bool on) { enforced_ = on; }

  /// For GET /paper/limits. HTTP requests are counted by the server; dialects count what comes over WebSockets.
  struct statistics {
    std::int64_t requests = 0, denied = 0, banned = 0;
  };
  void count_request() { ++statistics_.requests; }
  const statistics& get_statistics() const { return statistics_; }

  static std::string make_key(account_number n) { return std::to_string(to_index(n)); }
  static std::string make_key(account_number n, instrument_number i) {
    return std::to_string(to_index(n)) + "/" + std::to_string(to_index(i));
  }

 private:
  struct counter {
    /// fixed_window: number of the window. decaying: time of `used`, in ms.
    std::int64_t mark = 0;
    /// decaying: in units of 1/window_ms, so that draining is exact.
    std::int64_t used = 0;
    /// sliding_window: when each cost was charged, in ms.
    std::deque<std::pair<std::int64_t, std::int64_t>> recent;
    std::int64_t refusal_window = 0;
    int refusals = 0;
    std::int64_t banned_until_ms = 0;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view t) const { return std::hash<std::string_view>{}(t); }
  };
  struct limit_state {
    limit_rule rule;
    std::unordered_map<std::string, counter, text_hash, std::equal_to<>> counters;
  };
  static void advance(const limit_rule&, counter&, std::int64_t now_ms);
  static meter_verdict judge(const limit_rule&, const counter&, std::int64_t cost, std::int64_t now_ms);
  static void count(const limit_rule&, counter&, std::int64_t cost, std::int64_t now_ms);
  static bool is_quiet(const limit_rule&, counter, std::int64_t now_ms);
  counter& find_counter(limit_state&, std::string_view key, std::int64_t now_ms);
  bool refuse(const limit_rule&, counter&, std::int64_t now_ms);

  bool enforced_;
  std::vector<limit_state> limits_;
  statistics statistics_;
};

}  // namespace drover::exchanges::paper
