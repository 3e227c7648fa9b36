#pragma once

#include <vector>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "engine/strategies/grid_parameters.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

/// The price lines of a grid, ascending, on ticks: `levels` below the reference price and `levels` above, the reference in
/// the middle between two. Neighbouring lines i and i + 1 bound cell i, which buys at its lower line and sells at its upper.
class grid_ladder {
 public:
  /// errc::out_of_range when the instrument's rules make such a grid impossible; the detail names the parameter to change.
  static result<grid_ladder> make(const grid_parameters&, const exchanges::instrument&, decimal reference);

  std::size_t cells() const { return lines_.size() - 1; }
  decimal buy_price(std::size_t cell) const { return lines_[cell]; }
  decimal sell_price(std::size_t cell) const { return lines_[cell + 1]; }
  /// An empty cell begins to buy when the price is a quarter of a spacing above its lower line: after a sell at that line the
  /// price must move before the same line is bought.
  decimal entry_price(std::size_t cell) const;
  /// Where the price has left the grid: a whole spacing beyond the outer lines.
  decimal lower_edge() const;
  decimal upper_edge() const;
  decimal reference() const { return reference_; }
  const std::vector<decimal>& lines() const { return lines_; }

 private:
  std::vector<decimal> lines_;
  decimal reference_;
};

/// Size of an order at `price` by the parameters, on the lot.
decimal order_size(const grid_parameters&, const exchanges::instrument&, decimal price);

}  // namespace drover::engine
