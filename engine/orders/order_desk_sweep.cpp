#include <boost/asio/this_coro.hpp>
#include <algorithm>

#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "engine/orders/order_desk_state.hpp"

namespace drover::engine {
namespace {

/// Questions in a row that may fail before a reconciliation gives up (its caller tries again later).
constexpr int reconcile_patience = 3;
constexpr nanoseconds longest_sweep_interval = std::chrono::minutes(10);
constexpr nanoseconds blind_sweep_interval = 2s;
/// Sweeps that read the trades too: every sixth.
constexpr int sweeps_per_fill_sweep = 6;
/// A trade younger than this may still have older ones before it that the venue's list does not show yet.
constexpr nanoseconds least_fill_settling_time = 10s;
/// Trades from before the first order cannot be missing; the margin covers different clocks.
constexpr nanoseconds fill_age_margin = std::chrono::hours(1);
/// Sweeps that must miss an accepted order before it counts as ended.
constexpr int vanished_after = 2;

nanoseconds fill_settling_time(const order_desk_config& config) {
  return std::max<nanoseconds>(least_fill_settling_time, 2 * config.visibility_delay);
}

bool contains(const std::vector<exchanges::order>& orders, const std::string& client_order_id) {
  return std::ranges::any_of(orders, [&](const auto& o) { return o.client_order_id == client_order_id; });
}

}  // namespace

task<result<void>> order_desk::state::reconcile(std::int64_t lease_epoch, bool fresh) {
  co_await stop();
  const executor where = co_await asio::this_coro::executor;
  scope = std::make_unique<task_scope>(where, "orders");
  live.clear();
  inbox.clear();
  failed = sweeping = fills_wanted = writing = false;
  epoch = lease_epoch;
  if (!fresh && !planted("skip_recovery")) {
    auto loaded = co_await load();
    if (!loaded) co_return loaded;
  }
  failpoint("orders.reconcile_loaded");
  auto compared = co_await sweep_orders();
  if (!compared) co_return compared;
  failpoint("orders.reconcile_compared");
  auto resolved = co_await resolve_all();
  if (!resolved) co_return resolved;
  failpoint("orders.reconcile_resolved");
  if (!fresh) {
    auto filled = co_await sweep_fills();
    if (!filled) co_return filled;
  }
  failpoint("orders.reconcile_filled");
  co_await write_inbox();
  failpoint("orders.reconcile_written");
  if (failed) co_return fail(journal_errc::fenced, "the account was lost while it was reconciled");
  ready = true;
  tell_book();
  start_writer();
  if (must_sweep()) schedule_next_sweep();
  co_return result<void>{};
}

task<result<void>> order_desk::state::load() {
  auto open = co_await parts.journal.load_open(owner.account);
  if (!open) co_return std::unexpected(open.error());
  auto held = co_await parts.journal.load_position(owner.account, symbol());
  if (!held) co_return std::unexpected(held.error());
  auto complete = co_await parts.journal.last_fill(owner.account, symbol());
  if (!complete) co_return std::unexpected(complete.error());
  position = *held;
  complete_to = std::move(*complete);
  for (const auto& stored : *open)
    if (stored.intent.symbol == symbol()) live.push_back(make_order(stored));
  co_return result<void>{};
}

order_ptr order_desk::state::make_order(const journal_order& stored) const {
  auto order = std::make_shared<desk_order>();
  order->intent = stored.intent;
  // Whoever wrote "intended" is gone: it may or may not have been sent.
  order->state = stored.state == intent_state::intended ? intent_state::unknown : stored.state;
  order->status = stored.status;
  order->venue_order_id = stored.venue_order_id;
  order->filled = stored.filled_quantity;
  order->reported = stored.reported_quantity;
  order->existence_recorded = stored.state == intent_state::accepted || stored.state == intent_state::closed;
  order->end_recorded = order->ended();
  // A wall clock that was set back must not make an order immortal.
  const auto left = std::clamp<nanoseconds>(stored.intent.dead_after - parts.wall.wall_now(), 0ns, longest_validity());
  order->provable_at = now() + left;
  order->send_before = now();
  return order;
}

task<result<void>> order_desk::state::resolve_all() {
  const auto orders = live;
  for (const auto& order : orders) {
    auto done = co_await resolve(order, reconcile_patience);
    if (!done) co_return done;
  }
  co_return result<void>{};
}

void order_desk::state::request_sweep(nanoseconds delay, bool with_fills) {
  fills_wanted = fills_wanted || with_fills;
  const auto at = now() + delay;
  if (sweep_timer && sweep_at <= at) return;
  if (sweep_timer) parts.timers.cancel(*sweep_timer);
  sweep_at = at;
  sweep_timer = parts.timers.call_at(at, [this] {
    sweep_timer.reset();
    if (sweeping || !ready || !must_sweep()) return;
    if (live.empty() && now() < settled_at) return request_sweep(settled_at - now(), false);
    sweeping = true;
    scope->spawn("compare orders", run_sweep());
  });
}

void order_desk::state::schedule_next_sweep() {
  const nanoseconds interval = stream_up ? sweep_interval : std::min(sweep_interval, 5 * blind_sweep_interval);
  // Desks that were started together must not ask together.
  const auto spread = static_cast<std::uint64_t>(interval.count() / 4 + 1);
  const nanoseconds jitter(static_cast<std::int64_t>(parts.random.below(spread)));
  request_sweep(interval - jitter, false);
}

task<void> order_desk::state::run_sweep() {
  const bool missing = std::ranges::any_of(live, [](const auto& o) { return o->reported > o->filled; });
  const bool with_fills = missing || fills_wanted || !stream_up || ++sweeps % sweeps_per_fill_sweep == 0;
  fills_wanted = false;
  auto done = co_await sweep(with_fills);
  sweeping = false;
  if (done) {
    sweep_interval = std::max<nanoseconds>(config->sweep_interval, sweep_interval / 2);
  } else {
    fills_wanted = fills_wanted || with_fills;
    sweep_interval = std::min(sweep_interval * 2, longest_sweep_interval);
    if (is_credentials_error(done.error())) co_return fail_desk(done.error());
    desk_log().debug("orders could not be compared", {{"user", owner.user}, {"account", owner.account}, {"err", done.error()}});
  }
  if (must_sweep()) schedule_next_sweep();
}

/// An order that ended with something unfilled may still have been filled: the venue's answer to a cancel overtakes its trades, and
/// the stream may lose the event. A desk without living orders therefore reads the trades once more.
void order_desk::state::settle_trades(const desk_order& ended) {
  if (ended.filled >= ended.intent.quantity) return;
  const nanoseconds wait = fill_settling_time(*config);
  settled_at = now() + wait;
  if (live.empty()) request_sweep(wait, false);
}

bool order_desk::state::must_sweep() const { return !live.empty() || settled_at != steady_time{}; }

task<result<void>> order_desk::state::sweep(bool with_fills) {
  if (live.empty()) co_return co_await sweep_fills();
  failpoint("orders.before_sweep");
  auto compared = co_await sweep_orders();
  if (!compared || !with_fills) co_return compared;
  failpoint("orders.within_sweep");
  auto filled = co_await sweep_fills();
  failpoint("orders.after_sweep");
  co_return filled;
}

/// Everything open at the venue is a sighting; what should be open and is not gets asked for.
task<result<void>> order_desk::state::sweep_orders() {
  std::vector<order_ptr> expected, unwritten;
  for (const auto& o : live) {
    if (o->state == intent_state::accepted && !o->complete()) expected.push_back(o);
    // Nothing waits to be written, and it lives: its end was told while the inbox was full.
    if (o->complete() && inbox.empty()) unwritten.push_back(o);
  }
  for (auto& o : unwritten) push(sighting{std::move(o), std::nullopt, std::nullopt});
  auto open = co_await parts.exchange.fetch_open_orders(symbol(), exchanges::lane::reconcile);
  if (!open) co_return std::unexpected(open.error());
  int strangers = 0;
  std::vector<exchanges::order> not_ours;
  for (const auto& seen : *open) {
    auto order = find_live(seen.client_order_id, seen.venue_order_id);
    if (!order) ++strangers;
    if (!order && !was_closed_lately(seen.client_order_id)) not_ours.push_back(seen);
    if (order)
      observe(order, seen);
    else if (!was_closed_lately(seen.client_order_id))
      push(sighting{nullptr, seen, std::nullopt});
  }
  foreign = strangers;
  keep_foreign(std::move(not_ours));
  for (const auto& order : expected) {
    if (order->ended() || contains(*open, order->intent.client_order_id())) continue;
    if (planted("missing_is_cancelled")) {
      exchanges::order gone{.symbol = symbol(),
                            .venue_order_id = order->venue_order_id,
                            .client_order_id = order->intent.client_order_id(),
                            .status = exchanges::order_status::cancelled,
                            .filled_quantity = order->reported};
      observe(order, std::move(gone));
      continue;
    }
    auto looked = co_await look_for(order);
    if (!looked) co_return looked;
  }
  co_return result<void>{};
}

void order_desk::state::keep_foreign(std::vector<exchanges::order> orders) {
  std::ranges::sort(orders, std::ranges::greater(), &exchanges::order::updated_at);
  if (orders.size() > kept_foreign_orders) orders.resize(kept_foreign_orders);
  orders.shrink_to_fit();
  foreign_seen = {parts.wall.wall_now(), std::move(orders)};
}

/// It turned out to be ours: an order that the journal knows and this desk did not hold.
void order_desk::state::forget_foreign(const exchanges::order& ours) {
  std::erase_if(foreign_seen.orders, [&](const auto& o) { return o.venue_order_id == ours.venue_order_id; });
}

/// An order that was accepted and is not in the list of open ones: filled, cancelled, or gone.
task<result<void>> order_desk::state::look_for(order_ptr order) {
  auto of = reference_to(*order);
  auto found = co_await parts.exchange.find_order(std::move(of), exchanges::lane::reconcile);
  if (found) {
    order->missing = 0;
    observe(order, std::move(*found));
    co_return result<void>{};
  }
  if (!is(found.error(), exchanges::exchange_errc::order_not_found)) co_return std::unexpected(found.error());
  const bool hasty = planted("vanished_at_once");
  if (!hasty && (++order->missing < vanished_after || now() < order->provable_at)) co_return result<void>{};
  // One endpoint that is behind is no proof: the trades may know the order still.
  result<std::vector<exchanges::fill>> fills;
  if (!hasty) fills = co_await parts.exchange.fetch_fills(symbol(), known_fills(), exchanges::lane::reconcile);
  if (!fills) co_return std::unexpected(fills.error());
  bool traded = false;
  for (auto& f : *fills) {
    if (find_live(f.client_order_id, f.venue_order_id) != order || was_booked_lately(f)) continue;
    traded = true;
    push(sighting{order, std::nullopt, std::move(f)});
  }
  if (traded || order->ended()) co_return result<void>{};
  const bool all_filled = order->filled >= order->intent.quantity;
  desk_log().error("the exchange does not know an order any more that it had accepted",
                   {{"user", owner.user}, {"account", owner.account}, {"order", order->intent.client_order_id()}});
  exchanges::order gone{.symbol = symbol(),
                        .venue_order_id = order->venue_order_id,
                        .client_order_id = order->intent.client_order_id(),
                        .side = order->intent.side,
                        .type = order->intent.type,
                        .status = all_filled ? exchanges::order_status::filled : exchanges::order_status::expired,
                        .price = order->intent.price,
                        .quantity = order->intent.quantity,
                        .filled_quantity = order->reported,
                        .filled_notional = {},
                        .updated_at = parts.wall.wall_now()};
  observe(order, std::move(gone));
  co_return result<void>{};
}

/// Where the venue's list goes on; while nothing of it is complete, nothing older than our first order can matter.
exchanges::fill_cursor order_desk::state::known_fills() const {
  if (!complete_to.trade_id.empty()) return complete_to;
  wall_time oldest = complete_to.at.value_or(parts.wall.wall_now());
  for (const auto& o : live) oldest = std::min(oldest, o->intent.created_at);
  return {.trade_id = {}, .at = oldest - fill_age_margin};
}

task<result<void>> order_desk::state::sweep_fills() {
  if (planted("never_read_fills")) co_return result<void>{};
  // With an order unresolved its trades cannot be told from a stranger's: nothing is called complete then.
  const bool all_known = !any_unresolved();
  // As of the question: how long the answer takes says nothing about what it is missing.
  const wall_time settled_before = parts.wall.wall_now() - fill_settling_time(*config);
  const auto asked_at = now();
  const auto since = known_fills();
  auto fills = co_await parts.exchange.fetch_fills(symbol(), since, exchanges::lane::reconcile);
  if (!fills) co_return std::unexpected(fills.error());
  if (asked_at >= settled_at) settled_at = {};
  exchanges::fill_cursor settled;
  for (auto& f : *fills) {
    const exchanges::fill_cursor here{f.trade_id, f.at};
    if ((f.at <= settled_before || planted("complete_too_early")) && is_before(settled, here)) settled = here;
    auto order = find_live(f.client_order_id, f.venue_order_id);
    // A venue that cannot begin at a time lists all that it has.
    if (!order && since.trade_id.empty() && f.at < *since.at) continue;
    push(sighting{std::move(order), std::nullopt, std::move(f)});
  }
  if (all_known && !any_unresolved() && is_before(complete_to, settled)) push(completeness{std::move(settled)});
  co_return result<void>{};
}

}  // namespace drover::engine
