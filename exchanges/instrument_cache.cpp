#include "exchanges/instrument_cache.hpp"

#include <utility>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {
const logger log("exchanges");
}

instrument_cache::instrument_cache(task_scope& scope, timer_queue& timers, loader load)
    : scope_(scope), timers_(timers), load_(std::move(load)), loaded_(scope.get_executor()) {}

bool instrument_cache::older_than(nanoseconds age) const {
  return !loaded_at_ || timers_.get_clock().now() - *loaded_at_ >= age;
}

void instrument_cache::start_load() {
  if (loading_ || stopped_ || scope_.stopping()) return;
  loading_ = true;
  scope_.spawn("load instruments", run_load());
}

/// An answer that makes the reader throw is one that did not come: the next get() asks again.
task<result<std::vector<instrument>>> instrument_cache::try_load() {
  try {
    auto loaded = co_await load_();
    co_return loaded;
  } catch (const std::exception& e) {
    if (scope_.stopping()) throw;
    co_return fail(exchange_errc::protocol, e.what());
  }
}

task<void> instrument_cache::run_load() {
  auto loaded = co_await try_load();
  loading_ = false;
  if (loaded) {
    table_ = std::make_shared<instrument_table>(std::move(*loaded));
    loaded_at_ = timers_.get_clock().now();
    failure_.reset();
    log.info("instruments loaded", {{"count", table_->size()}});
  } else {
    failure_ = loaded.error();
    failed_at_ = timers_.get_clock().now();
    log.warn("instruments could not be loaded", {{"err", loaded.error()}});
  }
  loaded_.open();
}

task<result<std::shared_ptr<const instrument_table>>> instrument_cache::get() {
  if (older_than(refresh_interval) && !(failure_ && timers_.get_clock().now() - *failed_at_ < failure_pause))
    start_load();
  // An old table serves while the new one is on its way.
  if (loaded_at_) co_return table_;
  auto deadline = timers_.get_clock().now() + wait_limit;
  while (loading_ && !stopped_) {
    bool woken = co_await loaded_.wait_until(timers_, deadline);
    if (!woken) co_return fail(errc::timed_out, "the exchange's instruments did not arrive in time");
  }
  if (loaded_at_) co_return table_;
  if (failure_) co_return std::unexpected(*failure_);
  co_return fail(errc::cancelled);
}

task<result<std::shared_ptr<const instrument>>> instrument_cache::find(std::string symbol) {
  auto table = co_await get();
  if (!table) co_return std::unexpected(table.error());
  if (auto found = (*table)->find(symbol)) co_return found;
  if (older_than(recheck_interval)) {
    start_load();
    auto deadline = timers_.get_clock().now() + wait_limit;
    if (loading_) co_await loaded_.wait_until(timers_, deadline);
    if (auto found = table_->find(symbol)) co_return found;
  }
  co_return fail(exchange_errc::instrument_unknown, symbol.substr(0, 40));
}

void instrument_cache::stop() {
  stopped_ = true;
  loaded_.open();
}

}  // namespace drover::exchanges
