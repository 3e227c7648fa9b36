#include "engine/strategies/paced_strategy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/strategies/saved_state.hpp"

namespace drover::engine {

namespace {
constexpr std::int64_t state_version = 1;
constexpr nanoseconds rate_window = 60s;
constexpr nanoseconds idle_timer = 3600s;
/// Whatever is asked for, a timer never keeps a bot busy.
constexpr nanoseconds shortest_timer = 100ms;
}  // namespace

const live_order* paced_strategy::plan::find(std::string_view slot) const {
  for (const auto& order : ctx.orders)
    if (order.tag == slot) return &order;
  return nullptr;
}

bool paced_strategy::plan::is_free(std::string_view slot) const {
  return find(slot) == nullptr && !owner_.tally_.is_awaited(slot);
}

bool paced_strategy::plan::is_busy() const {
  return !ctx.orders.empty() || owner_.tally_.is_anything_awaited();
}

bool paced_strategy::plan::may_place() {
  auto& recent = owner_.placed_;
  std::erase_if(recent, [&](wall_time t) { return ctx.now - t >= rate_window; });
  auto free_at = owner_.pause_.until();
  if (recent.size() >= owner_.orders_per_minute()) free_at = std::max(free_at, recent.front() + rate_window);
  if (free_at <= ctx.now) return true;
  wake_at(free_at);
  return false;
}

bool paced_strategy::plan::place(const std::string& slot, place_order order) {
  if (!order.quantity.is_positive() || !is_free(slot) || !may_place()) return false;
  order.tag = slot;
  owner_.placed_.push_back(ctx.now);
  owner_.tally_.expect(slot);
  actions_.emplace_back(std::move(order));
  return true;
}

void paced_strategy::plan::cancel(const live_order& order) {
  if (!order.cancel_requested) actions_.emplace_back(cancel_order{order.id});
}

void paced_strategy::plan::wake_at(wall_time at) {
  if (!wake_ || at < *wake_) wake_ = at;
}

void paced_strategy::plan::stop(std::string reason) {
  owner_.ended_ = true;
  actions_.emplace_back(stop_bot{std::move(reason)});
}

void paced_strategy::plan::finish(std::string reason) {
  owner_.ended_ = true;
  actions_.emplace_back(finish_bot{std::move(reason)});
}

strategy_actions paced_strategy::on_start(const strategy_context& ctx) {
  tally_.begin(ctx);
  begin(ctx);
  return act(ctx);
}

strategy_actions paced_strategy::on_tick(const strategy_context& ctx) {
  return act(ctx);
}

strategy_actions paced_strategy::on_timer(const strategy_context& ctx) {
  timer_.reset();
  return act(ctx);
}

strategy_actions paced_strategy::on_fill(const strategy_context& ctx, const exchanges::fill& fill,
                                         std::string_view tag) {
  tally_.watch(ctx);
  tally_.note_fill(fill, tag);
  return act(ctx);
}

strategy_actions paced_strategy::on_order(const strategy_context& ctx, const live_order& order) {
  tally_.watch(ctx);
  tally_.note_order(order);
  switch (order.state) {
    case intent_state::refused:
    case intent_state::not_placed:
      pause_.note_refusal(ctx.now);
      break;
    case intent_state::accepted:
      pause_.note_success();
      break;
    case intent_state::closed:
      pause_.note_success();
      if (order.filled_quantity.is_zero() && !order.cancel_requested) pause_.extend(ctx.now + empty_order_pause);
      break;
    case intent_state::intended:
    case intent_state::unknown:
      break;
  }
  return act(ctx);
}

strategy_actions paced_strategy::act(const strategy_context& ctx, strategy_actions before) {
  tally_.watch(ctx);
  if (ended_) return before;
  plan next(*this, ctx);
  next.actions_ = std::move(before);
  watches_ = false;
  decide(next);
  // A timer that is due in time already stays.
  if (next.wake_ && !ended_ && (!timer_ || *next.wake_ < *timer_)) {
    timer_ = std::max(*next.wake_, ctx.now + shortest_timer);
    next.actions_.emplace_back(set_timer{*timer_});
  }
  // State is saved after actions: asking for the timer again is one without effect.
  if (next.keeps_ && next.actions_.empty()) {
    timer_ = timer_.value_or(ctx.now + idle_timer);
    next.actions_.emplace_back(set_timer{*timer_});
  }
  return std::move(next.actions_);
}

std::string paced_strategy::save_state() const {
  json own = json::object();
  save(own);
  json out{{"v", state_version},     {"shape", shape()},
           {"tally", tally_.save()}, {"paused_until", to_state(pause_.until())},
           {"refusals", pause_.refusals()},  {"own", std::move(own)}};
  return out.dump();
}

result<void> paced_strategy::restore(const std::string& state_json) {
  return restore_with(state_json, [this](const json& saved) {
    if (state_whole(saved, "v") != state_version) throw bad_state{"unknown version"};
    if (state_text(saved, "shape") != shape()) return;
    tally_.restore(state_member(saved, "tally"));
    pause_.restore(state_time(saved, "paused_until"), state_whole(saved, "refusals"));
    load(state_member(saved, "own"));
  });
}

}  // namespace drover::engine
