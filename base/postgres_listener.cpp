#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/backoff.hpp"
#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/postgres_connection_detail.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds backoff_floor{100};
/// Well again within five seconds of the database (REL-20).
constexpr milliseconds backoff_ceiling{3'000};
constexpr milliseconds open_deadline{5'000};

struct free_notification {
  void operator()(PGnotify* notification) const { PQfreemem(notification); }
};

class libpq_listener final : public database_listener {
 public:
  libpq_listener(database_config config, timer_queue& timers, std::vector<std::string> channels,
                 std::function<void(std::string_view, std::string_view)> on_notify, std::function<void()> on_reconnect,
                 std::function<void(const std::string&)> on_lost)
      : url_(detail::session_url(config)),
        timers_(timers),
        channels_(std::move(channels)),
        on_notify_(std::move(on_notify)),
        on_reconnect_(std::move(on_reconnect)),
        on_lost_(std::move(on_lost)) {}

  task<void> run() override {
    backoff wait(backoff_floor, backoff_ceiling);
    for (;;) {
      const std::string why = co_await listen_until_broken(wait);
      log_.warn("the notification connection is down; changes are noticed late until it is back", {{"err", why}});
      if (on_lost_) guarded([&] { on_lost_(why); });
      co_await sleep_for(timers_, wait.next(system_random()));
    }
  }

 private:
  using connection = detail::libpq_connection;

  task<result<void>> open(connection& c) {
    auto opened = co_await detail::open_connection(c, url_);
    if (!opened) co_return opened;
    std::string statements;
    for (const auto& channel : channels_) statements += "LISTEN \"" + channel + "\";";
    auto listening = co_await detail::run_statements(c, statements);
    co_return listening;
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
    detail::descriptor watched(target);
    if (opened) opened = detail::watch(watched, c);
    if (!opened) co_return opened.error().detail;
    wait.reset();
    guarded(on_reconnect_);
    for (;;) {
      deliver(c);
      auto heard = co_await detail::wait_for_input(timers_, c, watched);
      if (!heard) co_return heard.error().detail;
    }
  }

  std::string url_;
  timer_queue& timers_;
  std::vector<std::string> channels_;
  std::function<void(std::string_view, std::string_view)> on_notify_;
  std::function<void()> on_reconnect_;
  std::function<void(const std::string&)> on_lost_;
  logger log_{"database"};
};

}  // namespace

std::unique_ptr<database_listener> make_database_listener(
    database_config config, timer_queue& timers, std::vector<std::string> channels,
    std::function<void(std::string_view, std::string_view)> on_notify, std::function<void()> on_reconnect,
    std::function<void(const std::string&)> on_lost) {
  return std::make_unique<libpq_listener>(std::move(config), timers, std::move(channels), std::move(on_notify),
                                          std::move(on_reconnect), std::move(on_lost));
}

}  // namespace drover
