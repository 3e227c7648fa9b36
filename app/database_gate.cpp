#include "app/database_gate.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "app/start_checks.hpp"
#include "base/backoff.hpp"
#include "base/task_scope.hpp"
#include "tenants/keys/master_keys.hpp"

namespace drover::app {
namespace {

/// "drover" in ASCII: advisory locks of a database share one space of numbers.
constexpr std::int64_t lock_key = 0x64726f766572;
/// An engine that was killed a moment ago may still be holding it.
constexpr milliseconds lock_patience{3'000};
constexpr milliseconds retry_floor{100}, retry_ceiling{10'000};

error another_engine(const std::string& when) {
  return {start_errc::another_engine, "another engine works on this database" + when +
                                          "; only one may: stop it first, or give this one a database of its own"};
}

}  // namespace

database_gate::database_gate(const settings& s, crypto::keyring& keys, timer_queue& timers)
    : settings_(s), keys_(keys), timers_(timers), lock_(make_database_lock(s.database, timers, lock_key)) {}

result<void> database_gate::enter() {
  auto fit = check_database(settings_);
  if (!fit) return fit;
  auto locked = lock_->acquire(lock_patience);
  if (!locked && locked.error().code == db_errc::refused) return std::unexpected(another_engine(""));
  if (!locked) return locked;
  return tenants::settle_master_keys(settings_.database, keys_);
}

task<result<void>> database_gate::enter_later(worker_pool& pool, random_source& random, std::function<task<result<void>>()> load) {
  backoff wait(retry_floor, retry_ceiling);
  for (;;) {
    const auto pause = wait.next(random);
    co_await sleep_for(timers_, pause);
    std::move_only_function<result<void>()> work = [this] { return enter(); };
    auto entered = co_await pool.run(std::move(work));
    result<void> done = entered ? *entered : std::unexpected(entered.error());
    if (done) done = co_await load();
    if (done || !is_away(done.error())) co_return done;
    set_problem(done.error().detail);
  }
}

task<error> database_gate::watch() {
  co_await lock_->watch();
  co_return another_engine(" since the connection to it was lost");
}

void database_gate::set_problem(std::string what) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(what);
}

std::string database_gate::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

namespace {

task<void> keep(task<result<void>> work, result<void>& out) { out = co_await std::move(work); }

}  // namespace

result<void> wait_for(task<result<void>> work, std::string_view what) {
  asio::io_context here(1);
  result<void> outcome;
  task_scope scope(here.get_executor(), "start", [&outcome, what](std::string_view, std::string_view failure) {
    outcome = fail(errc::io, std::string(what) + " could not be read: " + std::string(failure));
  });
  scope.spawn("read at start", keep(std::move(work), outcome));
  here.run();
  return outcome;
}

}  // namespace drover::app
