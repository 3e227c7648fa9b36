#include "engine/bots/bot_supervisor.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/planted.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

/// How long a stop waits for requests in flight when nothing else is being drained.
constexpr nanoseconds stop_settle_limit = 5s;
/// Bots that are told of the entry gate before others get their turn.
constexpr std::size_t bots_per_turn = 128;

}  // namespace

bot_supervisor::bot_supervisor(const bots_config& config, bot_manager_parts& parts, std::function<void(account_id)> ask_again)
    : config_(std::make_shared<bots_config>(config)),
      limits_{config.restart_intensity, config.restart_period, config.backoff_floor, config.backoff_ceiling},
      parts_(parts), ask_again_(std::move(ask_again)), plans_(config_, parts.find_kind),
      lanes_(config.concurrent_starts, [this](bot_id id) { launch(id); }), stopped_(parts.executor),
      scope_(parts.executor, "bot supervisor") {}

bot_supervisor::~bot_supervisor() = default;

void adopt_running(bots_config& held, const bots_config& fresh) {
  held.refresh_interval = fresh.refresh_interval;
  held.restart_intensity = fresh.restart_intensity;
  held.restart_period = fresh.restart_period;
  held.quarantine_probe_interval = fresh.quarantine_probe_interval;
  held.drain_limit = fresh.drain_limit;
  held.at_shutdown = fresh.at_shutdown;
  held.mailbox_limit = fresh.mailbox_limit;
  held.probe_interval = fresh.probe_interval;
  held.balance_interval = fresh.balance_interval;
  held.statistics_interval = fresh.statistics_interval;
  held.flatten_collar = fresh.flatten_collar;
}

void bot_supervisor::adopt(const bots_config& fresh) {
  adopt_running(*config_, fresh);
  limits_.intensity = fresh.restart_intensity;
  limits_.period = fresh.restart_period;
}

std::vector<account_id> bot_supervisor::accounts() const {
  std::vector<account_id> out;
  out.reserve(of_account_.size());
  for (const auto& [id, bots] : of_account_) out.push_back(id);
  return out;
}

std::vector<bot_id> bot_supervisor::bots() const {
  std::vector<bot_id> out;
  out.reserve(entries_.size());
  for (const auto& [id, e] : entries_) out.push_back(id);
  return out;
}

std::vector<bot_id> bot_supervisor::bots_of(account_id account) const {
  auto at = of_account_.find(account);
  return at == of_account_.end() ? std::vector<bot_id>() : at->second;
}

bool bot_supervisor::holds_lease(account_id account) const {
  auto at = of_account_.find(account);
  if (at == of_account_.end()) return false;
  return std::ranges::any_of(at->second, [this](bot_id id) { return entries_.at(id)->link->lease_epoch() != 0; });
}

std::optional<connection_report> bot_supervisor::report_connection(account_id account) const {
  for (const auto id : bots_of(account))
    if (const auto& e = *entries_.at(id); e.running) return e.link->report();
  return std::nullopt;
}

bool bot_supervisor::probe(account_id account) {
  bool lives = false;
  for (const auto id : bots_of(account)) {
    auto& e = *entries_.at(id);
    if (!e.running) continue;
    lives = true;
    if (e.running->probe()) break;
  }
  return lives;
}

bool bot_supervisor::compare_balances(account_id account) {
  const auto all = bots_of(account);
  return std::ranges::any_of(all, [this](bot_id id) {
    auto& e = *entries_.at(id);
    return e.running && e.running->compare_balances();
  });
}

std::optional<bot_report> bot_supervisor::report_bot(bot_id id) const {
  auto at = entries_.find(id);
  if (at == entries_.end() || !at->second->running) return std::nullopt;
  return at->second->running->report();
}

std::vector<external_order> bot_supervisor::external_orders(user_id user, account_id account) const {
  std::vector<external_order> out;
  for (const auto& [id, e] : entries_) {
    if (e->user != user || (account.valid() && e->account != account) || !e->running) continue;
    for (auto& found : e->running->external_orders()) out.push_back(std::move(found));
  }
  const auto key = [](const external_order& o) { return std::tie(o.account, o.order.symbol, o.order.venue_order_id); };
  std::ranges::sort(out, {}, key);
  return out;
}

bool bot_supervisor::deliver_signal(bot_id id, trade_signal signal) {
  auto at = entries_.find(id);
  if (at == entries_.end() || !at->second->running) return false;
  return at->second->running->deliver_signal(std::move(signal));
}

bool bot_supervisor::is_changed(const entry& e, const tenants::runnable_account& account, const bot& wanted) const {
  if (planted("keep_old_key")) return e.plan->parameters != wanted.parameters;
  return e.link->credential_version() != account.account.credential_version || e.plan->strategy != wanted.strategy ||
         e.plan->parameters != wanted.parameters;
}

void bot_supervisor::want(const tenants::runnable_account& account, const bot& wanted, bot_start start, bool asked) {
  if (draining_) return;
  auto at = entries_.find(wanted.id);
  if (at == entries_.end()) {
    if (has_rival(wanted)) {
      crowded_.insert(wanted.account);
      return;
    }
    if (wanted.desired == desired_state::stopped) return enter_to_close(account, wanted);
    if (asked) forgive(wanted.id);
    return enter(account, wanted, std::move(start));
  }
  entry& e = *at->second;
  e.wished = wanted.resume;
  if (wanted.desired == desired_state::stopped && planted("ignore_stop")) return;
  if (wanted.desired == desired_state::stopped) return stop_for_user(wanted.id, e, wanted);
  if (e.now == phase::stopping) {
    // One that only failed starts again by its own timer; one that was sent away, or is to run otherwise, starts right after.
    const bool has_key = e.link->credential_version() == account.account.credential_version;
    if (!e.released && has_key && is_changed(e, account, wanted)) e.replaced = true;
    if (e.released || e.replaced) e.next = std::make_unique<wanted_bot>(account, wanted);
    e.paused = wanted.desired == desired_state::paused;
    return;
  }
  if (is_changed(e, account, wanted)) {
    forgive(wanted.id);
    return replace(wanted.id, e, account, wanted);
  }
  set_paused(wanted.id, e, wanted.desired == desired_state::paused);
  const bool touched = asked && (e.account_updated_at != account.account.updated_at || e.bot_updated_at != wanted.updated_at);
  const bool due = e.now == phase::backing_off && !e.retry;
  const bool for_trial = e.now == phase::quarantined && std::exchange(e.trial_due, false);
  e.account_updated_at = account.account.updated_at;
  e.bot_updated_at = wanted.updated_at;
  if (!touched && !due && !for_trial) return;
  if (e.now != phase::backing_off && e.now != phase::quarantined) return;
  cancel_retry(e);
  if (touched) e.restarts.forgive();
  if (touched) forgive(wanted.id);
  if (!touched && for_trial) begin_trial(wanted.id, e);
  e.start = std::make_unique<bot_start>(std::move(start));
  queue(wanted.id, e);
}

/// Another bot of the account has not left the market yet: this one is asked for again when it has.
bool bot_supervisor::has_rival(const bot& wanted) const {
  auto at = of_account_.find(wanted.account);
  if (at == of_account_.end()) return false;
  const auto plan_symbol = [this](bot_id id) -> const std::string& { return entries_.at(id)->plan->symbol; };
  return std::ranges::any_of(at->second, [&](bot_id id) { return plan_symbol(id) == wanted.symbol; });
}

void bot_supervisor::set_paused(bot_id id, entry& e, bool paused) {
  if (std::exchange(e.paused, paused) == paused) return;
  log().info(paused ? "bot paused" : "bot goes on", {{"user", e.user}, {"account", e.account}, {"bot", id}});
  if (!e.running) return;
  if (paused) e.running->pause();
  if (!paused) e.running->resume();
}

/// New credentials end what the old ones began; new parameters only make the bot begin anew with what it remembers.
void bot_supervisor::replace(bot_id id, entry& e, const tenants::runnable_account& account, const bot& wanted) {
  e.next = std::make_unique<wanted_bot>(account, wanted);
  if (e.link->credential_version() != account.account.credential_version)
    return send_away(id, e, resume_contract::cancel_and_wait, "The credentials were replaced");
  cancel_retry(e);
  if (e.now == phase::live) {
    e.replaced = true;
    return begin_stop(id, e, resume_contract::resume, "Starting again with the new parameters");
  }
  if (e.venue() != nullptr) lanes_.forget(e.venue(), id);
  forget(id, e, "Starting again with the new parameters");
}

/// Bots of one key share a link; an account whose key was replaced keeps its lease.
std::shared_ptr<account_link> bot_supervisor::get_link(const tenants::runnable_account& row) {
  std::int64_t epoch = 0;
  for (const auto id : bots_of(row.account.id)) {
    const auto& link = entries_.at(id)->link;
    if (link->credential_version() == row.account.credential_version) return link;
    epoch = std::max(epoch, link->lease_epoch());
  }
  auto venue = parts_.exchanges.find(tenants::venue_of(row.account.exchange_name, row.account.region));
  auto* found = venue == parts_.exchanges.end() ? nullptr : venue->second.get();
  auto sealed = std::make_shared<const tenants::sealed_credentials>(row.credentials);
  if (planted("another_ones_key") && !entries_.empty()) sealed = entries_.begin()->second->link->sealed();
  return std::make_shared<account_link>(parts_.executor, parts_.keyring, row.account, std::move(sealed), found, epoch);
}

bot_supervisor::entry& bot_supervisor::add_entry(const tenants::runnable_account& account, const bot& wanted, bool fresh) {
  auto made = std::make_unique<entry>(limits_);
  entry& e = *made;
  e.account = wanted.account;
  e.user = wanted.user;
  e.link = get_link(account);
  if (auto lease = granted_.extract(wanted.account)) e.link->grant_lease(lease.mapped());
  e.plan = plans_.get(wanted, e.venue());
  e.account_updated_at = account.account.updated_at;
  e.bot_updated_at = wanted.updated_at;
  e.may_have_orders = !fresh;
  e.wished = wanted.resume;
  e.paused = wanted.desired == desired_state::paused;
  entries_.emplace(wanted.id, std::move(made));
  of_account_[wanted.account].push_back(wanted.id);
  size_ = entries_.size();
  return e;
}

void bot_supervisor::enter(const tenants::runnable_account& account, const bot& wanted, bot_start start) {
  entry& e = add_entry(account, wanted, start.fresh);
  e.start = std::make_unique<bot_start>(std::move(start));
  if (e.venue() == nullptr)
    return quarantine(wanted.id, e, "The exchange '" + tenants::venue_of(account.account.exchange_name, account.account.region) + "' is not configured in this engine");
  if (!e.plan->problem.empty()) return quarantine(wanted.id, e, e.plan->problem);
  if (const auto poisoned = find_poison(wanted.id)) return quarantine(wanted.id, e, poisoned->reason());
  queue(wanted.id, e);
}

/// It was stopped while nobody could do what its contract asks for.
void bot_supervisor::enter_to_close(const tenants::runnable_account& account, const bot& wanted) {
  entry& e = add_entry(account, wanted, false);
  e.now = phase::quarantined;
  stop_for_user(wanted.id, e, wanted);
}

void bot_supervisor::stop_for_user(bot_id id, entry& e, const bot& wanted) {
  e.next.reset();
  e.stopped_by_user = true;
  send_away(id, e, wanted.resume, wanted.reason.empty() ? "Stopped" : wanted.reason);
}

void bot_supervisor::queue(bot_id id, entry& e) {
  if (!e.can_run()) return;
  e.now = phase::queued;
  publish(id, e, bot_state::starting, "Waiting for its turn to start");
  lanes_.add(e.venue(), id);
}

void bot_supervisor::make_bot(bot_id id, entry& e) {
  bot_observer& self = *this;
  e.running = std::make_unique<bot_instance>(bot_identity{id, e.account, e.user, e.link}, e.plan, parts_, self);
}

void bot_supervisor::launch(bot_id id) {
  entry& e = *entries_.at(id);
  e.now = phase::live;
  make_bot(id, e);
  auto start = std::exchange(e.start, nullptr);
  start->restarts = e.restarts.restarts();
  start->paused = e.paused;
  e.running->start(std::move(*start));
}

void bot_supervisor::on_bot_running(bot_id id) {
  entry& e = *entries_.at(id);
  e.restarts.running(parts_.timers.get_clock().now());
  e.may_have_orders = true;
  log().debug("bot running", {{"user", e.user}, {"account", e.account}, {"bot", id}});
  scope_.post([this, id, venue = e.venue()] { lanes_.done(venue, id); });
}

void bot_supervisor::release(bot_id id, const std::string& reason) {
  auto at = entries_.find(id);
  if (at == entries_.end() || draining_ || planted("ignore_release")) return;
  entry& e = *at->second;
  e.next.reset();
  send_away(id, e, e.stopped_by_user ? e.contract : resume_contract::cancel_and_wait, reason);
}

void bot_supervisor::release_account(account_id account, const std::string& reason) {
  for (const auto id : bots_of(account)) {
    auto at = entries_.find(id);
    if (at == entries_.end() || draining_ || planted("ignore_release")) continue;
    at->second->next.reset();
    send_away(id, *at->second, resume_contract::cancel_and_wait, reason);
  }
}

void bot_supervisor::send_away(bot_id id, entry& e, resume_contract contract, const std::string& reason) {
  cancel_retry(e);
  e.replaced = false;
  e.contract = std::max(e.contract, contract);
  if (std::exchange(e.released, true)) return;
  log().info("bot is not to run any more", {{"user", e.user}, {"account", e.account}, {"bot", id}, {"reason", reason}});
  if (e.now == phase::stopping) return publish(id, e, bot_state::stopping, reason);
  if (e.now == phase::live) return begin_stop(id, e, e.contract, reason);
  if (e.venue() != nullptr) lanes_.forget(e.venue(), id);
  close_left_orders(id, e, reason);
}

/// No bot runs, but an earlier one may have left orders: one is started only to close them.
void bot_supervisor::close_left_orders(bot_id id, entry& e, const std::string& reason) {
  const bool nothing_to_do = !e.may_have_orders || e.contract == resume_contract::resume;
  if (nothing_to_do || !e.can_run()) return forget(id, e, reason);
  make_bot(id, e);
  e.running->start({.without_strategy = find_poison(id).has_value()});
  begin_stop(id, e, e.contract, reason);
}

void bot_supervisor::begin_stop(bot_id id, entry& e, resume_contract contract, const std::string& reason) {
  e.now = phase::stopping;
  if (contract != resume_contract::resume) e.may_have_orders = false;
  ++stopping_;
  e.running->halt(contract, reason);
  scope_.spawn("stop bot", run_stop(id));
}

task<void> bot_supervisor::run_stop(bot_id id) {
  bot_instance& bot = *entries_.at(id)->running;
  // Orders that a drain cancels take their time from the same limit.
  const nanoseconds for_cancels = config_->at_shutdown == shutdown_orders::leave ? 0ns : bot_instance::cancel_limit;
  const nanoseconds for_drain = std::max(nanoseconds(config_->drain_limit) - for_cancels, 0ns);
  const nanoseconds settle = draining_ ? for_drain : stop_settle_limit;
  co_await bot.stop(settle);
  finish_stop(id);
}

/// What was decided when it began to stop, or meanwhile, happens now.
void bot_supervisor::finish_stop(bot_id id) {
  entry& e = *entries_.at(id);
  if (e.released && !e.running->left_behind().empty()) e.left_behind = e.running->left_behind();
  e.running.reset();
  --stopping_;
  stopped_.notify();
  lanes_.done(e.venue(), id);
  if (draining_) return forget(id, e, "The engine is stopping");
  e.now = e.then;
  if (e.released) return close_left_orders(id, e, "Stopped");
  if (e.replaced) return forget(id, e, "Starting again");
  if (e.now == phase::finished) return scope_.spawn("write the end of a bot", write_finish(id, e.left_behind));
  const bool may_start = (e.now == phase::backing_off && !e.retry) || (e.now == phase::quarantined && e.trial_due);
  if (may_start) ask_again_(e.account);
}

void bot_supervisor::forget(bot_id id, entry& e, const std::string& reason) {
  publish(id, e, bot_state::stopped, e.left_behind.empty() ? reason : e.left_behind);
  auto next = std::move(e.next);
  const auto account = e.account;
  if (e.stopped_by_user && !next && !draining_) scope_.spawn("write the rest of a bot", write_rest(id, e.left_behind));
  // Its successor, or a neighbour, goes on with the link.
  const auto link = e.link;
  entries_.erase(id);
  auto listed = of_account_.find(account);
  std::erase(listed->second, id);
  if (listed->second.empty()) of_account_.erase(listed);
  size_ = entries_.size();
  parts_.board.remove(id);
  if (draining_) return;
  if (crowded_.erase(account) > 0) ask_again_(account);
  if (!next) return;
  if (link->lease_epoch() != 0) granted_[account] = link->lease_epoch();
  enter(next->account, next->bot, {});
  pump();
}

void bot_supervisor::publish(bot_id id, const entry& e, bot_state state, std::string reason) {
  parts_.board.set({.bot = id,
                    .account = e.account,
                    .user = e.user,
                    .state = state,
                    .reason = std::move(reason),
                    .since = parts_.wall.wall_now(),
                    .strategy = e.plan->strategy,
                    .symbol = e.plan->symbol,
                    .open_orders = 0,
                    .restarts = e.restarts.restarts()});
}

void bot_supervisor::heed_gate() { heed_gate_of(bots()); }

/// A few in each turn: thousands at once would hold up everything else.
void bot_supervisor::heed_gate_of(std::vector<bot_id> ids) {
  for (std::size_t i = 0; i < bots_per_turn && !ids.empty(); ++i, ids.pop_back()) {
    auto at = entries_.find(ids.back());
    if (at != entries_.end() && at->second->running) at->second->running->heed_gate();
  }
  if (!ids.empty()) scope_.post([this, left = std::move(ids)]() mutable { heed_gate_of(std::move(left)); });
}

order_owner bot_supervisor::owner_of(bot_id id, const entry& e) const {
  return {e.user, e.account, e.link->exchange_name(), id};
}

std::vector<bot_exposure> bot_supervisor::exposures(const halt_scope& scope) const {
  std::vector<bot_exposure> out;
  for (const auto& [id, e] : entries_) {
    auto owner = owner_of(id, *e);
    if (!covers(scope, owner)) continue;
    if (e->running) {
      out.push_back(e->running->exposure());
      continue;
    }
    const auto status = parts_.board.find(id);
    out.push_back({.owner = std::move(owner), .symbol = e->plan->symbol, .problem = status ? status->reason : "It does not run"});
    out.back().carried_out = !e->may_have_orders || !e->can_run();
  }
  return out;
}

void bot_supervisor::wake(const halt_scope& scope) {
  if (draining_) return;
  for (const auto id : bots()) {
    entry& e = *entries_.at(id);
    const bool waits = e.now == phase::backing_off || e.now == phase::quarantined;
    if (!waits || !e.can_run() || !covers(scope, owner_of(id, e))) continue;
    cancel_retry(e);
    e.restarts.forgive();
    e.start = std::make_unique<bot_start>();
    queue(id, e);
  }
  pump();
}

resume_contract bot_supervisor::contract_at_shutdown(const entry& e) const {
  const auto policy = config_->at_shutdown;
  const bool cancels = policy == shutdown_orders::cancel || (policy == shutdown_orders::by_contract && e.wished != resume_contract::resume);
  return cancels ? resume_contract::cancel_and_wait : resume_contract::resume;
}

task<void> bot_supervisor::drain() {
  draining_ = true;
  lanes_.clear_waiting();
  for (const auto id : bots()) {
    entry& e = *entries_.at(id);
    cancel_retry(e);
    if (e.now == phase::live) begin_stop(id, e, contract_at_shutdown(e), "The engine is stopping");
    if (e.now != phase::stopping) forget(id, e, "The engine is stopping");
  }
  while (stopping_ > 0) co_await stopped_.wait();
  scope_.stop();
  co_await scope_.join();
}

}  // namespace drover::engine
