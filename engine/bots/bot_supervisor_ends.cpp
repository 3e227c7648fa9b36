// What follows when a bot ended by itself: it is tried again, quarantined, or its end is written down.
#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "engine/bots/bot_supervisor.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

/// How soon bots go on after the database is back.
constexpr nanoseconds journal_watch_interval = 1s;
/// The end of a bot is written again while the database is away.
constexpr milliseconds write_floor{200}, write_ceiling{30'000};
/// Trials of bots that were quarantined together are spread over this part of the interval.
constexpr int trial_spread = 10;

std::string in_words(milliseconds wait) {
  if (wait < 1s) return std::to_string(wait.count()) + " ms";
  return std::to_string(std::chrono::round<seconds>(wait).count()) + " s";
}

}  // namespace

void bot_supervisor::on_bot_failed(bot_id id, const bot_failure& why) {
  entry& e = *entries_.at(id);
  const bool finished = why.how == bot_failure::kind::finished;
  begin_stop(id, e, finished ? resume_contract::cancel_and_wait : resume_contract::resume, why.reason);
  if (why.whole_account) scope_.post([this, id, account = e.account, why] { tell_neighbours(id, account, why); });
  if (finished) return finish(id, e, why.reason);
  if (!why.finding.empty()) scope_.spawn("report credentials", report_credentials(e.account, why));
  if (why.how == bot_failure::kind::permanent) return quarantine(id, e, why.reason);
  const auto now = parts_.timers.get_clock().now();
  if (why.how == bot_failure::kind::greedy) return quarantine_for_a_while(id, e, why.reason);
  if (why.how == bot_failure::kind::outside) {
    auto wait = e.restarts.after_trouble(limits_, now, parts_.random);
    if (why.retry_after) wait = std::max(wait, *why.retry_after);
    return back_off(id, e, wait, why.reason);
  }
  auto wait = e.restarts.after_crash(limits_, now, parts_.random);
  if (wait) return back_off(id, e, *wait, why.reason);
  if (e.restarts.on_trial())
    return quarantine_for_a_while(id, e, "The trial after its quarantine went wrong. " + why.reason);
  quarantine_for_a_while(id, e,
                         "It failed more than " + std::to_string(limits_.intensity) + " times in " +
                             in_words(limits_.period) + ". " + why.reason);
}

/// Once for the bot that found it; its neighbours are only told.
task<void> bot_supervisor::report_credentials(account_id account, bot_failure why) {
  log().error("stored credentials are not what was stored", {{"account", account}, {"finding", why.finding}});
  backoff wait(write_floor, write_ceiling);
  while (!scope_.stopping()) {
    std::string finding(why.finding), detail = why.reason;
    auto written = co_await parts_.accounts.report_credentials(account, std::move(finding), std::move(detail));
    if (written) co_return;
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
}

void bot_supervisor::on_journal_away(bot_id id) {
  held_up_.insert(id);
  if (std::exchange(watching_journal_, true)) return;
  log().warn("orders are not sent: they cannot be written down; bots go on when the database is back");
  scope_.spawn("watch the journal", watch_journal());
}

/// One question for all bots, so that thousands do not try.
task<void> bot_supervisor::watch_journal() {
  for (bool away = true; away;) {
    co_await sleep_for(parts_.timers, journal_watch_interval);
    auto writable = co_await parts_.journal.check_writable();
    away = !writable;
  }
  watching_journal_ = false;
  log().info("orders can be written down again", {{"bots", held_up_.size()}});
  for (const auto id : std::exchange(held_up_, {})) {
    auto at = entries_.find(id);
    if (at != entries_.end() && at->second->running) at->second->running->forget_outage();
  }
}

/// A refused key, or a lost lease, is no better for the other bots of the account.
void bot_supervisor::tell_neighbours(bot_id id, account_id account, bot_failure why) {
  why.whole_account = false;
  why.finding = {};
  for (const auto other : bots_of(account)) {
    auto& e = *entries_.at(other);
    if (other != id && e.now == phase::live && e.running) e.running->fail(why);
  }
}

void bot_supervisor::back_off(bot_id id, entry& e, milliseconds wait, const std::string& reason) {
  log().warn("bot failed, it will be started again",
             {{"user", e.user}, {"account", e.account}, {"bot", id}, {"wait_ms", wait.count()}, {"err", reason}});
  e.then = phase::backing_off;
  publish(id, e, bot_state::backing_off, reason + " (next try in " + in_words(wait) + ")");
  e.retry = parts_.timers.call_after(wait, [this, id] {
    entry& due = *entries_.at(id);
    due.retry.reset();
    if (due.now == phase::backing_off) ask_again_(due.account);
  });
}

void bot_supervisor::quarantine(bot_id id, entry& e, const std::string& reason) {
  log().error("bot quarantined", {{"user", e.user}, {"account", e.account}, {"bot", id}, {"err", reason}});
  e.then = phase::quarantined;
  if (e.now != phase::stopping) e.now = e.then;
  publish(id, e, bot_state::quarantined, reason);
}

/// For faults that may pass by themselves: one trial after the other, half open.
void bot_supervisor::quarantine_for_a_while(bot_id id, entry& e, const std::string& reason) {
  const auto interval = config_->quarantine_probe_interval;
  if (interval <= 0ms) return quarantine(id, e, reason);
  const auto spread = static_cast<std::uint64_t>(interval.count() / trial_spread) + 1;
  const auto wait = interval + milliseconds(static_cast<std::int64_t>(parts_.random.below(spread)));
  quarantine(id, e, reason + " (one trial in " + in_words(wait) + ", or at once when somebody changes or starts it)");
  e.retry = parts_.timers.call_after(wait, [this, id] {
    entry& due = *entries_.at(id);
    due.retry.reset();
    due.trial_due = true;
    if (due.now == phase::quarantined) ask_again_(due.account);
  });
}

void bot_supervisor::begin_trial(bot_id id, entry& e) {
  log().info("a quarantined bot is tried again", {{"user", e.user}, {"account", e.account}, {"bot", id}});
  e.restarts.begin_trial();
}

std::optional<poisoned_bot> bot_supervisor::find_poison(bot_id id) const {
  return parts_.meters.turns == nullptr ? std::nullopt : parts_.meters.turns->find(id);
}

void bot_supervisor::forgive(bot_id id) {
  if (!find_poison(id)) return;
  log().warn("a bot in whose code the process died is tried again", {{"bot", id}});
  parts_.meters.turns->forgive(id);
}

void bot_supervisor::finish(bot_id id, entry& e, const std::string& reason) {
  log().info("bot finished", {{"user", e.user}, {"account", e.account}, {"bot", id}, {"reason", reason}});
  e.then = phase::finished;
  e.left_behind = reason;
  publish(id, e, bot_state::stopping, reason);
}

task<void> bot_supervisor::write_finish(bot_id id, std::string reason) {
  backoff wait(write_floor, write_ceiling);
  while (!scope_.stopping()) {
    std::string text = reason;
    auto written = co_await parts_.bots.finish(id, std::move(text));
    if (written) break;
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
  // The row says "stopped" now; a bot that was started again meanwhile is wanted again.
  auto at = entries_.find(id);
  if (at == entries_.end() || draining_) co_return;
  const auto account = at->second->account;
  if (at->second->now == phase::finished) forget(id, *at->second, reason);
  ask_again_(account);
}

task<void> bot_supervisor::write_rest(bot_id id, std::string reason) {
  backoff wait(write_floor, write_ceiling);
  while (!scope_.stopping()) {
    std::string text = reason;
    failpoint("bots.before_rest");
    auto written = co_await parts_.bots.mark_at_rest(id, std::move(text));
    failpoint("bots.after_rest");
    if (written) co_return;
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
}

void bot_supervisor::cancel_retry(entry& e) {
  if (auto timer = std::exchange(e.retry, std::nullopt)) parts_.timers.cancel(*timer);
}

}  // namespace drover::engine
