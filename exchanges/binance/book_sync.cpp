#include "exchanges/binance/book_sync.hpp"

#include <utility>

namespace drover::exchanges::binance {

void book_sync::reset() {
  book_.clear();
  waiting_.clear();
  live_ = joined_ = false;
  last_id_ = 0;
}

book_sync::outcome book_sync::on_update(depth_update update) {
  if (!live_) {
    if (waiting_.size() >= buffer_limit) waiting_.clear();
    waiting_.push_back(std::move(update));
    return outcome::buffered;
  }
  auto done = apply(update);
  if (done == outcome::gap) {
    reset();
    waiting_.push_back(std::move(update));
  }
  return done;
}

book_sync::outcome book_sync::apply(const depth_update& update) {
  if (update.last_id <= last_id_) return outcome::stale;
  bool joins = joined_ ? update.first_id == last_id_ + 1 : update.first_id <= last_id_ + 1;
  if (!joins) return outcome::gap;
  for (const auto& level : update.bids) book_.set(side::buy, level.price, level.quantity);
  for (const auto& level : update.asks) book_.set(side::sell, level.price, level.quantity);
  last_id_ = update.last_id;
  joined_ = true;
  ++applied_;
  return outcome::applied;
}

bool book_sync::on_snapshot(const depth_snapshot& snapshot) {
  book_.clear();
  for (const auto& level : snapshot.bids) book_.set(side::buy, level.price, level.quantity);
  for (const auto& level : snapshot.asks) book_.set(side::sell, level.price, level.quantity);
  last_id_ = snapshot.last_update_id;
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

}  // namespace drover::exchanges::binance
