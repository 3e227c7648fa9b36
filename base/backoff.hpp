#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"

namespace drover {

/// Exponential backoff with full jitter: attempt n waits a random time in [0, min(ceiling, floor * 2^n)], at least `floor`/2.
class backoff {
 public:
  backoff(milliseconds floor, milliseconds ceiling) : floor_(floor), ceiling_(ceiling) {}
  /// The wait before the next attempt; each call counts one attempt.
  milliseconds next(random_source&);
  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  milliseconds floor_;
  milliseconds ceiling_;
  int attempts_ = 0;
};

}  // namespace drover
