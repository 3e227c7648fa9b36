#include "exchanges/order_book.hpp"

#include <iterator>

namespace drover::exchanges {

namespace {

template <class Levels>
void set_level(Levels& levels, decimal price, decimal quantity) {
  if (quantity.is_zero()) {
    levels.erase(price);
    return;
  }
  levels.insert_or_assign(price, quantity);
  if (levels.size() > order_book::level_limit) levels.erase(std::prev(levels.end()));
}

template <class Levels>
std::vector<book_level> first_levels(const Levels& levels, std::size_t count) {
  std::vector<book_level> out;
  for (const auto& [price, quantity] : levels) {
    if (out.size() == count) break;
    out.push_back({price, quantity});
  }
  return out;
}

}  // namespace

void order_book::clear() {
  bids_.clear();
  asks_.clear();
}

void order_book::keep_best(std::size_t depth) {
  while (bids_.size() > depth) bids_.erase(std::prev(bids_.end()));
  while (asks_.size() > depth) asks_.erase(std::prev(asks_.end()));
}

void order_book::set(side s, decimal price, decimal quantity) {
  if (s == side::buy)
    set_level(bids_, price, quantity);
  else
    set_level(asks_, price, quantity);
}

std::vector<book_level> order_book::top(side s, std::size_t count) const {
  return s == side::buy ? first_levels(bids_, count) : first_levels(asks_, count);
}

}  // namespace drover::exchanges
