#include "exchanges/runtime/book_keeper.hpp"

#include <iterator>
#include <utility>

namespace drover::exchanges {

void book_keeper::reset() {
  book_.clear();
  waiting_.clear();
  live_ = joined_ = false;
  last_id_ = 0;
}

void book_keeper::fill(const std::vector<book_level>& bids, const std::vector<book_level>& asks) {
  for (const auto& level : bids) book_.set(side::buy, level.price, level.quantity);
  for (const auto& level : asks) book_.set(side::sell, level.price, level.quantity);
  if (rules_.depth > 0) book_.keep_best(rules_.depth);
}

book_keeper::outcome book_keeper::on_update(book_update update) {
  if (update.whole) {
    reset();
    fill(update.bids, update.asks);
    last_id_ = update.last_id;
    live_ = joined_ = true;
    ++applied_;
    return outcome::applied;
  }
  if (!live_) {
    // Without a snapshot to come, changes before the whole mean nothing.
    if (!rules_.snapshot_by_rest) return outcome::buffered;
    if (waiting_.size() >= buffer_limit) waiting_.clear();
    waiting_.push_back(std::move(update));
    return outcome::buffered;
  }
  const auto done = apply(update);
  if (done == outcome::gap) {
    reset();
    if (rules_.snapshot_by_rest) waiting_.push_back(std::move(update));
  }
  return done;
}

bool book_keeper::is_old(const book_update& update) const {
  switch (rules_.continuity) {
    case book_continuity::first_follows_last: return update.last_id <= last_id_;
    // Its numbers may start lower again: only what came before the snapshot is old.
    case book_continuity::previous_is_last: return !joined_ && update.last_id <= last_id_;
    case book_continuity::connection: return !joined_ && update.last_id > 0 && update.last_id <= last_id_;
  }
  return false;
}

bool book_keeper::follows(const book_update& update) const {
  switch (rules_.continuity) {
    case book_continuity::first_follows_last:
      return joined_ ? update.first_id == last_id_ + 1 : update.first_id <= last_id_ + 1;
    case book_continuity::previous_is_last:
      return joined_ ? update.previous_id == last_id_ : update.previous_id <= last_id_;
    case book_continuity::connection: return true;
  }
  return false;
}

book_keeper::outcome book_keeper::apply(const book_update& update) {
  if (is_old(update)) return outcome::stale;
  if (!follows(update)) return outcome::gap;
  fill(update.bids, update.asks);
  last_id_ = update.last_id;
  joined_ = true;
  ++applied_;
  return outcome::applied;
}

bool book_keeper::on_snapshot(const book_snapshot& snapshot) {
  book_.clear();
  fill(snapshot.bids, snapshot.asks);
  last_id_ = snapshot.update_id;
  joined_ = false;
  live_ = true;
  auto waiting = std::exchange(waiting_, {});
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (apply(waiting[i]) != outcome::gap) continue;
    reset();
    waiting_.assign(std::make_move_iterator(waiting.begin() + static_cast<std::ptrdiff_t>(i)),
                    std::make_move_iterator(waiting.end()));
    return false;
  }
  return true;
}

}  // namespace drover::exchanges
