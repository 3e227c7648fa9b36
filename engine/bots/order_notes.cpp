#include "engine/bots/order_notes.hpp"

#include <algorithm>
#include <utility>

namespace drover::engine {

namespace {

bool is_over(intent_state s) {
  return s == intent_state::refused || s == intent_state::not_placed || s == intent_state::closed;
}

}  // namespace

void order_notes::add(const uuid& id, std::string tag, intent_state state) {
  notes_.push_back({id, std::move(tag), state});
}

order_statistics order_notes::change(const live_order& order) {
  order_statistics delta;
  auto at = std::ranges::find(notes_, order.id, &note::id);
  if (at == notes_.end()) {
    // Of an earlier life, which counted its acceptance.
    add(order.id, order.tag, intent_state::accepted);
    at = std::prev(notes_.end());
  }
  const auto before = std::exchange(at->state, order.state);
  if (before == order.state) return delta;
  const bool was_accepted = before == intent_state::accepted;
  if (order.state == intent_state::unknown) delta.unknown = 1;
  if (order.state == intent_state::refused) delta.refused = 1;
  if (!was_accepted && (order.state == intent_state::accepted || order.state == intent_state::closed)) delta.accepted = 1;
  if (order.state == intent_state::closed) ++(order.filled_quantity >= order.quantity ? delta.filled : delta.cancelled);
  if (is_over(order.state)) forget_ended();
  return delta;
}

void order_notes::forget_ended() {
  auto ended = std::ranges::count_if(notes_, [](const note& n) { return is_over(n.state); });
  if (std::cmp_less_equal(ended, ended_limit)) return;
  notes_.erase(std::ranges::find_if(notes_, [](const note& n) { return is_over(n.state); }));
}

const std::string* order_notes::find_tag(const uuid& id) const {
  auto at = std::ranges::find(notes_, id, &note::id);
  return at == notes_.end() ? nullptr : &at->tag;
}

int order_notes::open() const {
  return static_cast<int>(std::ranges::count_if(notes_, [](const note& n) { return !is_over(n.state); }));
}

}  // namespace drover::engine
