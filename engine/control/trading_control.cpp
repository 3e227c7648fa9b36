#include "engine/control/trading_control.hpp"

#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/waiter_list.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;
using kind = halt_scope::kind;

const logger& log() {
  static const logger instance("control");
  return instance;
}

constexpr milliseconds write_floor{100}, write_ceiling{5'000};
/// A write that the database itself does not take is a bug; the others must not wait behind it for ever.
constexpr int broken_attempts = 5;
constexpr nanoseconds longest_day_wait = std::chrono::hours(1), day_margin = 1s;
constexpr nanoseconds stop_patience = 2s;

std::string key_of(engine_lock name) { return "lock:" + std::string(to_string(name)); }

std::string reason_of(const lock_state& s) {
  const std::string what = s.name == engine_lock::lockdown ? "The engine is in lockdown" : "Trading is locked by an administrator";
  return s.reason.empty() ? what : what + ": " + s.reason;
}

}  // namespace

trading_control::trading_control(control_parts p)
    : parts_(std::move(p)), something_to_write_(parts_.executor), scope_(parts_.executor, "trading control") {
  for (const auto name : all_locks) locks_[name].name = name;
}
trading_control::~trading_control() = default;

task<result<void>> trading_control::load() {
  auto locks = co_await parts_.store.load_locks();
  if (!locks) co_return std::unexpected(locks.error());
  auto active = co_await parts_.store.load_active();
  if (!active) co_return std::unexpected(active.error());
  auto limits = co_await parts_.store.load_limits();
  if (!limits) co_return std::unexpected(limits.error());
  const auto midnight = utc_midnight(parts_.wall.wall_now());
  auto realised = co_await parts_.store.load_realised(midnight);
  if (!realised) co_return std::unexpected(realised.error());
  auto recalled = co_await load_rows_of_recalled();
  if (!recalled) co_return std::unexpected(recalled.error());
  merge(*locks);
  merge(*active, *recalled);
  parts_.risk.load(std::move(*limits), *realised);
  refresh_flags();
  if (!kills_.empty() || is_trading_locked())
    log().warn("trading is not free", {{"locked", is_trading_locked()}, {"lockdown", is_locked_down()}, {"kills", kills_.size()}});
  co_return result<void>();
}

void trading_control::start() {
  scope_.spawn("write controls", run_writer());
  scope_.spawn("days of losses", run_days());
  for (const auto& [id, held] : kills_)
    if (held.facts.state == kill_state::working) begin(id);
}

task<void> trading_control::stop() {
  if (saved_to_ < last_write_) co_await wait_for([this] { return saved_to_ == last_write_; }, stop_patience);
  if (kept_note_ < wanted_note_) co_await wait_for([this] { return kept_note_ == wanted_note_; }, stop_patience);
  if (saved_to_ < last_write_) {
    const bool kept = parts_.note != nullptr && kept_note_ == wanted_note_;
    log().error(kept ? "locks or kills could not be stored; they are noted in state_folder for the next start"
                     : "locks or kills could not be stored and end with the process",
                {{"writes", last_write_ - saved_to_}});
  }
  stopping_ = true;
  announce();
  scope_.stop();
  co_await scope_.join();
}

/// Of both halves of the day's end: what was realised until then, and who may trade again.
task<void> trading_control::run_days() {
  auto today = utc_midnight(parts_.wall.wall_now());
  while (!stopping_) {
    const auto wall = parts_.wall.wall_now();
    const auto left = utc_midnight(wall) + std::chrono::hours(24) - wall;
    const nanoseconds wait = std::min<nanoseconds>(left + day_margin, longest_day_wait);
    co_await sleep_for(parts_.timers, wait);
    const auto day = utc_midnight(parts_.wall.wall_now());
    if (day <= today) continue;
    today = day;
    parts_.risk.start_day();
  }
}

// Locks

void trading_control::put_in_force(const lock_state& state) {
  locks_[state.name] = state;
  if (state.name != engine_lock::login) {
    if (state.locked)
      parts_.gate.close({key_of(state.name), halt_verb::halt, {}, reason_of(state)});
    else
      parts_.gate.open(key_of(state.name));
  }
  refresh_flags();
}

void trading_control::refresh_flags() {
  const bool lockdown = locks_[engine_lock::lockdown].locked;
  locked_down_ = lockdown;
  login_locked_ = lockdown || locks_[engine_lock::login].locked;
  trading_locked_ = lockdown || locks_[engine_lock::trading].locked;
  active_kills_ = static_cast<std::size_t>(
      std::ranges::count_if(kills_, [](const auto& k) { return k.second.facts.state != kill_state::released; }));
}

task<result<lock_state>> trading_control::set_lock(control_caller who, engine_lock name, bool locked, std::string reason) {
  if (!who.is_admin) co_return fail(control_errc::admins_only, "Only administrators lock and release the engine.");
  if (reason.size() > reason_limit) co_return fail(tenant_errc::invalid, "reason: must not be longer than 500 bytes");
  if (locks_[name].locked == locked) co_return locks_[name];
  lock_state state{name, locked, std::move(reason), who.user, parts_.wall.wall_now(), false};
  put_in_force(state);
  parts_.bots.heed_gate();
  if (parts_.on_access_changed) parts_.on_access_changed();
  log().warn(locked ? "locked" : "released", {{"lock", to_string(name)}, {"user", who.user}, {"through", who.through}, {"reason", state.reason}});
  const auto noted = note();
  auto number = write([this, state] { return store_lock(state); });
  if (!number) co_return std::unexpected(number.error());
  state.saved = co_await wait_until_saved(*number, save_patience);
  if (!state.saved) co_await wait_until_noted(noted);
  state.noted = !state.saved && locks_[name].noted;
  co_return state;
}

task<result<void>> trading_control::store_lock(lock_state state) {
  auto stored = co_await parts_.store.set_lock(state);
  if (!stored) co_return stored;
  // It may have been changed again meanwhile.
  auto& held = locks_[state.name];
  if (held.locked == state.locked && held.at == state.at) held.saved = true;
  note();
  co_return stored;
}

/// Nothing where the row turned out to be newer.
task<result<void>> trading_control::store_recalled(engine_lock name) {
  const auto state = locks_[name];
  if (state.saved) co_return result<void>();
  auto stored = co_await store_lock(state);
  co_return stored;
}

std::vector<lock_state> trading_control::locks() const {
  std::vector<lock_state> out;
  for (const auto& [name, state] : locks_) out.push_back(state);
  return out;
}

// Rows

result<std::uint64_t> trading_control::write(std::function<task<result<void>>()> attempt) {
  if (unsaved_.size() >= unsaved_limit)
    return fail(tenant_errc::overloaded, "too many changes wait for the database; what was asked for holds until the engine stops");
  unsaved_.push_back({std::move(attempt), ++last_write_});
  something_to_write_.notify();
  return last_write_;
}

/// One after the other, in order; while the database is away they wait.
task<void> trading_control::run_writer() {
  backoff wait(write_floor, write_ceiling);
  int broken = 0;
  while (!stopping_) {
    if (unsaved_.empty()) {
      co_await something_to_write_.wait();
      continue;
    }
    // A copy: the queue may grow meanwhile.
    const auto attempt = unsaved_.front().attempt;
    auto done = co_await attempt();
    const bool away = !done && (done.error().code == tenant_errc::unavailable || done.error().code == tenant_errc::overloaded);
    if (!done && (away || ++broken < broken_attempts)) {
      if (wait.attempts() == 0) log().warn("a control cannot be stored yet; it holds in memory", {{"err", done.error()}});
      const auto pause = wait.next(parts_.random);
      co_await sleep_for(parts_.timers, pause);
      continue;
    }
    if (!done) log().error("a control could not be stored", {{"err", done.error()}});
    wait.reset();
    broken = 0;
    saved_to_ = unsaved_.front().number;
    unsaved_.pop_front();
    announce();
  }
}

task<bool> trading_control::wait_until_saved(std::uint64_t number, nanoseconds limit) {
  co_await wait_for([this, number] { return saved_to_ >= number; }, limit);
  co_return saved_to_ >= number;
}

task<void> trading_control::wait_for(std::function<bool()> done, nanoseconds limit) {
  wake_event changed(parts_.executor);
  listed_waiter waiting(waiters_, changed);
  const auto deadline = now() + limit;
  bool in_time = true;
  while (in_time && !stopping_ && !done()) in_time = co_await changed.wait_until(parts_.timers, deadline);
}

void trading_control::announce() {
  for (auto* waiter : waiters_) waiter->notify();
}

}  // namespace drover::engine
