#pragma once

#include "base/clock.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

/// The venue's time as far as we know it: our wall clock and what was last measured between the two. What a venue dates or lets
/// expire is compared with this and never with the wall clock alone, which may be an hour wrong, jump, and be right again after
/// a restart: a request that the venue takes was signed with this time, so it cannot be far off for an order that exists.
class venue_clock final : public clock {
 public:
  /// Both outlive it.
  venue_clock(const clock& ours, const exchange& venue) : ours_(ours), venue_(venue) {}
  steady_time now() const override { return ours_.now(); }
  wall_time wall_now() const override { return ours_.wall_now() + venue_.clock_offset(); }

 private:
  const clock& ours_;
  const exchange& venue_;
};

}  // namespace drover::exchanges
