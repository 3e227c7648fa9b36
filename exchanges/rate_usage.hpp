#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "exchanges/protocol/rate_rule.hpp"

namespace drover::exchanges {

/// One instant on our clock and on the venue's.
struct rate_moment {
  steady_time now;
  wall_time server;
};

/// What all buckets of a rule have in common.
struct rate_shape {
  rate_model model = rate_model::sliding_window;
  nanoseconds window{};
  /// A request may reach the venue so long after it was granted.
  nanoseconds transit{};
  /// How far our idea of the venue's clock may be off.
  nanoseconds clock_margin{};
};

/// What a request asks of a bucket: `weight`, of which its lane may fill the bucket up to `allowed`, of `limit` in all.
struct rate_need {
  std::int64_t weight = 1, allowed = 1, limit = 1;
};

/// Counts within the venue's own windows. What is granted shortly before a window's end may be counted in the next one, so
/// it is counted in both.
class fixed_window_usage {
 public:
  bool fits(const rate_shape&, rate_moment, rate_need);
  void take(const rate_shape&, rate_moment, rate_need);
  steady_time next_chance(const rate_shape&, rate_moment, rate_need);
  std::int64_t used(const rate_shape&, rate_moment, std::int64_t limit);
  steady_time resets_at(const rate_shape&, rate_moment);
  /// Ignored when the window has changed since the request was granted: it may be the old window's count.
  void correct(const rate_shape&, rate_moment, steady_time granted_at, const limit_reading&, std::int64_t limit);

 private:
  void roll(const rate_shape&, rate_moment);
  std::int64_t window_id_ = 0;
  std::int64_t used_ = 0, carried_ = 0, late_ = 0;
};

/// Keeps what was granted during the last window (and transit), in slots of a fraction of it.
class sliding_window_usage {
 public:
  /// A window is remembered in so many pieces; each counts until its youngest part is out of the window.
  static constexpr std::int64_t slots_per_window = 64;

  bool fits(const rate_shape&, rate_moment, rate_need);
  void take(const rate_shape&, rate_moment, rate_need);
  steady_time next_chance(const rate_shape&, rate_moment, rate_need);
  std::int64_t used(const rate_shape&, rate_moment, std::int64_t limit);
  steady_time resets_at(const rate_shape&, rate_moment);
  void correct(const rate_shape&, rate_moment, steady_time granted_at, const limit_reading&, std::int64_t limit);

 private:
  struct slot {
    std::int64_t index = 0, weight = 0;
  };
  void expire(const rate_shape&, rate_moment);
  void add(std::int64_t index, std::int64_t weight);
  std::vector<slot> slots_;
  std::int64_t used_ = 0;
};

/// A counter that falls by `limit` in `window`: kept as the instant at which it reaches zero.
class decaying_usage {
 public:
  bool fits(const rate_shape&, rate_moment, rate_need) const;
  void take(const rate_shape&, rate_moment, rate_need);
  steady_time next_chance(const rate_shape&, rate_moment, rate_need) const;
  std::int64_t used(const rate_shape&, rate_moment, std::int64_t limit) const;
  steady_time resets_at(const rate_shape&, rate_moment) const;
  void correct(const rate_shape&, rate_moment, steady_time granted_at, const limit_reading&, std::int64_t limit);

 private:
  steady_time empty_at_{};
};

/// What was used of one limit by one address, account or account and symbol. Time is passed in.
class rate_usage {
 public:
  explicit rate_usage(const rate_shape&);

  bool fits(rate_moment, rate_need);
  void take(rate_moment, rate_need);
  /// The soonest instant at which the need may fit, as far as is known now; may be too soon, never too late.
  steady_time next_chance(rate_moment, rate_need);
  std::int64_t used(rate_moment, std::int64_t limit);
  /// When nothing of it is used any more (fixed windows: when the window ends).
  steady_time resets_at(rate_moment);
  /// What the venue counted; raises our count where it is higher, never lowers it.
  void correct(rate_moment, steady_time granted_at, const limit_reading&, std::int64_t limit);

 private:
  const rate_shape* shape_;
  std::variant<fixed_window_usage, sliding_window_usage, decaying_usage> model_;
};

}  // namespace drover::exchanges
