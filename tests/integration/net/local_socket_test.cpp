#include "net/local_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/task_scope.hpp"

namespace drover::net {
namespace {

class LocalSocket : public testing::Test {
protected:
  LocalSocket() {
    char pattern[] = "/tmp/drover-local-XXXXXX";
    folder_ = mkdtemp(pattern);
    path_ = folder_ + "/operator.sock";
    server_ = make(path_);
  }
  ~LocalSocket() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<local_server> make(const std::string& path) {
    return make_local_server(io_.get_executor(), *timers_, path, [](local_call call) { return echo(std::move(call)); });
  }
  static task<std::string> echo(local_call call) {
    if (call.verb == "fail") throw std::runtime_error("the handler failed");
    co_return call.verb + ":" + std::string(call.attachment.reveal());
  }
  /// `work` on a thread of its own, while the server runs; then the server stops.
  void with_server(const std::function<void()>& work) {
    ASSERT_TRUE(server_->open());
    server_->start();
    task_scope scope(io_.get_executor(), "test", [](auto, auto) {});
    std::thread client([&] {
      work();
      asio::post(io_, [&] { scope.spawn("stop", server_->stop()); });
    });
    const auto guard = asio::make_work_guard(io_);
    while (!client_done_ || scope.size() > 0) {
      io_.run_one_for(std::chrono::milliseconds(20));
      client_done_ = client_done_ || !std::filesystem::exists(path_);
    }
    client.join();
  }

  asio::io_context io_{1};
  std::unique_ptr<timer_queue> timers_ = make_timer_queue(io_.get_executor(), system_clock());
  std::string folder_, path_;
  std::unique_ptr<local_server> server_;
  bool client_done_ = false;
};

TEST_F(LocalSocket, AnswersCallsOneAfterTheOther) {
  with_server([this] {
    EXPECT_EQ(call_local(path_, "status").value(), "status:");
    EXPECT_EQ(call_local(path_, "unseal", secret("pass\nphrase \xff")).value(), "unseal:pass\nphrase \xff");
  });
}

TEST_F(LocalSocket, IsOpenToItsUserOnlyAndGoneAfterwards) {
  with_server([this] {
    struct stat info {};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  });
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalSocket, TakesThePlaceOfADeadOneAndNotOfALivingOne) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  with_server([this] {
    auto second = make(path_);
    const auto started = second->open();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().detail.find(path_), std::string::npos);
    EXPECT_EQ(call_local(path_, "still").value(), "still:");
  });
}

TEST_F(LocalSocket, WhatIsNotACallGetsNoAnswer) {
  with_server([this] {
    EXPECT_FALSE(call_local(path_, "has space"));
    EXPECT_FALSE(call_local(path_, std::string(500, 'x')));
    EXPECT_FALSE(call_local(path_, "large", secret(std::string(5000, 'x'))));
    EXPECT_FALSE(call_local(path_, "fail"));
    EXPECT_EQ(call_local(path_, "status").value(), "status:");
  });
}

TEST_F(LocalSocket, PathsThatCannotBeAreRefused) {
  EXPECT_FALSE(make(folder_ + "/" + std::string(200, 'x'))->open());
  EXPECT_FALSE(make("")->open());
  EXPECT_FALSE(make(folder_ + "/missing/operator.sock")->open());
  EXPECT_FALSE(call_local(path_, "status"));
}

}  // namespace
}  // namespace drover::net
