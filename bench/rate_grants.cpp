#include <fmt/core.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "bench/benches.hpp"
#include "exchanges/rate_ledger.hpp"

namespace drover::bench {
namespace {

using namespace exchanges;

constexpr int accounts = 10'000, turns_per_look = 1'000;

/// Weight of the address and orders of the account and of the account and symbol, all three models. So roomy that the ledger is
/// the limit and not they, but for the first one, which makes everybody wait for its window.
constexpr std::array rules{
    rate_rule{"weight", rate_scope::address, rate_model::sliding_window, accounts, 50ms},
    rate_rule{"orders", rate_scope::account, rate_model::fixed_window, 1'000'000, 10s},
    rate_rule{"matching", rate_scope::account_symbol, rate_model::decaying_counter, 1'000'000, 10s},
};

struct measured {
  std::int64_t granted = 0;
  nanoseconds busy{};
};

/// One account that always has a request waiting.
task<void> run_account(rate_ledger& ledger, timer_queue& timers, int number, measured& out) {
  constexpr std::array charges{rate_charge{0, 1}, rate_charge{1, 1}, rate_charge{2, 1}};
  const auto name = std::to_string(number);
  const auto l = static_cast<lane>(number % 5);
  for (;;) {
    auto deadline = timers.get_clock().now() + 1h;
    auto grant = co_await ledger.acquire(l, charges, name, "BTC/USDT", deadline);
    if (grant) ++out.granted;
  }
}

/// The processor's own pace: as many coroutines that wake each other up without a ledger.
task<void> run_floor(timer_queue& timers, wake_event& own, wake_event& next, measured& out) {
  for (;;) {
    auto deadline = timers.get_clock().now() + 1h;
    co_await own.wait_until(timers, deadline);
    ++out.granted;
    next.notify();
  }
}

/// Only turns in which something was granted count: the rest is waiting for the window.
void measure(asio::io_context& io, task_scope& scope, measured& m, int run_seconds) {
  const auto& time = system_clock();
  const auto end = time.now() + seconds(run_seconds);
  while (time.now() < end) {
    const auto before = time.now();
    const auto granted = m.granted;
    for (int i = 0; i < turns_per_look && io.poll_one() > 0; ++i) {
    }
    if (m.granted > granted) m.busy += time.now() - before;
  }
  scope.stop();
  io.restart();
  io.poll();
}

}  // namespace

int run_rate_grants(int seconds_each) {
  measured with_ledger, bare;
  {
    asio::io_context io(1);
    auto timers = make_timer_queue(io.get_executor(), system_clock());
    rate_ledger ledger(io.get_executor(), *timers, rules);
    task_scope scope(io.get_executor(), "accounts");
    for (int i = 0; i < accounts; ++i) scope.spawn("account", run_account(ledger, *timers, i, with_ledger));
    measure(io, scope, with_ledger, seconds_each);
  }
  {
    asio::io_context io(1);
    auto timers = make_timer_queue(io.get_executor(), system_clock());
    std::vector<std::unique_ptr<wake_event>> events;
    for (int i = 0; i < accounts; ++i) events.push_back(std::make_unique<wake_event>(io.get_executor()));
    task_scope scope(io.get_executor(), "floor");
    for (std::size_t i = 0; i < accounts; ++i)
      scope.spawn("waker", run_floor(*timers, *events[i], *events[(i + 1) % accounts], bare));
    for (std::size_t i = 0; i < accounts; i += 100) events[i]->notify();
    measure(io, scope, bare, seconds_each);
  }
  auto rate = [](const measured& m) { return static_cast<double>(m.granted) / std::chrono::duration<double>(m.busy).count(); };
  fmt::print(R"({{"accounts":{},"grants_per_second":{:.0f},"bare_wakeups_per_second":{:.0f}}})" "\n", accounts, rate(with_ledger), rate(bare));
  return with_ledger.granted > 0 && bare.granted > 0 ? 0 : 1;
}

}  // namespace drover::bench
