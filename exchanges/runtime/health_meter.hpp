#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "exchanges/runtime/circuit_breaker.hpp"

namespace drover::exchanges {

/// Round trips and failures of the last requests, bounded.
class health_meter {
 public:
  static constexpr nanoseconds window = 5min;

  explicit health_meter(std::size_t sample_limit) : sample_limit_(sample_limit) {}
  void add(steady_time now, nanoseconds round_trip, bool failed);
  /// Something was heard otherwise (a stream's frame).
  void heard(steady_time now) { heard_at_ = now; }
  connection_health read(steady_time now, const circuit_breaker&) const;

 private:
  struct sample {
    steady_time at;
    nanoseconds round_trip;
    bool failed;
  };
  std::size_t sample_limit_;
  /// A ring once it is full; `next_` is the oldest then.
  std::vector<sample> samples_;
  std::size_t next_ = 0;
  std::optional<steady_time> heard_at_;
};

}  // namespace drover::exchanges
