#include <algorithm>

#include "base/backoff.hpp"
#include "base/deadline.hpp"
#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "engine/orders/order_desk_state.hpp"

namespace drover::engine {
namespace {

/// A cancel may be repeated: it names the order.
constexpr int cancel_attempts = 5;
constexpr milliseconds cancel_floor{500}, cancel_ceiling{8'000};
constexpr milliseconds longest_cancel_pause{30'000};

/// Errors that prove that the venue did not take the order. A duplicate id is none: the order that has it may be this one.
bool proves_refusal(const error& e) {
  using enum exchanges::exchange_errc;
  for (auto code : {bad_credentials, permission_missing, ip_not_allowed, clock_skew, rate_limited, insufficient_funds,
                    min_notional, bad_precision, would_match, instrument_unknown, maintenance, refused})
    if (is(e, code)) return true;
  return false;
}

}  // namespace

std::string order_desk::state::why_not_send(const desk_order& o) const {
  if (o.cancel_requested) return "cancelled before it was sent";
  if (now() >= o.send_before && !planted("send_late")) return "it could not leave in time";
  return why_blocked(o.closing);
}

/// Asked in the turn in which the first byte would leave: when nothing stands in the way, it does.
std::string order_desk::state::ask_last(desk_order& o) const {
  auto why = planted("ignore_late_lock") ? std::string() : why_not_send(o);
  if (why.empty()) o.sent_at = parts.wall.wall_now();
  return why;
}

void order_desk::state::drop_unstored(const order_ptr& order, const error& why) {
  order->state = intent_state::not_placed;
  forget(order);
  if (is(why, journal_errc::fenced) && planted("take_next_epoch")) return void(++epoch);
  if (is(why, journal_errc::fenced)) return fail_desk(why);
  desk_log().warn("an order was not sent because its intent could not be stored",
                  {{"user", owner.user}, {"account", owner.account}, {"order", order->intent.client_order_id()}, {"err", why}});
  tell(*order, "the intent could not be stored: " + why.detail);
  if (is(why, journal_errc::unavailable)) listener.on_journal_away();
}

task<void> order_desk::state::run_order(order_ptr order, request_mark) {
  failpoint("orders.before_intent");
  order_intent copy = order->intent;
  if (planted("send_before_commit")) {
    auto early = co_await send(order);
    auto late = co_await parts.journal.append_intent(std::move(copy), epoch);
    if (late) judge(order, std::move(early));
    co_return;
  }
  auto stored = co_await parts.journal.append_intent(std::move(copy), epoch);
  if (!stored && is(stored.error(), journal_errc::unavailable) && planted("send_unstored")) stored = {};
  if (!stored && is(stored.error(), journal_errc::fenced) && planted("send_fenced")) stored = {};
  if (!stored) co_return drop_unstored(order, stored.error());
  failpoint("orders.after_intent");
  auto why_not = why_not_send(*order);
  if (!why_not.empty()) co_return conclude(order, intent_state::not_placed, "nothing was sent: " + why_not);
  failpoint("orders.before_send");
  auto answer = co_await send(order);
  failpoint("orders.after_send");
  const bool unclear = !answer && is(answer.error(), exchanges::exchange_errc::unknown_outcome);
  if (unclear && planted("resend_unknown")) answer = co_await send(order);
  const bool busy = !answer && is(answer.error(), exchanges::exchange_errc::rate_limited);
  if (busy && planted("resend_limited")) answer = co_await send(order);
  if (unclear && planted("unknown_is_refused")) answer = fail(exchanges::exchange_errc::refused);
  judge(order, std::move(answer));
}

/// The one send. Whatever happens here, the request does not leave after send_before and never a second time.
task<result<exchanges::order>> order_desk::state::send(order_ptr order) {
  const auto& intent = order->intent;
  exchanges::order_request request{.symbol = intent.symbol,
                                   .side = intent.side,
                                   .type = intent.type,
                                   .tif = intent.tif,
                                   .quantity = intent.quantity,
                                   .price = intent.price,
                                   .client_order_id = intent.client_order_id()};
  const auto left = planted("send_late") ? nanoseconds(1min) : order->send_before - now();
  if (planted("other_quantity")) request.quantity += instrument->lot_size;
  if (planted("lose_time_in_force")) request.tif = exchanges::time_in_force::gtc;
  result<exchanges::order> answer = fail(exchanges::exchange_errc::unknown_outcome);
  try {
    // Asked again when the first byte would leave: the rate budget and the connection take their time.
    exchanges::send_terms terms(config->validity_window, order->closing ? exchanges::lane::kill : exchanges::lane::entry);
    terms.why_not = [this, order] { return ask_last(*order); };
    auto work = parts.exchange.place_order(std::move(request), std::move(terms));
    answer = co_await with_deadline(parts.timers, left, "placing the order", std::move(work));
  } catch (const std::exception& e) {
    if (scope->stopping()) throw;
    answer = fail(exchanges::exchange_errc::unknown_outcome, e.what());
  }
  co_return answer;
}

void order_desk::state::judge(const order_ptr& order, result<exchanges::order> answer) {
  if (answer) {
    if (!answer->complete) scope->spawn("confirm order", run_confirm(order));
    return observe(order, std::move(*answer));
  }
  const error& why = answer.error();
  const bool not_sent = is(why, exchanges::exchange_errc::not_sent);
  if (not_sent) order->sent_at.reset();
  if (not_sent)
    conclude(order, intent_state::not_placed, why.to_string());
  else if (proves_refusal(why))
    conclude(order, intent_state::refused, why.to_string());
  else
    conclude(order, intent_state::unknown, why.to_string());
  if (is_credentials_error(why)) return fail_desk(why);
  if (planted("never_resolve")) return;
  if (order->state == intent_state::unknown) scope->spawn("resolve order", run_resolver(order));
}

void order_desk::state::start_cancel(const order_ptr& order) {
  if (order->cancel_running || order->ended() || !scope) return;
  order->cancel_running = true;
  scope->spawn("cancel order", run_cancel(order, request_mark(*this)));
}

task<void> order_desk::state::run_cancel(order_ptr order, request_mark) {
  backoff wait(cancel_floor, cancel_ceiling);
  bool done = false;
  for (int attempt = 1; !done && attempt <= cancel_attempts; ++attempt) {
    if (attempt > 1) {
      const auto pause = wait.next(parts.random);
      co_await sleep_for(parts.timers, pause);
    }
    done = co_await try_cancel(order);
  }
  order->cancel_running = false;
  if (done) co_return;
  order->cancel_requested = false;
  desk_log().warn("an order could not be cancelled",
                  {{"user", owner.user}, {"account", owner.account}, {"order", order->intent.client_order_id()}});
  tell(*order, "the exchange did not cancel the order; it may still be open");
  request_sweep(nanoseconds::zero(), true);
}

/// True when there is nothing left to cancel, or nobody who may.
task<bool> order_desk::state::try_cancel(order_ptr order) {
  if (order->ended()) co_return true;
  failpoint("orders.before_cancel");
  auto of = reference_to(*order);
  auto answer = co_await parts.exchange.cancel_order(of, order->cancel_lane);
  failpoint("orders.after_cancel");
  if (answer) observe(order, std::move(*answer));
  if (order->ended()) co_return true;
  if (!answer && is_credentials_error(answer.error())) {
    fail_desk(answer.error());
    co_return true;
  }
  if (!answer && answer.error().retry_after) {
    const auto pause = std::min(*answer.error().retry_after, longest_cancel_pause);
    co_await sleep_for(parts.timers, pause);
    co_return false;
  }
  // Filled, cancelled by somebody else, or on its way: the venue knows.
  auto found = co_await parts.exchange.find_order(of, order->cancel_lane);
  if (found) observe(order, std::move(*found));
  co_return order->ended();
}

}  // namespace drover::engine
