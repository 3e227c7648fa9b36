#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "exchanges/types.hpp"

namespace drover::exchanges {

/// Price levels of one instrument, best first. Levels beyond `level_limit` a side are dropped from the far end.
class order_book {
 public:
  static constexpr std::size_t level_limit = 20'000;

  void clear();
  /// Sets the quantity at a price; zero removes the level.
  void set(side, decimal price, decimal quantity);
  /// Drops what lies behind the best `depth` levels of each side.
  void keep_best(std::size_t depth);
  std::vector<book_level> top(side, std::size_t count) const;
  std::size_t levels(side s) const { return s == side::buy ? bids_.size() : asks_.size(); }

 private:
  std::map<decimal, decimal, std::greater<>> bids_;
  std::map<decimal, decimal> asks_;
};

}  // namespace drover::exchanges
