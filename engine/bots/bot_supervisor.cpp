#include "engine/bots/bot_supervisor.hpp"

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

std::string in_words(milliseconds wait) {
  if (wait < 1s) return std::to_string(wait.count()) + " ms";
  return std::to_string(std::chrono::round<seconds>(wait).count()) + " s";
}

}  // namespace

bot_supervisor::bot_supervisor(const bots_config& config, bot_manager_parts& parts, std::function<void(account_id)> ask_again)
    : config_(config), limits_{config.restart_intensity, config.restart_period, config.backoff_floor, config.backoff_ceiling},
      parts_(parts), ask_again_(std::move(ask_again)),
      lanes_(config.concurrent_starts, [this](account_id id) { launch(id); }), stopped_(parts.executor),
      scope_(parts.executor, "bot supervisor") {
  auto plan = std::make_shared<bot_plan>();
  plan->config = config;
  plan->parameters = config.strategy_parameters;
  plan->kind = parts.find_kind(config.strategy);
  if (plan->kind == nullptr) {
    plan_problem_ = "There is no strategy '" + config.strategy + "'; change bots.strategy";
  } else {
    auto symbol = plan->kind->symbol_of(plan->parameters);
    auto made = plan->kind->make(plan->parameters, "");
    if (!symbol) plan_problem_ = "The strategy's parameters are wrong: " + symbol.error().detail;
    if (symbol && !made) plan_problem_ = "The strategy's parameters are wrong: " + made.error().detail;
    if (symbol) plan->symbol = std::move(*symbol);
  }
  plan_ = std::move(plan);
}

bot_supervisor::~bot_supervisor() = default;

std::vector<account_id> bot_supervisor::accounts() const {
  std::vector<account_id> out;
  out.reserve(entries_.size());
  for (const auto& [id, e] : entries_) out.push_back(id);
  return out;
}

std::optional<connection_report> bot_supervisor::report_connection(account_id id) const {
  auto at = entries_.find(id);
  if (at == entries_.end() || !at->second->bot) return std::nullopt;
  return at->second->bot->report_connection();
}

bool bot_supervisor::probe(account_id id) {
  auto at = entries_.find(id);
  if (at == entries_.end() || !at->second->bot) return false;
  at->second->bot->probe();
  return true;
}

void bot_supervisor::want(tenants::runnable_account wanted, bot_start start, bool asked) {
  if (draining_) return;
  const auto id = wanted.account.id;
  auto at = entries_.find(id);
  if (at == entries_.end()) return enter(wanted, std::move(start));
  entry& e = *at->second;
  if (e.now == phase::stopping) {
    // One that only failed starts again by its own timer; one that was sent away, or got a new key, starts right after.
    const bool changed = e.credential_version != wanted.account.credential_version;
    if (e.released || changed) e.next = std::make_unique<tenants::runnable_account>(std::move(wanted));
    return;
  }
  if (e.credential_version != wanted.account.credential_version) {
    e.next = std::make_unique<tenants::runnable_account>(std::move(wanted));
    return send_away(id, e, "The credentials were replaced");
  }
  const bool touched = asked && e.updated_at != wanted.account.updated_at;
  const bool due = e.now == phase::backing_off && !e.retry;
  e.updated_at = wanted.account.updated_at;
  if (!touched && !due) return;
  if (e.now != phase::backing_off && e.now != phase::quarantined) return;
  cancel_retry(e);
  if (touched) e.restarts.forgive();
  e.start = std::make_unique<bot_start>(std::move(start));
  queue(id, e);
}

void bot_supervisor::enter(const tenants::runnable_account& wanted, bot_start start) {
  auto made = std::make_unique<entry>(limits_);
  entry& e = *made;
  const auto id = wanted.account.id;
  e.user = wanted.account.user;
  e.credential_version = wanted.account.credential_version;
  e.updated_at = wanted.account.updated_at;
  e.sealed = std::make_shared<const tenants::sealed_credentials>(wanted.credentials);
  if (planted("another_ones_key") && !entries_.empty()) e.sealed = entries_.begin()->second->sealed;
  e.may_have_orders = !start.fresh;
  e.start = std::make_unique<bot_start>(std::move(start));
  entries_.emplace(id, std::move(made));
  size_ = entries_.size();
  auto venue = parts_.exchanges.find(wanted.account.exchange_name);
  if (venue == parts_.exchanges.end())
    return quarantine(id, e, "The exchange '" + wanted.account.exchange_name + "' is not configured in this engine");
  e.venue = venue->second.get();
  if (!plan_problem_.empty()) return quarantine(id, e, plan_problem_);
  queue(id, e);
}

void bot_supervisor::queue(account_id id, entry& e) {
  if (e.venue == nullptr || !plan_problem_.empty()) return;
  e.now = phase::queued;
  publish(id, e, bot_state::starting, "Waiting for its turn to start");
  lanes_.add(e.venue, id);
}

void bot_supervisor::make_bot(account_id id, entry& e) {
  bot_observer& self = *this;
  e.bot = std::make_unique<bot_instance>(bot_identity{id, e.user, e.venue, e.sealed}, plan_, parts_, self);
}

void bot_supervisor::launch(account_id id) {
  entry& e = *entries_.at(id);
  e.now = phase::live;
  make_bot(id, e);
  auto start = std::exchange(e.start, nullptr);
  start->restarts = e.restarts.restarts();
  e.bot->start(std::move(*start));
}

void bot_supervisor::on_bot_running(account_id id) {
  entry& e = *entries_.at(id);
  e.restarts.running(parts_.timers.get_clock().now());
  e.may_have_orders = true;
  log().debug("bot running", {{"user", e.user}, {"account", id}});
  scope_.post([this, id, venue = e.venue] { lanes_.done(venue, id); });
}

void bot_supervisor::on_bot_failed(account_id id, const bot_failure& why) {
  entry& e = *entries_.at(id);
  begin_stop(id, e, resume_contract::resume, why.reason);
  if (why.how == bot_failure::kind::permanent) return quarantine(id, e, why.reason);
  const auto now = parts_.timers.get_clock().now();
  if (why.how == bot_failure::kind::outside) {
    auto wait = e.restarts.after_trouble(limits_, now, parts_.random);
    if (why.retry_after) wait = std::max(wait, *why.retry_after);
    return back_off(id, e, wait, why.reason);
  }
  auto wait = e.restarts.after_crash(limits_, now, parts_.random);
  if (wait) return back_off(id, e, *wait, why.reason);
  quarantine(id, e, "It failed more than " + std::to_string(limits_.intensity) + " times in " + in_words(limits_.period) + ". " + why.reason);
}

void bot_supervisor::back_off(account_id id, entry& e, milliseconds wait, const std::string& reason) {
  log().warn("bot failed, it will be started again", {{"user", e.user}, {"account", id}, {"wait_ms", wait.count()}, {"err", reason}});
  e.then = phase::backing_off;
  publish(id, e, bot_state::backing_off, reason + " (next try in " + in_words(wait) + ")");
  e.retry = parts_.timers.call_after(wait, [this, id] {
    entry& due = *entries_.at(id);
    due.retry.reset();
    if (due.now == phase::backing_off) ask_again_(id);
  });
}

void bot_supervisor::quarantine(account_id id, entry& e, const std::string& reason) {
  log().error("bot quarantined", {{"user", e.user}, {"account", id}, {"err", reason}});
  e.then = phase::quarantined;
  if (e.now != phase::stopping) e.now = e.then;
  publish(id, e, bot_state::quarantined, reason);
}

void bot_supervisor::cancel_retry(entry& e) {
  if (auto timer = std::exchange(e.retry, std::nullopt)) parts_.timers.cancel(*timer);
}

void bot_supervisor::release(account_id id, const std::string& reason) {
  auto at = entries_.find(id);
  if (at == entries_.end() || draining_ || planted("ignore_release")) return;
  at->second->next.reset();
  send_away(id, *at->second, reason);
}

void bot_supervisor::send_away(account_id id, entry& e, const std::string& reason) {
  cancel_retry(e);
  if (std::exchange(e.released, true)) return;
  log().info("bot is not to run any more", {{"user", e.user}, {"account", id}, {"reason", reason}});
  if (e.now == phase::stopping) return publish(id, e, bot_state::stopping, reason);
  if (e.now == phase::live) return begin_stop(id, e, resume_contract::cancel_and_wait, reason);
  if (e.venue != nullptr) lanes_.forget(e.venue, id);
  close_left_orders(id, e, reason);
}

/// No bot runs, but an earlier one may have left orders: one is started only to cancel them.
void bot_supervisor::close_left_orders(account_id id, entry& e, const std::string& reason) {
  if (!e.may_have_orders || e.venue == nullptr || !plan_problem_.empty()) return forget(id, e, reason);
  make_bot(id, e);
  e.bot->start({});
  begin_stop(id, e, resume_contract::cancel_and_wait, reason);
}

void bot_supervisor::begin_stop(account_id id, entry& e, resume_contract contract, const std::string& reason) {
  e.now = phase::stopping;
  if (contract == resume_contract::cancel_and_wait) e.may_have_orders = false;
  ++stopping_;
  e.bot->halt(contract, reason);
  scope_.spawn("stop bot", run_stop(id));
}

task<void> bot_supervisor::run_stop(account_id id) {
  bot_instance& bot = *entries_.at(id)->bot;
  const nanoseconds settle = draining_ ? nanoseconds(config_.drain_limit) : stop_settle_limit;
  co_await bot.stop(settle);
  finish_stop(id);
}

/// What was decided when it began to stop, or meanwhile, happens now.
void bot_supervisor::finish_stop(account_id id) {
  entry& e = *entries_.at(id);
  e.bot.reset();
  --stopping_;
  stopped_.notify();
  lanes_.done(e.venue, id);
  if (draining_) return forget(id, e, "The engine is stopping");
  e.now = e.then;
  if (e.released) return close_left_orders(id, e, "Switched off");
  if (e.now == phase::backing_off && !e.retry) ask_again_(id);
}

void bot_supervisor::forget(account_id id, entry& e, const std::string& reason) {
  publish(id, e, bot_state::stopped, reason);
  auto next = std::move(e.next);
  entries_.erase(id);
  size_ = entries_.size();
  parts_.board.remove(id);
  if (!next || draining_) return;
  enter(*next, {});
  pump();
}

void bot_supervisor::publish(account_id id, const entry& e, bot_state state, std::string reason) {
  parts_.board.set({.account = id,
                    .user = e.user,
                    .state = state,
                    .reason = std::move(reason),
                    .since = parts_.wall.wall_now(),
                    .strategy = config_.strategy,
                    .symbol = plan_->symbol,
                    .open_orders = 0,
                    .restarts = e.restarts.restarts()});
}

task<void> bot_supervisor::drain() {
  draining_ = true;
  lanes_.clear_waiting();
  for (const auto id : accounts()) {
    entry& e = *entries_.at(id);
    cancel_retry(e);
    if (e.now == phase::live) begin_stop(id, e, resume_contract::resume, "The engine is stopping");
    if (e.now != phase::stopping) forget(id, e, "The engine is stopping");
  }
  while (stopping_ > 0) co_await stopped_.wait();
  scope_.stop();
  co_await scope_.join();
}

}  // namespace drover::engine
