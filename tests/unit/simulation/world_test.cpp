#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/task_scope.hpp"
#include "simulation/history.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {
namespace {

struct program {
  explicit program(std::uint64_t seed, bool in_order = false)
      : sim(seed, in_order), time(sim), timers(sim, time), scope(sim.get_executor(), "program") {}

  void write(std::string line) { past.add(sim.now(), line); }
  /// Runs the world until no task is left.
  void finish() {
    const auto end = sim.now() + std::chrono::hours(24);
    while (scope.size() > 0 && sim.step(end)) {
    }
  }

  history past;
  world sim;
  machine_clock time;
  virtual_timers timers;
  task_scope scope;
};

task<void> chat(program& p, int who, int turns) {
  for (int i = 0; i < turns; ++i) {
    p.write(std::to_string(who) + " says " + std::to_string(i));
    co_await sleep_for(p.timers, milliseconds(10));
  }
}

std::uint64_t run_chat(std::uint64_t seed) {
  program p(seed);
  for (int who = 0; who < 20; ++who) p.scope.spawn("chat", chat(p, who, 50));
  p.finish();
  EXPECT_EQ(p.past.size(), 1'000u);
  return p.past.hash();
}

TEST(World, EqualSeedsGiveEqualHistories) {
  EXPECT_EQ(run_chat(7), run_chat(7));
}

TEST(World, AnotherSeedGivesAnotherInterleaving) {
  EXPECT_NE(run_chat(7), run_chat(8));
}

task<void> note_start(program& p, int who, std::vector<int>& order) {
  order.push_back(who);
  p.write("start");
  co_return;
}

TEST(World, RunsInOrderWhenAskedTo) {
  program p(1, true);
  std::vector<int> order;
  for (int who = 0; who < 30; ++who) p.scope.spawn("start", note_start(p, who, order));
  p.finish();
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(World, TimePassesOnlyWhenNothingIsReady) {
  program p(1);
  const auto begin = p.sim.now();
  p.scope.spawn("chat", chat(p, 1, 6));
  p.finish();
  EXPECT_GE(p.sim.now() - begin, 60ms);
  EXPECT_LT(p.sim.now() - begin, 62ms);
  EXPECT_EQ(p.time.wall_now() - p.sim.wall_now(), 0ns);
  p.time.set_error(3s);
  EXPECT_EQ(p.time.wall_now() - p.sim.wall_now(), 3s);
}

task<result<int>> slow_work(program& p) {
  co_await sleep_for(p.timers, std::chrono::hours(2));
  co_return 1;
}

task<void> wait_shortly(program& p, std::string& outcome) {
  auto answer = co_await with_deadline(p.timers, 5s, "the slow work", slow_work(p));
  outcome = answer ? "an answer" : answer.error().to_string();
}

TEST(World, DeadlinesOfTheRealCodeFireOnVirtualTime) {
  program p(1);
  std::string outcome;
  p.scope.spawn("wait", wait_shortly(p, outcome));
  p.finish();
  EXPECT_NE(outcome.find("did not end in time"), std::string::npos) << outcome;
  EXPECT_LT(p.sim.now().since_start, 10s);
  EXPECT_EQ(p.sim.timers(), 0u);
}

task<void> run_for_ever(program& p) {
  for (;;) co_await sleep_for(p.timers, 1s);
}

TEST(World, StoppedTasksUnwind) {
  program p(1);
  for (int i = 0; i < 5; ++i) p.scope.spawn("for ever", run_for_ever(p));
  p.sim.run_for(1min);
  EXPECT_EQ(p.scope.size(), 5u);
  p.scope.stop();
  p.finish();
  EXPECT_EQ(p.scope.size(), 0u);
  EXPECT_EQ(p.sim.timers(), 0u);
}

}  // namespace
}  // namespace drover::simulation
