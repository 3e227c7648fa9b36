#pragma once

#include <list>
#include <map>
#include <unordered_map>

#include "exchanges/paper/matching_types.hpp"

namespace drover::exchanges::paper {

/// One side of a book in price-time priority. A level is a queue of lots: each is an order of an account, or a piece of
/// the house's own liquidity (order number `house`), which has a place in the queue but no identity.
class book_side {
 public:
  struct lot {
    order_number order = house;
    decimal quantity;
  };
  struct level {
    decimal price;
    std::list<lot> queue;
    /// Sum of all lots, and of the house's lots.
    decimal total, house_total;
  };
  /// Best price first.
  using level_map = std::map<decimal::raw_type, level>;

  explicit book_side(side s) : side_(s) {}

  const level_map& levels() const { return levels_; }
  level_map& levels() { return levels_; }
  /// nullptr when the side is empty.
  const level* best() const { return levels_.empty() ? nullptr : &levels_.begin()->second; }
  const level* find(decimal price) const;
  /// True when an order of the other side limited to `limit` would trade with something at `price`.
  bool reaches(decimal limit, decimal price) const { return side_ == side::buy ? price >= limit : price <= limit; }

  /// Puts an order at the end of its level's queue.
  void add_order(order_number, decimal price, decimal quantity);
  /// Takes an order out wherever it stands; false when it is not here.
  bool remove_order(order_number);
  /// Makes the house's quantity at `price` be `quantity`: more is appended behind everything that waits there, less is
  /// taken from the back, as if the latest had been cancelled.
  void set_house(decimal price, decimal quantity);
  /// Takes `quantity` from a lot of `level`; the lot goes when nothing is left. The level itself stays.
  void reduce(level& level, std::list<lot>::iterator lot, decimal quantity);
  /// Removes the level when it is empty.
  level_map::iterator drop_if_empty(level_map::iterator);

 private:
  decimal::raw_type key(decimal price) const { return side_ == side::buy ? -price.raw() : price.raw(); }
  level& at(decimal price);

  struct place {
    decimal price;
    std::list<lot>::iterator lot;
  };
  side side_;
  level_map levels_;
  std::unordered_map<order_number, place> places_;
};

/// Both sides of one instrument.
struct order_book {
  book_side bids{side::buy}, asks{side::sell};
  book_side& of(side s) { return s == side::buy ? bids : asks; }
  const book_side& of(side s) const { return s == side::buy ? bids : asks; }
};

constexpr side opposite(side s) { return s == side::buy ? side::sell : side::buy; }

}  // namespace drover::exchanges::paper
