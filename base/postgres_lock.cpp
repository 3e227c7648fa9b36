#include <boost/asio/this_coro.hpp>
#include <thread>

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
constexpr auto busy_pause = 100ms;

error held_elsewhere() { return {db_errc::refused, "another process holds the lock"}; }

class libpq_lock final : public database_lock {
 public:
  libpq_lock(database_config config, timer_queue& timers, std::int64_t key)
      : url_(detail::session_url(config)), timers_(timers), try_sql_("SELECT pg_try_advisory_lock(" + std::to_string(key) + ")") {}

  result<void> acquire(milliseconds patience) override {
    connection_.reset(PQconnectdb(url_.c_str()));
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    if (PQstatus(connection_.get()) != CONNECTION_OK) return std::unexpected(detail::broken_connection(connection_));
    const auto give_up = timers_.get_clock().now() + patience;
    for (;;) {
      const detail::libpq_result answer(PQexec(connection_.get(), try_sql_.c_str()));
      auto taken = judge(answer);
      const bool busy = !taken && taken.error().code == db_errc::refused;
      if (!busy || timers_.get_clock().now() >= give_up) return taken;
      std::this_thread::sleep_for(busy_pause);
    }
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
  result<void> judge(const detail::libpq_result& answer) const {
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return std::unexpected(detail::broken_connection(connection_));
    if (PQgetvalue(answer.get(), 0, 0) == std::string_view("t")) return {};
    return std::unexpected(held_elsewhere());
  }

  task<std::string> watch_until_broken() {
    auto target = co_await asio::this_coro::executor;
    detail::descriptor watched(target);
    auto going = detail::watch(watched, connection_);
    while (going) going = co_await detail::wait_for_input(timers_, connection_, watched);
    co_return going.error().detail;
  }

  /// The old session may need a moment to end: it would look like another holder.
  task<result<void>> take_again() {
    auto opened = co_await detail::open_connection(connection_, url_);
    if (!opened) co_return opened;
    result<void> taken = std::unexpected(held_elsewhere());
    for (int attempt = 0; attempt < patient_attempts && !taken && taken.error().code == db_errc::refused; ++attempt) {
      if (attempt > 0) co_await sleep_for(timers_, busy_pause);
      auto answer = co_await detail::ask(connection_, try_sql_);
      if (!answer) co_return std::unexpected(answer.error());
      taken = judge(*answer);
    }
    co_return taken;
  }

  static constexpr int patient_attempts = 20;

  std::string url_;
  timer_queue& timers_;
  std::string try_sql_;
  detail::libpq_connection connection_;
  logger log_{"database"};
};

}  // namespace

std::unique_ptr<database_lock> make_database_lock(database_config config, timer_queue& timers, std::int64_t key) {
  return std::make_unique<libpq_lock>(std::move(config), timers, key);
}

}  // namespace drover
