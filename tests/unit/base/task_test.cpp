#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <vector>

#include "base/backoff.hpp"
#include "base/deadline.hpp"
#include "base/offload.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover {
namespace {

struct world {
  asio::io_context io{1};
  test::manual_clock clock;
  test::manual_timers timers{clock};
  void turn() {
    io.restart();
    io.poll();
  }
};

task<void> sleep_then_set(timer_queue& timers, nanoseconds d, bool& done) {
  co_await sleep_for(timers, d);
  done = true;
}

task<void> throw_something() {
  throw std::runtime_error("broken");
  co_return;
}

TEST(TaskScope, JoinWaitsForAllTasks) {
  world w;
  bool done = false, joined = false;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("sleeper", sleep_then_set(w.timers, 1s, done));
  asio::co_spawn(w.io, scope.join(), [&](std::exception_ptr) { joined = true; });
  w.turn();
  EXPECT_FALSE(joined);
  w.timers.advance(1s);
  w.turn();
  EXPECT_TRUE(done);
  EXPECT_TRUE(joined);
  EXPECT_EQ(scope.size(), 0u);
}

TEST(TaskScope, StopCancelsSleepersAndDropsLaterWork) {
  world w;
  bool done = false, late = false, posted = false;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("sleeper", sleep_then_set(w.timers, 1h, done));
  w.turn();
  scope.stop();
  scope.spawn("late", sleep_then_set(w.timers, 0ns, late));
  scope.post([&] { posted = true; });
  w.turn();
  w.timers.advance(2h);
  w.turn();
  EXPECT_EQ(scope.size(), 0u);
  EXPECT_FALSE(done || late || posted);
  EXPECT_TRUE(w.timers.empty());
}

TEST(TaskScope, AnExceptionReachesTheHandlerAndNobodyElse) {
  world w;
  std::string failed;
  bool done = false;
  task_scope scope(w.io.get_executor(), "scope", [&](std::string_view name, std::string_view what) {
    failed = std::string(name) + ": " + std::string(what);
  });
  scope.spawn("thrower", throw_something());
  scope.spawn("sleeper", sleep_then_set(w.timers, 1s, done));
  w.turn();
  EXPECT_EQ(failed, "thrower: broken");
  w.timers.advance(1s);
  w.turn();
  EXPECT_TRUE(done);
}

TEST(TaskScopeDeathTest, DestroyingALivingScopeNamesItsTasks) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        world w;
        bool done = false;
        auto* scope = new task_scope(w.io.get_executor(), "bots");
        scope->spawn("sleeper", sleep_then_set(w.timers, 1h, done));
        w.turn();
        delete scope;
      },
      "bots.*sleeper");
}

task<result<int>> answer_after(timer_queue& timers, nanoseconds d, int value) {
  co_await sleep_for(timers, d);
  co_return value;
}

task<void> keep(task<result<int>> t, std::optional<result<int>>& out) { out.emplace(co_await std::move(t)); }

TEST(Deadline, AnswersTheValueOrTimesOut) {
  world w;
  std::optional<result<int>> quick, slow;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("quick", keep(with_deadline(w.timers, 2s, "quick", answer_after(w.timers, 1s, 5)), quick));
  scope.spawn("slow", keep(with_deadline(w.timers, 2s, "slow", answer_after(w.timers, 3s, 6)), slow));
  w.turn();
  w.timers.advance(1s);
  w.turn();
  ASSERT_TRUE(quick);
  EXPECT_EQ(quick->value(), 5);
  w.timers.advance(1s);
  w.turn();
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->error().code, errc::timed_out);
  EXPECT_TRUE(w.timers.empty());
}

task<result<int>> fail_after(timer_queue& timers, nanoseconds d) {
  co_await sleep_for(timers, d);
  co_return fail(errc::malformed, "broken answer");
}

/// Ends with a value although it was cancelled.
task<result<int>> answer_when_cancelled(timer_queue& timers) {
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await sleep_for(timers, 1h);
  } catch (const boost::system::system_error&) {
  }
  co_return 9;
}

/// Two deadlines one after the other, each with one inside, as a client that retries has them.
task<void> nest(timer_queue& timers, std::vector<result<int>>& out) {
  for (int i = 0; i < 2; ++i) {
    auto inner = with_deadline(timers, 2s, "inner", answer_after(timers, 1s, i));
    auto outcome = co_await with_deadline(timers, 3s, "outer", std::move(inner));
    out.push_back(std::move(outcome));
  }
  co_await sleep_for(timers, 1h);
}

TEST(Deadline, AFailureOfTheWorkIsNoTimeOut) {
  world w;
  std::optional<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("failing", keep(with_deadline(w.timers, 2s, "failing", fail_after(w.timers, 1s)), out));
  w.turn();
  w.timers.advance(1s);
  w.turn();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->error().code, errc::malformed);
}

TEST(Deadline, AnExceptionOfTheWorkReachesTheCaller) {
  world w;
  std::string failed;
  std::optional<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope", [&](std::string_view, std::string_view what) { failed = what; });
  auto throwing = []() -> task<result<int>> {
    throw std::runtime_error("broken");
    co_return 0;
  };
  scope.spawn("throwing", keep(with_deadline(w.timers, 2s, "throwing", throwing()), out));
  w.turn();
  EXPECT_EQ(failed, "broken");
  EXPECT_TRUE(w.timers.empty());
}

TEST(Deadline, KeepsAValueThatCameAllTheSame) {
  world w;
  std::optional<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("late", keep(with_deadline(w.timers, 2s, "late", answer_when_cancelled(w.timers)), out));
  w.turn();
  w.timers.advance(2s);
  w.turn();
  ASSERT_TRUE(out);
  EXPECT_EQ(out->value(), 9);
}

TEST(Deadline, LeavesTheCallersCancellationAsItWas) {
  world w;
  std::vector<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("nested", nest(w.timers, out));
  w.turn();
  for (int i = 0; i < 2; ++i) {
    w.timers.advance(1s);
    w.turn();
  }
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[1].value(), 1);
  EXPECT_EQ(w.timers.size(), 1u);
  scope.stop();
  w.turn();
  EXPECT_EQ(scope.size(), 0u) << "the sleep after the deadlines was not cancelled";
}

TEST(Deadline, StoppingReachesTheInnermostWork) {
  world w;
  std::vector<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("nested", nest(w.timers, out));
  w.turn();
  EXPECT_EQ(w.timers.size(), 3u);
  scope.stop();
  w.turn();
  EXPECT_EQ(scope.size(), 0u);
  EXPECT_TRUE(w.timers.empty());
  EXPECT_TRUE(out.empty());
}

TEST(Deadline, StoppingTheScopeCancelsTheWork) {
  world w;
  std::optional<result<int>> out;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("slow", keep(with_deadline(w.timers, 1h, "slow", answer_after(w.timers, 2h, 6)), out));
  w.turn();
  scope.stop();
  w.turn();
  EXPECT_EQ(scope.size(), 0u);
  EXPECT_FALSE(out);
  EXPECT_TRUE(w.timers.empty());
}

task<void> count_wakes(wake_event& event, int& wakes) {
  for (;;) {
    co_await event.wait();
    ++wakes;
  }
}

task<void> wait_once(wake_event& event, timer_queue& timers, std::optional<bool>& out) {
  out = co_await event.wait_until(timers, timers.get_clock().now() + 1s);
}

TEST(WakeEvent, WakesOncePerNotifyAndRemembersOne) {
  world w;
  wake_event event(w.io.get_executor());
  int wakes = 0;
  event.notify();
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("waiter", count_wakes(event, wakes));
  w.turn();
  EXPECT_EQ(wakes, 1);
  event.notify();
  event.notify();
  w.turn();
  EXPECT_EQ(wakes, 3);
  scope.stop();
  w.turn();
  EXPECT_EQ(scope.size(), 0u);
}

TEST(WakeEvent, WaitUntilTellsNotificationFromTimeOut) {
  world w;
  wake_event event(w.io.get_executor());
  std::optional<bool> first, second;
  task_scope scope(w.io.get_executor(), "scope");
  scope.spawn("first", wait_once(event, w.timers, first));
  w.turn();
  event.notify();
  w.turn();
  EXPECT_EQ(first, true);
  scope.spawn("second", wait_once(event, w.timers, second));
  w.turn();
  w.timers.advance(1s);
  w.turn();
  EXPECT_EQ(second, false);
  EXPECT_TRUE(w.timers.empty());
}

TEST(TimerQueue, RunsInOrderAndNotWhenCancelled) {
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  std::string order;
  timers->call_after(20ms, [&] { order += 'c'; });
  timers->call_after(0ms, [&] {
    order += 'a';
    timers->call_after(1ms, [&] { order += 'b'; });
  });
  const auto cancelled = timers->call_after(2ms, [&] { order += 'x'; });
  EXPECT_TRUE(timers->cancel(cancelled));
  EXPECT_FALSE(timers->cancel(cancelled));
  io.run();
  EXPECT_EQ(order, "abc");
}

TEST(TimerQueue, CancellingTheLastTimerLetsTheContextEnd) {
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  bool ran = false;
  timers->cancel(timers->call_after(1h, [] {}));
  io.poll();
  EXPECT_TRUE(io.stopped());
  timers->call_after(1ms, [&] { ran = true; });
  io.restart();
  io.run();
  EXPECT_TRUE(ran);
}

task<void> hold(worker_pool& pool, std::atomic<bool>& release, int& finished) {
  auto done = co_await pool.run_job([&release] { release.wait(false); });
  if (done) ++finished;
}

task<void> overload(worker_pool& pool, std::optional<error>& refused) {
  auto done = co_await pool.run_job([] {});
  if (!done) refused = done.error();
}

TEST(WorkerPool, RefusesMoreThanItsQueueHolds) {
  asio::io_context io(1);
  worker_pool pool("pool", 1, 1);
  std::atomic<bool> release{false};
  std::atomic<bool> started{false};
  int finished = 0;
  std::optional<error> refused;
  task_scope scope(io.get_executor(), "scope");
  asio::co_spawn(io, pool.run_job([&] { started = true; started.notify_one(); release.wait(false); }), [&](std::exception_ptr, result<void>) { ++finished; });
  io.poll();
  started.wait(false);
  scope.spawn("queued", hold(pool, release, finished));
  scope.spawn("overload", overload(pool, refused));
  while (!refused) io.run_one();
  EXPECT_EQ(refused->code, errc::overloaded);
  release = true;
  release.notify_all();
  io.run();
  EXPECT_EQ(finished, 2);
}

task<int> compute(worker_pool& pool) {
  auto value = co_await pool.run<int>([]() -> int { throw std::runtime_error("inside"); });
  co_return value.value();
}

TEST(WorkerPool, RethrowsWhatTheWorkThrew) {
  asio::io_context io(1);
  worker_pool pool("pool", 1, 8);
  EXPECT_THROW(test::run(io, compute(pool)), std::runtime_error);
}

TEST(Backoff, StaysInItsBounds) {
  seeded_random random(1);
  backoff wait(100ms, 10s);
  for (int i = 0; i < 100; ++i) {
    const auto next = wait.next(random);
    EXPECT_GE(next, 50ms);
    EXPECT_LE(next, 10s);
  }
}

}  // namespace
}  // namespace drover
