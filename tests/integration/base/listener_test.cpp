#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/log.hpp"
#include "base/postgres.hpp"
#include "base/random.hpp"
#include "base/task_scope.hpp"
#include "tests/support/manual_time.hpp"
#include "tests/support/postgres.hpp"

namespace drover {
namespace {

using test::test_database;

TEST(Listener, HearsAndReconnectsAndEndsWhenStopped) {
  const log_capture quiet;
  test_database scratch(test_database::schema::empty);
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  std::vector<std::string> heard;
  int connected = 0;
  task_scope scope(io.get_executor(), "scope");
  auto on_notify = [&](std::string_view channel, std::string_view payload) {
    heard.push_back(std::string(channel) + ":" + std::string(payload));
    if (heard.size() == 1)
      scratch.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'");
    else
      scope.stop();
  };
  auto on_connect = [&] {
    ++connected;
    scratch.sql("NOTIFY news, '" + std::to_string(connected) + "'");
  };
  auto listener = make_database_listener(scratch.config(), *timers, {"other", "news"}, on_notify, on_connect);
  scope.spawn("listener", listener->run());
  io.run_for(20s);
  EXPECT_EQ(heard, (std::vector<std::string>{"news:1", "news:2"}));
  EXPECT_EQ(connected, 2);
  EXPECT_EQ(scope.size(), 0u);
}

TEST(Listener, AServerThatHangsIsNoticed) {
  const log_capture quiet;
  test_database scratch(test_database::schema::empty);
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  task_scope scope(io.get_executor(), "scope");
  pid_t backend = 0;
  std::string lost;
  auto on_connect = [&] {
    if (backend != 0) return;
    backend = std::stoi(scratch.sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"));
    kill(backend, SIGSTOP);
  };
  auto on_lost = [&](const std::string& why) {
    lost = why;
    scope.stop();
  };
  auto listener = make_database_listener(scratch.config(), *timers, {"news"}, [](auto, auto) {}, on_connect, on_lost);
  const auto began = std::chrono::steady_clock::now();
  scope.spawn("listener", listener->run());
  io.run_for(20s);
  if (backend != 0) kill(backend, SIGCONT);
  EXPECT_NE(lost.find("did not end in time"), std::string::npos) << lost;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST(Listener, AHandlerThatThrowsDoesNotEndTheListening) {
  const log_capture lines;
  test_database scratch(test_database::schema::empty);
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  std::vector<std::string> heard;
  task_scope scope(io.get_executor(), "scope");
  auto on_notify = [&](std::string_view, std::string_view payload) {
    heard.emplace_back(payload);
    if (payload == "last") scope.stop();
    throw std::runtime_error("no such account");
  };
  auto on_connect = [&] { scratch.sql("NOTIFY news, 'first'; NOTIFY news, 'last'"); };
  auto listener = make_database_listener(scratch.config(), *timers, {"news"}, on_notify, on_connect);
  scope.spawn("listener", listener->run());
  io.run_for(20s);
  EXPECT_EQ(heard, (std::vector<std::string>{"first", "last"}));
  EXPECT_NE(lines.text().find("no such account"), std::string::npos);
  EXPECT_EQ(scope.size(), 0u);
}

/// A server that takes connections and never says a word.
class silent_server {
 public:
  silent_server() : folder_(std::filesystem::temp_directory_path() / ("drover-silent-" + system_random().hex(4))) {
    std::filesystem::create_directories(folder_);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto path = (folder_ / ".s.PGSQL.5432").string();
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket_, 8) != 0)
      throw std::runtime_error("the socket could not be made");
  }
  ~silent_server() {
    close(socket_);
    std::filesystem::remove_all(folder_);
  }
  database_config config() const {
    database_config out;
    out.url = "host=" + folder_.string() + " user=x dbname=x";
    return out;
  }

 private:
  std::filesystem::path folder_;
  int socket_ = -1;
};

TEST(Listener, GivesUpOnAServerThatSaysNothingAndTriesAgain) {
  const log_capture lines;
  const silent_server server;
  asio::io_context io(1);
  test::manual_clock clock;
  test::manual_timers timers(clock);
  task_scope scope(io.get_executor(), "scope");
  auto listener = make_database_listener(server.config(), timers, {"news"}, [](std::string_view, std::string_view) {}, [] {});
  scope.spawn("listener", listener->run());
  for (int attempt = 0; attempt < 2; ++attempt) {
    while (timers.empty()) io.run_one_for(1s);
    timers.advance(5s);
    while (timers.empty()) io.run_one_for(1s);
    timers.advance(10s);
  }
  const auto text = lines.text();
  const auto first = text.find("did not end in time");
  EXPECT_NE(first, std::string::npos) << text;
  EXPECT_NE(text.find("did not end in time", first + 1), std::string::npos) << text;
  scope.stop();
  io.run_for(5s);
  EXPECT_EQ(scope.size(), 0u);
}

}  // namespace
}  // namespace drover
