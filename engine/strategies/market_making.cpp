#include "engine/strategies/market_making.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

using exchanges::side;

namespace {

constexpr int levels_limit = 20;

std::vector<parameter_field> market_making_fields() {
  using kind = parameter_kind;
  return {symbol_field(),
          {.name = "bid_spread",
           .title = "Bid spread",
           .description = "Distance of the first bid below the mid price, as a share (0.002 = 0.2 %). Two fees should "
                          "fit into both spreads.",
           .fallback = "0.002",
           .least = "0.00001",
           .most = "0.5",
           .unit = "share",
           .choices = {}},
          {.name = "ask_spread",
           .title = "Ask spread",
           .description = "Distance of the first ask above the mid price, as a share.",
           .fallback = "0.002",
           .least = "0.00001",
           .most = "0.5",
           .unit = "share",
           .choices = {}},
          {.name = "order_notional",
           .title = "Worth of a quote",
           .description = "Size of each order.",
           .fallback = "50",
           .least = "0.00000001",
           .most = {},
           .unit = "quote asset",
           .choices = {}},
          {.name = "levels",
           .title = "Levels",
           .description = "Quotes on each side.",
           .kind = kind::whole,
           .fallback = "1",
           .least = "1",
           .most = "20",
           .unit = {},
           .choices = {}},
          {.name = "level_spacing",
           .title = "Level spacing",
           .description = "How much farther each level is than the one before, as a share.",
           .fallback = "0.001",
           .least = "0.00001",
           .most = "0.5",
           .unit = "share",
           .choices = {}},
          {.name = "refresh_s",
           .title = "Refresh",
           .description = "How often quotes are looked at and renewed.",
           .kind = kind::whole,
           .fallback = "30",
           .least = "1",
           .most = "86400",
           .unit = "s",
           .choices = {}},
          {.name = "tolerance",
           .title = "Tolerance",
           .description = "A quote that is off by at most this share of the price keeps its place.",
           .fallback = "0.0005",
           .least = "0",
           .most = "0.5",
           .unit = "share",
           .choices = {}},
          {.name = "target_base_share",
           .title = "Target share of the base asset",
           .description =
               "Of the account's worth in both assets; sizes lean towards it. Not set: both sides are always equal.",
           .fallback = {},
           .least = "0",
           .most = "1",
           .unit = "share",
           .choices = {}},
          {.name = "inventory_range",
           .title = "Inventory range",
           .description = "Deviation from the target at which one side is not quoted and the other is doubled.",
           .fallback = "0.2",
           .least = "0.001",
           .most = "1",
           .unit = "share",
           .choices = {}},
          {.name = "min_spread",
           .title = "Least spread",
           .description = "A quote is cancelled at once when the mid price comes nearer than this share; 0 = never.",
           .fallback = "0",
           .least = "0",
           .most = "0.5",
           .unit = "share",
           .choices = {}}};
}

}  // namespace

const parameter_form& market_making_form() {
  static const parameter_form form("Market making", market_making_fields());
  return form;
}

result<market_making_parameters> parse_market_making_parameters(const std::string& json_text) {
  auto v = market_making_form().read(json_text);
  if (!v) return std::unexpected(v.error());
  market_making_parameters out;
  out.symbol = v->text("symbol");
  out.bid_spread = v->amount("bid_spread");
  out.ask_spread = v->amount("ask_spread");
  out.level_spacing = v->amount("level_spacing");
  out.order_notional = v->amount("order_notional");
  out.levels = v->whole("levels");
  out.refresh = v->duration("refresh_s");
  out.tolerance = v->amount("tolerance");
  out.target_base_share = v->find_amount("target_base_share").value_or(decimal(-1));
  out.inventory_range = v->amount("inventory_range");
  out.min_spread = v->amount("min_spread");
  const auto nearest = std::min(out.bid_spread, out.ask_spread);
  if (out.min_spread >= nearest) return fail(errc::out_of_range, "min_spread must be below bid_spread and ask_spread");
  if (out.tolerance >= nearest) return fail(errc::out_of_range, "tolerance must be below bid_spread and ask_spread");
  if (out.bid_spread + out.level_spacing * decimal(out.levels - 1) >= decimal(1))
    return fail(errc::out_of_range,
                "levels times level_spacing must stay below 1: the lowest bid would not be a price");
  return out;
}

std::string market_making::slot_of(std::size_t index) {
  return (index % 2 == 0 ? "bid:" : "ask:") + std::to_string(index / 2);
}

/// From 0 (not quoted) over 1 (balanced) to 2.
decimal market_making::side_factor(const strategy_context& ctx, side s, decimal mid) const {
  if (parameters_.target_base_share.is_negative()) return decimal(1);
  const auto base = total_balance(ctx, ctx.instrument.base_asset) * mid;
  const auto worth = base + total_balance(ctx, ctx.instrument.quote_asset);
  if (!worth.is_positive()) return decimal(1);
  const auto excess =
      decimal::divide(decimal::divide(base, worth) - parameters_.target_base_share, parameters_.inventory_range);
  const auto lean = std::clamp(excess, decimal(-1), decimal(1));
  return s == side::buy ? decimal(1) - lean : decimal(1) + lean;
}

void market_making::lay_quotes(const strategy_context& ctx) {
  const auto mid = mid_of(*ctx.ticker);
  quotes_.clear();
  for (int level = 0; level < parameters_.levels; ++level) {
    for (const auto s : {side::buy, side::sell}) {
      const auto away = mid * ((s == side::buy ? parameters_.bid_spread : parameters_.ask_spread) +
                               parameters_.level_spacing * decimal(level));
      const auto price = passive_price(ctx.instrument, s, s == side::buy ? mid - away : mid + away);
      const auto worth = parameters_.order_notional * side_factor(ctx, s, mid);
      quotes_.push_back({s, price, price.is_positive() ? affordable(ctx.instrument, worth, price) : decimal(), false});
    }
  }
}

/// A quote that lives near enough to its place counts as placed, the others go.
void market_making::cancel_misplaced(plan& next) const {
  next.cancel_unless([&](const live_order& o) {
    for (std::size_t i = 0; i < quotes_.size(); ++i)
      if (o.tag == slot_of(i) && o.side == quotes_[i].side)
        return quotes_[i].quantity.is_positive() &&
               (o.price - quotes_[i].price).abs() <= quotes_[i].price * parameters_.tolerance;
    return false;
  });
}

void market_making::place_quotes(plan& next) {
  const auto& ctx = next.ctx;
  const auto tick = ctx.instrument.tick_size;
  auto quote_funds = free_balance(ctx, ctx.instrument.quote_asset),
       base_funds = free_balance(ctx, ctx.instrument.base_asset);
  for (std::size_t i = 0; i < quotes_.size(); ++i) {
    auto& q = quotes_[i];
    if (q.placed || !next.is_free(slot_of(i))) continue;
    const bool buys = q.side == side::buy;
    const auto price =
        buys ? std::min(q.price, ctx.ticker->ask_price - tick) : std::max(q.price, ctx.ticker->bid_price + tick);
    if (!price.is_positive()) continue;
    const bool crosses_own = std::ranges::any_of(ctx.orders, [&](const live_order& o) {
      return o.side != q.side && (buys ? o.price <= price : o.price >= price);
    });
    if (crosses_own) continue;
    const auto most = buys ? decimal::divide(quote_funds, price, rounding::down) : base_funds;
    const auto size = sellable(ctx.instrument, std::min(q.quantity, most), price);
    const bool placed = next.place(slot_of(i), {.side = q.side,
                                                .type = exchanges::order_type::limit_maker,
                                                .price = price,
                                                .quantity = size,
                                                .tag = {},
                                                .tif = exchanges::time_in_force::gtc});
    if (!placed) continue;
    q.placed = true;
    (buys ? quote_funds : base_funds) -= buys ? size * price : size;
  }
}

void market_making::decide(plan& next) {
  const auto& ctx = next.ctx;
  if (ctx.ticker == nullptr || !ctx.ticker->bid_price.is_positive() || !ctx.ticker->ask_price.is_positive())
    return next.watch_price();
  if (parameters_.min_spread.is_positive()) {
    next.watch_price();
    const auto mid = mid_of(*ctx.ticker);
    for (const auto& o : ctx.orders)
      if ((o.price - mid).abs() < mid * parameters_.min_spread) next.cancel(o);
  }
  const auto due = refreshed_at_ + parameters_.refresh;
  if (refreshed_at_ == wall_time{} || ctx.now >= due) {
    if (refreshed_at_ == wall_time{}) {
      const auto price = mid_of(*ctx.ticker);
      const auto size = decimal::divide(parameters_.order_notional, price, rounding::down)
                            .round_to_multiple(ctx.instrument.lot_size, rounding::down);
      if (auto fits = check_order_size("order_notional", ctx.instrument, size, price); !fits)
        return next.stop(fits.error().detail);
    }
    refreshed_at_ = ctx.now;
    lay_quotes(ctx);
    cancel_misplaced(next);
    for (std::size_t i = 0; i < quotes_.size(); ++i) {
      const auto* order = next.find(slot_of(i));
      quotes_[i].placed =
          order != nullptr && (order->price - quotes_[i].price).abs() <= quotes_[i].price * parameters_.tolerance;
    }
  } else {
    // After a restart: what belongs to no quote.
    next.cancel_unless([&](const live_order& o) {
      for (std::size_t i = 0; i < quotes_.size(); ++i)
        if (o.tag == slot_of(i)) return true;
      return false;
    });
  }
  place_quotes(next);
  next.wake_at(refreshed_at_ + parameters_.refresh);
}

void market_making::save(json& out) const {
  json quotes = json::array();
  for (const auto& q : quotes_) quotes.push_back({q.price.to_string(), q.quantity.to_string(), q.placed});
  out = {{"refreshed_at", to_state(refreshed_at_)}, {"quotes", std::move(quotes)}};
}

void market_making::load(const json& saved) {
  const auto& rows = state_member(saved, "quotes");
  if (!rows.is_array() || rows.size() > 2 * levels_limit) throw bad_state{"quotes is not a list of quotes"};
  for (const auto& row : rows) {
    const bool shaped =
        row.is_array() && row.size() == 3 && row[0].is_string() && row[1].is_string() && row[2].is_boolean();
    if (!shaped) throw bad_state{"a quote is not [price, quantity, placed]"};
    const auto price = decimal::parse(row[0].get<std::string>()), quantity = decimal::parse(row[1].get<std::string>());
    if (!price || !quantity) throw bad_state{"a quote has no price or quantity"};
    quotes_.push_back({quotes_.size() % 2 == 0 ? side::buy : side::sell, *price, *quantity, row[2] == true});
  }
  refreshed_at_ = state_time(saved, "refreshed_at");
}

result<std::unique_ptr<strategy>> make_market_making(const std::string& parameters_json,
                                                     const std::string& state_json) {
  return make_paced<market_making>(parse_market_making_parameters, parameters_json, state_json);
}

result<std::string> market_making_symbol(const std::string& parameters_json) {
  auto parameters = parse_market_making_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return parameters->symbol;
}

}  // namespace drover::engine
