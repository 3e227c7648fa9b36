#pragma once

#include <optional>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace drover {

struct restart_limits {
  /// At most so many restarts after crashes in `period`.
  int intensity = 5;
  milliseconds period{60'000};
  milliseconds floor{1'000}, ceiling{300'000};
};

/// When something that ended by itself is tried again, as an OTP supervisor decides it. Pure: time is passed in.
class restart_policy {
 public:
  explicit restart_policy(const restart_limits& limits) : backoff_(limits.floor, limits.ceiling) {}

  /// After a crash: the wait before the next start, or nothing when it crashed too often and a person must look.
  std::optional<milliseconds> after_crash(const restart_limits&, steady_time now, random_source&);
  /// After trouble outside of us (exchange or database away): waits longer and longer, never gives up.
  milliseconds after_trouble(const restart_limits&, steady_time now, random_source&);
  /// It works: a quiet period from here on forgets old waits.
  void running(steady_time now) { running_since_ = now; }
  /// A person or a changed account gives it a fresh start.
  void forgive();
  /// One start after a quarantine: until a quiet period has passed, the next crash is one too many.
  void begin_trial() { on_trial_ = true; }
  bool on_trial() const { return on_trial_; }
  int restarts() const { return restarts_; }

 private:
  void forget_old(const restart_limits&, steady_time now);
  backoff backoff_;
  std::vector<steady_time> crashes_;
  std::optional<steady_time> running_since_;
  int restarts_ = 0;
  bool on_trial_ = false;
};

}  // namespace drover
