// The end of a bot whose contract is to leave no position.
#include <algorithm>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

constexpr std::string_view tag = "flatten";

decimal to_grid(decimal value, decimal step, rounding how) {
  return step.is_positive() ? value.round_to_multiple(step, how) : value;
}

}  // namespace

/// By closing orders: they leave although nothing new may.
task<void> bot_instance::flatten(wake_event& woken) {
  const auto deadline = parts_.timers.get_clock().now() + flatten_limit;
  if (!market_)
    market_ = id_.link->venue()->subscribe_book_ticker(plan_->symbol, [this](const auto& ticker) { on_ticker(ticker); });
  failpoint("bots.before_flatten");
  bool again = true;
  for (int attempt = 0; again && attempt < flatten_attempts; ++attempt) again = co_await flatten_once(woken, deadline);
  failpoint("bots.after_flatten");
  if (again && left_behind_.empty()) left_behind_ = "Its position could not be closed within the price collar";
  if (!left_behind_.empty())
    log().warn("a stopped bot keeps a position",
               {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"err", left_behind_}});
}

/// False when there is nothing left to sell or buy back, or nobody can.
task<bool> bot_instance::flatten_once(wake_event& woken, steady_time deadline) {
  const auto held = desk_->position().quantity;
  // An order that could not be cancelled in time may close a part of it, or has done so unseen: not twice.
  decimal closing_already;
  for (const auto& o : desk_->live_orders())
    if ((o.side == exchanges::side::sell) == held.is_positive()) closing_already += o.quantity - o.filled_quantity;
  const auto free = std::max(held.abs() - closing_already, decimal());
  const auto amount = to_grid(free, instrument_->lot_size, rounding::down);
  if (!amount.is_positive() || amount < instrument_->min_quantity) co_return false;
  bool in_time = true;
  while (in_time && !ticker_) in_time = co_await woken.wait_until(parts_.timers, deadline);
  if (!ticker_) {
    left_behind_ = "Its position could not be closed: the market's price is not known";
    co_return false;
  }
  const bool sells = held.is_positive();
  const auto collar = plan_->config->flatten_collar;
  const auto worst = sells ? to_grid(ticker_->bid_price * (decimal(1) - collar), instrument_->tick_size, rounding::up)
                           : to_grid(ticker_->ask_price * (decimal(1) + collar), instrument_->tick_size, rounding::down);
  // Dust: no exchange takes an order for it.
  if (amount * ticker_->bid_price < instrument_->min_notional) co_return false;
  desk_->set_mid_price(decimal::divide(ticker_->bid_price + ticker_->ask_price, decimal(2)));
  auto placed = desk_->place_closing(sells ? exchanges::side::sell : exchanges::side::buy, worst, amount, std::string(tag));
  if (!placed) {
    left_behind_ = "Its position could not be closed: " + placed.error().detail;
    co_return false;
  }
  parts_.counters.add({.placed = 1});
  failpoint("bots.flatten_placed");
  while (in_time && !desk_->live_orders().empty()) in_time = co_await woken.wait_until(parts_.timers, deadline);
  if (in_time) co_return true;
  desk_->cancel(*placed);
  left_behind_ = "Its position was not closed in time; an order may still be open";
  co_return false;
}

}  // namespace drover::engine
