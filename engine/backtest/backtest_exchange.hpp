#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "engine/backtest/market_source.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

struct backtest_order {
  uuid id;
  std::string tag;
  exchanges::side side = exchanges::side::buy;
  exchanges::order_type type = exchanges::order_type::limit;
  exchanges::time_in_force tif = exchanges::time_in_force::gtc;
  decimal price, quantity, filled;
};

struct backtest_fees {
  /// Shares of what is received (0.001 = 0.1 %).
  decimal maker, taker;
};

/// One account at an exchange whose market is given: its orders fill against the market and never move it.
///
/// Taking: an order that reaches the best price of the other side trades there, as much as is shown; what was taken is
/// gone until the next quote. The rest of an IOC order expires, that of a limit order rests. Resting: an order at the
/// best price queues behind what is shown there; one at a better price is first; one behind the best price queues when
/// the market reaches it, behind what is shown then. Trades at its price use up the queue, then fill it, each as far as
/// its quantity goes; trades beyond its price, and quotes of the other side that reach it, fill it at its price as far
/// as they go. A shown quantity below the queue shortens the queue.
class backtest_exchange {
public:
  class listener {
  public:
    virtual ~listener() = default;
    virtual void on_accepted(const backtest_order&) = 0;
    virtual void on_refused(const backtest_order&, const std::string& reason) = 0;
    virtual void on_fill(const backtest_order&, const exchanges::fill&) = 0;
    virtual void on_closed(const backtest_order&) = 0;
  };

  backtest_exchange(exchanges::instrument, backtest_fees, std::vector<exchanges::balance>, listener&);

  void take_market(const market_event&);
  void place(backtest_order, wall_time now);
  void cancel(const uuid&, wall_time now);

  const std::vector<exchanges::balance>& balances() const { return balances_; }
  bool has_orders() const { return !orders_.empty(); }

private:
  struct resting {
    backtest_order order;
    /// Shown quantity that trades before it; negative: its price was not reached yet.
    decimal ahead;
    bool queued = false;
  };
  exchanges::balance& balance(const std::string& asset);
  exchanges::balance& paying(const backtest_order&);
  decimal cost(const backtest_order&, decimal quantity) const;
  void fill(backtest_order&, decimal price, decimal quantity, bool maker, wall_time now);
  void close(const backtest_order&);
  void trade_resting(const market_event::print&, wall_time now);
  void cross_resting(wall_time now);
  void update_queues();
  void drop_filled();

  exchanges::instrument instrument_;
  backtest_fees fees_;
  std::vector<exchanges::balance> balances_;
  listener& listener_;
  market_event::quote top_;
  std::vector<resting> orders_;
  std::int64_t trades_ = 0;
};

}  // namespace drover::engine
