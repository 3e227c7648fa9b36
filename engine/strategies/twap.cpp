#include "engine/strategies/twap.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

std::vector<parameter_field> twap_fields() {
  using kind = parameter_kind;
  std::vector<parameter_field> out{
      symbol_field(),
      {.name = "side",
       .title = "Side",
       .description = "buy or sell.",
       .kind = kind::choice,
       .fallback = "buy",
       .least = {},
       .most = {},
       .unit = {},
       .choices = {"buy", "sell"}},
      {.name = "total_quantity",
       .title = "Total quantity",
       .description = "How much is traded in all; instead of total_notional.",
       .fallback = {},
       .least = {},
       .most = {},
       .unit = "base asset",
       .choices = {}},
      {.name = "total_notional",
       .title = "Total worth",
       .description = "What all trades together are worth; instead of total_quantity.",
       .fallback = {},
       .least = {},
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "duration_s",
       .title = "Duration",
       .description = "Time over which the slices are spread.",
       .kind = kind::whole,
       .fallback = "3600",
       .least = "10",
       .most = "31536000",
       .unit = "s",
       .choices = {}},
      {.name = "slices",
       .title = "Slices",
       .description = "Orders into which the total is cut.",
       .kind = kind::whole,
       .fallback = "12",
       .least = "1",
       .most = "10000",
       .unit = {},
       .choices = {}},
      {.name = "limit_price",
       .title = "Limit price",
       .description = "Never buys above (sells below) this price; it waits instead.",
       .fallback = {},
       .least = {},
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "catch_up",
       .title = "Catch up",
       .description =
           "true: what was missed while nothing could be traded is traded at once; false: the plan is moved.",
       .kind = kind::flag,
       .fallback = "true",
       .least = {},
       .most = {},
       .unit = {},
       .choices = {}},
      {.name = "overtime_s",
       .title = "Overtime",
       .description = "How long after the duration it goes on with what is left, before it gives up.",
       .kind = kind::whole,
       .fallback = "3600",
       .least = "0",
       .most = "31536000",
       .unit = "s",
       .choices = {}}};
  for (auto& f : execution_fields("market")) out.push_back(f);
  return out;
}

nanoseconds slice_distance(const twap_parameters& p) {
  return nanoseconds(p.duration) / p.slices;
}

}  // namespace

const parameter_form& twap_form() {
  static const parameter_form form("TWAP", twap_fields());
  return form;
}

result<twap_parameters> parse_twap_parameters(const std::string& json_text) {
  auto v = twap_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  twap_parameters out;
  out.symbol = v->text("symbol");
  out.side = v->text("side") == "sell" ? side::sell : side::buy;
  out.total_quantity = v->find_amount("total_quantity");
  out.total_notional = v->find_amount("total_notional");
  if (out.total_quantity.has_value() == out.total_notional.has_value())
    return fail(errc::out_of_range, "total_quantity or total_notional must be set, and only one of them");
  if (!out.total_quantity.value_or(decimal(1)).is_positive())
    return fail(errc::out_of_range, "total_quantity must be positive");
  if (!out.total_notional.value_or(decimal(1)).is_positive())
    return fail(errc::out_of_range, "total_notional must be positive");
  out.duration = v->duration("duration_s");
  out.overtime = v->duration("overtime_s");
  out.slices = v->whole("slices");
  out.catch_up = v->flag("catch_up");
  out.style = read_execution(*v);
  out.style.bound = v->find_amount("limit_price");
  if (seconds(out.slices) > out.duration)
    return fail(errc::out_of_range,
                "slices must be at most one a second: " + std::to_string(out.duration.count()) + " for this duration");
  return out;
}

/// The execution may be changed under way; the total and the plan may not.
std::string twap_parameters::shape() const {
  const auto total = total_quantity ? total_quantity->to_string() + " base" : total_notional->to_string() + " quote";
  return symbol + " " + std::string(to_string(side)) + " " + total + " " + std::to_string(duration.count()) + " " +
         std::to_string(slices);
}

decimal twap::due_quantity(const strategy_context& ctx) const {
  const auto done = parameters_.side == side::buy ? tally().bought() : tally().sold();
  const auto share = decimal::divide(decimal(released_), decimal(parameters_.slices));
  if (parameters_.total_quantity) {
    const auto due =
        released_ == parameters_.slices ? *parameters_.total_quantity : *parameters_.total_quantity * share;
    return std::max(decimal(), due - done.quantity);
  }
  const auto price = mid_of(*ctx.ticker);
  const auto due = released_ == parameters_.slices ? *parameters_.total_notional : *parameters_.total_notional * share;
  return std::max(decimal(), decimal::divide(due - done.notional, price, rounding::down));
}

result<void> twap::check_total(const strategy_context& ctx, decimal price) const {
  const auto& i = ctx.instrument;
  auto size = parameters_.total_quantity ? *parameters_.total_quantity
                                         : decimal::divide(*parameters_.total_notional, price, rounding::down);
  if (i.max_quantity.is_positive()) size = std::min(size, i.max_quantity);
  return check_order_size(parameters_.total_quantity ? "total_quantity" : "total_notional", i,
                          size.round_to_multiple(i.lot_size, rounding::down), price);
}

void twap::release(wall_time now, bool open) {
  const auto distance = slice_distance(parameters_);
  while (released_ < parameters_.slices && now >= next_at_) {
    if (!parameters_.catch_up && open) return;
    ++released_;
    const bool late = now - next_at_ >= distance;
    next_at_ = late && !parameters_.catch_up ? now + distance : next_at_ + distance;
    open = true;
  }
}

std::string twap::progress(const strategy_context& ctx) const {
  const auto done = parameters_.side == side::buy ? tally().bought() : tally().sold();
  const std::string verb = parameters_.side == side::buy ? "bought " : "sold ";
  return verb + done.quantity.to_string() + " " + ctx.instrument.base_asset + " for " +
         done.notional.round_to_places(8, rounding::half_even).to_string() + " " + ctx.instrument.quote_asset;
}

void twap::decide(plan& next) {
  const auto& ctx = next.ctx;
  next.cancel_unless([&](const live_order& o) { return o.tag == slot_.slot(); });
  if (ctx.ticker == nullptr) return next.watch_price();
  const auto worth = mid_of(*ctx.ticker);
  if (started_at_ == wall_time{}) {
    if (auto fits = check_total(ctx, worth); !fits) return next.stop(fits.error().detail);
    started_at_ = next_at_ = ctx.now;
  }
  const bool open = !sellable(ctx.instrument, due_quantity(ctx), worth).is_zero();
  release(ctx.now, open || next.is_busy());
  if (released_ < parameters_.slices && next_at_ > ctx.now) next.wake_at(next_at_);

  const auto end = std::max(started_at_ + parameters_.duration, next_at_) + parameters_.overtime;
  const auto outcome = slot_.pursue(next, parameters_.side, due_quantity(ctx), parameters_.style);
  if (outcome == pursuit::under_way || released_ < parameters_.slices) return;
  if (outcome == pursuit::too_small) return next.finish("all slices are traded: " + progress(ctx));
  if (ctx.now >= end) {
    const char* why = outcome == pursuit::no_funds ? "the account has too little to trade the rest"
                                                   : "the price stayed beyond the limit or orders were refused";
    return next.finish("the overtime is over and " + std::string(why) + ": " + progress(ctx));
  }
  next.wake_at(end);
}

void twap::save(json& out) const {
  out = {{"started_at", to_state(started_at_)},
         {"next_at", to_state(next_at_)},
         {"released", released_},
         {"slot", slot_.save()}};
}

void twap::load(const json& saved) {
  started_at_ = state_time(saved, "started_at");
  next_at_ = state_time(saved, "next_at");
  released_ = static_cast<int>(std::clamp<std::int64_t>(state_whole(saved, "released"), 0, parameters_.slices));
  slot_.load(state_member(saved, "slot"));
}

result<std::unique_ptr<strategy>> make_twap(const std::string& parameters_json, const std::string& state_json) {
  return make_paced<twap>(parse_twap_parameters, parameters_json, state_json);
}

result<std::string> twap_symbol(const std::string& parameters_json) {
  auto parameters = parse_twap_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
