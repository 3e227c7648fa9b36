#include "engine/bots/bot_manager.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/log.hpp"
#include "engine/bots/bot_supervisor.hpp"

namespace drover::engine {

namespace {

const logger& log() {
  static const logger instance("bots");
  return instance;
}

/// Accounts whose leases are taken in one statement.
constexpr std::size_t leases_per_statement = 2'000;
/// More changed accounts than this are read by one full load.
constexpr std::size_t single_reads_limit = 64;
constexpr milliseconds database_retry_floor{100}, database_retry_ceiling{4'000};
/// However many accounts there are, questions about them leave no closer together.
constexpr nanoseconds shortest_round_pause = 10ms;
/// How soon rounds begin that were switched on.
constexpr nanoseconds idle_round_pause = 10s;
constexpr std::string_view released_reason = "The account is not to trade any more: switched off, rejected, banned or deleted";
constexpr std::string_view no_bot_reason = "The bot is not to run any more";

using account_rows = std::unordered_map<account_id, tenants::runnable_account>;
/// A bot that the supervisor does not know yet, and how urgently it is to be started.
struct fresh_bot {
  engine::bot bot;
  int rank = 0;
};

}  // namespace

struct bot_manager::state {
  state(bots_config c, bot_manager_parts p)
      : config(std::move(c)), parts(std::move(p)),
        supervisor(config, parts, [this](account_id id) { ask(id); }), first_bot(make_first_bot()), wake(parts.executor),
        scope(parts.executor, "bot manager") {}

  bots_config config;
  bot_manager_parts parts;
  bot_supervisor supervisor;
  const default_bot first_bot;
  /// Accounts to read again; `asked` ones were changed by somebody, the others are due for a restart.
  std::unordered_set<account_id> asked, due;
  bool reload_wanted = true;
  bool draining = false;
  std::atomic<bool> loaded = false, first_load_done = false;
  backoff database_retry{database_retry_floor, database_retry_ceiling};
  wake_event wake;
  task_scope scope;

  void ask(account_id id) {
    due.insert(id);
    wake.notify();
  }
  default_bot make_first_bot() const;
  task<void> follow();
  task<bool> handle_pending();
  task<result<void>> load_all();
  task<result<void>> load_everything(const std::unordered_set<account_id>& pending);
  task<result<void>> load_one(account_id, bool was_asked);
  task<result<std::vector<bot>>> load_bots(std::vector<account_owner> runnable);
  task<result<void>> start_new(std::vector<fresh_bot>, const account_rows&);
  task<result<void>> take_leases(std::vector<account_id>);
  task<void> run_statistics();
  task<void> run_rounds(milliseconds bots_config::* interval, bool (bot_supervisor::*look)(account_id));
  task<void> log_statistics();
  task<void> drain();
};

/// What is wrong with it shows in its bots.
default_bot bot_manager::state::make_first_bot() const {
  default_bot out{config.strategy, config.strategy_parameters, {}};
  const auto* kind = parts.find_kind(config.strategy);
  if (kind == nullptr) return out;
  if (auto symbol = kind->symbol_of(config.strategy_parameters)) out.symbol = std::move(*symbol);
  return out;
}

/// Reads what changed, at once or when the interval is over; while the database is away bots go on and reading is tried again.
task<void> bot_manager::state::follow() {
  auto next_reload = parts.timers.get_clock().now() + config.refresh_interval;
  while (!draining) {
    const bool was_full = reload_wanted;
    const bool done = co_await handle_pending();
    if (draining) break;
    const auto now = parts.timers.get_clock().now();
    if (done && was_full) next_reload = now + config.refresh_interval;
    if (!done) {
      const auto wait = database_retry.next(parts.random);
      co_await sleep_for(parts.timers, wait);
      continue;
    }
    database_retry.reset();
    if (reload_wanted || !asked.empty() || !due.empty()) continue;
    const bool woken = co_await wake.wait_until(parts.timers, next_reload);
    if (!woken) reload_wanted = true;
  }
}

/// False when something could not be read; it stays pending.
task<bool> bot_manager::state::handle_pending() {
  if (asked.size() + due.size() > single_reads_limit) reload_wanted = true;
  result<void> outcome;
  if (reload_wanted) {
    outcome = co_await load_all();
  } else {
    while (outcome && !draining && !(asked.empty() && due.empty())) {
      const bool was_asked = !asked.empty();
      auto& pending = was_asked ? asked : due;
      const auto id = *pending.begin();
      pending.erase(id);
      outcome = co_await load_one(id, was_asked);
      if (!outcome) (was_asked ? asked : due).insert(id);
    }
  }
  supervisor.pump();
  if (!outcome)
    log().warn("the accounts cannot be read; running bots go on", {{"bots", supervisor.size()}, {"err", outcome.error()}});
  co_return outcome.has_value();
}

task<result<void>> bot_manager::state::load_all() {
  // What changes from here on is read again.
  reload_wanted = false;
  auto pending = std::exchange(asked, {});
  pending.merge(std::exchange(due, {}));
  auto done = co_await load_everything(pending);
  if (!done) {
    reload_wanted = true;
    asked.merge(pending);
    co_return done;
  }
  if (!loaded.exchange(true)) log().info("bots loaded", {{"bots", supervisor.size()}});
  co_return done;
}

task<result<void>> bot_manager::state::load_everything(const std::unordered_set<account_id>& pending) {
  auto rows = co_await parts.accounts.load_runnable();
  if (!rows) co_return std::unexpected(rows.error());
  account_rows runnable;
  std::vector<account_owner> owners;
  for (auto& row : *rows) {
    owners.push_back({row.account.id, row.account.user});
    runnable.emplace(row.account.id, std::move(row));
  }
  auto bots = co_await load_bots(std::move(owners));
  if (!bots) co_return std::unexpected(bots.error());
  std::unordered_set<bot_id> wanted;
  std::vector<fresh_bot> fresh;
  for (auto& row : *bots) {
    auto account = runnable.find(row.account);
    if (account == runnable.end()) continue;
    wanted.insert(row.id);
    if (supervisor.knows(row.id)) {
      supervisor.want(account->second, row, {}, pending.contains(row.account));
    } else {
      fresh.push_back({std::move(row)});
    }
  }
  for (const auto id : supervisor.accounts())
    if (!runnable.contains(id)) supervisor.release_account(id, std::string(released_reason));
  for (const auto id : supervisor.bots())
    if (!wanted.contains(id)) supervisor.release(id, std::string(no_bot_reason));
  auto started = co_await start_new(std::move(fresh), runnable);
  co_return started;
}

/// All bots to run; accounts that never had one have got the default one.
task<result<std::vector<bot>>> bot_manager::state::load_bots(std::vector<account_owner> runnable) {
  auto bots = co_await parts.bots.load_runnable();
  if (!bots || config.strategy.empty()) co_return bots;
  std::unordered_set<account_id> have;
  for (const auto& row : *bots) have.insert(row.account);
  std::erase_if(runnable, [&have](const account_owner& owner) { return have.contains(owner.account); });
  if (runnable.empty()) co_return bots;
  auto added = co_await parts.bots.add_default_bots(first_bot, std::move(runnable));
  if (!added) co_return std::unexpected(added.error());
  std::ranges::move(*added, std::back_inserter(*bots));
  co_return bots;
}

/// Leases and saved states of many accounts by a handful of statements; those with open orders start first, then
/// those with a position (REL-07).
task<result<void>> bot_manager::state::start_new(std::vector<fresh_bot> fresh, const account_rows& runnable) {
  if (fresh.empty()) co_return result<void>();
  auto summaries = co_await parts.journal.load_summaries();
  if (!summaries) co_return std::unexpected(summaries.error());
  std::unordered_map<account_id, order_journal::account_summary> known;
  for (auto& s : *summaries) known.emplace(s.account, std::move(s));
  std::vector<account_id> without_lease;
  for (auto& item : fresh) {
    auto at = known.find(item.bot.account);
    item.rank = at == known.end() ? 2 : at->second.has_open_intents ? 0 : at->second.has_position ? 1 : 2;
    if (!supervisor.holds_lease(item.bot.account)) without_lease.push_back(item.bot.account);
  }
  std::ranges::sort(without_lease);
  without_lease.erase(std::ranges::unique(without_lease).begin(), without_lease.end());
  auto taken = co_await take_leases(std::move(without_lease));
  if (!taken) co_return taken;
  std::ranges::sort(fresh, {}, [](const fresh_bot& item) { return std::tuple(item.rank, item.bot.account, item.bot.id); });
  for (auto& item : fresh) {
    auto at = known.find(item.bot.account);
    bot_start start{.strategy_state = "", .fresh = at == known.end()};
    if (at != known.end())
      if (auto saved = at->second.strategy_states.extract(item.bot.id)) start.strategy_state = std::move(saved.mapped());
    supervisor.want(runnable.at(item.bot.account), item.bot, std::move(start), false);
  }
  supervisor.pump();
  co_return result<void>();
}

task<result<void>> bot_manager::state::take_leases(std::vector<account_id> accounts) {
  for (std::size_t from = 0; from < accounts.size(); from += leases_per_statement) {
    const auto count = std::min(leases_per_statement, accounts.size() - from);
    const auto first = accounts.begin() + static_cast<std::ptrdiff_t>(from);
    std::vector<account_id> ids(first, first + static_cast<std::ptrdiff_t>(count));
    auto epochs = co_await parts.journal.acquire_leases(ids, parts.engine_name);
    if (!epochs) co_return std::unexpected(epochs.error());
    for (std::size_t i = 0; i < count && i < epochs->size(); ++i) supervisor.grant_lease(ids[i], (*epochs)[i]);
  }
  co_return result<void>();
}

task<result<void>> bot_manager::state::load_one(account_id id, bool was_asked) {
  auto row = co_await parts.accounts.load_runnable(id);
  if (!row) co_return std::unexpected(row.error());
  if (!*row) {
    supervisor.release_account(id, std::string(released_reason));
    co_return result<void>();
  }
  auto bots = co_await parts.bots.load_runnable(id);
  if (!bots) co_return std::unexpected(bots.error());
  if (bots->empty() && !config.strategy.empty()) {
    std::vector<account_owner> owner{{id, (*row)->account.user}};
    bots = co_await parts.bots.add_default_bots(first_bot, std::move(owner));
    if (!bots) co_return std::unexpected(bots.error());
  }
  for (const auto known : supervisor.bots_of(id))
    if (std::ranges::find(*bots, known, &bot::id) == bots->end()) supervisor.release(known, std::string(no_bot_reason));
  for (const auto& wanted : *bots) supervisor.want(**row, wanted, {}, was_asked);
  co_return result<void>();
}

task<void> bot_manager::state::run_statistics() {
  while (!draining) {
    co_await sleep_for(parts.timers, config.statistics_interval);
    co_await log_statistics();
  }
}

/// One account after the other, evenly over the interval; with an interval of 0 none, until another one is adopted.
task<void> bot_manager::state::run_rounds(milliseconds bots_config::* interval, bool (bot_supervisor::*look)(account_id)) {
  std::vector<account_id> round;
  while (!draining) {
    const auto accounts = static_cast<std::int64_t>(std::max<std::size_t>(supervisor.accounts_size(), 1));
    const bool off = config.*interval == 0ms;
    const nanoseconds share = off ? idle_round_pause : std::max<nanoseconds>(nanoseconds(config.*interval) / accounts, shortest_round_pause);
    co_await sleep_for(parts.timers, share);
    if (draining) break;
    if (off) continue;
    if (round.empty()) round = supervisor.accounts();
    if (round.empty()) continue;
    (supervisor.*look)(round.back());
    round.pop_back();
  }
}

task<void> bot_manager::state::log_statistics() {
  const auto now = parts.counters.snapshot();
  auto stored = co_await parts.journal.load_statistics();
  std::string bots;
  for (const auto& [name, count] : parts.board.counts())
    bots += (bots.empty() ? "" : ",") + std::string(to_string(name)) + ":" + std::to_string(count);
  log().info("order statistics since start",
             {{"bots", bots}, {"placed", now.placed}, {"accepted", now.accepted}, {"refused", now.refused},
              {"unknown", now.unknown}, {"filled", now.filled}, {"cancelled", now.cancelled}, {"fills", now.fills},
              {"error_ratio", error_ratio(now).to_string()}, {"recent_error_ratio", error_ratio(parts.counters.recent()).to_string()}});
  if (!stored) {
    log().warn("the order journal's statistics cannot be read", {{"err", stored.error()}});
    co_return;
  }
  log().info("order statistics in the journal",
             {{"intended", stored->intended}, {"accepted", stored->accepted}, {"unknown", stored->unknown},
              {"refused", stored->refused}, {"not_placed", stored->not_placed}, {"closed", stored->closed},
              {"fills", stored->fills}, {"volume", stored->volume_json}, {"realised", stored->realised_json}});
}

task<void> bot_manager::state::drain() {
  draining = true;
  log().info("draining: no new orders", {{"bots", supervisor.size()}});
  co_await supervisor.drain();
  scope.stop();
  co_await scope.join();
  co_await log_statistics();
}

bot_manager::bot_manager(bots_config config, bot_manager_parts parts)
    : state_(std::make_unique<state>(std::move(config), std::move(parts))) {}
bot_manager::~bot_manager() = default;

void bot_manager::adopt(const bots_config& fresh) {
  adopt_running(state_->config, fresh);
  state_->supervisor.adopt(fresh);
}

void bot_manager::start() {
  state_->scope.spawn("follow accounts", state_->follow());
  state_->scope.spawn("order statistics", state_->run_statistics());
  state_->scope.spawn("key probes", state_->run_rounds(&bots_config::probe_interval, &bot_supervisor::probe));
  state_->scope.spawn("balances", state_->run_rounds(&bots_config::balance_interval, &bot_supervisor::compare_balances));
}

void bot_manager::account_changed(account_id id) {
  state_->asked.insert(id);
  state_->wake.notify();
}

void bot_manager::reload() {
  state_->reload_wanted = true;
  state_->wake.notify();
}

task<void> bot_manager::drain() { co_await state_->drain(); }

std::optional<connection_report> bot_manager::report_connection(account_id id) const {
  return state_->supervisor.report_connection(id);
}
std::vector<account_id> bot_manager::accounts() const { return state_->supervisor.accounts(); }
bool bot_manager::probe(account_id id) { return state_->supervisor.probe(id); }
std::optional<bot_report> bot_manager::report_bot(bot_id id) const { return state_->supervisor.report_bot(id); }
std::vector<external_order> bot_manager::external_orders(user_id user, account_id account) const {
  return state_->supervisor.external_orders(user, account);
}
bool bot_manager::deliver_signal(bot_id id, trade_signal signal) {
  return state_->supervisor.deliver_signal(id, std::move(signal));
}

void bot_manager::heed_gate() { state_->supervisor.heed_gate(); }
std::vector<bot_exposure> bot_manager::exposures(const halt_scope& scope) const { return state_->supervisor.exposures(scope); }
void bot_manager::wake(const halt_scope& scope) { state_->supervisor.wake(scope); }

std::size_t bot_manager::size() const { return state_->supervisor.size(); }
bool bot_manager::first_load_done() const {
  // Once true it stays so: later restarts do not make the engine unready.
  if (!state_->first_load_done && state_->loaded && state_->supervisor.starting() == 0) state_->first_load_done = true;
  return state_->first_load_done;
}

}  // namespace drover::engine
