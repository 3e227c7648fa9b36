#include <boost/asio/this_coro.hpp>
#include <algorithm>

#include "base/backoff.hpp"
#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/postgres_connection_detail.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds backoff_floor{100}, backoff_ceiling{2'000};
constexpr milliseconds open_deadline{5'000};
/// The old session may need a moment to end: it would look like another holder.
constexpr milliseconds retake_patience{2'000};

error held_elsewhere() { return {db_errc::refused, "another process holds the lock"}; }

class libpq_lock final : public database_lock {
 public:
  libpq_lock(database_config config, timer_queue& timers, std::int64_t key)
      : url_(detail::session_url(config)), timers_(timers), key_(key) {}

  result<void> acquire(milliseconds patience) override {
    connection_.reset(PQconnectdb(url_.c_str()));
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    if (PQstatus(connection_.get()) != CONNECTION_OK) return std::unexpected(detail::broken_connection(connection_));
    const detail::libpq_result answer(PQexec(connection_.get(), lock_sql(patience).c_str()));
    if (PQresultStatus(answer.get()) == PGRES_TUPLES_OK) return {};
    return std::unexpected(judge(detail::refusal(connection_, answer)));
  }

  task<error> watch() override {
    backoff wait(backoff_floor, backoff_ceiling);
    for (;;) {
      const std::string why = co_await watch_until_broken();
      log_.warn("the connection that holds the engine's lock is down", {{"err", why}});
      for (bool held = false; !held;) {
        const auto pause = wait.next(system_random());
        co_await sleep_for(timers_, pause);
        auto taken = co_await with_deadline(timers_, open_deadline, "taking the engine's lock", take_again());
        held = taken.has_value();
        if (!held && taken.error().code == db_errc::refused) co_return taken.error();
      }
      wait.reset();
    }
  }

 private:
  /// PostgreSQL itself waits for a holder that is just dying.
  std::string lock_sql(milliseconds patience) const {
    return "SET lock_timeout = " + std::to_string(std::max<std::int64_t>(1, patience.count())) + "; SELECT pg_advisory_lock(" +
           std::to_string(key_) + ")";
  }
  static error judge(error e) { return e.code == db_errc::timed_out ? held_elsewhere() : std::move(e); }

  task<std::string> watch_until_broken() {
    auto target = co_await asio::this_coro::executor;
    detail::descriptor watched(target);
    auto going = detail::watch(watched, connection_);
    while (going) going = co_await detail::wait_for_input(timers_, connection_, watched);
    co_return going.error().detail;
  }

  task<result<void>> take_again() {
    auto opened = co_await detail::open_connection(connection_, url_);
    if (!opened) co_return opened;
    const std::string statements = lock_sql(retake_patience);
    auto taken = co_await detail::ask(connection_, statements);
    if (!taken) co_return std::unexpected(judge(taken.error()));
    co_return result<void>();
  }

  std::string url_;
  timer_queue& timers_;
  std::int64_t key_;
  detail::libpq_connection connection_;
  logger log_{"database"};
};

}  // namespace

std::unique_ptr<database_lock> make_database_lock(database_config config, timer_queue& timers, std::int64_t key) {
  return std::make_unique<libpq_lock>(std::move(config), timers, key);
}

}  // namespace drover
