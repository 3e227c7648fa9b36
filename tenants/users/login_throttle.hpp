#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace drover::tenants {

/// Counts attempts per key: `per_minute` at once, then one each minute/`per_minute`. Holds at most `tracked_keys`; keys
/// whose attempts have all been forgiven make room first, then any. One thread.
class login_throttle {
public:
  login_throttle(int per_minute, std::size_t tracked_keys);
  /// Takes one attempt; otherwise answers how long to wait for the next.
  std::optional<milliseconds> take(const std::string& key, steady_time now);
  /// Gives an attempt back: it was not a failure.
  void give_back(const std::string& key);
  std::size_t size() const { return spent_until_.size(); }

private:
  void make_room(steady_time now);

  nanoseconds interval_;
  nanoseconds allowance_;
  std::size_t tracked_keys_;
  /// When all attempts of a key will have been forgiven.
  std::unordered_map<std::string, steady_time> spent_until_;
  steady_time next_sweep_{};
};

}  // namespace drover::tenants
