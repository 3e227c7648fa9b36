#include "engine/strategies/grid_ladder.hpp"

#include <algorithm>

#include "engine/strategies/sizing.hpp"

namespace drover::engine {

namespace {

std::vector<decimal> raw_lines(const grid_parameters& p, decimal reference) {
  const int count = 2 * p.levels;
  std::vector<decimal> out;
  out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    if (p.has_fixed_range()) {
      out.push_back(*p.lower + decimal::divide((*p.upper - *p.lower) * decimal(i), decimal(count - 1)));
    } else {
      const auto halves = decimal(2 * (i - p.levels) + 1);
      out.push_back(reference + decimal::divide(reference * p.spacing * halves, decimal(2)));
    }
  }
  return out;
}

result<void> check_size(const grid_parameters& p, const exchanges::instrument& i, decimal price) {
  return check_order_size(p.order_quantity ? "order_quantity" : "order_notional", i, order_size(p, i, price), price);
}

}  // namespace

decimal order_size(const grid_parameters& p, const exchanges::instrument& i, decimal price) {
  const auto wanted = p.order_quantity ? *p.order_quantity : decimal::divide(*p.order_notional, price, rounding::down);
  return wanted.round_to_multiple(i.lot_size, rounding::down);
}

result<grid_ladder> grid_ladder::make(const grid_parameters& p, const exchanges::instrument& i, decimal reference) {
  grid_ladder out;
  out.reference_ = reference;
  out.lines_ = raw_lines(p, reference);
  for (auto& line : out.lines_) line = line.round_to_multiple(i.tick_size, rounding::half_even);
  const char* field = p.has_fixed_range() ? "levels" : "spacing";
  if (!out.lines_.front().is_positive())
    return fail(errc::out_of_range, std::string(field) + ": the lowest line is not a price on the tick of " + i.tick_size.to_string());
  if (std::ranges::adjacent_find(out.lines_) != out.lines_.end())
    return fail(errc::out_of_range, std::string(field) + ": neighbouring lines fall on one price, the tick is " + i.tick_size.to_string());
  for (const auto line : {out.lines_.front(), out.lines_.back()}) {
    auto fits = check_size(p, i, line);
    if (!fits) return std::unexpected(fits.error());
  }
  return out;
}

decimal grid_ladder::entry_price(std::size_t cell) const {
  return lines_[cell] + decimal::divide(lines_[cell + 1] - lines_[cell], decimal(4));
}

decimal grid_ladder::lower_edge() const { return lines_[0] - (lines_[1] - lines_[0]); }

decimal grid_ladder::upper_edge() const {
  const auto last = lines_.size() - 1;
  return lines_[last] + (lines_[last] - lines_[last - 1]);
}

}  // namespace drover::engine
