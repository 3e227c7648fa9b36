#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/history/history_store.hpp"

namespace drover::engine {

/// One step of an order's life.
struct life_event {
  /// intent, sent, unknown, accepted, fill, ended (what the exchange says), refused, not_placed, closed.
  std::string_view event;
  /// Nothing: cannot be told, for the reason in `detail`.
  std::optional<bool> happened;
  /// Absent: not recorded.
  std::optional<wall_time> at;
  /// For a person.
  std::string detail;
};

/// What is known of an order, in the order of causes; nothing is made up. `fills`: the order's own, oldest first. Pure.
std::vector<life_event> describe_life(const order_record&, const std::vector<fill_record>& fills);

}  // namespace drover::engine
