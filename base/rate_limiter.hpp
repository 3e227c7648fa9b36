#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace drover {

/// A steady rate with room for a burst.
struct rate_limit {
  int per_second = 1;
  int burst = 1;
};

/// GCRA (one time stamp per key) in a table of fixed size: a flood of forged keys pushes out the keys that are idle
/// longest and costs no memory. One thread.
class rate_limiter {
public:
  /// Room for `capacity` keys (16 bytes each), rounded up to a power of two.
  explicit rate_limiter(std::size_t capacity, std::uint64_t seed);

  struct decision {
    bool allowed = true;
    int limit = 0, remaining = 0;
    /// Until the whole burst is there again; until the next call is allowed (0 when it is).
    nanoseconds reset{}, retry_after{};
  };
  /// Counts one call of `key` in `group` (a small number that keeps the classes apart).
  decision count(unsigned group, std::string_view key, rate_limit, steady_time now);

private:
  struct slot {
    std::uint64_t key = 0;
    /// Theoretical arrival time of GCRA, ns; 0 = free.
    std::int64_t due = 0;
  };
  static constexpr std::size_t ways = 4;
  slot& find(std::uint64_t key);
  std::vector<std::array<slot, ways>> sets_;
  std::uint64_t seed_;
};

}  // namespace drover
