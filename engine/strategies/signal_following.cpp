#include "engine/strategies/signal_following.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/planted.hpp"
#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

constexpr std::string_view tag_prefix = "signal:";
constexpr std::string_view seen_before = "it was seen before";
constexpr std::size_t source_length_limit = 100;

std::vector<parameter_field> signal_following_fields() {
  using kind = parameter_kind;
  return {
      symbol_field(),
      {.name = "source",
       .title = "Source",
       .description = "Whose signals are followed, such as \"room:12\"; not set: all that are delivered.",
       .kind = kind::text,
       .fallback = {},
       .least = {},
       .most = {},
       .unit = {},
       .choices = {}},
      {.name = "sizing",
       .title = "Sizing",
       .description = "fixed: order_notional each time; ratio: the sender's quantity times ratio; equity: the sender's "
                      "quantity times own worth through the sender's.",
       .kind = kind::choice,
       .fallback = "equity",
       .least = {},
       .most = {},
       .unit = {},
       .choices = {"fixed", "ratio", "equity"}},
      {.name = "order_notional",
       .title = "Worth of an order",
       .description = "With sizing fixed: what each signal trades.",
       .fallback = "20",
       .least = "0.00000001",
       .most = {},
       .unit = "quote asset",
       .choices = {}},
      {.name = "ratio",
       .title = "Ratio",
       .description =
           "With sizing ratio: share of the sender's quantity (0.1 = a tenth); with sizing equity: a further factor.",
       .fallback = "1",
       .least = "0.000001",
       .most = "1000",
       .unit = {},
       .choices = {}},
      {.name = "max_slippage",
       .title = "Slippage guard",
       .description = "How much worse than the signal's price the own price may be, as a share (0.005 = 0.5 %).",
       .fallback = "0.005",
       .least = "0",
       .most = "0.2",
       .unit = "share",
       .choices = {}},
      {.name = "max_age_s",
       .title = "Staleness guard",
       .description = "Older signals are not followed.",
       .kind = kind::whole,
       .fallback = "10",
       .least = "1",
       .most = "86400",
       .unit = "s",
       .choices = {}},
      {.name = "max_position_notional",
       .title = "Largest position",
       .description = "Buys that would make the position worth more are cut; not set: no limit.",
       .fallback = {},
       .least = "0.00000001",
       .most = {},
       .unit = "quote asset",
       .choices = {}}};
}

decimal signed_quantity(side s, decimal quantity) {
  return s == side::buy ? quantity : -quantity;
}

signal_verdict skip(const trade_signal& signal, std::string reason) {
  return {signal.id, signal_outcome::skipped, {}, {}, std::move(reason)};
}

}  // namespace

const parameter_form& signal_following_form() {
  static const parameter_form form("Signal following", signal_following_fields());
  return form;
}

result<signal_following_parameters> parse_signal_following_parameters(const std::string& json_text) {
  auto v = signal_following_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  signal_following_parameters out;
  out.symbol = v->text("symbol");
  out.source = v->text("source");
  if (out.source.size() > source_length_limit)
    return fail(errc::out_of_range, "source must have at most " + std::to_string(source_length_limit) + " characters");
  const auto& sizing = v->text("sizing");
  out.sizing = sizing == "fixed"   ? signal_sizing::fixed
               : sizing == "ratio" ? signal_sizing::ratio
                                   : signal_sizing::equity;
  out.order_notional = v->amount("order_notional");
  out.ratio = v->amount("ratio");
  out.max_slippage = v->amount("max_slippage");
  out.max_age = v->duration("max_age_s");
  out.max_position_notional = v->amount("max_position_notional");
  return out;
}

strategy_actions signal_following::on_signal(const strategy_context& ctx, const trade_signal& signal) {
  signal_ = &signal;
  auto actions = act(ctx);
  signal_ = nullptr;
  return actions;
}

void signal_following::decide(plan& next) {
  books_quantity_ = next.ctx.position.quantity;
  next.cancel_unless([](const live_order& o) { return o.tag.starts_with(tag_prefix); });
  if (signal_ == nullptr) return;
  const auto& signal = *signal_;
  auto verdict = judge(next, signal);
  if (verdict.reason != seen_before && signal.id.size() <= id_length_limit) {
    seen_.push_back(signal.id);
    if (seen_.size() > remembered_signals) seen_.pop_front();
  }
  next.add(std::move(verdict));
}

/// Both see what the other does not yet: the books a bot's end that sold the position without asking, the orders' reports a trade
/// that is not booked.
decimal signal_following::held() const {
  const auto traded = tally().net_quantity();
  return std::max(decimal(), std::min(traded, books_quantity_.value_or(traded)));
}

std::string signal_following::find_objection(const strategy_context& ctx, const trade_signal& signal) const {
  const auto age = ctx.now - signal.at;
  const bool stale = age > parameters_.max_age || -age > parameters_.max_age;
  if (stale && !planted("ignore_staleness"))
    return "it is " + std::to_string(std::chrono::duration_cast<seconds>(age).count()) +
           " s old, the staleness guard is " + std::to_string(parameters_.max_age.count()) + " s";
  if (ctx.ticker == nullptr) return "no price is known here yet";
  const auto own = touch_of(*ctx.ticker, signal.side);
  const auto bound = bound_price(ctx.instrument, signal.side, signal.price, parameters_.max_slippage);
  if (signal.side == side::buy ? own > bound : own < bound)
    return "the price here is " + own.to_string() + ", the slippage guard ends at " + bound.to_string();
  return {};
}

result<decimal> signal_following::size_of(const strategy_context& ctx, const trade_signal& signal) const {
  switch (parameters_.sizing) {
    case signal_sizing::fixed:
      return decimal::divide(parameters_.order_notional, signal.price, rounding::down);
    case signal_sizing::ratio:
      return decimal::multiply(signal.quantity, parameters_.ratio, rounding::down);
    case signal_sizing::equity:
      break;
  }
  if (!signal.sender_equity.is_positive()) return fail(errc::not_found, "the sender's worth is not known");
  const auto& i = ctx.instrument;
  const auto own = total_balance(ctx, i.quote_asset) + total_balance(ctx, i.base_asset) * signal.price;
  const auto part = decimal::divide(signal.quantity * own, signal.sender_equity, rounding::down);
  return decimal::multiply(part, parameters_.ratio, rounding::down);
}

signal_verdict signal_following::judge(plan& next, const trade_signal& signal) {
  const auto& ctx = next.ctx;
  if (signal.id.empty() || signal.id.size() > id_length_limit)
    return skip(signal, "its id has not from 1 to " + std::to_string(id_length_limit) + " characters");
  if (std::ranges::find(seen_, signal.id) != seen_.end()) return skip(signal, std::string(seen_before));
  if (!parameters_.source.empty() && signal.source != parameters_.source)
    return skip(signal, "its source is not followed");
  if (!signal.quantity.is_positive() || !signal.price.is_positive()) return skip(signal, "it has no quantity or price");
  const auto size = size_of(ctx, signal);
  if (!size) return skip(signal, size.error().detail);
  target_ = std::max(decimal(), target_ + signed_quantity(signal.side, *size));
  if (auto objection = find_objection(ctx, signal); !objection.empty()) return skip(signal, std::move(objection));
  return trade(next, signal, carried_ + signed_quantity(signal.side, *size));
}

/// `wanted` is what this signal and the carried remainder ask for together, positive to buy.
signal_verdict signal_following::trade(plan& next, const trade_signal& signal, decimal wanted) {
  const auto& ctx = next.ctx;
  const auto& i = ctx.instrument;
  const auto s = wanted.is_negative() ? side::sell : side::buy;
  const auto guard = planted("ignore_slippage") ? decimal(2) * parameters_.max_slippage : parameters_.max_slippage;
  const auto price = bound_price(i, s, signal.price, guard);
  const auto worth = std::min(price, touch_of(*ctx.ticker, s));
  auto quantity = wanted.abs();
  decimal under_way_buys, under_way_sells;
  for (const auto& o : ctx.orders)
    (o.side == side::buy ? under_way_buys : under_way_sells) += o.quantity - o.filled_quantity;
  if (s == side::sell) {
    const auto have = std::max(decimal(), held() - under_way_sells);
    if (have.is_zero()) {
      carried_ = {};
      return skip(signal, "nothing is held that could be sold");
    }
    quantity = std::min(quantity, have);
  } else if (parameters_.max_position_notional.is_positive()) {
    const auto room = parameters_.max_position_notional - (held() + under_way_buys) * price;
    if (affordable(i, room, price).is_zero())
      return skip(signal, "the position is at its largest, " + parameters_.max_position_notional.to_string() + " " +
                              i.quote_asset);
    quantity = std::min(quantity, decimal::divide(room, price, rounding::down));
  }
  if (sellable(i, quantity, worth).is_zero()) {
    carried_ = signed_quantity(s, quantity);
    return {signal.id,
            signal_outcome::carried,
            {},
            {},
            "too small for an order; " + carried_.to_string() + " " + i.base_asset + " are carried"};
  }
  const auto& asset = s == side::buy ? i.quote_asset : i.base_asset;
  const auto funds =
      s == side::buy ? decimal::divide(free_balance(ctx, asset), price, rounding::down) : free_balance(ctx, asset);
  const auto size = sellable(i, std::min(quantity, funds), worth);
  if (size.is_zero()) return skip(signal, "too little " + asset + " is free: " + free_balance(ctx, asset).to_string());
  if (ctx.orders.size() >= orders_limit)
    return skip(signal, std::to_string(orders_limit) + " orders are under way already");
  const std::string tag = std::string(tag_prefix) + signal.id;
  const bool placed = next.place(tag, {.side = s,
                                       .type = exchanges::order_type::limit,
                                       .price = price,
                                       .quantity = size,
                                       .tag = {},
                                       .tif = exchanges::time_in_force::ioc});
  if (!placed) return skip(signal, "it pauses after a refused order or at its largest order rate");
  // A quantity that was cut for lack of money is not owed any more; what is below a lot is.
  const auto left = quantity - size;
  carried_ = left < i.lot_size || size == quantity.round_to_multiple(i.lot_size, rounding::down)
                 ? signed_quantity(s, left)
                 : decimal();
  return {signal.id, signal_outcome::taken, size, tag, {}};
}

decimal signal_following::drift() const {
  const auto difference = (target_ - held()).abs();
  const auto larger = std::max(target_, held());
  return larger.is_zero() ? decimal() : decimal::divide(difference, larger).round_to_places(6, rounding::half_even);
}

void signal_following::save(json& out) const {
  json seen = json::array();
  for (const auto& id : seen_) seen.push_back(id);
  out = {{"carried", carried_.to_string()},
         {"target", target_.to_string()},
         {"held", held().to_string()},
         {"drift", drift().to_string()},
         {"seen", std::move(seen)}};
}

void signal_following::load(const json& saved) {
  carried_ = state_amount(saved, "carried");
  target_ = state_amount(saved, "target");
  const auto& seen = state_member(saved, "seen");
  if (!seen.is_array() || seen.size() > remembered_signals) throw bad_state{"seen is not a list of ids"};
  for (const auto& id : seen) {
    if (!id.is_string()) throw bad_state{"an id is not text"};
    seen_.push_back(id.get<std::string>());
  }
}

result<std::unique_ptr<strategy>> make_signal_following(const std::string& parameters_json,
                                                        const std::string& state_json) {
  return make_paced<signal_following>(parse_signal_following_parameters, parameters_json, state_json);
}

result<std::string> signal_following_symbol(const std::string& parameters_json) {
  auto parameters = parse_signal_following_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
