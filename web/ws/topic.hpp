#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace drover::web::ws {

/// What a WebSocket is about: /ws/dashboard hears everything, the others their own.
enum class topic : std::uint8_t { dashboard, earnings, referrals };
inline constexpr std::size_t topic_count = 3;

constexpr std::string_view to_string(topic t) {
  constexpr std::string_view names[topic_count] = {"dashboard", "earnings", "referrals"};
  return names[static_cast<std::size_t>(t)];
}

/// A set of topics.
using topic_mask = std::uint8_t;
constexpr topic_mask mask_of(topic t) {
  return static_cast<topic_mask>(1U << static_cast<unsigned>(t));
}

}  // namespace drover::web::ws
