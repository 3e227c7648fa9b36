#include "simulation/desk_trader.hpp"

#include <algorithm>

#include "base/backoff.hpp"

namespace drover::simulation {
namespace {

using namespace engine;

constexpr milliseconds retry_floor{500}, retry_ceiling{10'000};
constexpr std::size_t most_live_orders = 12;
constexpr nanoseconds drain_limit = 10s;

order_desk_config desk_config(const venue_kind& kind) {
  order_desk_config c;
  c.venue_processing_bound = kind.processing_bound;
  c.visibility_delay = kind.visibility_delay;
  return c;
}

exchanges::credential_source keys_of(account_id account) {
  return [account]() -> result<exchanges::credentials> {
    return exchanges::credentials{secret(to_string(api_key{account})), secret(secret_of({account})), {}};
  };
}

}  // namespace

desk_trader::desk_trader(parts p)
    : parts_(std::move(p)),
      connection_(parts_.exchange.open_account(keys_of(parts_.account.id), std::to_string(parts_.account.id.value))),
      venue_time_(parts_.time, parts_.exchange),
      desk_(std::make_unique<order_desk>(
          order_owner{.user = parts_.account.user, .account = parts_.account.id, .exchange = parts_.exchange.name(), .bot = {}},
          parts_.around.venues[parts_.account.venue]->instrument(),
          order_desk_parts{*connection_, parts_.journal, parts_.timers, parts_.random, venue_time_},
          std::make_shared<const order_desk_config>(desk_config(parts_.around.venues[parts_.account.venue]->kind())), *this)) {
  connection_->subscribe([this](const exchanges::account_event& event) { desk_->handle(event); });
}
desk_trader::~desk_trader() = default;

/// A cancel that could not be carried out is asked for again; one that was taken on is not.
void desk_trader::on_order_changed(const live_order& order, const std::string&) {
  if (!order.cancel_requested) cancelled_.erase(order.id);
}

void desk_trader::on_fill(const booked_fill& booked) {
  // One that was replaced and does not know it yet counts what the other one books as well; nothing comes of it any
  // more.
  const bool ours = parts_.around.judge.holds(parts_.life->engine, parts_.account.id);
  if (!told_fills_.insert(booked.fill.trade_id).second && ours)
    parts_.around.judge.fail("the desk told the fill " + booked.fill.trade_id + " twice");
}

void desk_trader::on_desk_failed(const error& why) {
  failed_ = true;
  if (why.code == make_error_code(journal_errc::fenced)) lost_ = true;
}

task<bool> desk_trader::reconcile(std::int64_t lease_epoch) {
  backoff wait(retry_floor, retry_ceiling);
  while (!lost_) {
    failed_ = false;
    auto done = co_await desk_->reconcile(lease_epoch, false);
    cancelled_.clear();
    if (done) co_return true;
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
  co_return false;
}

task<void> desk_trader::run(std::int64_t lease_epoch) {
  while (!lost_) {
    running_ = co_await reconcile(lease_epoch);
    while (running_ && !failed_) {
      const auto thought = parts_.around.pause(parts_.around.think_time);
      co_await sleep_for(parts_.timers, thought);
      // A person stops the bot and starts it again.
      const bool locks = !parts_.around.quiet && !blocked_ &&
                         parts_.around.faults.strikes(fault::people, parts_.random) && parts_.random.below(4) == 0;
      if (locks && !failed_) lock();
      const bool stops = !parts_.around.quiet && parts_.around.faults.strikes(fault::people, parts_.random) &&
                         parts_.random.below(50) == 0;
      if (stops) {
        desk_->block_entries("stopped by its owner");
        const auto began = parts_.around.sim.now();
        co_await desk_->settle(drain_limit);
        if (parts_.around.sim.now() < began + drain_limit) check_settled();
        co_await desk_->stop();
        parts_.around.judge.stop_answered(parts_.life->engine, parts_.account.id);
        co_await sleep_for(parts_.timers, thought);
        desk_->allow_entries();
        blocked_ = false;
        parts_.around.judge.start_asked(parts_.life->engine, parts_.account.id);
        break;
      }
      if (!failed_) act();
    }
    running_ = false;
  }
}

/// It came back before its time was up: no request is under way.
void desk_trader::check_settled() const {
  if (failed_) return;
  for (const auto& o : desk_->live_orders())
    if (o.state == intent_state::intended)
      parts_.around.judge.fail(o.id.to_hex() + " was on its way when the stop was answered");
}

/// The person hears at once that it is locked: what waits for the rate budget, or for its intent, never leaves.
void desk_trader::lock() {
  desk_->block_entries("locked");
  blocked_ = true;
  parts_.around.judge.stop_answered(parts_.life->engine, parts_.account.id);
}

void desk_trader::act() {
  auto& random = parts_.random;
  const auto orders = desk_->live_orders();
  if (blocked_ && random.below(3) == 0) {
    parts_.around.judge.start_asked(parts_.life->engine, parts_.account.id);
    desk_->allow_entries();
    blocked_ = false;
  }
  if (parts_.around.quiet) {
    for (const auto& o : orders)
      if (cancelled_.insert(o.id).second) desk_->cancel(o.id);
    return;
  }
  const bool full = orders.size() >= most_live_orders;
  if (!orders.empty() && (full || random.below(3) == 0)) {
    const auto& unwanted = orders[random.below(orders.size())];
    if (cancelled_.insert(unwanted.id).second) desk_->cancel(unwanted.id);
  }
  const auto count = 1 + random.below(3);
  for (std::uint64_t i = 0; i < count && !full; ++i) place();
}

/// What was bought and is not for sale yet, in lots.
decimal desk_trader::sellable() const {
  decimal held = desk_->position().quantity;
  for (const auto& o : desk_->live_orders())
    if (o.side == exchanges::side::sell) held -= o.quantity - o.filled_quantity;
  const auto lot = parts_.around.venues[parts_.account.venue]->instrument()->lot_size;
  return held.is_positive() ? held.round_to_multiple(lot, rounding::down) : decimal();
}

void desk_trader::place() {
  auto& random = parts_.random;
  const auto& venue = *parts_.around.venues[parts_.account.venue];
  const auto& i = *venue.instrument();
  const auto ticker = venue.ticker();
  const auto mid = decimal::divide(ticker.bid_price + ticker.ask_price, decimal(2));
  desk_->set_mid_price(mid);
  const auto free = sellable();
  const bool sells = free.is_positive() && random.below(2) == 0;
  auto quantity = decimal(static_cast<std::int64_t>(1 + random.below(50))) * i.lot_size;
  if (sells) quantity = std::min(quantity, free);
  const auto ticks = static_cast<std::int64_t>(random.below(12'001)) - 6'000;
  const auto price = (mid + decimal(ticks) * i.tick_size).round_to_multiple(i.tick_size, rounding::down);
  const auto kind = random.below(20);
  const auto type = kind < 2   ? exchanges::order_type::market
                    : kind < 4 ? exchanges::order_type::limit_maker
                               : exchanges::order_type::limit;
  const auto tif =
      type == exchanges::order_type::limit && kind < 6 ? exchanges::time_in_force::ioc : exchanges::time_in_force::gtc;
  const auto before = desk_->live_orders();
  const bool in_doubt = std::ranges::any_of(before, [](const auto& o) { return o.state == intent_state::unknown; });
  const auto placed =
      desk_->place(sells ? exchanges::side::sell : exchanges::side::buy, type, price, quantity, "t", tif);
  if (placed && in_doubt)
    parts_.around.judge.fail(placed->to_hex() + " was made while the outcome of another was unknown");
}

task<void> desk_trader::stop() {
  co_await desk_->stop();
}

}  // namespace drover::simulation
