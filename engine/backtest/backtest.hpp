#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/backtest/backtest_exchange.hpp"
#include "engine/orders/risk.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {

struct backtest_config {
  std::string strategy, parameters;
  exchanges::instrument instrument;
  std::vector<exchanges::balance> balances;
  backtest_fees fees;
  /// From the strategy to the exchange; and as long back.
  milliseconds latency{50};
  std::optional<wall_time> from, to;
  /// The limits that hold for a live account's orders.
  risk_limits limits;
};

struct backtest_trade {
  wall_time at;
  exchanges::side side = exchanges::side::buy;
  decimal price, quantity, fee;
  std::string fee_asset;
  bool maker = false;
};

struct backtest_point {
  wall_time at;
  decimal price, equity;
};

/// Amounts in the quote asset; shares as 0.01 = 1 %.
struct backtest_report {
  std::string strategy, symbol, base_asset, quote_asset;
  wall_time begin, end;
  std::int64_t market_events = 0, orders = 0, refused = 0;
  decimal first_price, last_price;
  decimal start_equity, end_equity, return_share;
  /// Of the books: what sold coins earned over what they had cost, fees in the quote asset deducted; and what is held,
  /// valued at the last price over its cost. Coins that were there from the start have no cost in the books.
  decimal realised, unrealised, fees;
  std::int64_t rounds_won = 0, rounds = 0;
  /// Shares.
  decimal win_rate, max_drawdown, time_in_market, turnover_share, buy_and_hold_return;
  decimal turnover;
  /// Mean of the changes of equity from sample to sample over their deviation, scaled to a year; no interest is
  /// deducted. Zero when there are too few.
  decimal sharpe;
  /// Why the strategy ended before the data, empty when it did not.
  std::string ended_because;
  std::vector<backtest_trade> trades;
  std::vector<backtest_point> curve;
};

/// Points of the curve; the Sharpe ratio is made of them.
inline constexpr std::size_t backtest_curve_limit = 400;
/// More trades are counted but not listed.
inline constexpr std::size_t backtest_trades_limit = 100'000;

/// Runs the strategy over the market: the code, the runner and the order rules of live trading, on a virtual clock.
/// Equal input makes an equal report. Errors name the parameter, or the file and line.
result<backtest_report> run_backtest(const backtest_config&, market_source&);

std::string to_json_text(const backtest_report&);
std::string to_table(const backtest_report&);
/// An SVG picture: equity above, price with marks of buys and sells below.
std::string to_svg(const backtest_report&);

}  // namespace drover::engine
