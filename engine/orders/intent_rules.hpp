#pragma once

#include <utility>

#include "engine/orders/order_journal.hpp"

/// The transitions of an intent, as the memory journal applies them; the statements of the PostgreSQL journal say the same
/// and one contract suite holds both to it.
namespace drover::engine {

inline bool is_open(intent_state s) {
  return s == intent_state::intended || s == intent_state::accepted || s == intent_state::unknown;
}
/// May exist, and nobody has said so yet.
inline bool is_unresolved(intent_state s) { return s == intent_state::intended || s == intent_state::unknown; }

/// All that the venue reported as filled is booked and nothing more will come.
inline bool is_complete(const journal_order& o) {
  return exchanges::is_terminal(o.status) && o.filled_quantity >= o.reported_quantity;
}

/// The venue has the order, whatever was believed before: existence is a fact, absence only ever a conclusion.
inline void apply_existence(journal_order& o, const std::string& venue_order_id) {
  if (o.venue_order_id.empty()) o.venue_order_id = venue_order_id;
  o.state = is_complete(o) ? intent_state::closed : intent_state::accepted;
}

inline void apply_outcome(journal_order& o, intent_state state, std::string reason) {
  if (!is_unresolved(o.state)) return;
  o.state = state;
  o.reason = std::move(reason);
}

inline void apply_status(journal_order& o, exchanges::order_status status, decimal reported,
                         const std::string& venue_order_id) {
  if (reported > o.reported_quantity) o.reported_quantity = reported;
  if (!exchanges::is_terminal(o.status)) o.status = status;
  apply_existence(o, venue_order_id);
}

/// A fill is proof that the order exists.
inline void apply_fill(journal_order& o, decimal quantity, const std::string& venue_order_id) {
  o.filled_quantity += quantity;
  apply_existence(o, venue_order_id);
}

}  // namespace drover::engine
