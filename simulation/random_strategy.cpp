#include "simulation/random_strategy.hpp"

#include <algorithm>
#include <set>

#include "base/random.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

constexpr std::size_t most_orders = 10;
constexpr std::string_view symbol = "BTC/USDT";
random_strategy_world* around = nullptr;

class random_strategy final : public strategy {
public:
  explicit random_strategy(std::uint64_t seed) : random_(seed) {}

  strategy_actions on_start(const strategy_context&) override { return {}; }
  /// A cancel that could not be carried out is asked for again; one that was taken on is not.
  strategy_actions on_order(const strategy_context&, const live_order& order) override {
    if (!order.cancel_requested) cancelled_.erase(order.id);
    return {};
  }
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view) override { return {}; }
  std::string save_state() const override { return "{}"; }

  strategy_actions on_tick(const strategy_context& ctx) override {
    strategy_actions wanted;
    if (around && around->is_quiet()) {
      for (const auto& o : ctx.orders)
        if (cancelled_.insert(o.id).second) wanted.emplace_back(cancel_order{o.id});
      return wanted;
    }
    if (around) around->on_decision(ctx.ticker->received_at);
    const bool full = ctx.orders.size() >= most_orders;
    if (!ctx.orders.empty() && (full || random_.below(3) == 0))
      wanted.emplace_back(cancel_order{ctx.orders[random_.below(ctx.orders.size())].id});
    if (!full && random_.below(2) == 0) wanted.emplace_back(draw_order(ctx));
    return wanted;
  }

private:
  decimal sellable(const strategy_context& ctx) const {
    decimal held = ctx.position.quantity;
    for (const auto& o : ctx.orders)
      if (o.side == exchanges::side::sell) held -= o.quantity - o.filled_quantity;
    return held.is_positive() ? held.round_to_multiple(ctx.instrument.lot_size, rounding::down) : decimal();
  }

  place_order draw_order(const strategy_context& ctx) {
    const auto& i = ctx.instrument;
    const auto mid = decimal::divide(ctx.ticker->bid_price + ctx.ticker->ask_price, decimal(2));
    const auto free = sellable(ctx);
    const bool sells = free.is_positive() && random_.below(2) == 0;
    auto quantity = decimal(static_cast<std::int64_t>(1 + random_.below(50))) * i.lot_size;
    if (sells) quantity = std::min(quantity, free);
    const auto ticks = static_cast<std::int64_t>(random_.below(12'001)) - 6'000;
    place_order order{.side = sells ? exchanges::side::sell : exchanges::side::buy};
    order.price = (mid + decimal(ticks) * i.tick_size).round_to_multiple(i.tick_size, rounding::down);
    order.quantity = quantity;
    if (random_.below(10) == 0) order.type = exchanges::order_type::market;
    order.tag = "t" + std::to_string(random_.below(4));
    return order;
  }

  seeded_random random_;
  std::set<uuid> cancelled_;
};

result<std::unique_ptr<strategy>> make_random(const std::string& parameters, const std::string&) {
  std::uint64_t seed = 1;
  for (const char c : parameters)
    if (c >= '0' && c <= '9') seed = seed * 10 + static_cast<std::uint64_t>(c - '0');
  return std::make_unique<random_strategy>(seed);
}

result<std::string> symbol_of(const std::string&) {
  return std::string(symbol);
}

}  // namespace

const strategy_kind* random_strategy_kind() {
  static const strategy_kind kind{"random", "Orders and cancels by chance", "{}", make_random, symbol_of};
  return &kind;
}

void set_random_strategy_world(random_strategy_world* w) {
  around = w;
}

}  // namespace drover::simulation
