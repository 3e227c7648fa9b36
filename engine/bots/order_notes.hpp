#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "engine/bots/bot_status.hpp"
#include "engine/orders/order_desk.hpp"

namespace drover::engine {

/// What a bot remembers of its orders besides the desk: the tag of a fill that arrives after its order is gone, and which
/// transitions were counted. One bot, trading thread.
class order_notes {
 public:
  /// Ended orders that are remembered.
  static constexpr std::size_t ended_limit = 8;

  void add(const uuid&, std::string tag, intent_state);
  /// Remembers the change and answers what it adds to the statistics.
  order_statistics change(const live_order&);
  /// Null when the order is not remembered.
  const std::string* find_tag(const uuid&) const;
  int open() const;

 private:
  struct note {
    uuid id;
    std::string tag;
    intent_state state = intent_state::intended;
  };
  void forget_ended();
  /// Oldest first.
  std::vector<note> notes_;
};

}  // namespace drover::engine
