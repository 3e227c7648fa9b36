#include "engine/strategies/rebalancing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

/// A trade that is not done by then is given up, and the shares are looked at again.
constexpr seconds trade_limit{600};

std::vector<parameter_field> rebalancing_fields() {
  using kind = parameter_kind;
  std::vector<parameter_field> out{
      symbol_field(),
      {.name = "target_share",
       .title = "Target share",
       .description = "Share of the base asset in the account's worth of this pair's two assets (0.5 = half). One pair "
                      "only: other assets are not looked at.",
       .fallback = "0.5",
       .least = "0",
       .most = "1",
       .unit = "share",
       .choices = {}},
      {.name = "band",
       .title = "Band",
       .description =
           "Nothing is traded while the share is off by less than this (0.02 = two hundredths of the worth).",
       .fallback = "0.02",
       .least = "0.0001",
       .most = "0.5",
       .unit = "share",
       .choices = {}},
      {.name = "trigger",
       .title = "When to look",
       .description = "band: with every price; interval: once an interval.",
       .kind = kind::choice,
       .fallback = "band",
       .least = {},
       .most = {},
       .unit = {},
       .choices = {"band", "interval"}},
      {.name = "interval_s",
       .title = "Interval",
       .description = "Time between looks when trigger is interval.",
       .kind = kind::whole,
       .fallback = "3600",
       .least = "10",
       .most = "31536000",
       .unit = "s",
       .choices = {}},
      {.name = "min_trade",
       .title = "Least trade",
       .description = "Differences of a smaller worth are left.",
       .fallback = "10",
       .least = "0",
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "rest_s",
       .title = "Rest",
       .description = "Pause after a trade.",
       .kind = kind::whole,
       .fallback = "30",
       .least = "5",
       .most = "86400",
       .unit = "s",
       .choices = {}}};
  for (auto& f : execution_fields("market")) out.push_back(f);
  return out;
}

}  // namespace

const parameter_form& rebalancing_form() {
  static const parameter_form form("Rebalancing", rebalancing_fields());
  return form;
}

result<rebalancing_parameters> parse_rebalancing_parameters(const std::string& json_text) {
  auto v = rebalancing_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  rebalancing_parameters out;
  out.symbol = v->text("symbol");
  out.target_share = v->amount("target_share");
  out.band = v->amount("band");
  out.min_trade = v->amount("min_trade");
  out.on_breach = v->text("trigger") == "band";
  out.interval = v->duration("interval_s");
  out.rest = v->duration("rest_s");
  out.style = read_execution(*v);
  return out;
}

decimal rebalancing::find_gap(const strategy_context& ctx, decimal mid) const {
  const auto base = total_balance(ctx, ctx.instrument.base_asset);
  const auto worth = base * mid + total_balance(ctx, ctx.instrument.quote_asset);
  if (!worth.is_positive()) return {};
  const auto share = decimal::divide(base * mid, worth);
  if ((share - parameters_.target_share).abs() < parameters_.band) return {};
  const auto gap = decimal::divide(worth * parameters_.target_share, mid) - base;
  return gap.abs() * mid < parameters_.min_trade ? decimal() : gap;
}

void rebalancing::end_trade(wall_time now) {
  goal_.reset();
  next_at_ = std::max(next_at_, now + parameters_.rest);
}

void rebalancing::decide(plan& next) {
  const auto& ctx = next.ctx;
  next.cancel_unless([&](const live_order& o) { return goal_ && o.tag == slot_.slot(); });
  if (ctx.ticker == nullptr || ctx.balances.empty()) return next.watch_price();
  const auto mid = mid_of(*ctx.ticker);
  if (!goal_ && !next.is_busy() && ctx.now >= next_at_) {
    if (!parameters_.on_breach) next_at_ = ctx.now + parameters_.interval;
    const auto gap = find_gap(ctx, mid);
    if (!sellable(ctx.instrument, gap.abs(), mid).is_zero()) {
      goal_ = tally().net_quantity() + gap;
      give_up_at_ = ctx.now + trade_limit;
    }
  }
  if (goal_ && ctx.now >= give_up_at_) {
    slot_.cancel(next);
    if (!next.is_busy()) end_trade(ctx.now);
  } else if (goal_) {
    const auto left = *goal_ - tally().net_quantity();
    const auto outcome = slot_.pursue(next, left.is_negative() ? side::sell : side::buy, left.abs(), parameters_.style);
    if (outcome == pursuit::too_small || outcome == pursuit::no_funds) end_trade(ctx.now);
    if (goal_) next.wake_at(give_up_at_);
  }
  if (goal_) return;
  if (ctx.now < next_at_) {
    next.wake_at(next_at_);
  } else {
    next.watch_price();
  }
}

void rebalancing::save(json& out) const {
  out = {{"next_at", to_state(next_at_)}, {"give_up_at", to_state(give_up_at_)}, {"slot", slot_.save()}};
  if (goal_) out["goal"] = goal_->to_string();
}

void rebalancing::load(const json& saved) {
  next_at_ = state_time(saved, "next_at");
  give_up_at_ = state_time(saved, "give_up_at");
  slot_.load(state_member(saved, "slot"));
  if (saved.contains("goal")) goal_ = state_amount(saved, "goal");
}

result<std::unique_ptr<strategy>> make_rebalancing(const std::string& parameters_json, const std::string& state_json) {
  return make_paced<rebalancing>(parse_rebalancing_parameters, parameters_json, state_json);
}

result<std::string> rebalancing_symbol(const std::string& parameters_json) {
  auto parameters = parse_rebalancing_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
