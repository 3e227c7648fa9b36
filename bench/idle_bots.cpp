#include <fmt/core.h>
#include <malloc.h>

#include <array>
#include <stdexcept>

#include "base/thread_meters.hpp"
#include "bench/benches.hpp"
#include "bench/bot_rig.hpp"
#include "engine/bots/turn_mark.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::bench {
namespace {

/// A range that the market is far below: bots that run and watch, and have nothing to do.
constexpr const char* quiet =
    R"({"symbol":"BTC/USDT","levels":3,"lower":"200000","upper":"210000","order_notional":"50"})";
constexpr nanoseconds watch_time = 10s;
constexpr nanoseconds tick_interval = 100ms;
constexpr nanoseconds nap = 1h;

double used_bytes() {
  return static_cast<double>(mallinfo2().uordblks);
}

task<void> sleep_long(timer_queue& timers) {
  co_await sleep_for(timers, nap);
}

/// The floor of the memory: a coroutine with a timer each, and nothing else.
double measure_coroutines(int count) {
  asio::io_context io(1);
  const auto timers = make_timer_queue(io.get_executor(), system_clock());
  task_scope scope(io.get_executor(), "floor");
  const auto before = used_bytes();
  for (int i = 0; i < count; ++i) scope.spawn("sleep", sleep_long(*timers));
  io.poll();
  const auto each = (used_bytes() - before) / count;
  scope.stop();
  io.restart();
  while (scope.size() > 0) io.run_one();
  return each;
}

/// The floor of the processor: the strategies' own question for each tick, asked straight.
nanoseconds measure_questions(int count) {
  const auto* kind = engine::find_strategy_kind("grid");
  std::vector<std::unique_ptr<engine::strategy>> all;
  for (int i = 0; i < count; ++i) all.push_back(kind->make(quiet, "").value());
  exchanges::book_ticker ticker;
  ticker.symbol = "BTC/USDT";
  constexpr int rounds = 20;
  int wanted = 0;
  const auto before = thread_processor_time();
  for (int round = 0; round < rounds; ++round) {
    ticker.bid_price = decimal(60'000 + round);
    ticker.ask_price = decimal(60'010 + round);
    for (auto& s : all) wanted += s->wants_tick(ticker) ? 1 : 0;
  }
  const auto each = (thread_processor_time() - before) / rounds;
  if (wanted > count * rounds) throw std::logic_error("more answers than questions");
  return each;
}

}  // namespace

int run_idle_bots(int count) {
  const auto floor_bytes = measure_coroutines(count);
  const auto floor_tick = measure_questions(count);
  alignas(8) static std::array<std::byte, engine::turn_mark::size_bytes> page;
  engine::turn_mark marks(page);
  bot_rig rig({}, engine::find_strategy_kind, {&marks, nullptr, allocated_bytes});
  rig.add_bots(count, "grid", quiet);
  const auto before = used_bytes();
  const auto began = rig.time().now();
  rig.start();
  const auto start_time = rig.time().now() - began;
  rig.settle();
  const auto each = (used_bytes() - before) / count;
  const auto processor_before = thread_processor_time();
  const auto watched_from = rig.time().now();
  int ticks = 0;
  while (rig.time().now() - watched_from < watch_time) {
    const auto next = rig.time().now() + tick_interval;
    rig.feed(ticks++);
    rig.turn_until("next tick", [&] { return rig.time().now() >= next; });
  }
  const auto share =
      std::chrono::duration<double>(thread_processor_time() - processor_before) / (rig.time().now() - watched_from);
  const auto floor_share = std::chrono::duration<double>(floor_tick) / tick_interval;
  fmt::print(
      "{{\"bytes\":{:.1f},\"floor_bytes\":{:.1f},\"processor_share\":{:.5f},\"floor_share\":{:.5f},\"start_s\":{:.2f}}}"
      "\n",
      each, floor_bytes, share, floor_share, std::chrono::duration<double>(start_time).count());
  rig.stop();
  return 0;
}

}  // namespace drover::bench
