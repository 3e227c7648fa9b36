#include "engine/formatted/formatted_compiler.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace drover::engine {

namespace {
const logger log("formatted");
}

formatted_compiler::formatted_compiler(timer_queue& timers, formatted_store& store, compiler_config config)
    : timers_(timers), store_(store), config_(config) {}

task<result<void>> formatted_compiler::find_streams() {
  const auto now = timers_.get_clock().now();
  if (!streams_.empty() && now < next_streams_) co_return result<void>{};
  auto found = co_await store_.list_streams();
  if (!found) co_return std::unexpected(std::move(found.error()));
  streams_ = std::move(*found);
  next_streams_ = now + config_.streams_interval;
  co_return result<void>{};
}

/// One batch of each stream.
task<result<formatted_compiler::round_outcome>> formatted_compiler::run_round() {
  auto known = co_await find_streams();
  if (!known) co_return std::unexpected(std::move(known.error()));
  round_outcome out;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const auto began = timers_.get_clock().now();
    auto step = co_await store_.compile_next(streams_[i], config_.batch);
    if (!step) co_return std::unexpected(std::move(step.error()));
    out.more |= step->more;
    out.paused |= step->paused;
    statistics_.rows_read += step->rows_read;
    statistics_.rejected += step->rejected;
    if (step->rejected > 0)
      log.warn("raw records could not be interpreted", {{"stream", streams_[i]}, {"count", step->rejected}});
    const auto rest = (timers_.get_clock().now() - began) * config_.rest_percent / 100;
    if (step->rows_read > 0 && rest > 0ns) co_await sleep_for(timers_, rest);
  }
  co_return out;
}

task<void> formatted_compiler::run() {
  nanoseconds wait = config_.retry_floor;
  for (;;) {
    auto round = co_await run_round();
    if (!round) {
      if (statistics_.failures++ % 10 == 0) log.warn("raw records are not compiled for now", {{"err", round.error()}});
      co_await sleep_for(timers_, wait);
      wait = std::min<nanoseconds>(wait * 2, config_.retry_ceiling);
      continue;
    }
    wait = config_.retry_floor;
    statistics_.paused = round->paused;
    if (!round->more) co_await sleep_for(timers_, config_.idle_pause);
  }
}

task<result<void>> formatted_compiler::compile_all() {
  next_streams_ = {};
  streams_.clear();
  for (;;) {
    auto round = co_await run_round();
    if (!round) co_return std::unexpected(std::move(round.error()));
    if (round->paused) co_return fail(errc::overloaded, "a rebuild of the tables is under way");
    if (!round->more) co_return result<void>{};
  }
}

}  // namespace drover::engine
