#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace drover::engine {

/// After a refusal nothing is placed for a while, and for longer while refusals go on. Refusals that come during the pause are of
/// the same attempt and count once: a strategy may place many orders in one turn.
class refusal_pause {
 public:
  static constexpr nanoseconds first = 5s;
  static constexpr nanoseconds longest = 600s;
  static constexpr int doublings_limit = 16;

  void note_refusal(wall_time now) {
    if (holds(now)) return;
    const int doublings = std::min(refusals_++, doublings_limit);
    extend(now + std::min<nanoseconds>(longest, first * (std::int64_t{1} << doublings)));
  }
  /// The exchange takes orders again; a pause that has begun goes on.
  void note_success() { refusals_ = 0; }
  /// A pause for another reason.
  void extend(wall_time until) { until_ = std::max(until_, until); }

  bool holds(wall_time now) const { return now < until_; }
  wall_time until() const { return until_; }
  int refusals() const { return refusals_; }
  /// As it was saved.
  void restore(wall_time until, std::int64_t refusals) {
    until_ = until;
    refusals_ = static_cast<int>(std::clamp<std::int64_t>(refusals, 0, doublings_limit));
  }

 private:
  wall_time until_;
  int refusals_ = 0;
};

}  // namespace drover::engine
