#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover {

using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;
using milliseconds = std::chrono::milliseconds;
using seconds = std::chrono::seconds;

/// Point on a clock that never jumps; only differences mean something.
struct steady_time {
  nanoseconds since_start{};
  friend constexpr auto operator<=>(steady_time, steady_time) = default;
  friend constexpr steady_time operator+(steady_time t, nanoseconds d) { return {t.since_start + d}; }
  friend constexpr steady_time operator-(steady_time t, nanoseconds d) { return {t.since_start - d}; }
  friend constexpr nanoseconds operator-(steady_time a, steady_time b) { return a.since_start - b.since_start; }
};

/// Nanoseconds since 1970-01-01T00:00:00Z as the wall clock tells it; may jump.
struct wall_time {
  nanoseconds since_epoch{};
  friend constexpr auto operator<=>(wall_time, wall_time) = default;
  friend constexpr wall_time operator+(wall_time t, nanoseconds d) { return {t.since_epoch + d}; }
  friend constexpr wall_time operator-(wall_time t, nanoseconds d) { return {t.since_epoch - d}; }
  friend constexpr nanoseconds operator-(wall_time a, wall_time b) { return a.since_epoch - b.since_epoch; }
  constexpr std::int64_t ms() const { return std::chrono::duration_cast<milliseconds>(since_epoch).count(); }
  static constexpr wall_time from_ms(std::int64_t ms) { return {milliseconds(ms)}; }
};

/// "2026-11-21T10:00:00.123456Z": RFC 3339, UTC, microseconds.
std::string to_rfc3339(wall_time);
/// Reads RFC 3339 with `Z` or an offset, and PostgreSQL's "2026-11-21 10:00:00.123456+00". Years outside
/// 1678 to 2261 are errc::out_of_range.
result<wall_time> parse_rfc3339(std::string_view);

/// The only source of time. Any thread.
class clock {
 public:
  virtual ~clock() = default;
  virtual steady_time now() const = 0;
  virtual wall_time wall_now() const = 0;
};

/// The clocks of the operating system. Lives as long as the process.
const clock& system_clock();

}  // namespace drover
