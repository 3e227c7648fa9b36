// Kills: asked for, held, carried out, told of, released.
#include <algorithm>
#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "engine/control/trading_control.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;
using kind = halt_scope::kind;

const logger& log() {
  static const logger instance("control");
  return instance;
}

/// How often bots are asked how far they are, at first and when it takes long; then what failed is tried again, too.
constexpr nanoseconds first_pace = 50ms, later_pace = 5s, first_stage = 30s;
/// Released kills that are remembered while they may not be stored yet.
constexpr std::size_t released_limit = 1'000;

std::string key_of(const uuid& id) { return "kill:" + id.to_hex(); }

std::string reason_of(const kill& k) {
  const std::string what = k.verb == halt_verb::halt     ? "New orders are halted"
                           : k.verb == halt_verb::cancel ? "Orders were cancelled and new ones are halted"
                                                         : "Positions were closed and new orders are halted";
  const std::string who = k.by_admin ? " by an administrator" : "";
  const std::string whose = k.scope.what == kind::bot ? "" : " for " + (k.scope.what == kind::user ? std::string("the user") : describe(k.scope));
  return what + whose + who + (k.reason.empty() ? "" : ": " + k.reason);
}

bool may_see(const control_caller& who, const kill& k) { return who.is_admin || (k.owner.valid() && k.owner == who.user); }

residual_exposure residual_of(const bot_exposure& e) {
  return {.account = e.owner.account,
          .bot = e.owner.bot,
          .exchange = e.owner.exchange,
          .symbol = e.symbol,
          .open_orders = e.open_orders,
          .position = e.position,
          .notional = e.notional,
          .problem = e.problem};
}

}  // namespace

trading_control::held_kill* trading_control::find(uuid id) {
  auto at = kills_.find(id);
  return at == kills_.end() ? nullptr : &at->second;
}

/// Whose bots are stopped; not valid where they are many users'.
task<result<user_id>> trading_control::authorise(control_caller who, halt_scope& scope) {
  const bool wide = scope.what == kind::exchange || scope.what == kind::all;
  if (wide && !who.is_admin)
    co_return fail(control_errc::admins_only, "Only administrators stop an exchange or everything; stop your own with scope user.");
  if (scope.what == kind::all) co_return user_id{};
  if (scope.what == kind::exchange) {
    if (!parts_.knows_exchange(scope.name)) co_return fail(tenant_errc::invalid, "exchange: there is no '" + scope.name + "'");
    co_return user_id{};
  }
  if (scope.what == kind::user && scope.id == 0) scope.id = who.user.value;
  auto owner = co_await find_owner(scope);
  if (owner && !who.is_admin && *owner != who.user) co_return fail(tenant_errc::not_found);
  co_return owner;
}

/// From memory where a bot of it lives, so that it works while the database is away.
task<result<user_id>> trading_control::find_owner(halt_scope scope) {
  if (scope.what == kind::bot)
    if (auto status = parts_.board.find(bot_id(scope.id))) co_return status->user;
  if (scope.what == kind::account)
    if (auto status = parts_.board.find(account_id(scope.id))) co_return status->user;
  auto owner = co_await parts_.store.find_owner(scope);
  if (!owner) {
    // One's own self needs no table.
    if (scope.what == kind::user) co_return user_id(scope.id);
    co_return std::unexpected(owner.error());
  }
  if (!*owner) co_return fail(tenant_errc::not_found);
  co_return **owner;
}

const kill* trading_control::find_same(const control_caller& who, const kill_request& wanted) const {
  for (const auto& [id, held] : kills_) {
    const auto& k = held.facts;
    if (!wanted.key.empty() && k.key == wanted.key && k.by == who.user) return &k;
    if (k.state != kill_state::released && k.verb == wanted.verb && k.scope == wanted.scope && k.by_admin == who.is_admin) return &k;
  }
  return nullptr;
}

kill trading_control::make_kill(const control_caller& who, kill_request wanted, user_id owner) const {
  engine::kill k{.id = make_uuid_v7(parts_.wall, parts_.random),
                 .verb = wanted.verb,
                 .scope = std::move(wanted.scope),
                 .owner = owner,
                 .by = who.user,
                 .by_admin = who.is_admin,
                 .through = who.through,
                 .key = std::move(wanted.key),
                 .reason = std::move(wanted.reason),
                 .at = parts_.wall.wall_now(),
                 .saved = false};
  k.receipt.entries_halted_since = k.at;
  return k;
}

void trading_control::hold(const engine::kill& k, halt_verb verb) { parts_.gate.close({key_of(k.id), verb, k.scope, reason_of(k)}); }

void trading_control::let_go(const engine::kill& k) {
  parts_.gate.open(key_of(k.id));
  parts_.bots.heed_gate();
}

task<result<engine::kill>> trading_control::kill(control_caller who, kill_request wanted) {
  if (wanted.reason.size() > reason_limit) co_return fail(tenant_errc::invalid, "reason: must not be longer than 500 bytes");
  if (wanted.key.size() > key_limit) co_return fail(tenant_errc::invalid, "key: must not be longer than 64 characters");
  auto owner = co_await authorise(who, wanted.scope);
  if (!owner) co_return std::unexpected(owner.error());
  if (const auto* same = find_same(who, wanted)) {
    const auto id = same->id;
    co_await wait_for_receipt(id, receipt_patience);
    if (auto* held = find(id)) co_return held->facts;
    co_return fail(tenant_errc::not_found);
  }
  if (active_kills_ >= active_limit) co_return fail(tenant_errc::overloaded, "too many kills hold already; release some");
  auto fresh = make_kill(who, std::move(wanted), *owner);
  const auto id = fresh.id;
  // New orders end at once; what changes something at an exchange waits for the row, while the database answers.
  hold(fresh, halt_verb::halt);
  log().warn("kill", {{"id", id.to_string()}, {"verb", to_string(fresh.verb)}, {"scope", describe(fresh.scope)}, {"user", who.user},
                      {"through", who.through}, {"reason", fresh.reason}});
  kills_.emplace(id, held_kill{std::move(fresh)});
  refresh_flags();
  const auto noted = note();
  auto number = write([this, id] { return add_row(id); });
  bool saved = false;
  if (number) saved = co_await wait_until_saved(*number, save_patience);
  if (!saved) co_await wait_until_noted(noted);
  if (auto other = adopted_.extract(id)) {
    auto* held = find(other.mapped());
    if (held != nullptr) co_return held->facts;
    auto stored = co_await parts_.store.get_kill(other.mapped());
    co_return stored;
  }
  failpoint("control.after_kill_row");
  begin(id);
  co_await wait_for_receipt(id, receipt_patience);
  auto* held = find(id);
  if (held == nullptr) co_return fail(tenant_errc::not_found);
  co_return held->facts;
}

void trading_control::kill_later(control_caller who, kill_request wanted) {
  scope_.spawn("kill later", run_later(std::move(who), std::move(wanted)));
}

task<void> trading_control::run_later(control_caller who, kill_request wanted) {
  const std::string through = who.through;
  auto done = co_await kill(std::move(who), std::move(wanted));
  if (!done) {
    log().error("a kill failed", {{"through", through}, {"err", done.error()}});
    co_return;
  }
  log().warn("kill answered", {{"through", through}, {"id", done->id.to_string()}, {"saved", done->saved}, {"survives_restart", done->survives_restart()}, {"receipt", to_json(done->receipt)}});
}

task<result<void>> trading_control::add_row(uuid id) {
  auto* held = find(id);
  if (held == nullptr) co_return result<void>();
  auto copy = held->facts;
  // Its release, when there was one meanwhile, is a write of its own, with an audit row of its own.
  if (copy.state == kill_state::released) copy.state = kill_state::working;
  auto stored = co_await parts_.store.add_kill(std::move(copy));
  if (!stored) co_return std::unexpected(stored.error());
  if (stored->id != id) {
    adopt(id, std::move(*stored));
  } else if (auto* still = find(id)) {
    still->facts.saved = still->facts.state != kill_state::released;
  }
  note();
  co_return result<void>();
}

task<result<void>> trading_control::release_row(uuid id, user_id by, wall_time at) {
  auto stored = co_await parts_.store.release_kill(id, by, at);
  if (!stored) co_return stored;
  if (auto* held = find(id)) held->facts.saved = true;
  note();
  co_return stored;
}

/// The database knew it already, under another id.
void trading_control::adopt(uuid ours, engine::kill stored) {
  auto node = kills_.extract(ours);
  if (!node) return;
  parts_.gate.open(key_of(ours));
  adopted_[ours] = stored.id;
  if (stored.state != kill_state::released) {
    hold(stored, stored.verb);
    const auto id = stored.id;
    kills_.emplace(id, held_kill{std::move(stored)});
    begin(id);
  }
  refresh_flags();
  parts_.bots.heed_gate();
}

void trading_control::begin(uuid id) {
  auto* held = find(id);
  if (held == nullptr || held->running || held->facts.state == kill_state::released) return;
  held->running = true;
  scope_.spawn("kill", run_kill(id));
}

/// Until everything is done or somebody releases it. Bots do the work; they also do it when they start later.
task<void> trading_control::run_kill(uuid id) {
  const auto began = now();
  const auto scope = find(id)->facts.scope;
  hold(find(id)->facts, find(id)->facts.verb);
  if (find(id)->facts.verb != halt_verb::halt) parts_.bots.wake(scope);
  auto next_try = began;
  while (!stopping_) {
    if (now() >= next_try) {
      parts_.bots.heed_gate();
      next_try = now() + later_pace;
    }
    auto* held = find(id);
    if (held == nullptr || held->facts.state == kill_state::released) co_return;
    measure(held->facts);
    announce();
    if (held->facts.receipt.complete) co_return finish(*held);
    const bool early = now() - began < first_stage;
    const nanoseconds pace = early ? first_pace : later_pace;
    co_await sleep_for(parts_.timers, pace);
  }
}

void trading_control::measure(engine::kill& k) const {
  kill_receipt r{.entries_halted_since = k.receipt.entries_halted_since};
  const auto exposures = parts_.bots.exposures(k.scope);
  r.bots = static_cast<int>(exposures.size());
  bool all_done = parts_.bots.first_load_done();
  for (const auto& e : exposures) {
    r.orders_cancelled += e.cancelled;
    r.orders_open += e.open_orders;
    // What failed is tried again; what does not run and cannot is left.
    all_done = all_done && e.carried_out && (e.problem.empty() || !e.reachable);
    const bool is_left = e.open_orders > 0 || !e.position.is_zero() || !e.problem.empty();
    if (is_left && r.residual.size() < residual_limit) r.residual.push_back(residual_of(e));
  }
  r.complete = k.verb == halt_verb::halt || all_done;
  k.receipt = std::move(r);
}

void trading_control::finish(held_kill& held) {
  auto& k = held.facts;
  k.state = kill_state::done;
  held.running = false;
  log().warn("kill carried out", {{"id", k.id.to_string()}, {"verb", to_string(k.verb)}, {"scope", describe(k.scope)}, {"bots", k.receipt.bots},
                                  {"cancelled", k.receipt.orders_cancelled}, {"open", k.receipt.orders_open}, {"residual", k.receipt.residual.size()}});
  (void)write([this, id = k.id, receipt = k.receipt] { return parts_.store.update_kill(id, kill_state::done, receipt); });
  announce();
}

task<void> trading_control::wait_for_receipt(uuid id, nanoseconds limit) {
  return wait_for(
      [this, id] {
        auto* held = find(id);
        return held == nullptr || held->facts.state != kill_state::working;
      },
      limit);
}

task<result<engine::kill>> trading_control::get(control_caller who, uuid id) {
  if (auto* held = find(id)) {
    if (may_see(who, held->facts)) co_return held->facts;
    co_return fail(tenant_errc::not_found);
  }
  auto stored = co_await parts_.store.get_kill(id);
  if (stored && !may_see(who, *stored)) co_return fail(tenant_errc::not_found);
  co_return stored;
}

task<result<std::vector<engine::kill>>> trading_control::list(control_caller who, bool active_only, int limit) {
  kill_page page{.limit = limit, .owner = who.is_admin ? user_id{} : who.user, .active_only = active_only};
  auto stored = co_await parts_.store.list_kills(page);
  std::vector<engine::kill> out;
  if (stored) out = std::move(*stored);
  // What memory knows is newer, and all there is while the database is away.
  for (const auto& [id, held] : kills_) {
    const auto& k = held.facts;
    if (!may_see(who, k) || (active_only && k.state == kill_state::released)) continue;
    auto at = std::ranges::find(out, id, &engine::kill::id);
    if (at != out.end())
      *at = k;
    else if (!k.saved || !stored)
      out.push_back(k);
  }
  std::ranges::sort(out, std::greater{}, [](const engine::kill& k) { return std::pair(k.at, k.id); });
  if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
  co_return out;
}

task<result<engine::kill>> trading_control::release(control_caller who, uuid id) {
  auto found = co_await get(who, id);
  if (!found || found->state == kill_state::released) co_return found;
  if (found->by_admin && !who.is_admin) co_return fail(control_errc::not_yours, "An administrator asked for this stop; ask one to release it.");
  auto* held = find(id);
  if (held == nullptr) co_return fail(tenant_errc::not_found);
  auto& k = held->facts;
  k.state = kill_state::released;
  k.released_by = who.user;
  k.released_at = parts_.wall.wall_now();
  k.saved = k.noted = false;
  let_go(k);
  refresh_flags();
  announce();
  log().warn("kill released", {{"id", id.to_string()}, {"scope", describe(k.scope)}, {"user", who.user}, {"through", who.through}});
  const auto noted = note();
  auto number = write([this, id, by = who.user, at = *k.released_at] { return release_row(id, by, at); });
  bool saved = false;
  if (number) saved = co_await wait_until_saved(*number, save_patience);
  if (!saved) co_await wait_until_noted(noted);
  auto* still = find(id);
  if (still == nullptr) co_return fail(tenant_errc::not_found);
  auto answer = still->facts;
  forget_old();
  co_return answer;
}

/// Stored ones are found in the database.
void trading_control::forget_old() {
  auto released = static_cast<std::size_t>(
      std::ranges::count_if(kills_, [](const auto& k) { return k.second.facts.state == kill_state::released; }));
  for (auto at = kills_.begin(); at != kills_.end() && released > released_limit;) {
    const bool old = at->second.facts.state == kill_state::released && at->second.facts.saved;
    at = old ? kills_.erase(at) : std::next(at);
    if (old) --released;
  }
  if (adopted_.size() > released_limit) adopted_.clear();
}

}  // namespace drover::engine
