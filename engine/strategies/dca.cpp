#include "engine/strategies/dca.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

constexpr int safety_orders_limit = 20;
/// The take-profit accepts this much below its price, so that it trades when the price is touched and runs away.
const decimal exit_slippage = decimal::literal("0.001");

std::vector<parameter_field> dca_fields() {
  using kind = parameter_kind;
  std::vector<parameter_field> out{
      symbol_field(),
      {.name = "side",
       .title = "Side",
       .description = "buy: collects the base asset; sell: sells it off.",
       .kind = kind::choice,
       .fallback = "buy",
       .least = {},
       .most = {},
       .unit = {},
       .choices = {"buy", "sell"}},
      {.name = "order_notional",
       .title = "Worth of an order",
       .description = "What is bought or sold at each interval.",
       .fallback = "20",
       .least = "0.00000001",
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "interval_s",
       .title = "Interval",
       .description = "Time between orders; the first comes at once.",
       .kind = kind::whole,
       .fallback = "86400",
       .least = "10",
       .most = "31536000",
       .unit = "s",
       .choices = {}},
      {.name = "safety_orders",
       .title = "Safety orders",
       .description = "How many more orders a fall of the price may call for in a round; 0 = none.",
       .kind = kind::whole,
       .fallback = "0",
       .least = "0",
       .most = "20",
       .unit = {},
       .choices = {}},
      {.name = "safety_step",
       .title = "Safety step",
       .description =
           "Fall from the round's first price that calls for the first safety order, as a share (0.02 = 2 %).",
       .fallback = "0.02",
       .least = "0.0001",
       .most = "0.9",
       .unit = "share",
       .choices = {}},
      {.name = "safety_step_scale",
       .title = "Step scale",
       .description = "Each step is so many times as wide as the one before.",
       .fallback = "1",
       .least = "0.1",
       .most = "10",
       .unit = {},
       .choices = {}},
      {.name = "safety_notional",
       .title = "Worth of a safety order",
       .description = "Of the first one; as order_notional when not set.",
       .fallback = {},
       .least = "0.00000001",
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "safety_scale",
       .title = "Size scale",
       .description = "Each safety order is so many times as large as the one before.",
       .fallback = "1",
       .least = "0.1",
       .most = "10",
       .unit = {},
       .choices = {}},
      {.name = "take_profit",
       .title = "Take profit",
       .description = "Sells everything bought when the price is this share above the average price paid (0.03 = 3 %); "
                      "only with side buy.",
       .fallback = {},
       .least = "0.0001",
       .most = "100",
       .unit = "share",
       .choices = {}},
      {.name = "max_total",
       .title = "Largest total",
       .description = "Most that the position may have cost (sells: that is sold in all).",
       .fallback = {},
       .least = "0.00000001",
       .most = {},
       .unit = "quote asset",
       .choices = {}}};
  for (auto& f : execution_fields("market")) out.push_back(f);
  return out;
}

/// Half an order or more is worth an order of its own; less waits for the next, unless it is all that max_total leaves.
decimal smallest_open(const dca_parameters& p) {
  return decimal::divide(p.order_notional, decimal(2));
}

}  // namespace

const parameter_form& dca_form() {
  static const parameter_form form("DCA", dca_fields());
  return form;
}

result<dca_parameters> parse_dca_parameters(const std::string& json_text) {
  auto v = dca_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  dca_parameters out;
  out.symbol = v->text("symbol");
  out.side = v->text("side") == "sell" ? side::sell : side::buy;
  out.order_notional = v->amount("order_notional");
  out.interval = v->duration("interval_s");
  out.safety_orders = v->whole("safety_orders");
  out.safety_step = v->amount("safety_step");
  out.safety_step_scale = v->amount("safety_step_scale");
  out.safety_scale = v->amount("safety_scale");
  out.safety_notional = v->find_amount("safety_notional").value_or(out.order_notional);
  out.take_profit = v->amount("take_profit");
  out.max_total = v->amount("max_total");
  out.style = read_execution(*v);
  if (out.side == side::sell && v->has("take_profit"))
    return fail(errc::out_of_range, "take_profit can only be set with side buy");
  if (out.side == side::sell && out.safety_orders > 0)
    return fail(errc::out_of_range, "safety_orders can only be set with side buy");
  if (v->has("max_total") && out.max_total < out.order_notional)
    return fail(errc::out_of_range, "max_total must be at least order_notional");
  return out;
}

std::string dca_parameters::shape() const {
  return symbol + " " + std::string(to_string(side));
}

decimal dca::safety_size(int n) const {
  auto size = parameters_.safety_notional;
  for (int i = 1; i < n; ++i) size = size * parameters_.safety_scale;
  return size;
}

decimal dca::safety_distance(int n) const {
  decimal distance, step = parameters_.safety_step;
  for (int i = 0; i < n; ++i) {
    distance += step;
    step = step * parameters_.safety_step_scale;
  }
  return distance;
}

decimal dca::traded() const {
  return (parameters_.side == side::buy ? tally().bought() : tally().sold()).notional - base_traded_;
}

/// What max_total leaves to trade.
decimal dca::room(const strategy_context& ctx) const {
  if (parameters_.max_total.is_zero()) return due_;
  const auto used = parameters_.side == side::buy ? ctx.position.cost : tally().sold().notional;
  return std::max(decimal(), parameters_.max_total - used);
}

void dca::count_interval(plan& next) {
  if (next_at_ == wall_time{}) next_at_ = next.ctx.now;
  if (next.ctx.now >= next_at_) {
    // What could not trade for long (no money, say) does not pile up.
    due_ = std::min(due_, traded() + std::max(parameters_.order_notional, safety_size(safety_done_))) +
           parameters_.order_notional;
    if (first_price_.is_zero()) first_price_ = mid_of(*next.ctx.ticker);
    const auto passed = (next.ctx.now - next_at_) / nanoseconds(parameters_.interval);
    next_at_ = next_at_ + nanoseconds(parameters_.interval) * (passed + 1);
  }
  next.wake_at(next_at_);
}

void dca::count_safety_orders(const strategy_context& ctx) {
  if (first_price_.is_zero()) return;
  const auto price = touch_of(*ctx.ticker, side::buy);
  while (safety_done_ < parameters_.safety_orders) {
    const auto distance = safety_distance(safety_done_ + 1);
    if (distance >= decimal(1) || price > first_price_ - first_price_ * distance) return;
    due_ += safety_size(++safety_done_);
  }
}

/// True while the round is being closed.
bool dca::take_profit(plan& next) {
  const auto& ctx = next.ctx;
  if (!parameters_.take_profit.is_positive() || !ctx.position.quantity.is_positive()) {
    if (!exiting_) return false;
  } else {
    next.watch_price();
    const auto average = decimal::divide(ctx.position.cost, ctx.position.quantity);
    const auto bid = touch_of(*ctx.ticker, side::sell);
    if (!exiting_ && bid < average + average * parameters_.take_profit) return false;
    exiting_ = exiting_ || !sellable(ctx.instrument, ctx.position.quantity, bid).is_zero();
    if (!exiting_) return false;
    entry_.cancel(next);
    if (!next.is_free(entry_.slot())) return true;
    execution_style style = parameters_.style;
    style.maker = false;
    style.slippage = exit_slippage;
    style.bound = passive_price(ctx.instrument, side::sell,
                                (average + average * parameters_.take_profit) * (decimal(1) - exit_slippage));
    const auto outcome = exit_.pursue(next, side::sell, ctx.position.quantity, style);
    if (outcome == pursuit::no_price) {
      // The price left again with a part of the position unsold: the round goes on with what is left.
      exiting_ = false;
      return false;
    }
    if (outcome != pursuit::too_small && outcome != pursuit::no_funds) return true;
  }
  exiting_ = false;
  base_traded_ = tally().bought().notional;
  due_ = first_price_ = decimal();
  safety_done_ = 0;
  return false;
}

bool dca::is_at_its_end(const strategy_context& ctx) const {
  if (parameters_.max_total.is_zero() || parameters_.take_profit.is_positive()) return false;
  return affordable(ctx.instrument, room(ctx), mid_of(*ctx.ticker)).is_zero();
}

void dca::decide(plan& next) {
  const auto& ctx = next.ctx;
  next.cancel_unless([&](const live_order& o) { return o.tag == entry_.slot() || o.tag == exit_.slot(); });
  if (ctx.ticker == nullptr) return next.watch_price();
  const auto price = mid_of(*ctx.ticker);
  if (next_at_ == wall_time{}) {
    const auto size = decimal::divide(parameters_.order_notional, price, rounding::down)
                          .round_to_multiple(ctx.instrument.lot_size, rounding::down);
    if (auto fits = check_order_size("order_notional", ctx.instrument, size, price); !fits)
      return next.stop(fits.error().detail);
  }
  if (take_profit(next)) return;
  count_interval(next);
  count_safety_orders(ctx);
  if (safety_done_ < parameters_.safety_orders) next.watch_price();
  if (!next.is_busy() && is_at_its_end(ctx))
    return next.finish("max_total is reached: " +
                       std::string(parameters_.side == side::buy ? "the position cost " + ctx.position.cost.to_string()
                                                                 : "sold for " + tally().sold().notional.to_string()) +
                       " of " + parameters_.max_total.to_string() + " " + ctx.instrument.quote_asset);
  const auto open = std::min(due_ - traded(), room(ctx));
  if (next.is_free(entry_.slot()) && open < std::min(smallest_open(parameters_), room(ctx))) return;
  auto quantity = decimal::divide(std::max(open, decimal()), price, rounding::down);
  if (parameters_.max_total.is_positive()) {
    // Sized at the worst price it may get, so that max_total is never passed.
    const auto worst =
        bound_price(ctx.instrument, side::buy, touch_of(*ctx.ticker, side::buy), parameters_.style.slippage);
    quantity = std::min(quantity, decimal::divide(room(ctx), worst, rounding::down));
  }
  entry_.pursue(next, parameters_.side, quantity, parameters_.style);
}

void dca::save(json& out) const {
  out = {{"next_at", to_state(next_at_)},    {"due", due_.to_string()},
         {"base", base_traded_.to_string()}, {"first_price", first_price_.to_string()},
         {"safety_done", safety_done_},      {"exiting", exiting_},
         {"entry", entry_.save()},           {"exit", exit_.save()}};
}

void dca::load(const json& saved) {
  next_at_ = state_time(saved, "next_at");
  due_ = state_amount(saved, "due");
  base_traded_ = state_amount(saved, "base");
  first_price_ = state_amount(saved, "first_price");
  safety_done_ = static_cast<int>(std::clamp<std::int64_t>(state_whole(saved, "safety_done"), 0, safety_orders_limit));
  exiting_ = state_flag(saved, "exiting");
  entry_.load(state_member(saved, "entry"));
  exit_.load(state_member(saved, "exit"));
}

result<std::unique_ptr<strategy>> make_dca(const std::string& parameters_json, const std::string& state_json) {
  return make_paced<dca>(parse_dca_parameters, parameters_json, state_json);
}

result<std::string> dca_symbol(const std::string& parameters_json) {
  auto parameters = parse_dca_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
