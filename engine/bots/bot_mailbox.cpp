// The mailbox of a bot: what it hears, how it waits, and the turns in which desk and strategy are told.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/planted.hpp"
#include "engine/bots/bot_instance.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

/// Moves up to `limit` elements out from the front; an emptied queue keeps no memory.
template <class T>
std::vector<T> take_front(std::vector<T>& queue, int limit) {
  const auto count = std::min(queue.size(), static_cast<std::size_t>(std::max(limit, 0)));
  if (count == queue.size()) return std::exchange(queue, {});
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<T> out(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
  queue.erase(queue.begin(), end);
  return out;
}

}  // namespace

/// What the strategy may look at, gathered for one call.
struct bot_instance::frame {
  explicit frame(const bot_instance& bot)
      : orders(bot.desk_->live_orders()), position(bot.desk_->position()),
        ctx{*bot.instrument_, bot.ticker_.get(), orders, position, bot.balances_, bot.parts_.wall.wall_now()} {}
  std::vector<live_order> orders;
  tenants::position position;
  strategy_context ctx;
};

void bot_instance::call_strategy(strategy_call which, const std::function<strategy_actions(strategy&, const strategy_context&)>& call) {
  if (failed_ || !strategy_ || !desk_) return;
  {
    const thread_share::use charged(share_);
    const frame now(*this);
    auto outcome = strategy_->run(which, [&](strategy& s) { return call(s, now.ctx); });
    if (!outcome) return end(outcome.error());
    if (!outcome->empty()) changed();
    perform(std::move(*outcome));
  }
  heed_share();
}

void bot_instance::on_account_event(const exchanges::account_event& event) {
  if (const auto* balances = std::get_if<exchanges::balance_event>(&event)) return apply_balances(balances->balances);
  if (!has_room()) return;
  if (const auto* order = std::get_if<exchanges::order_event>(&event); order != nullptr && order->fill) {
    if (arrivals_.size() >= plan_->config->mailbox_limit) arrivals_.erase(arrivals_.begin());
    arrivals_.push_back({order->fill->trade_id, parts_.timers.get_clock().now()});
  }
  if (const auto* lost = std::get_if<exchanges::stream_lost>(&event); lost != nullptr && (state_ == bot_state::running || state_ == bot_state::paused))
    set_state(bot_state::degraded, "The account's stream is down, connecting again: " + lost->reason);
  if (std::holds_alternative<exchanges::stream_opened>(event) && state_ == bot_state::degraded)
    settle_state();
  inbox_.push_back(event);
  schedule_turn();
}

void bot_instance::on_ticker(const std::shared_ptr<const exchanges::book_ticker>& ticker) {
  if (halted_ && contract_ != resume_contract::flatten) return;
  if (!planted("old_price") || !ticker_) ticker_ = ticker;
  if (halted_ || way_out_waiter_ != nullptr) wake_waiter();
  // What was known is stale: nothing is decided on it.
  if (halted_ || !ticker || is_quiet()) return;
  if (slowed_ && share_.is_spent()) {
    tick_held_ = true;
    return heed_share();
  }
  if (tick_waits_) return;
  auto wanted = ask_about(*ticker);
  if (!wanted) return end(wanted.error());
  if (!*wanted) return;
  tick_waits_ = true;
  schedule_turn();
}

void bot_instance::on_order_changed(const live_order& order, const std::string& reason) {
  parts_.counters.add(notes_.change(order));
  keep_promise(order, reason);
  add_news(order_change{order, reason});
  wake_waiter();
}

void bot_instance::on_fill(const booked_fill& fill) {
  const auto arrived = arrival_of(fill.fill.trade_id);
  if (!fill.was_new) return;
  parts_.counters.add({.fills = 1});
  id_.link->balances().book(fill.fill, *instrument_);
  if (parts_.on_fill) parts_.on_fill(id_.bot, id_.account, fill);
  if (!fill.realised.is_zero() && parts_.on_earnings)
    parts_.on_earnings({.user = id_.user,
                        .account = id_.account,
                        .earning_id = fill.earning_id,
                        .source = "trading",
                        .asset = fill.quote_asset,
                        .amount = fill.realised,
                        .total = fill.total_earnings,
                        .at = fill.fill.at,
                        .received_at = arrived});
  add_news(fill);
}

steady_time bot_instance::arrival_of(const std::string& trade_id) {
  auto at = std::ranges::find(arrivals_, trade_id, &arrival::trade_id);
  if (at == arrivals_.end()) return parts_.timers.get_clock().now();
  const auto when = at->at;
  arrivals_.erase(at);
  return when;
}

/// False when the mailbox is full: the bot ends, others go on.
bool bot_instance::has_room() {
  if (failed_) return false;
  if (inbox_.size() + news_.size() < plan_->config->mailbox_limit) return true;
  end({bot_failure::kind::greedy,
        "Too many events at once: " + std::to_string(plan_->config->mailbox_limit) + " were waiting", std::nullopt});
  return false;
}

/// Before the strategy runs nobody reads its news; what it misses then shows in its orders and position.
void bot_instance::add_news(news item) {
  const bool full = inbox_.size() + news_.size() >= plan_->config->mailbox_limit;
  if (full && !trading_ && !news_.empty()) news_.erase(news_.begin());
  if (trading_ && !has_room()) return;
  news_.push_back(std::move(item));
  schedule_turn();
}

void bot_instance::schedule_turn() {
  if (turn_posted_ || scope_.stopping()) return;
  turn_posted_ = true;
  scope_.post([this] { run_turn(); });
}

void bot_instance::run_turn() {
  turn_posted_ = false;
  int left = events_per_turn;
  left -= hand_to_desk(left);
  if (hears_news()) left -= hand_to_strategy(left);
  if (!inbox_.empty() || (hears_news() && !news_.empty())) return schedule_turn();
  if (hears_news() && !is_quiet() && !share_.is_spent() && std::exchange(timer_is_due_, false))
    call_strategy(strategy_call::timer, [](strategy& s, const strategy_context& ctx) { return s.on_timer(ctx); });
  if (tick_waits_ && lookups_ == 0 && !share_.is_spent()) deliver_tick();
}

int bot_instance::hand_to_desk(int limit) {
  const auto events = take_front(inbox_, limit);
  for (const auto& event : events)
    if (desk_) desk_->handle(event);
  return static_cast<int>(events.size());
}

int bot_instance::hand_to_strategy(int limit) {
  const auto items = take_front(news_, limit);
  for (const auto& item : items) std::visit([this](const auto& n) { deliver(n); }, item);
  return static_cast<int>(items.size());
}

void bot_instance::deliver(const order_change& change) {
  call_strategy(strategy_call::order, [&](strategy& s, const strategy_context& ctx) { return s.on_order(ctx, change.order); });
}

void bot_instance::deliver(const booked_fill& booked) {
  auto id = uuid::parse(booked.fill.client_order_id);
  const auto* tag = id ? notes_.find_tag(*id) : nullptr;
  if (tag != nullptr) return deliver_fill(booked.fill, *tag);
  if (scope_.stopping()) return;
  ++lookups_;
  scope_.spawn("find the order of a fill", find_tag_and_deliver(booked.fill));
}

/// What was sent to a bot that is paused meanwhile is not followed later, at another price.
void bot_instance::deliver(const trade_signal& signal) {
  if (is_quiet())
    return carry_out(signal_verdict{signal.id, signal_outcome::skipped, {}, {}, paused_ ? "the bot is paused" : lock_->because});
  call_strategy(strategy_call::signal, [&](strategy& s, const strategy_context& ctx) { return s.on_signal(ctx, signal); });
}

bool bot_instance::deliver_signal(trade_signal signal) {
  if (!trading_ || halted_ || failed_) return false;
  if (inbox_.size() + news_.size() >= plan_->config->mailbox_limit) return false;
  news_.push_back(std::move(signal));
  schedule_turn();
  return true;
}

void bot_instance::deliver_fill(const exchanges::fill& fill, const std::string& tag) {
  call_strategy(strategy_call::fill, [&](strategy& s, const strategy_context& ctx) { return s.on_fill(ctx, fill, tag); });
  changed();
}

/// Orders that ended long ago, or before a restart, are only known to the journal. Fills of foreign orders are not told.
task<void> bot_instance::find_tag_and_deliver(exchanges::fill fill) {
  auto id = uuid::parse(fill.client_order_id);
  result<std::optional<journal_order>> found = std::nullopt;
  if (id) {
    found = co_await parts_.journal.find(*id);
  } else {
    found = co_await parts_.journal.find_by_venue_order(id_.account, fill.symbol, fill.venue_order_id);
  }
  --lookups_;
  if (!found)
    log().warn("the order of a fill could not be read", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"err", found.error()}});
  if (found && *found) deliver_fill(fill, (*found)->intent.tag);
  schedule_turn();
}

void bot_instance::deliver_tick() {
  tick_waits_ = false;
  if (halted_ || !ticker_) return;
  desk_->set_mid_price(decimal::divide(ticker_->bid_price + ticker_->ask_price, decimal(2)));
  call_strategy(strategy_call::tick, [](strategy& s, const strategy_context& ctx) { return s.on_tick(ctx); });
}

void bot_instance::perform(strategy_actions actions) {
  for (auto& action : actions) {
    if (halted_) return;
    std::visit([this](const auto& a) { carry_out(a); }, action);
  }
}

void bot_instance::carry_out(const cancel_order& order) { desk_->cancel(order.id); }

void bot_instance::carry_out(const stop_bot& stop) {
  end({bot_failure::kind::permanent, "The strategy stopped: " + stop.reason, std::nullopt});
}

void bot_instance::carry_out(const finish_bot& finish) {
  end({bot_failure::kind::finished, "The strategy has finished: " + finish.reason, std::nullopt});
}

void bot_instance::carry_out(const set_timer& timer) {
  if (strategy_timer_) parts_.timers.cancel(*strategy_timer_);
  const auto delay = std::max(nanoseconds{}, timer.at - parts_.wall.wall_now());
  strategy_timer_ = parts_.timers.call_after(delay, [this] {
    strategy_timer_.reset();
    timer_is_due_ = true;
    schedule_turn();
  });
}

/// The order of a signal is placed before its verdict is carried out; the risk rules may have refused it.
void bot_instance::carry_out(const signal_verdict& judged) {
  signal_verdict verdict = judged;
  uuid order;
  if (verdict.outcome == signal_outcome::taken) {
    const auto orders = desk_->live_orders();
    const auto placed = std::ranges::find(orders, verdict.tag, &live_order::tag);
    if (placed != orders.end())
      order = placed->id;
    else
      verdict = {verdict.signal_id, signal_outcome::skipped, {}, {}, "its order was refused: " + (refusals_ ? refusals_->last : std::string())};
  }
  // Of a signal that came again while the intent of its order is on its way, the first verdict counts.
  const auto same = [&](const promise& p) { return p.verdict.signal_id == verdict.signal_id; };
  if (order == uuid() && std::ranges::any_of(promises_, same)) return;
  if (order != uuid()) promises_.push_back({order, verdict});
  if (parts_.on_signal_verdict) parts_.on_signal_verdict(id_.bot, verdict, order);
  log().debug("a signal was judged", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"signal", verdict.signal_id},
                                     {"quantity", verdict.quantity.to_string()}, {"reason", verdict.reason}});
}

/// An order of which anything but "not placed" is heard is in the journal; of that one the journal is asked.
void bot_instance::keep_promise(const live_order& order, const std::string& reason) {
  if (order.state == intent_state::intended) return;
  if (std::ranges::find(promises_, order.id, &promise::order) == promises_.end()) return;
  if (order.state != intent_state::not_placed) return answer_signal(order.id, {});
  if (!scope_.stopping()) scope_.spawn("find the order of a signal", find_promised(order.id, reason));
}

task<void> bot_instance::find_promised(uuid order, std::string reason) {
  auto found = co_await parts_.journal.find(order);
  if (found) co_return answer_signal(order, *found ? std::string() : "its order was not placed: " + reason);
  // Who asked for the verdict takes the signal up again.
  std::erase_if(promises_, [&](const promise& p) { return p.order == order; });
}

/// `why_not`: why there is no order after all, or empty.
void bot_instance::answer_signal(const uuid& order, std::string why_not) {
  const auto at = std::ranges::find(promises_, order, &promise::order);
  if (at == promises_.end()) return;
  const signal_verdict taken = std::move(at->verdict);
  promises_.erase(at);
  if (!parts_.on_signal_verdict) return;
  if (why_not.empty()) return parts_.on_signal_verdict(id_.bot, taken, order);
  parts_.on_signal_verdict(id_.bot, {taken.signal_id, signal_outcome::skipped, {}, {}, std::move(why_not)}, uuid());
}

void bot_instance::carry_out(const place_order& order) {
  auto placed = desk_->place(order.side, order.type, order.price, order.quantity, order.tag, order.tif);
  if (placed) {
    parts_.counters.add({.placed = 1});
    if (notes_.find_tag(*placed) == nullptr) notes_.add(*placed, order.tag, intent_state::intended);
    return;
  }
  if (!is_quiet() && !take_refusal(placed.error()))
    return end({bot_failure::kind::greedy,
                "The strategy asks for what it cannot have: more than " + std::to_string(refusal_limit) + " of its orders were refused within " +
                    std::to_string(refusal_window.count()) + " s, the last one because: " + placed.error().detail,
                std::nullopt});
  live_order refused{.id = {}, .tag = order.tag, .side = order.side, .price = order.price, .quantity = order.quantity,
                     .filled_quantity = {}, .state = intent_state::refused, .bot = id_.bot};
  add_news(order_change{std::move(refused), placed.error().detail});
}

/// False when it was one too many: each costs time that no budget of a call measures. A strategy that asks for what it cannot
/// have, otherwise each time, must not fill the log either.
bool bot_instance::take_refusal(const error& why) {
  parts_.counters.add({.refused = 1});
  if (!refusals_) refusals_ = std::make_unique<refusals>();
  auto& r = *refusals_;
  const auto now = parts_.timers.get_clock().now();
  if (std::exchange(r.last, why.detail) != why.detail && now >= r.next_line) {
    r.next_line = now + refusal_line_interval;
    log().warn("an order was not placed", {{"user", id_.user}, {"account", id_.account}, {"bot", id_.bot}, {"err", why}});
  }
  if (now - r.since > refusal_window) {
    r.since = now;
    r.count = 0;
  }
  return ++r.count <= refusal_limit;
}

void bot_instance::apply_balances(const std::vector<exchanges::balance>& balances) {
  if (!instrument_) return;
  for (const auto& b : balances) {
    if (b.asset != instrument_->base_asset && b.asset != instrument_->quote_asset) continue;
    auto at = std::ranges::find(balances_, b.asset, &exchanges::balance::asset);
    if (at == balances_.end()) {
      balances_.push_back(b);
    } else {
      *at = b;
    }
  }
}

void bot_instance::wake_waiter() {
  if (waiter_ != nullptr) waiter_->notify();
  if (way_out_waiter_ != nullptr) way_out_waiter_->notify();
}

}  // namespace drover::engine
