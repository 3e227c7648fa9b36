#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace drover::tenants {

/// How failures of one key slow down the next attempt.
struct throttle_pace {
  /// So many failures cost nothing.
  int free = 5;
  /// The wait after the first one that does; each further one doubles it, up to `longest`.
  milliseconds first{1'000}, longest{60'000};
  /// One failure is forgotten in this time.
  nanoseconds forgets_every = std::chrono::minutes(1);
};

/// Attempts per key, with a wait that doubles with each failure: nobody is locked out for good. Holds at most
/// `tracked_keys`; keys whose failures are all forgotten make room first, then any. One thread.
class attempt_throttle {
public:
  attempt_throttle(throttle_pace, std::size_t tracked_keys);
  /// How long to wait for the next attempt; nothing: now.
  std::optional<milliseconds> wait_of(const std::string& key, steady_time now) const;
  /// Counts a failure before it is known to be one, so that a burst of parallel attempts is bounded too.
  void count(const std::string& key, steady_time now);
  /// It was none.
  void give_back(const std::string& key, steady_time now);
  std::size_t size() const { return keys_.size(); }

private:
  struct entry {
    int failures = 0;
    /// Forgetting is counted from here.
    steady_time since, blocked_until;
  };
  entry forget(entry, steady_time now) const;
  milliseconds wait_after(int failures) const;
  void make_room(steady_time now);

  throttle_pace pace_;
  std::size_t tracked_keys_;
  std::unordered_map<std::string, entry> keys_;
  steady_time next_sweep_{};
};

}  // namespace drover::tenants
