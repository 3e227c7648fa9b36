#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace drover::exchanges::paper {

enum class fault_kind {
  /// Answers late by `delay`.
  latency,
  /// Does the work, then answers as if it did not know ("execution status unknown").
  error_after_placing,
  /// Does the work, stays silent for `delay`, then closes the connection.
  timeout_after_placing,
  /// Answers an internal error, nothing done.
  error_5xx,
  /// Answers "too many requests", nothing done.
  rate_limit,
  /// Answers "banned", nothing done.
  ban,
  /// Closes the connection without an answer, nothing done. WebSocket paths: cuts the socket.
  reset,
  /// Keeps the connection open and never answers, nothing done. WebSocket paths: nothing more is sent.
  half_open,
  /// Answers bytes that are no JSON. WebSocket paths: instead of a frame.
  garbage,
  /// WebSocket: each frame twice.
  duplicate_frames,
  /// WebSocket: each pair of frames in the wrong order.
  reorder_frames,
  /// The exchange's clock is off by `delay` (may be negative).
  clock_offset,
  /// Trading is halted.
  maintenance,
  /// Does the work, then sends the first half of the answer as if it were the whole. WebSocket: of a frame.
  truncated,
  /// Answers a gateway's HTML page with status 502, nothing done. WebSocket: instead of a frame.
  html,
  /// Answers (WebSocket: sends instead of a frame) JSON of `bytes` bytes, nothing done.
  huge_frame,
  /// The same with bytes that are no UTF-8 inside a string.
  invalid_utf8,
  /// The same with lists nested 100,000 deep.
  deep_json,
  /// One update of a book is not published, as if it had been lost.
  sequence_gap,
  /// Queries do not find orders that are younger than `delay`.
  delayed_visibility,
};
std::optional<fault_kind> parse_fault_kind(std::string_view);
std::string_view to_string(fault_kind);

struct fault {
  fault_kind kind = fault_kind::latency;
  /// How often it still strikes; negative = until removed.
  std::int64_t count = 1;
  /// Chance in millionths that it strikes when it could.
  std::uint32_t probability_ppm = 1'000'000;
  /// "bybit"; empty = every venue.
  std::string venue;
  /// Start of the paths it is for, without the venue's prefix; empty = every path.
  std::string path;
  /// Strikes frames and open WebSockets, not requests.
  bool websocket = false;
  /// "POST"; empty = every method.
  std::string method;
  milliseconds delay{0};
  /// Size of a huge_frame.
  std::size_t bytes = 8 * 1024 * 1024;
};

/// The body or frame of garbage, html, huge_frame, invalid_utf8 and deep_json.
std::string make_garbage(const fault&);
/// The kinds that answer make_garbage() instead of doing the work.
bool is_garbage(fault_kind);

/// Faults on demand, so that tests can make the exchange misbehave. One thread.
class fault_plan {
 public:
  static constexpr std::size_t limit = 1'000;

  /// False when `limit` faults are planned.
  bool add(fault);
  void clear() { faults_.clear(); }
  const std::vector<fault>& all() const { return faults_; }
  bool empty() const { return faults_.empty(); }

  /// The fault that strikes this request, counted down. Paths are without the venue's prefix.
  std::optional<fault> strike_request(std::string_view venue, std::string_view method, std::string_view path, random_source&);
  /// The fault that strikes this outgoing WebSocket frame, counted down.
  std::optional<fault> strike_frame(std::string_view venue, std::string_view path, random_source&);
  /// Whether a book update of this venue is to be lost, counted down.
  bool strike_book(std::string_view venue, random_source&);
  /// delayed_visibility; zero when it is not planned.
  milliseconds visibility_delay(std::string_view venue) const;
  milliseconds clock_offset() const;
  bool in_maintenance() const;

 private:
  template <class Applies>
  std::optional<fault> strike(Applies, random_source&);
  std::vector<fault> faults_;
};

}  // namespace drover::exchanges::paper
