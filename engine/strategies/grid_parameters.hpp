#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.hpp"
#include "base/error.hpp"

namespace drover::engine {

enum class grid_sides {
  /// Sells above the first price too, from coins that the account already holds.
  both,
  /// Begins with buys; coins that it did not buy are left alone.
  buys,
};

/// What a person may set of a grid. Amounts travel as strings, so that no digit is lost.
struct grid_parameters {
  static constexpr int levels_limit = 50;

  std::string symbol = "BTC/USDT";
  /// Lines below and above the first price; at most so many orders rest on each side.
  int levels = 5;
  /// Distance between neighbouring lines as a share of the first price. The default earns after two fees of 0.1 %.
  decimal spacing = decimal::literal("0.0025");
  /// Fixed range instead of `spacing`; both or neither.
  std::optional<decimal> lower, upper;
  /// Size of one order: in the base asset, or in the quote asset. Exactly one of them.
  std::optional<decimal> order_quantity, order_notional;
  grid_sides sides = grid_sides::both;

  bool has_fixed_range() const { return lower.has_value(); }
  /// What decides where the lines are, besides the first price: a saved state fits only the same shape.
  std::string shape() const;
};

extern const std::string_view grid_parameter_schema;

/// errc::malformed or errc::out_of_range; the detail names the field, what is wrong with it and what would be right.
result<grid_parameters> parse_grid_parameters(std::string_view json_text);

}  // namespace drover::engine
