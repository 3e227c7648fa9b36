#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

/// What a strategy has bought and sold, exact and counted once, over restarts too.
///
/// Counted is what orders report as filled (an order's number only grows, so that hearing it twice does no harm). The
/// state is saved a moment after things happen; what a crash cut off is found at begin(): surviving orders tell their
/// own fills, and what else moved the books (or, of coins that the books never held, the balance) since then was
/// missed. When in doubt it counts as traded: better a little too little than anything twice.
class trade_tally {
public:
  struct amount {
    decimal quantity;
    /// In the quote asset. Of fills that were only seen as a quantity: valued at the order's price.
    decimal notional;
  };
  /// Orders that are remembered after their end, for fills that are told late.
  static constexpr std::size_t remembered_orders = 64;

  amount bought() const { return total(exchanges::side::buy); }
  amount sold() const { return total(exchanges::side::sell); }
  decimal net_quantity() const { return bought().quantity - sold().quantity; }

  /// In on_start, before anything else.
  void begin(const strategy_context&);
  /// In each call: counts what the living orders report.
  void watch(const strategy_context&);
  void note_order(const live_order&);
  void note_fill(const exchanges::fill&, std::string_view tag);
  /// An order was asked for: the next new order with that tag is ours.
  void expect(const std::string& tag) { expected_.insert(tag); }
  /// An order with that tag was asked for and its end was not told yet; it may be gone from the context's orders
  /// already.
  bool is_awaited(std::string_view tag) const;
  bool is_anything_awaited() const;

  json save() const;
  /// Throws bad_state.
  void restore(const json&);

private:
  struct record {
    uuid id;
    std::string tag;
    exchanges::side side = exchanges::side::buy;
    decimal price;
    /// What the order reported; and of it, what fills have told.
    decimal filled, told, told_notional;
    bool ended = false;
    /// It lived before this start: fills that its report counted then may be told again.
    bool is_older = false;
    decimal notional() const;
  };
  amount total(exchanges::side) const;
  amount& closed(exchanges::side s) { return s == exchanges::side::buy ? bought_ : sold_; }
  record* find(const uuid&);
  record& adopt(const live_order&);
  void fold(const record&);
  void settle(const strategy_context&);
  void remember(const strategy_context&);
  bool is_in_step(const strategy_context&) const;

  amount bought_, sold_;
  std::vector<record> records_;
  std::set<std::string, std::less<>> expected_;
  /// The books, the base balance and what was counted, when they last agreed.
  decimal books_quantity_, books_cost_, base_total_, counted_, last_price_;
  bool was_running_ = false;
};

}  // namespace drover::engine
