#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/strategies/grid_ladder.hpp"
#include "engine/strategies/grid_parameters.hpp"
#include "engine/strategies/refusal_pause.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

/// Buys below the price and sells above it. Each cell between two lines is in one of two states: empty, and it rests a buy
/// at its lower line; or it holds what it bought, and it rests a sell at its upper line. A round through a cell earns one
/// spacing less fees. At most `levels` orders rest on a side: the nearest ones.
///
/// When the price leaves the grid by a spacing and no cell holds anything, all orders are cancelled and a new grid is laid
/// around the price (not with a fixed range). While a cell holds, the grid stays and waits for the price to return.
///
/// Orders are found again by their tags, "buy:3" and "sell:3"; one whose price is not on its line is cancelled.
class grid final : public strategy {
 public:
  /// Tickers until a buy that lacked money is considered again.
  static constexpr int funds_retry_ticks = 16;

  explicit grid(std::shared_ptr<const grid_parameters>);
  /// errc::malformed when `state_json` is not one of ours.
  result<void> restore(const std::string& state_json);

  strategy_actions on_start(const strategy_context&) override;
  bool wants_tick(const exchanges::book_ticker&) override;
  strategy_actions on_tick(const strategy_context&) override;
  strategy_actions on_order(const strategy_context&, const live_order&) override;
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view tag) override;
  strategy_actions on_timer(const strategy_context&) override;
  std::string save_state() const override;

 private:
  struct cell {
    /// Bought (or lent by the account) and not sold yet, in the base asset.
    decimal held;
    /// Fills seen of the cell's present order, and how many its final status promised: until they agree the cell waits.
    decimal seen, expected;
    bool lent = false;
    bool waits() const { return seen < expected; }
  };
  /// The orders of this moment by cell.
  struct view;

  strategy_actions decide(const strategy_context&);
  strategy_actions lay(const strategy_context&, decimal mid);
  strategy_actions clear(const strategy_context&) const;
  void lend(const strategy_context&, decimal mid);
  void adopt_position(const strategy_context&, const view&, decimal mid);
  void reuse_orders(const strategy_context&);
  void plan_sells(view&, strategy_actions&);
  void plan_buys(view&, decimal mid, strategy_actions&);
  void place(view&, exchanges::side, std::size_t cell, decimal quantity, strategy_actions&);
  bool holds(std::size_t cell, const exchanges::instrument&) const;
  bool may_move(const exchanges::instrument&) const;
  void set_quiet_band(decimal mid);

  std::shared_ptr<const grid_parameters> parameters_;
  std::optional<grid_ladder> ladder_;
  std::vector<cell> cells_;
  /// Between these mid prices nothing changes by itself.
  decimal quiet_from_, quiet_to_;
  refusal_pause pause_;
  int retry_ticks_ = 0;
  /// Something happened since the last decision.
  bool dirty_ = true;
  /// Holdings were compared with the books since the start.
  bool adopted_ = false;
  /// The account's own coins were sold here, so that the books hold less than the cells.
  bool lent_ = false;
  decimal restored_reference_;
};

result<std::unique_ptr<strategy>> make_grid(const std::string& parameters_json, const std::string& state_json);
result<std::string> grid_symbol(const std::string& parameters_json);

}  // namespace drover::engine
