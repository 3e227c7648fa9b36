#include <algorithm>

#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "engine/orders/order_desk_state.hpp"

namespace drover::engine {
namespace {

/// How often the venue is asked for an order whose outcome is not known (REL-08).
constexpr nanoseconds ask_floor = 1s, ask_ceiling = 2s;
/// Between the two pieces of evidence that an order does not exist (REL-04).
constexpr nanoseconds proof_gap = 1s;
/// Rounds (of three seconds and more) for which a trade that nobody can explain is taken as a hint that the order exists after all:
/// far beyond the time for which any venue's questions lag.
constexpr int suspicion_rounds = 200;
constexpr int endless = 0;
/// The stream is given this long beyond the venue's own delay to tell of an order that was only acknowledged.
constexpr nanoseconds confirm_grace = 1s;

}  // namespace

task<void> order_desk::state::run_resolver(order_ptr order) {
  auto done = co_await resolve(std::move(order), endless);
  if (!done) desk_log().warn("an order could not be resolved", {{"user", owner.user}, {"account", owner.account}, {"err", done.error()}});
}

/// Asks until the order is seen or its absence is proved. `patience`: failed questions in a row that end it, or endless.
task<result<void>> order_desk::state::resolve(order_ptr order, int patience) {
  nanoseconds pause = ask_floor;
  int failures = 0;
  while (is_unresolved(order->state) && !failed) {
    auto of = reference_to(*order);
    failpoint("orders.before_question");
    auto found = co_await parts.exchange.find_order(std::move(of), exchanges::lane::reconcile);
    failpoint("orders.after_question");
    if (!is_unresolved(order->state)) break;
    if (found) {
      observe(order, std::move(*found));
      break;
    }
    if (is_credentials_error(found.error())) {
      fail_desk(found.error());
      co_return std::unexpected(found.error());
    }
    const bool absent = is(found.error(), exchanges::exchange_errc::order_not_found);
    failures = absent ? 0 : failures + 1;
    if (patience != endless && failures >= patience) co_return std::unexpected(found.error());
    if (absent && (now() >= order->provable_at || planted("trust_first_not_found") || planted("ignore_dead_after"))) {
      const bool alone = planted("trust_first_not_found") || planted("one_endpoint");
      const bool proved = alone || co_await prove_absent(order);
      if (proved) {
        failpoint("orders.after_proof");
        conclude(order, intent_state::not_placed, "the exchange never got the order");
        break;
      }
    }
    // The moment from which "not found" counts is not slept through.
    const auto until_provable = order->provable_at - now();
    const bool soon = until_provable > nanoseconds::zero() && until_provable < pause;
    const nanoseconds wait = soon ? until_provable : pause;
    pause = std::min(pause * 2, ask_ceiling);
    co_await sleep_for(parts.timers, wait);
  }
  co_return result<void>{};
}

/// The venue only said that it took the order. The stream tells what became of it, or else it is asked for.
task<void> order_desk::state::run_confirm(order_ptr order) {
  const nanoseconds wait = config->visibility_delay + confirm_grace;
  co_await sleep_for(parts.timers, wait);
  if (order->confirmed || order->ended() || failed) co_return;
  auto looked = co_await look_for(order);
  // The sweep asks again.
  if (!looked) desk_log().debug("an order could not be confirmed", {{"user", owner.user}, {"account", owner.account}, {"err", looked.error()}});
}

/// The second piece of evidence, from other lists of the venue than the first.
task<bool> order_desk::state::prove_absent(order_ptr order) {
  co_await sleep_for(parts.timers, proof_gap);
  const std::string id = order->intent.client_order_id();
  auto open = co_await parts.exchange.fetch_open_orders(symbol(), exchanges::lane::reconcile);
  if (!open) co_return false;
  for (auto& o : *open)
    if (o.client_order_id == id) {
      observe(order, std::move(o));
      co_return false;
    }
  auto fills = co_await parts.exchange.fetch_fills(symbol(), known_fills(), exchanges::lane::reconcile);
  if (!fills) co_return false;
  for (const auto& f : *fills) {
    const bool hint = co_await explains(order, f);
    if (hint && ++order->suspicions <= suspicion_rounds) co_return false;
    if (hint) break;
  }
  co_return is_unresolved(order->state) && !failed;
}

/// Whether a trade may be the order's: it says so, or it fits, belongs to no order that we know, and the venue does not say that it is
/// somebody else's.
task<bool> order_desk::state::explains(order_ptr order, exchanges::fill f) {
  const auto& intent = order->intent;
  if (!f.client_order_id.empty()) co_return f.client_order_id == intent.client_order_id();
  const bool fits = f.side == intent.side && f.quantity <= intent.quantity && f.at >= intent.created_at - config->skew_bound;
  if (!fits || find_live({}, f.venue_order_id)) co_return false;
  auto known = co_await parts.journal.find_by_venue_order(owner.account, f.symbol, f.venue_order_id);
  if (known && *known) co_return false;
  exchanges::order_ref of{.symbol = f.symbol, .client_order_id = {}, .venue_order_id = f.venue_order_id};
  auto whose = co_await parts.exchange.find_order(std::move(of), exchanges::lane::reconcile);
  if (!whose || whose->client_order_id.empty()) co_return true;
  const bool ours = whose->client_order_id == intent.client_order_id();
  if (ours) observe(order, std::move(*whose));
  co_return ours;
}

}  // namespace drover::engine
