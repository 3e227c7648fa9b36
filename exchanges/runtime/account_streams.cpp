#include "exchanges/runtime/account_streams.hpp"

#include <boost/asio/this_coro.hpp>
#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "exchanges/raw/redaction.hpp"
#include "exchanges/runtime/steady_part.hpp"

namespace drover::exchanges {

namespace {
const logger log("exchanges");
}

/// One account's connection. Each has a scope of its own, so that it ends when the account goes.
struct account_streams::line {
  line(private_session::parts p, std::shared_ptr<key_session> k, std::shared_ptr<handler> h, const feed_parts& feed,
       const std::function<stream_config(line&)>& configure)
      : keys(std::move(k)),
        on_event(std::move(h)),
        coverage(feed.parts.recorder, feed.parts.timers.get_clock(), feed.config.name + std::string(private_stream_ending)),
        session(with(std::move(p), coverage)),
        connection(feed.parts, configure(*this), session),
        woken(feed.parts.executor),
        scope(feed.parts.executor, "private stream") {}
  std::shared_ptr<key_session> keys;
  std::shared_ptr<handler> on_event;
  account_coverage coverage;
  private_session session;
  stream_connection connection;
  /// When the access was given or prolonged.
  steady_time access_at{};
  /// Ends run_line().
  wake_event woken;
  task_scope scope;

 private:
  static private_session::parts with(private_session::parts p, account_coverage& coverage) {
    p.coverage = &coverage;
    return p;
  }
};

account_streams::account_streams(const feed_parts& parts) : parts_(parts) {}
account_streams::~account_streams() = default;

private_session::parts account_streams::make_session_parts(const std::shared_ptr<key_session>& keys,
                                                           std::function<void(const account_event&)> on_event) {
  private_session::parts p{.random = parts_.parts.random,
                           .wire = parts_.protocol.make_private_wire(),
                           .label = keys->label,
                           .make_frames = {},
                           .instruments = [this] { return parts_.instruments.known(); },
                           .on_event = std::move(on_event),
                           .on_refusal = [this, keys](const error& e) { handle_refusal(*keys, e); },
                           .coverage = nullptr};
  p.make_frames = [this, keys](private_wire& wire, int stage, const stream_access* access) {
    return make_frames(*keys, wire, stage, access);
  };
  return p;
}

slot_id account_streams::add(handler on_event, std::shared_ptr<key_session> keys) {
  const slot_id id{next_slot_++};
  lines_.emplace(id, make_line(id, std::make_shared<handler>(std::move(on_event)), std::move(keys)));
  return id;
}

std::shared_ptr<account_streams::line> account_streams::make_line(slot_id id, std::shared_ptr<handler> on_event,
                                                                  std::shared_ptr<key_session> keys) {
  auto weak = std::make_shared<std::weak_ptr<line>>();
  auto session_parts = make_session_parts(keys, [this, id, weak, on_event](const account_event& e) {
    const auto l = weak->lock();
    if (l && !admit(id, *l, e)) return;
    // The account may go away inside its own handler.
    const auto kept = on_event;
    (*kept)(e);
  });
  const auto habits = session_parts.wire->habits();
  const auto configure = [this, id, habits, weak](line&) {
    stream_config config;
    config.find_target = [this, weak] { return find_target(weak->lock()); };
    config.name = parts_.config.name + std::string(private_stream_ending);
    config.idle_limit = habits.idle_limit;
    config.life_limit = habits.life_limit;
    config.on_renewal = [this, id] { begin_handover(id); };
    config.gate = &parts_.stream_gate;
    return config;
  };
  auto l = std::make_shared<line>(std::move(session_parts), std::move(keys), std::move(on_event), parts_, configure);
  *weak = l;
  parts_.scope.spawn("private stream", run_line(l));
  return l;
}

void account_streams::begin_handover(slot_id id) {
  const auto found = lines_.find(id);
  if (found == lines_.end() || standbys_.contains(id)) return;
  log.info("private stream is being replaced", {{"account", found->second->keys->label}});
  auto next = make_line(id, found->second->on_event, found->second->keys);
  next->session.stand_by();
  standbys_.emplace(id, std::move(next));
}

bool account_streams::admit(slot_id id, line& l, const account_event& e) {
  const auto standby = standbys_.find(id);
  if (standby == standbys_.end() || standby->second.get() != &l) return true;
  if (std::holds_alternative<stream_lost>(e)) return false;
  if (!std::holds_alternative<stream_opened>(e)) return true;
  auto& current = lines_.at(id);
  const bool gap = !current->session.open();
  retire(*current);
  current = std::move(standby->second);
  standbys_.erase(standby);
  l.session.take_over();
  return gap;
}

void account_streams::retire(line& l) {
  past_reconnects_ += l.connection.reconnects();
  l.session.end();
  l.connection.poke();
  l.woken.notify();
}

/// Runs in the venue's scope and owns the line: whoever removes the account need not wait for the connection's end.
task<void> account_streams::run_line(std::shared_ptr<line> l) {
  const auto whose = parts_.config.name + " account " + l->keys->label;
  const auto& parts = parts_.parts;
  spawn_steadily(l->scope, "private stream connection", whose, parts, [on = l.get()] { return on->connection.run(); });
  spawn_steadily(l->scope, "private stream sender", whose, parts, [on = l.get()] { return on->connection.run_sender(); });
  if (parts_.protocol.traits().private_stream_needs_access)
    spawn_steadily(l->scope, "private stream access", whose, parts, [this, l] { return run_keeper(l); });
  std::exception_ptr cut;
  try {
    while (!l->session.ended()) co_await l->woken.wait();
    // The sender closes the connection; what does not end is cut.
    constexpr nanoseconds close_limit = 2s;
    const auto deadline = parts_.parts.timers.get_clock().now() + close_limit;
    while (l->connection.connected() && parts_.parts.timers.get_clock().now() < deadline)
      co_await sleep_for(parts_.parts.timers, 50ms);
  } catch (...) {
    cut = std::current_exception();
  }
  l->scope.stop();
  co_await asio::this_coro::reset_cancellation_state();
  co_await l->scope.join();
  if (cut) std::rethrow_exception(cut);
}

void account_streams::remove(slot_id id) {
  for (auto* lines : {&standbys_, &lines_}) {
    const auto found = lines->find(id);
    if (found == lines->end()) continue;
    const auto l = found->second;
    lines->erase(found);
    retire(*l);
  }
}

task<result<void>> account_streams::fetch_access(std::shared_ptr<line> l) {
  venue_call ask;
  ask.op = operation::stream_access;
  auto answer = co_await parts_.gateway.call(std::move(ask), lane::protective, l->keys);
  const auto now = parts_.parts.timers.get_clock().now();
  if (!answer) {
    l->session.refuse_access(answer.error(), now);
    co_return std::unexpected(std::move(answer.error()));
  }
  auto* access = std::get_if<std::shared_ptr<const stream_access>>(&*answer);
  if (!access || !*access) {
    const error e(exchange_errc::protocol, "the exchange gave no access to its private stream");
    l->session.refuse_access(e, now);
    co_return std::unexpected(e);
  }
  l->session.set_access(std::move(*access));
  l->access_at = now;
  co_return result<void>{};
}

task<result<stream_target>> account_streams::find_target(std::shared_ptr<line> l) {
  if (!l) co_return fail(errc::cancelled);
  auto& timers = parts_.parts.timers;
  if (const auto at = l->session.retry_at()) co_await sleep_until(timers, *at);
  // Events name instruments, so the table comes first.
  for (;;) {
    auto table = co_await parts_.instruments.get();
    if (table) break;
    co_await sleep_for(timers, instruments_retry);
  }
  co_await parts_.clock.wait_for_first();
  const auto& traits = parts_.protocol.traits();
  if (traits.private_stream_needs_access) {
    auto had = co_await fetch_access(l);
    if (!had) co_return std::unexpected(std::move(had.error()));
  }
  const auto deadline = timers.get_clock().now() + connect_patience;
  // A reconnecting thousand must not stand in the lane of cancellations.
  auto grant = co_await parts_.ledger.acquire(lane::entry, traits.connect_charges, l->keys->label, {}, deadline);
  if (!grant) co_return std::unexpected(std::move(grant.error()));
  stream_target target;
  target.url = l->session.wire().make_url(parts_.config.ws_api_url, l->session.access().get());
  target.source_address = parts_.ledger.source_address(grant->source);
  co_return target;
}

/// Prolongs the access while the stream is open; one that cannot be prolonged is fetched anew with a new connection.
task<void> account_streams::run_keeper(std::shared_ptr<line> l) {
  auto& timers = parts_.parts.timers;
  nanoseconds wait = keep_retry;
  for (;;) {
    co_await sleep_for(timers, wait);
    const auto access = l->session.access();
    wait = keep_retry;
    if (!l->session.open() || !access || !access->valid_for) continue;
    const auto due = l->access_at + std::max<nanoseconds>(*access->valid_for / keep_divisor, keep_retry);
    const auto left = due - timers.get_clock().now();
    if (left > 0ns) {
      wait = left;
      continue;
    }
    venue_call ask;
    ask.op = operation::keep_stream_access;
    ask.access = access;
    auto kept = co_await parts_.gateway.call(std::move(ask), lane::protective, l->keys);
    if (kept) {
      l->access_at = timers.get_clock().now();
      continue;
    }
    log.warn("access to a private stream could not be prolonged", {{"account", l->keys->label}, {"err", kept.error()}});
    const auto code = kept.error().code;
    const bool passing = code == make_error_code(exchange_errc::not_sent) || code == make_error_code(exchange_errc::rate_limited) ||
                         code == make_error_code(exchange_errc::maintenance);
    if (passing || code == make_error_code(exchange_errc::unsupported)) continue;
    l->session.give_up("its access could not be prolonged");
    l->connection.poke();
  }
}

result<std::vector<std::string>> account_streams::make_frames(key_session& keys, private_wire& wire, int stage,
                                                              const stream_access* access) {
  auto opened = keys.keys();
  if (!opened) return std::unexpected(std::move(opened.error()));
  return wire.make_frames(stage, *opened, access, parts_.gateway.make_context());
}

void account_streams::handle_refusal(const key_session& keys, const error& e) {
  if (e.code == make_error_code(exchange_errc::clock_skew)) parts_.gateway.refresh_clock();
  if (e.code != make_error_code(exchange_errc::rate_limited) || !e.retry_after) return;
  limit_report report;
  report.account_ban = *e.retry_after;
  parts_.ledger.apply(report, rate_grant{.source = parts_.ledger.source_of(keys.label)}, keys.label);
}

std::size_t account_streams::connections() const {
  return static_cast<std::size_t>(std::ranges::count_if(lines_, [](const auto& l) { return l.second->connection.connected(); }));
}

std::uint64_t account_streams::reconnects() const {
  auto sum = past_reconnects_;
  for (const auto& [id, l] : lines_) sum += l->connection.reconnects();
  return sum;
}

}  // namespace drover::exchanges
