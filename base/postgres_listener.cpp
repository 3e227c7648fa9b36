#include <libpq-fe.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds backoff_floor{100};
constexpr milliseconds backoff_ceiling{10'000};

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

  /// A descriptor of its own for each wait: libpq may change its socket while it connects, and closes it itself.
  task<void> wait_for(const connection& c, asio::posix::stream_descriptor::wait_type what) {
    auto target = co_await asio::this_coro::executor;
    asio::posix::stream_descriptor socket(target, dup(PQsocket(c.get())));
    co_await socket.async_wait(what, asio::use_awaitable);
  }

  task<bool> connect(connection& c) {
    c.reset(PQconnectStart(url_.c_str()));
    auto state = PQstatus(c.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
      const auto what = state == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                                       : asio::posix::stream_descriptor::wait_write;
      co_await wait_for(c, what);
      state = PQconnectPoll(c.get());
    }
    co_return state == PGRES_POLLING_OK;
  }

  bool listen(const connection& c) {
    for (const auto& channel : channels_) {
      const std::string statement = "LISTEN \"" + channel + "\"";
      const std::unique_ptr<PGresult, clear_result> answer(PQexec(c.get(), statement.c_str()));
      if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return false;
    }
    return true;
  }

  void deliver(const connection& c) {
    while (std::unique_ptr<PGnotify, free_notification> n{PQnotifies(c.get())}) on_notify_(n->relname, n->extra);
  }

  task<std::string> listen_until_broken(backoff& wait) {
    connection c;
    const bool connected = co_await connect(c);
    if (!connected || !listen(c)) co_return std::string(PQerrorMessage(c.get()));
    wait.reset();
    on_reconnect_();
    for (;;) {
      deliver(c);
      co_await wait_for(c, asio::posix::stream_descriptor::wait_read);
      if (PQconsumeInput(c.get()) != 1) co_return std::string(PQerrorMessage(c.get()));
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
