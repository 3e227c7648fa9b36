#include "exchanges/runtime/steady_part.hpp"

#include <exception>
#include <utility>

#include "base/backoff.hpp"
#include "base/log.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");
constexpr milliseconds pause_floor{1'000}, pause_ceiling{60'000};
/// A part that ran so long is well: the next failure is met with short pauses again.
constexpr nanoseconds well_after = 60s;

task<void> run_steadily(std::string part, std::string of, exchange_parts parts, const task_scope& scope,
                        std::function<task<void>()> run) {
  const auto& clock = parts.timers.get_clock();
  backoff pause(pause_floor, pause_ceiling);
  for (;;) {
    const auto began = clock.now();
    std::string reason;
    try {
      co_await run();
      co_return;
    } catch (const std::exception& e) {
      if (scope.stopping()) throw;
      reason = e.what();
    } catch (...) {
      reason = "an exception of unknown type";
    }
    if (clock.now() - began >= well_after) pause.reset();
    const auto wait = pause.next(parts.random);
    log.error("a part of an exchange failed, it is started again",
              {{"part", part}, {"of", of}, {"wait_ms", wait.count()}, {"err", reason}});
    co_await sleep_for(parts.timers, wait);
  }
}

}  // namespace

void spawn_steadily(task_scope& scope, const char* part, std::string of, const exchange_parts& parts,
                    std::function<task<void>()> run) {
  scope.spawn(part, run_steadily(part, std::move(of), parts, scope, std::move(run)));
}

}  // namespace drover::exchanges
