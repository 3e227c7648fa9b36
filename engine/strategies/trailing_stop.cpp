#include "engine/strategies/trailing_stop.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

std::vector<parameter_field> trailing_stop_fields() {
  using kind = parameter_kind;
  return {symbol_field(),
          {.name = "trail",
           .title = "Trail",
           .description = "Sells when the price is this share below its highest since the start (0.03 = 3 %).",
           .fallback = "0.03",
           .least = "0.0001",
           .most = "0.9",
           .unit = "share",
           .choices = {}},
          {.name = "quantity",
           .title = "Quantity",
           .description = "How much of the coins that the account holds is protected; not set: all that is free.",
           .fallback = {},
           .least = {},
           .most = {},
           .unit = "base asset",
           .choices = {}},
          {.name = "entry_notional",
           .title = "Buy first for",
           .description = "Buys for this worth first and protects what was bought; instead of quantity.",
           .fallback = {},
           .least = {},
           .most = {},
           .unit = "quote asset",
           .choices = {}},
          {.name = "entry_limit",
           .title = "Buy at most at",
           .description = "Highest price of the first buy; it waits for it.",
           .fallback = {},
           .least = {},
           .most = {},
           .unit = "quote asset",
           .choices = {}},
          {.name = "activation_price",
           .title = "Activation price",
           .description = "The trail begins when the price has reached this; until then nothing is sold.",
           .fallback = {},
           .least = {},
           .most = {},
           .unit = "quote asset",
           .choices = {}},
          {.name = "max_slippage",
           .title = "Price collar",
           .description = "How far below the best bid of the moment one sale may trade, as a share.",
           .fallback = "0.005",
           .least = "0.0001",
           .most = "0.2",
           .unit = "share",
           .choices = {}},
          {.name = "rearm",
           .title = "Begin again",
           .description = "After a sale it begins again: buys first, or waits for coins.",
           .kind = kind::flag,
           .fallback = "false",
           .least = {},
           .most = {},
           .unit = {},
           .choices = {}},
          {.name = "rearm_pause_s",
           .title = "Pause before",
           .description = "How long after a sale it begins again.",
           .kind = kind::whole,
           .fallback = "3600",
           .least = "10",
           .most = "31536000",
           .unit = "s",
           .choices = {}}};
}

std::string text_of(const std::optional<decimal>& value) {
  return value ? value->to_string() : "-";
}

}  // namespace

const parameter_form& trailing_stop_form() {
  static const parameter_form form("Trailing stop", trailing_stop_fields());
  return form;
}

result<trailing_stop_parameters> parse_trailing_stop_parameters(const std::string& json_text) {
  auto v = trailing_stop_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  trailing_stop_parameters out;
  out.symbol = v->text("symbol");
  out.trail = v->amount("trail");
  out.quantity = v->find_amount("quantity");
  out.entry_notional = v->find_amount("entry_notional");
  out.entry_limit = v->find_amount("entry_limit");
  out.activation_price = v->find_amount("activation_price");
  out.rearm = v->flag("rearm");
  out.rearm_pause = v->duration("rearm_pause_s");
  out.style.slippage = v->amount("max_slippage");
  if (out.quantity && out.entry_notional)
    return fail(errc::out_of_range, "quantity cannot be set together with entry_notional");
  if (out.entry_limit && !out.entry_notional) return fail(errc::out_of_range, "entry_limit needs entry_notional");
  for (const char* name : {"quantity", "entry_notional", "entry_limit", "activation_price"})
    if (v->has(name) && !v->amount(name).is_positive())
      return fail(errc::out_of_range, std::string(name) + " must be positive");
  return out;
}

std::string trailing_stop_parameters::shape() const {
  return symbol + " " + text_of(quantity) + " " + text_of(entry_notional);
}

void trailing_stop::begin_round() {
  phase_ = phase::enter;
  bought_before_ = tally().bought().quantity;
  spent_before_ = tally().bought().notional;
  sold_before_ = tally().sold().quantity;
  protected_ = peak_ = decimal();
}

void trailing_stop::enter(plan& next) {
  const auto& ctx = next.ctx;
  const auto& i = ctx.instrument;
  const auto mid = mid_of(*ctx.ticker);
  if (!parameters_.entry_notional) {
    next.watch_price();
    protected_ = parameters_.quantity.value_or(free_balance(ctx, i.base_asset));
    const auto here = sellable(i, std::min(protected_, free_balance(ctx, i.base_asset)), mid);
    if (!here.is_zero() && protected_ <= free_balance(ctx, i.base_asset)) {
      phase_ = phase::arm;
    } else if (!parameters_.rearm && !ctx.balances.empty()) {
      next.stop("there is nothing to protect: " + free_balance(ctx, i.base_asset).to_string() + " " + i.base_asset +
                " are free" +
                (parameters_.quantity ? ", quantity is " + parameters_.quantity->to_string()
                                      : ", less than the smallest order"));
    }
    return;
  }
  const auto wanted =
      decimal::divide(*parameters_.entry_notional, mid, rounding::down).round_to_multiple(i.lot_size, rounding::down);
  const auto bought = tally().bought().quantity - bought_before_;
  if (bought.is_zero() && wanted < i.max_quantity) {
    if (auto fits = check_order_size("entry_notional", i, wanted, mid); !fits) return next.stop(fits.error().detail);
  }
  auto style = parameters_.style;
  style.bound = parameters_.entry_limit;
  const auto left = *parameters_.entry_notional - (tally().bought().notional - spent_before_);
  const auto outcome =
      entry_.pursue(next, side::buy, decimal::divide(std::max(left, decimal()), mid, rounding::down), style);
  if (!next.is_free(entry_.slot()) || bought.is_zero()) return;
  // The rest is too small to buy, or there is no money for it.
  if (outcome != pursuit::too_small && outcome != pursuit::no_funds) return;
  protected_ = bought;
  phase_ = phase::arm;
}

void trailing_stop::arm(plan& next) {
  next.watch_price();
  const auto bid = next.ctx.ticker->bid_price;
  if (parameters_.activation_price && bid < *parameters_.activation_price) return;
  phase_ = phase::trail;
  peak_ = bid;
  next.keep_state();
}

void trailing_stop::follow(plan& next) {
  next.watch_price();
  const auto bid = next.ctx.ticker->bid_price;
  if (bid > peak_) {
    peak_ = bid;
    next.keep_state();
  }
  if (bid <= peak_ - peak_ * parameters_.trail) phase_ = phase::exit;
}

void trailing_stop::leave(plan& next) {
  const auto sold = tally().sold().quantity - sold_before_;
  auto left = std::max(decimal(), protected_ - sold);
  // What it bought may have been sold without asking, when the bot was stopped with its position closed.
  if (parameters_.entry_notional) left = std::min(left, std::max(decimal(), next.ctx.position.quantity));
  const auto outcome = exit_.pursue(next, side::sell, left, parameters_.style);
  if (outcome != pursuit::too_small && outcome != pursuit::no_funds) return;
  const auto& i = next.ctx.instrument;
  if (outcome == pursuit::no_funds && sold.is_zero())
    return next.stop("it could not sell: " + free_balance(next.ctx, i.base_asset).to_string() + " " + i.base_asset +
                     " are free of " + protected_.to_string());
  if (!parameters_.rearm)
    return next.finish("sold " + sold.to_string() + " " + i.base_asset + " after the price fell from " +
                       peak_.to_string());
  begin_round();
  resting_until_ = next.ctx.now + parameters_.rearm_pause;
  next.wake_at(resting_until_);
}

void trailing_stop::decide(plan& next) {
  const auto& ctx = next.ctx;
  next.cancel_unless([&](const live_order& o) { return o.tag == entry_.slot() || o.tag == exit_.slot(); });
  if (ctx.ticker == nullptr || !ctx.ticker->bid_price.is_positive()) return next.watch_price();
  if (ctx.now < resting_until_) return next.wake_at(resting_until_);
  if (phase_ == phase::enter) enter(next);
  if (phase_ == phase::arm) arm(next);
  if (phase_ == phase::trail) follow(next);
  if (phase_ == phase::exit) leave(next);
}

void trailing_stop::save(json& out) const {
  out = {{"phase", static_cast<int>(phase_)},
         {"protected", protected_.to_string()},
         {"bought_before", bought_before_.to_string()},
         {"spent_before", spent_before_.to_string()},
         {"sold_before", sold_before_.to_string()},
         {"peak", peak_.to_string()},
         {"resting_until", to_state(resting_until_)},
         {"entry", entry_.save()},
         {"exit", exit_.save()}};
}

void trailing_stop::load(const json& saved) {
  const auto p = state_whole(saved, "phase");
  if (p < 0 || p > static_cast<int>(phase::exit)) throw bad_state{"phase is unknown"};
  phase_ = static_cast<phase>(p);
  protected_ = state_amount(saved, "protected");
  bought_before_ = state_amount(saved, "bought_before");
  spent_before_ = state_amount(saved, "spent_before");
  sold_before_ = state_amount(saved, "sold_before");
  peak_ = state_amount(saved, "peak");
  resting_until_ = state_time(saved, "resting_until");
  entry_.load(state_member(saved, "entry"));
  exit_.load(state_member(saved, "exit"));
}

result<std::unique_ptr<strategy>> make_trailing_stop(const std::string& parameters_json,
                                                     const std::string& state_json) {
  return make_paced<trailing_stop>(parse_trailing_stop_parameters, parameters_json, state_json);
}

result<std::string> trailing_stop_symbol(const std::string& parameters_json) {
  auto parameters = parse_trailing_stop_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
