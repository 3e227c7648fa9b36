#include "base/restart_policy.hpp"

#include <algorithm>
#include <utility>

namespace drover {

void restart_policy::forget_old(const restart_limits& limits, steady_time now) {
  std::erase_if(crashes_, [&](steady_time at) { return now - at > limits.period; });
  const auto since = std::exchange(running_since_, std::nullopt);
  if (!since || now - *since <= limits.period) return;
  backoff_.reset();
  on_trial_ = false;
}

std::optional<milliseconds> restart_policy::after_crash(const restart_limits& limits, steady_time now,
                                                        random_source& random) {
  forget_old(limits, now);
  crashes_.push_back(now);
  if (on_trial_) return std::nullopt;
  if (std::cmp_greater(crashes_.size(), limits.intensity)) return std::nullopt;
  ++restarts_;
  return backoff_.next(random);
}

milliseconds restart_policy::after_trouble(const restart_limits& limits, steady_time now, random_source& random) {
  forget_old(limits, now);
  ++restarts_;
  return backoff_.next(random);
}

void restart_policy::forgive() {
  crashes_ = {};
  backoff_.reset();
  on_trial_ = false;
}

}  // namespace drover
