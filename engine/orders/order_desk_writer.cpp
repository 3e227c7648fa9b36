#include <algorithm>

#include "base/backoff.hpp"
#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "engine/orders/order_desk_state.hpp"

namespace drover::engine {
namespace {

/// While the database is away facts wait here and are written again; nothing is dropped.
constexpr milliseconds write_floor{100}, write_ceiling{3'000};
/// A write that the journal itself cannot take is a bug or broken data: the desk stops.
constexpr int broken_attempts = 3;
/// The stream is given this long to deliver a trade before the list of trades is read.
constexpr nanoseconds fill_grace = 1s;
constexpr std::size_t remembered_closed_orders = 16;
constexpr std::size_t remembered_booked_trades = 64;

}  // namespace

/// Fills of the stream overtake: a moved grid leaves a dozen writes behind, a list of trades many that are booked already,
/// and the user's number must not wait for them. What is written of an order is its state of now, so nothing depends on
/// what was overtaken; completeness never overtakes a fill.
inbox_item order_desk::state::take_next() {
  auto next = std::ranges::find_if(inbox, [](const inbox_item& item) {
    const auto* seen = std::get_if<sighting>(&item);
    return seen && seen->fill && seen->order;
  });
  if (next == inbox.end()) next = inbox.begin();
  auto item = std::move(*next);
  inbox.erase(next);
  return item;
}

/// The venue showed one of our orders: memory changes at once, the journal follows.
void order_desk::state::observe(const order_ptr& order, exchanges::order seen) {
  note(order, seen);
  push(sighting{order, std::move(seen), std::nullopt});
}

void order_desk::state::note(const order_ptr& order, const exchanges::order& seen) {
  auto& o = *order;
  if (o.state == intent_state::refused || o.state == intent_state::not_placed)
    desk_log().error("an order exists that was written off",
                     {{"user", owner.user}, {"account", owner.account}, {"order", o.intent.client_order_id()}});
  if (o.state != intent_state::closed) o.state = intent_state::accepted;
  if (o.venue_order_id.empty()) o.venue_order_id = seen.venue_order_id;
  // "Taken in" proves that the order exists and nothing else.
  if (!seen.complete) {
    if (o.cancel_requested && !planted("forget_cancel")) start_cancel(order);
    return;
  }
  o.confirmed = true;
  if (seen.filled_quantity > o.reported) {
    o.reported = seen.filled_quantity;
    // A fill that came after the end: the end is told again.
    o.end_recorded = false;
  }
  // Reports may come late and out of order; an end is final.
  if (!o.ended()) o.status = seen.status;
  if (o.cancel_requested && !planted("forget_cancel")) start_cancel(order);
}

void order_desk::state::conclude(const order_ptr& order, intent_state outcome, std::string reason) {
  if (!is_unresolved(order->state)) return;
  order->state = outcome;
  push(conclusion{order, outcome, std::move(reason)});
}

void order_desk::state::push(inbox_item item) {
  if (failed) return;
  inbox.push_back(std::move(item));
  start_writer();
}

void order_desk::state::start_writer() {
  if (writing || !ready || inbox.empty()) return;
  writing = true;
  scope->spawn("write orders", run_writer());
}

task<void> order_desk::state::run_writer() {
  try {
    co_await write_inbox();
  } catch (const std::exception& e) {
    writing = false;
    wake_settler();
    if (scope->stopping()) throw;
    fail_desk({journal_errc::internal, e.what()});
  }
}

task<void> order_desk::state::write_inbox() {
  writing = true;
  while (!inbox.empty() && !failed) {
    auto item = take_next();
    if (auto* seen = std::get_if<sighting>(&item))
      co_await write(std::move(*seen));
    else if (auto* outcome = std::get_if<conclusion>(&item))
      co_await write(std::move(*outcome));
    else
      co_await write(std::move(std::get<completeness>(item)));
  }
  // An idle desk holds no buffer.
  inbox.shrink_to_fit();
  writing = false;
  wake_settler();
}

task<void> order_desk::state::write(sighting seen) {
  if (seen.fill && was_booked_lately(*seen.fill)) seen.fill.reset();
  // What was closed since it was seen may have more fills by now than its memory says.
  order_ptr order = seen.known ? find_live(seen.known->intent.id) : nullptr;
  if (!order && !seen.fill && !seen.order) co_return;
  if (!order) order = co_await find_or_revive(seen);
  if (failed) co_return;
  if (!order) {
    // Trades of strangers are kept when the stream shows them; lists of trades may hold years of them.
    if (seen.order && seen.fill) co_await write_foreign_fill(std::move(*seen.fill));
    co_return;
  }
  if (seen.fill && is_unresolved(order->state)) order->state = intent_state::accepted;
  if (seen.fill && order->venue_order_id.empty()) order->venue_order_id = seen.fill->venue_order_id;
  // A fill is booked as proof of the order, too: one commit less before the user sees it.
  if (!order->existence_recorded && !seen.fill) co_await write_existence(order);
  if (seen.fill) co_await write_fill(order, std::move(*seen.fill));
  if (order->ended() && !order->end_recorded) co_await write_end(order);
  if (failed) co_return;
  const bool all_booked = order->complete() || planted("close_with_fills_missing");
  if (order->ended() && all_booked && order->end_recorded)
    close(order);
  else if (order->reported > order->filled)
    request_sweep(fill_grace, true);
}

task<void> order_desk::state::write(conclusion c) {
  // A sighting meanwhile is worth more than any conclusion.
  if (c.order->state != c.state) co_return;
  auto attempt = [&] { return parts.journal.record_outcome(c.order->intent.id, c.state, c.reason, epoch, c.order->sent_at); };
  failpoint("orders.before_conclusion");
  const bool written = co_await persist(attempt);
  if (!written || c.order->state != c.state) co_return;
  failpoint("orders.after_conclusion");
  if (c.state != intent_state::unknown) forget(c.order);
  tell(*c.order, c.reason);
}

task<void> order_desk::state::write(completeness c) {
  auto attempt = [&] { return parts.journal.mark_fills_complete(owner.account, symbol(), c.to, epoch); };
  failpoint("orders.before_complete");
  const bool written = co_await persist(attempt);
  if (!written || !is_before(complete_to, c.to)) co_return;
  failpoint("orders.after_complete");
  complete_to = std::move(c.to);
  booked_lately.clear();
  booked_lately.shrink_to_fit();
}

/// An order that this desk does not hold: closed earlier, written off, or not ours at all.
task<order_ptr> order_desk::state::find_or_revive(const sighting& seen) {
  const std::string& client_id = seen.order ? seen.order->client_order_id : seen.fill->client_order_id;
  const std::string& venue_id = seen.order ? seen.order->venue_order_id : seen.fill->venue_order_id;
  if (auto order = find_live(client_id, venue_id)) co_return order;
  if (!seen.fill && was_closed_lately(client_id)) co_return nullptr;
  auto stored = co_await find_stored(seen);
  if (!stored || failed) co_return nullptr;
  if (seen.order) forget_foreign(*seen.order);
  co_return revive(*stored, seen);
}

task<std::optional<journal_order>> order_desk::state::find_stored(const sighting& seen) {
  const std::string& client_id = seen.order ? seen.order->client_order_id : seen.fill->client_order_id;
  const auto id = uuid::parse(client_id);
  std::optional<std::optional<journal_order>> found;
  if (id && id->to_hex() == client_id) {
    auto attempt = [&] { return keep(parts.journal.find(*id), found); };
    co_await persist(attempt);
  } else if (client_id.empty() && seen.fill) {
    auto attempt = [&] {
      return keep(parts.journal.find_by_venue_order(owner.account, symbol(), seen.fill->venue_order_id), found);
    };
    co_await persist(attempt);
  }
  if (!found || !*found || (*found)->intent.account != owner.account || (*found)->intent.symbol != symbol())
    co_return std::nullopt;
  co_return std::move(*found);
}

order_ptr order_desk::state::revive(const journal_order& stored, const sighting& seen) {
  const bool was_closed = stored.state == intent_state::closed;
  if (was_closed && planted("ignore_late_fill")) return nullptr;
  if (was_closed && !seen.fill) return nullptr;
  auto order = make_order(stored);
  if (seen.order) note(order, *seen.order);
  if (was_closed && order->complete()) return order;
  order->state = intent_state::accepted;
  live.push_back(order);
  return order;
}

task<void> order_desk::state::write_existence(order_ptr order) {
  failpoint("orders.before_accepted");
  auto attempt = [&] { return parts.journal.record_accepted(order->intent.id, order->venue_order_id, epoch, order->sent_at); };
  const bool written = co_await persist(attempt);
  if (!written) co_return;
  failpoint("orders.after_accepted");
  order->existence_recorded = true;
  if (!order->ended()) tell(*order, {});
}

task<void> order_desk::state::write_fill(order_ptr order, exchanges::fill fill) {
  failpoint("orders.before_fill");
  std::optional<booked_fill> booked;
  auto attempt = [&] {
    return keep(parts.journal.record_fill(owner.user, owner.account, order->intent.id, *instrument, fill), booked);
  };
  const bool written = co_await persist(attempt);
  if (!written) co_return;
  failpoint("orders.after_fill");
  order->existence_recorded = true;
  remember_booked(fill);
  // What counts is whether this desk knew of it: an answer that got lost on the way back was a booking all the same. What the
  // order's total rose by may be a trade that an engine before us booked late: then an older, larger one is not what is new.
  const auto risen = booked->order_filled - order->filled;
  const bool known = risen.is_zero() || (!booked->was_new && fill.quantity > risen);
  if (known && !planted("tell_fill_twice")) co_return;
  booked->was_new = true;
  order->filled = booked->order_filled;
  position = booked->position;
  tell_book();
  if (seat) seat->add_realised(booked->realised);
  listener.on_fill(*booked);
  if (!order->ended()) tell(*order, {});
}

task<void> order_desk::state::write_foreign_fill(exchanges::fill fill) {
  std::optional<booked_fill> stored;
  auto attempt = [&] { return keep(parts.journal.record_fill(owner.user, owner.account, std::nullopt, *instrument, fill), stored); };
  co_await persist(attempt);
}

task<void> order_desk::state::write_end(order_ptr order) {
  failpoint("orders.before_status");
  const auto reported = order->reported;
  auto attempt = [&] {
    return parts.journal.record_status(order->intent.id, order->status, reported, order->venue_order_id, epoch, order->sent_at);
  };
  const bool written = co_await persist(attempt);
  if (!written) co_return;
  failpoint("orders.after_status");
  order->end_recorded = order->reported == reported;
}

void order_desk::state::close(const order_ptr& order) {
  if (!find_live(order->intent.id)) return;
  forget(order);
  order->state = intent_state::closed;
  if (closed_lately.size() == remembered_closed_orders) closed_lately.erase(closed_lately.begin());
  closed_lately.push_back(order->intent.id);
  settle_trades(*order);
  failpoint("orders.after_close");
  tell(*order, std::string(exchanges::to_string(order->status)));
}

void order_desk::state::forget(const order_ptr& order) {
  std::erase(live, order);
  tell_book();
}

bool order_desk::state::was_closed_lately(const std::string& client_order_id) const {
  return std::ranges::any_of(closed_lately, [&](const auto& id) { return id.to_hex() == client_order_id; });
}

bool order_desk::state::was_booked_lately(const exchanges::fill& fill) const {
  return std::ranges::find(booked_lately, fill.trade_id) != booked_lately.end();
}

void order_desk::state::remember_booked(const exchanges::fill& fill) {
  if (booked_lately.size() == remembered_booked_trades) booked_lately.erase(booked_lately.begin());
  booked_lately.push_back(fill.trade_id);
}

template <class T>
task<result<void>> order_desk::state::keep(task<result<T>> call, std::optional<T>& out) {
  auto answer = co_await std::move(call);
  if (!answer) co_return std::unexpected(answer.error());
  out = std::move(*answer);
  co_return result<void>{};
}

/// Attempts until it is written; false when the desk has failed.
task<bool> order_desk::state::persist(std::function<task<result<void>>()> attempt) {
  backoff wait(write_floor, write_ceiling);
  int broken = 0;
  while (!failed) {
    auto done = co_await attempt();
    if (done) co_return true;
    const bool away = is(done.error(), journal_errc::unavailable);
    if (is(done.error(), journal_errc::fenced) || (!away && ++broken >= broken_attempts)) {
      fail_desk(done.error());
      break;
    }
    if (wait.attempts() == 0)
      desk_log().warn("the journal cannot be written; orders wait",
                      {{"user", owner.user}, {"account", owner.account}, {"err", done.error()}});
    const auto pause = wait.next(parts.random);
    co_await sleep_for(parts.timers, pause);
  }
  co_return false;
}

}  // namespace drover::engine
