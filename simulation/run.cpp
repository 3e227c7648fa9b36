#include "simulation/run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/log.hpp"
#include "simulation/books_check.hpp"
#include "simulation/model_engine.hpp"
#include "simulation/random_strategy.hpp"

namespace drover::simulation {
namespace {

constexpr std::uint64_t minutes_per_hour = 60;
/// Within this after the last fault everything must be at rest (N of the liveness phase).
constexpr nanoseconds rest_limit = std::chrono::minutes(20);
constexpr nanoseconds minute = std::chrono::minutes(1);
constexpr nanoseconds bury_limit = std::chrono::minutes(10);
/// Who was switched off does not order any more after this, whatever fails: a reload comes every five minutes.
constexpr nanoseconds stop_limit = std::chrono::minutes(12);
constexpr std::uint64_t most_crashes_per_hour = 12;

/// Engines that come and go in a setting.
class stage {
public:
  explicit stage(const run_options& options) : around_(options.seed, options.print), options_(options) {
    for (const auto f : options.without) around_.faults.remove(f);
    set_random_strategy_quiet(&around_.quiet);
  }

  run_verdict run();

private:
  void run_until(steady_time end);
  void start_engine();
  void kill(model_engine&);
  void pass_minute();
  void trade_by_hand();
  void change_account();
  void welcome_all();
  void move_markets();
  void crash_later();
  void overlap_later();
  void safety();
  void liveness();
  void end_all();
  bool at_rest();
  model_engine* newest();
  nanoseconds below(nanoseconds span) {
    return nanoseconds(static_cast<std::int64_t>(around_.sim.random().below(static_cast<std::uint64_t>(span.count()))));
  }

  setting around_;
  const run_options& options_;
  std::vector<std::unique_ptr<model_engine>> engines_;
  std::string unrest_;
  int last_engine_ = 0, by_hand_ = 0;
  bool calm_ = false;
  /// The last change of each account by people.
  std::map<account_id, int> changes_;
  int last_change_ = 0;
};

void stage::run_until(steady_time end) {
  while (!around_.judge.failed() && around_.sim.now() <= end && around_.sim.step(end)) {
  }
  if (!around_.judge.failed()) around_.sim.run_until(end);
}

model_engine* stage::newest() {
  for (auto at = engines_.rbegin(); at != engines_.rend(); ++at)
    if (!(*at)->killed()) return at->get();
  return nullptr;
}

void stage::start_engine() {
  engines_.push_back(std::make_unique<model_engine>(around_, ++last_engine_));
  engines_.back()->start();
}

/// At some moment of the next minute; the next engine comes at once or after a while.
void stage::crash_later() {
  around_.sim.call_after(below(minute), [this] {
    auto* running = newest();
    if (!running || calm_) return;
    running->kill();
    const auto down = around_.sim.random().below(3) == 0 ? nanoseconds::zero() : below(minute);
    around_.sim.call_after(down, [this] {
      if (!newest()) start_engine();
    });
  });
}

/// A second engine while the first does not know that it is to go.
void stage::overlap_later() {
  around_.sim.call_after(below(minute), [this] {
    auto* old = newest();
    if (!old || calm_) return;
    start_engine();
    around_.sim.call_after(below(2 * minute), [this] {
      const auto old_one = std::ranges::find_if(engines_, [](const auto& e) { return !e->killed(); });
      if (old_one != engines_.end() && old_one->get() != newest()) (*old_one)->kill();
    });
  });
}

void stage::pass_minute() {
  std::erase_if(engines_, [](const auto& e) { return e->buried(); });
  auto& random = around_.sim.random();
  for (auto& venue : around_.venues) venue->pass_minute();
  around_.database.pass_minute();
  if (random.below(minutes_per_hour) < most_crashes_per_hour && around_.faults.strikes(fault::engine_crash, random))
    crash_later();
  if (random.below(minutes_per_hour) < most_crashes_per_hour && around_.faults.strikes(fault::engine_twice, random))
    overlap_later();
  if (!calm_ && random.below(10) == 0 && around_.faults.strikes(fault::people, random)) trade_by_hand();
  if (!calm_ && around_.bots && random.below(10) == 0 && around_.faults.strikes(fault::people, random))
    change_account();
  around_.sim.call_after(minute, [this] { pass_minute(); });
}

/// Somebody orders at the venue's own page.
void stage::trade_by_hand() {
  auto& random = around_.sim.random();
  const auto& account = around_.accounts[random.below(around_.accounts.size())];
  auto& venue = *around_.venues[account.venue];
  const auto ticker = venue.ticker();
  const bool buys = random.below(2) == 0;
  exchanges::order_request r{.symbol = ticker.symbol, .side = buys ? exchanges::side::buy : exchanges::side::sell};
  r.quantity = decimal(static_cast<std::int64_t>(1 + random.below(20))) * venue.instrument()->lot_size;
  r.price = buys ? ticker.ask_price : ticker.bid_price;
  r.client_order_id = std::string(foreign_prefix) + std::to_string(++by_hand_);
  (void)venue.place(static_cast<int>(account.id.value), r);
}

/// A person switches a bot off or on, or an admin bans its user. The engine hears of it, or finds out by itself.
void stage::change_account() {
  auto& random = around_.sim.random();
  const auto& account = around_.accounts[random.below(around_.accounts.size())];
  const bool off = random.below(2) == 0;
  const bool bans = random.below(4) == 0;
  if (bans)
    around_.office.set_banned(account.user, off);
  else
    around_.finish(around_.office.set_active(account.user, account.id, !off));
  around_.judge.note("account " + std::to_string(account.id.value) + (bans ? " user banned " : " off ") +
                     (off ? "yes" : "no"));
  const auto change = ++last_change_;
  const bool heard = random.below(20) != 0;
  around_.sim.call_after(below(1s), [this, id = account.id, heard] {
    for (auto& e : engines_)
      if (heard) e->account_changed(id);
  });
  changes_[account.id] = change;
  if (!off) return around_.judge.start_asked(any_engine, account.id);
  around_.sim.call_after(stop_limit, [this, id = account.id, change] {
    if (changes_[id] == change && !calm_) around_.judge.stop_answered(any_engine, id);
  });
}

void stage::move_markets() {
  for (auto& venue : around_.venues) venue->move_market();
  around_.sim.call_after(setting::around(around_.market_interval, around_.sim.random()), [this] { move_markets(); });
}

void stage::safety() {
  start_engine();
  pass_minute();
  move_markets();
  run_until(around_.sim.now() + options_.span);
}

bool stage::at_rest() {
  unrest_.clear();
  const auto* engine = newest();
  unrest_ = engine ? engine->why_not_running() : "no engine runs";
  if (unrest_.empty()) unrest_ = check_books(around_, *engine);
  return unrest_.empty();
}

void stage::welcome_all() {
  for (const auto& account : around_.accounts) {
    around_.office.set_banned(account.user, false);
    around_.finish(around_.office.set_active(account.user, account.id, true));
    around_.judge.start_asked(any_engine, account.id);
  }
}

void stage::liveness() {
  calm_ = true;
  around_.judge.note("faults end");
  for (const auto f : around_.faults.active()) around_.faults.remove(f);
  for (auto& venue : around_.venues) venue->calm_down();
  around_.database.calm_down();
  around_.quiet = true;
  welcome_all();
  // Half of the time the engine that lived through it must come to rest by itself, else one that is started afterwards.
  auto* survivor = newest();
  const bool anew = !survivor || around_.sim.random().below(2) == 0;
  for (auto& e : engines_)
    if (anew || e.get() != survivor) e->kill();
  run_until(around_.sim.now() + below(minute));
  if (anew) start_engine();
  const auto end = around_.sim.now() + rest_limit;
  while (!around_.judge.failed() && around_.sim.now() < end) {
    run_until(around_.sim.now() + minute);
    if (at_rest()) break;
    // Somebody looks at bots that rest for what they went through.
    for (const auto& account : around_.accounts)
      if (auto* engine = newest()) engine->account_changed(account.id);
  }
  if (!unrest_.empty()) around_.judge.fail("no rest after the faults: " + unrest_);
}

void stage::end_all() {
  for (auto& e : engines_) e->kill();
  const auto end = around_.sim.now() + bury_limit;
  while (!std::ranges::all_of(engines_, &model_engine::buried) && around_.sim.step(end)) {
  }
  around_.database.statements().stop();
  while (around_.database.statements().size() > 0 && around_.sim.step(end)) {
  }
}

run_verdict stage::run() {
  run_verdict v;
  v.faults = around_.faults.active();
  const auto begin = around_.sim.now();
  try {
    safety();
    if (!around_.judge.failed()) liveness();
  } catch (const std::exception& e) {
    around_.judge.fail(std::string("an exception escaped: ") + e.what());
  }
  v.failure = around_.judge.failure();
  v.hash = around_.past.hash();
  v.lines = around_.past.size();
  v.steps = around_.sim.steps();
  v.simulated = around_.sim.now() - begin;
  v.totals = around_.judge.get_totals();
  v.last_lines = around_.past.last_lines();
  end_all();
  return v;
}

}  // namespace

run_verdict run_simulation(const run_options& options) {
  // What the engine has to say about the faults is not wanted here.
  log_capture silence;
  stage s(options);
  return s.run();
}

}  // namespace drover::simulation
