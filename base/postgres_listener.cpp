#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <exception>

#include "base/backoff.hpp"
#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds backoff_floor{100};
constexpr milliseconds backoff_ceiling{10'000};
constexpr milliseconds open_deadline{5'000};

struct close_connection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct free_notification {
  void operator()(PGnotify* notification) const { PQfreemem(notification); }
};
struct clear_result {
  void operator()(PGresult* answer) const { PQclear(answer); }
};

class libpq_listener final : public database_listener {
 public:
  libpq_listener(database_config config, timer_queue& timers, std::vector<std::string> channels,
                 std::function<void(std::string_view, std::string_view)> on_notify, std::function<void()> on_reconnect)
      : url_(detail::session_url(config)),
        timers_(timers),
        channels_(std::move(channels)),
        on_notify_(std::move(on_notify)),
        on_reconnect_(std::move(on_reconnect)) {}

  task<void> run() override {
    backoff wait(backoff_floor, backoff_ceiling);
    for (;;) {
      const std::string why = co_await listen_until_broken(wait);
      log_.warn("the notification connection is down; changes are noticed late until it is back", {{"err", why}});
      co_await sleep_for(timers_, wait.next(system_random()));
    }
  }

 private:
  using connection = std::unique_ptr<PGconn, close_connection>;
  using socket = asio::posix::stream_descriptor;

  static error broken(const connection& c) { return {db_errc::unavailable, detail::first_line(PQerrorMessage(c.get()))}; }

  /// Watches a copy of the connection's descriptor, for libpq closes its own.
  static result<void> watch(socket& watched, const connection& c) {
    const int copy = fcntl(PQsocket(c.get()), F_DUPFD_CLOEXEC, 0);
    boost::system::error_code ec;
    if (copy >= 0) watched.assign(copy, ec);
    if (copy >= 0 && !ec) return {};
    if (copy >= 0) ::close(copy);
    return fail(errc::io, "the connection's socket cannot be watched");
  }

  /// libpq may change its socket while it connects: each wait watches anew.
  task<result<void>> wait_once(const connection& c, socket::wait_type what) {
    auto target = co_await asio::this_coro::executor;
    socket watched(target);
    auto ready = watch(watched, c);
    if (ready) co_await watched.async_wait(what, asio::use_awaitable);
    co_return ready;
  }

  task<result<void>> open(connection& c) {
    c.reset(PQconnectStart(url_.c_str()));
    PQsetNoticeProcessor(c.get(), [](void*, const char*) {}, nullptr);
    auto state = PQstatus(c.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
      auto ready = co_await wait_once(c, state == PGRES_POLLING_READING ? socket::wait_read : socket::wait_write);
      if (!ready) co_return ready;
      state = PQconnectPoll(c.get());
    }
    if (state == PGRES_POLLING_FAILED) co_return std::unexpected(broken(c));
    auto listening = co_await listen(c);
    co_return listening;
  }

  task<result<void>> listen(const connection& c) {
    std::string statements;
    for (const auto& channel : channels_) statements += "LISTEN \"" + channel + "\";";
    if (PQsendQuery(c.get(), statements.c_str()) != 1) co_return std::unexpected(broken(c));
    for (;;) {
      while (PQisBusy(c.get()) == 1) {
        auto ready = co_await wait_once(c, socket::wait_read);
        if (!ready) co_return ready;
        if (PQconsumeInput(c.get()) != 1) co_return std::unexpected(broken(c));
      }
      const std::unique_ptr<PGresult, clear_result> answer(PQgetResult(c.get()));
      if (!answer) co_return result<void>();
      if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) co_return std::unexpected(broken(c));
    }
  }

  /// A handler that throws must not end the listening.
  template <class Call>
  void guarded(Call call) {
    try {
      call();
    } catch (const std::exception& e) {
      log_.error("a handler of notifications failed", {{"err", e.what()}});
    }
  }

  void deliver(const connection& c) {
    while (std::unique_ptr<PGnotify, free_notification> n{PQnotifies(c.get())})
      guarded([&] { on_notify_(n->relname, n->extra); });
  }

  task<std::string> listen_until_broken(backoff& wait) {
    connection c;
    auto opened = co_await with_deadline(timers_, open_deadline, "connecting", open(c));
    auto target = co_await asio::this_coro::executor;
    socket watched(target);
    if (opened) opened = watch(watched, c);
    if (!opened) co_return opened.error().detail;
    wait.reset();
    guarded(on_reconnect_);
    for (;;) {
      deliver(c);
      co_await watched.async_wait(socket::wait_read, asio::use_awaitable);
      if (PQconsumeInput(c.get()) != 1) co_return broken(c).detail;
    }
  }

  std::string url_;
  timer_queue& timers_;
  std::vector<std::string> channels_;
  std::function<void(std::string_view, std::string_view)> on_notify_;
  std::function<void()> on_reconnect_;
  logger log_{"database"};
};

}  // namespace

std::unique_ptr<database_listener> make_database_listener(
    database_config config, timer_queue& timers, std::vector<std::string> channels,
    std::function<void(std::string_view, std::string_view)> on_notify, std::function<void()> on_reconnect) {
  return std::make_unique<libpq_listener>(std::move(config), timers, std::move(channels), std::move(on_notify),
                                          std::move(on_reconnect));
}

}  // namespace drover
