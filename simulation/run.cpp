#include "simulation/run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "simulation/books_check.hpp"
#include "simulation/log_watch.hpp"
#include "simulation/model_engine.hpp"
#include "simulation/people.hpp"
#include "simulation/random_strategy.hpp"

namespace drover::simulation {
namespace {

constexpr std::uint64_t minutes_per_hour = 60;
/// Within this after the last fault everything must be at rest (N of the liveness phase).
constexpr nanoseconds rest_limit = std::chrono::minutes(20);
constexpr nanoseconds minute = std::chrono::minutes(1);
constexpr nanoseconds bury_limit = std::chrono::minutes(10);
constexpr std::uint64_t most_crashes_per_hour = 12, most_jumps_per_hour = 12;
/// Nobody rests before this: short runs are busy from end to end.
constexpr nanoseconds first_rest = std::chrono::hours(1);
constexpr nanoseconds mean_busy_stretch = std::chrono::minutes(15);
/// Minutes of a quiet stretch that count as one.
constexpr int asleep_minutes = 30;
/// Timers that all engines of a run may have at a time, and statements on their way.
constexpr std::size_t timer_limit = 20'000, statement_limit = 2'000;

/// Engines that come and go in a setting.
class stage final : random_strategy_world {
public:
  explicit stage(const run_options& options)
      : around_(options.seed, options.span, options.preferred, options.print),
        options_(options),
        log_(around_.judge, around_.loud),
        people_(around_, {.account_changed = [this](account_id id) { notify(id); },
                          .room_changed =
                              [this](engine::room_id id) {
                                for (auto& e : engines_) e->room_changed(id);
                              },
                          .reload_rooms =
                              [this] {
                                for (auto& e : engines_) e->reload_rooms();
                              }}) {
    for (const auto f : options.without) around_.faults.remove(f);
    set_random_strategy_world(this);
  }
  ~stage() { set_random_strategy_world(nullptr); }

  run_verdict run();

private:
  bool is_quiet() const override { return around_.quiet; }
  void on_decision(steady_time told_at) override { around_.judge.tick_decided(told_at); }

  void run_until(steady_time end);
  void start_engine();
  void notify(account_id);
  void pass_minute();
  void check_bounds();
  void move_markets();
  void crash_later(bool without_power);
  void drain_later();
  void replace_when_gone();
  void overlap_later();
  void set_clock_later();
  nanoseconds draw_clock_error();
  void fall_asleep();
  void wake_up();
  void safety();
  void liveness();
  void check_records();
  void end_all();
  bool at_rest();
  model_engine* newest();
  nanoseconds below(nanoseconds span) { return around_.below(span); }

  setting around_;
  const run_options& options_;
  log_watch log_;
  people people_;
  std::vector<std::unique_ptr<model_engine>> engines_;
  std::string unrest_;
  std::optional<timer_id> market_timer_;
  steady_time asleep_since_;
  nanoseconds slept_{};
  int last_engine_ = 0;
  bool calm_ = false;
};

void stage::run_until(steady_time end) {
  while (!around_.judge.failed() && around_.sim.now() <= end && around_.sim.step(end)) {
  }
  if (!around_.judge.failed()) around_.sim.run_until(end);
}

model_engine* stage::newest() {
  for (auto at = engines_.rbegin(); at != engines_.rend(); ++at)
    if (!(*at)->killed() && !(*at)->is_leaving()) return at->get();
  return nullptr;
}

void stage::start_engine() {
  engines_.push_back(std::make_unique<model_engine>(around_, ++last_engine_));
  if (!calm_ && around_.faults.strikes(fault::clock_wrong, around_.sim.random()))
    engines_.back()->set_clock_error(draw_clock_error());
  engines_.back()->start();
}

/// At some moment of the next minute; the next engine comes at once or after a while.
void stage::crash_later(bool without_power) {
  around_.sim.call_after(below(minute), [this, without_power] {
    auto* running = newest();
    if (!running || calm_) return;
    running->kill();
    if (without_power) around_.disk.lose_power();
    const auto down = around_.sim.random().below(3) == 0 ? nanoseconds::zero() : below(minute);
    around_.sim.call_after(down, [this] {
      if (!newest()) start_engine();
    });
  });
}

/// An orderly stop; the next engine comes when this one is gone.
void stage::drain_later() {
  around_.sim.call_after(below(minute), [this] {
    auto* running = newest();
    if (!running || calm_) return;
    running->drain();
    if (running->is_leaving()) replace_when_gone();
  });
}

void stage::replace_when_gone() {
  around_.sim.call_after(1s, [this] {
    if (calm_) return;
    const bool leaving = std::ranges::any_of(engines_, [](const auto& e) { return e->is_leaving() && !e->killed(); });
    if (leaving) return replace_when_gone();
    if (!newest()) start_engine();
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

/// A little, an hour, a day, or back to 1970.
nanoseconds stage::draw_clock_error() {
  const auto drawn = around_.sim.random().below(5);
  if (drawn == 0) return -around_.sim.wall_now().since_epoch + std::chrono::hours(1);
  const nanoseconds most = drawn == 1 ? nanoseconds(2s) : drawn == 2 ? nanoseconds(30s) : drawn == 3 ? 1h : 24h;
  return below(2 * most) - most;
}

void stage::set_clock_later() {
  around_.sim.call_after(below(minute), [this] {
    auto* running = newest();
    if (running && !calm_) running->set_clock_error(around_.sim.random().below(3) == 0 ? 0ns : draw_clock_error());
  });
}

void stage::notify(account_id account) {
  for (auto& e : engines_) e->account_changed(account);
}

void stage::pass_minute() {
  std::erase_if(engines_, [](const auto& e) { return e->buried(); });
  auto& random = around_.sim.random();
  const auto times_an_hour = [&](std::uint64_t most, fault f) {
    return random.below(minutes_per_hour) < most && around_.faults.strikes(f, random);
  };
  for (auto& venue : around_.venues) venue->pass_minute();
  around_.database.pass_minute();
  around_.disk.pass_minute();
  if (times_an_hour(most_crashes_per_hour, fault::engine_crash)) crash_later(false);
  if (around_.recording && times_an_hour(most_crashes_per_hour, fault::power_loss)) crash_later(true);
  if (times_an_hour(most_crashes_per_hour, fault::engine_drain)) drain_later();
  if (times_an_hour(most_crashes_per_hour, fault::engine_twice)) overlap_later();
  if (times_an_hour(most_jumps_per_hour, fault::clock_jumps)) set_clock_later();
  people_.pass_minute();
  check_bounds();
  log_.check();
  around_.sim.call_after(around_.asleep ? asleep_minutes * minute : minute, [this] { pass_minute(); });
}

/// What is put off piles up somewhere: in timers or in statements.
void stage::check_bounds() {
  if (around_.sim.timers() > timer_limit)
    around_.judge.fail("there are " + std::to_string(around_.sim.timers()) + " timers");
  if (around_.database.statements().size() > statement_limit)
    around_.judge.fail(std::to_string(around_.database.statements().size()) + " statements are on their way");
}

void stage::move_markets() {
  for (auto& venue : around_.venues) venue->move_market();
  around_.judge.markets_moved();
  market_timer_ = around_.sim.call_after(around_.pause(around_.market_interval), [this] { move_markets(); });
}

void stage::fall_asleep() {
  if (calm_) return;
  around_.judge.note("a quiet stretch begins");
  around_.quiet = around_.asleep = true;
  asleep_since_ = around_.sim.now();
  people_.go_to_bed();
  around_.sim.call_after(around_.below(2 * around_.quiet_stretch), [this] { wake_up(); });
}

void stage::wake_up() {
  if (calm_) return;
  around_.judge.note("a quiet stretch ends");
  around_.quiet = around_.asleep = false;
  slept_ += around_.sim.now() - asleep_since_;
  people_.get_up();
  around_.sim.cancel(*market_timer_);
  move_markets();
  around_.sim.call_after(around_.below(2 * mean_busy_stretch), [this] { fall_asleep(); });
}

void stage::safety() {
  people_.move_in();
  start_engine();
  pass_minute();
  move_markets();
  if (around_.quiet_stretch > 0ns) around_.sim.call_after(first_rest, [this] { fall_asleep(); });
  run_until(around_.sim.now() + options_.span);
}

bool stage::at_rest() {
  unrest_.clear();
  const auto* engine = newest();
  unrest_ = engine ? engine->why_not_running() : "no engine runs";
  if (unrest_.empty()) unrest_ = check_books(around_, *engine);
  if (unrest_.empty() && around_.rooms) unrest_ = around_.rooms->watch().find_unanswered();
  return unrest_.empty();
}

void stage::liveness() {
  calm_ = true;
  around_.judge.note("faults end");
  for (const auto f : around_.faults.active()) around_.faults.remove(f);
  for (auto& venue : around_.venues) venue->calm_down();
  around_.database.calm_down();
  around_.disk.calm_down();
  around_.quiet = true;
  if (std::exchange(around_.asleep, false)) slept_ += around_.sim.now() - asleep_since_;
  for (auto& e : engines_)
    if (!e->killed()) e->set_clock_error(0ns);
  people_.settle_down();
  // The next move may be an hour away.
  around_.sim.cancel(*market_timer_);
  move_markets();
  // Half of the time the engine that lived through it must come to rest by itself, else one that is started afterwards.
  auto* survivor = newest();
  // A spool that could not be read is only looked at again at the next start.
  const bool unfit = !survivor || around_.recording || survivor->was_replaced();
  const bool anew = unfit || around_.sim.random().below(2) == 0;
  for (auto& e : engines_)
    if (anew || e.get() != survivor) e->kill();
  run_until(around_.sim.now() + below(minute));
  if (!newest()) start_engine();
  const auto end = around_.sim.now() + rest_limit;
  while (!around_.judge.failed() && around_.sim.now() < end) {
    run_until(around_.sim.now() + minute);
    if (at_rest()) break;
    // Somebody looks at bots that rest for what they went through.
    for (const auto& account : around_.accounts) notify(account.id);
  }
  if (!unrest_.empty()) around_.judge.fail("no rest after the faults: " + unrest_);
  if (around_.recording && !around_.judge.failed()) check_records();
}

/// All that was said is in the database, or a gap says when it was lost.
void stage::check_records() {
  auto* engine = newest();
  engine->stop_recording();
  const auto end = around_.sim.now() + rest_limit;
  while (!engine->left_in_spool() && around_.sim.now() < end) run_until(around_.sim.now() + 10s);
  if (engine->left_in_spool() != std::size_t{0}) return around_.judge.fail("the spool is not emptied");
  if (const auto wrong = around_.records.check(); !wrong.empty()) around_.judge.fail(wrong);
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
  if (around_.asleep) slept_ += around_.sim.now() - asleep_since_;
  v.busy = v.simulated - slept_;
  v.totals = around_.judge.get_totals();
  v.records = around_.records.heard();
  if (around_.rooms) v.signals = around_.rooms->watch().signals();
  if (around_.rooms) v.receipts = around_.rooms->watch().receipts();
  v.struck = around_.faults.struck();
  v.last_lines = around_.past.last_lines();
  end_all();
  log_.check();
  return v;
}

}  // namespace

run_verdict run_simulation(const run_options& options) {
  stage s(options);
  return s.run();
}

}  // namespace drover::simulation
