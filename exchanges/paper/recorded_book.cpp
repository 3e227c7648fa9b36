#include "exchanges/paper/recorded_book.hpp"

#include <utility>

namespace drover::exchanges::paper {

void recorded_book::set_level(side s, const book_level& level) {
  auto set = [&](auto& levels) {
    if (level.quantity.is_zero())
      levels.erase(level.price);
    else
      levels[level.price] = level.quantity;
  };
  if (s == side::buy)
    set(bids_);
  else
    set(asks_);
  if (on_level_) on_level_(s, level.price, level.quantity);
}

result<void> recorded_book::apply(const depth_snapshot& snapshot) {
  for (const auto& [price, quantity] : std::exchange(bids_, {}))
    if (on_level_) on_level_(side::buy, price, decimal());
  for (const auto& [price, quantity] : std::exchange(asks_, {}))
    if (on_level_) on_level_(side::sell, price, decimal());
  for (const auto& level : snapshot.bids) set_level(side::buy, level);
  for (const auto& level : snapshot.asks) set_level(side::sell, level);
  last_update_id_ = snapshot.last_update_id;
  applied_ = 0;
  synchronised_ = true;
  for (const auto& diff : std::exchange(buffered_, {})) {
    auto applied = apply(diff);
    if (!applied) return std::unexpected(applied.error());
  }
  return {};
}

result<bool> recorded_book::apply(const depth_diff& diff) {
  if (!synchronised_) {
    if (buffered_.size() == buffer_limit) return fail(errc::out_of_range, "no snapshot after " + std::to_string(buffer_limit) + " depth messages");
    buffered_.push_back(diff);
    return false;
  }
  if (diff.last_update_id <= last_update_id_) return false;
  const bool follows = applied_ == 0 ? diff.first_update_id <= last_update_id_ + 1 : diff.first_update_id == last_update_id_ + 1;
  if (!follows)
    return fail(errc::malformed, "gap in the depth stream: expected update " + std::to_string(last_update_id_ + 1) + ", found " +
                                     std::to_string(diff.first_update_id));
  // Removals first: the book never crosses while a diff is applied.
  for (const auto& level : diff.bids)
    if (level.quantity.is_zero()) set_level(side::buy, level);
  for (const auto& level : diff.asks)
    if (level.quantity.is_zero()) set_level(side::sell, level);
  for (const auto& level : diff.bids)
    if (!level.quantity.is_zero()) set_level(side::buy, level);
  for (const auto& level : diff.asks)
    if (!level.quantity.is_zero()) set_level(side::sell, level);
  last_update_id_ = diff.last_update_id;
  ++applied_;
  return true;
}

}  // namespace drover::exchanges::paper
