#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "base/deadline.hpp"
#include "base/postgres_connection_detail.hpp"
#include "base/postgres_error.hpp"

namespace drover::detail {
namespace {

/// libpq may change its socket while it connects: each wait watches anew.
task<result<void>> wait_once(const libpq_connection& c, descriptor::wait_type what) {
  auto target = co_await asio::this_coro::executor;
  descriptor watched(target);
  auto ready = watch(watched, c);
  if (ready) co_await watched.async_wait(what, asio::use_awaitable);
  co_return ready;
}

}  // namespace

error refusal(const libpq_connection& c, const libpq_result& answer) {
  const char* sqlstate = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) return broken_connection(c);
  return to_database_error(sqlstate, PQresultErrorMessage(answer.get()));
}

error broken_connection(const libpq_connection& c) { return {db_errc::unavailable, first_line(PQerrorMessage(c.get()))}; }

result<void> watch(descriptor& watched, const libpq_connection& c) {
  const int copy = fcntl(PQsocket(c.get()), F_DUPFD_CLOEXEC, 0);
  boost::system::error_code ec;
  if (copy >= 0) watched.assign(copy, ec);
  if (copy >= 0 && !ec) return {};
  if (copy >= 0) ::close(copy);
  return fail(errc::io, "the connection's socket cannot be watched");
}

task<result<void>> open_connection(libpq_connection& c, const std::string& url) {
  c.reset(PQconnectStart(url.c_str()));
  PQsetNoticeProcessor(c.get(), [](void*, const char*) {}, nullptr);
  auto state = PQstatus(c.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    auto ready = co_await wait_once(c, state == PGRES_POLLING_READING ? descriptor::wait_read : descriptor::wait_write);
    if (!ready) co_return ready;
    state = PQconnectPoll(c.get());
  }
  if (state == PGRES_POLLING_FAILED) co_return std::unexpected(broken_connection(c));
  co_return result<void>();
}

task<result<libpq_result>> ask(const libpq_connection& c, const std::string& statements) {
  if (PQsendQuery(c.get(), statements.c_str()) != 1) co_return std::unexpected(broken_connection(c));
  libpq_result last;
  for (;;) {
    while (PQisBusy(c.get()) == 1) {
      auto ready = co_await wait_once(c, descriptor::wait_read);
      if (!ready) co_return std::unexpected(ready.error());
      if (PQconsumeInput(c.get()) != 1) co_return std::unexpected(broken_connection(c));
    }
    libpq_result answer(PQgetResult(c.get()));
    if (!answer) co_return last;
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) co_return std::unexpected(refusal(c, answer));
    last = std::move(answer);
  }
}

task<result<void>> run_statements(const libpq_connection& c, const std::string& statements) {
  auto answer = co_await ask(c, statements);
  if (!answer) co_return std::unexpected(answer.error());
  co_return result<void>();
}

namespace {

task<result<void>> wait_readable(descriptor& watched) {
  co_await watched.async_wait(descriptor::wait_read, asio::use_awaitable);
  co_return result<void>();
}

}  // namespace

task<result<void>> wait_for_input(timer_queue& timers, const libpq_connection& c, descriptor& watched) {
  auto readable = co_await with_deadline(timers, quiet_limit, "a notification", wait_readable(watched));
  if (readable && PQconsumeInput(c.get()) != 1) co_return std::unexpected(broken_connection(c));
  if (readable || readable.error().code != errc::timed_out) co_return readable;
  const std::string question = "SELECT 1";
  auto answered = co_await with_deadline(timers, answer_limit, "asking PostgreSQL whether it is there", run_statements(c, question));
  co_return answered;
}

}  // namespace drover::detail
