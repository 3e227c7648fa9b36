#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.hpp"

namespace drover::exchanges {

/// What a venue expects of one WebSocket connection. The figures' source stands beside each table.
struct stream_habits {
  std::size_t topics_per_connection = 1'000;
  std::size_t topics_per_message = 100;
  /// Least time between two of our messages.
  nanoseconds message_interval = 100ms;
  /// Our ping leaves when nothing was sent for so long; none where the venue pings at protocol level.
  std::optional<nanoseconds> ping_interval;
  /// No frame of any kind for so long: the connection is dead.
  nanoseconds idle_limit = 30s;
  /// Renewed at this age; venues end connections at a fixed one.
  nanoseconds life_limit = 23h;
  /// A request without an answer for so long: the connection is dead.
  nanoseconds answer_limit = 10s;
};

}  // namespace drover::exchanges
