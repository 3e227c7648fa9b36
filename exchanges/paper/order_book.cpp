#include "exchanges/paper/order_book.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

const book_side::level* book_side::find(decimal price) const {
  auto it = levels_.find(key(price));
  return it == levels_.end() ? nullptr : &it->second;
}

book_side::level& book_side::at(decimal price) {
  auto [it, fresh] = levels_.try_emplace(key(price));
  if (fresh) it->second.price = price;
  return it->second;
}

void book_side::add_order(order_number order, decimal price, decimal quantity) {
  auto& l = at(price);
  l.queue.push_back({order, quantity});
  l.total += quantity;
  places_[order] = {price, std::prev(l.queue.end())};
}

bool book_side::remove_order(order_number order) {
  auto found = places_.find(order);
  if (found == places_.end()) return false;
  auto it = levels_.find(key(found->second.price));
  reduce(it->second, found->second.lot, found->second.lot->quantity);
  drop_if_empty(it);
  return true;
}

void book_side::set_house(decimal price, decimal quantity) {
  auto existing = levels_.find(key(price));
  if (existing == levels_.end() && quantity.is_zero()) return;
  auto& l = at(price);
  if (quantity > l.house_total) {
    const decimal more = quantity - l.house_total;
    if (!l.queue.empty() && l.queue.back().order == house)
      l.queue.back().quantity += more;
    else
      l.queue.push_back({house, more});
    l.total += more;
    l.house_total = quantity;
    return;
  }
  auto it = l.queue.end();
  while (l.house_total > quantity && it != l.queue.begin()) {
    --it;
    if (it->order != house) continue;
    auto current = it++;
    reduce(l, current, std::min(current->quantity, l.house_total - quantity));
  }
  drop_if_empty(levels_.find(key(price)));
}

void book_side::reduce(level& l, std::list<lot>::iterator lot, decimal quantity) {
  lot->quantity -= quantity;
  l.total -= quantity;
  if (lot->order == house) l.house_total -= quantity;
  if (!lot->quantity.is_zero()) return;
  if (lot->order != house) places_.erase(lot->order);
  l.queue.erase(lot);
}

book_side::level_map::iterator book_side::drop_if_empty(level_map::iterator it) {
  return it->second.queue.empty() ? levels_.erase(it) : std::next(it);
}

}  // namespace drover::exchanges::paper
