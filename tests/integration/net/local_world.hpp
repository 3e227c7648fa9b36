#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/task_scope.hpp"
#include "base/timer.hpp"

namespace drover::net {

/// A folder with a Unix socket in it that everybody may reach, and threads that call it.
class local_world : public testing::Test {
protected:
  local_world() {
    char pattern[] = "/tmp/drover-local-XXXXXX";
    folder_ = mkdtemp(pattern);
    chmod(folder_.c_str(), 0755);
    path_ = folder_ + "/test.sock";
  }
  ~local_world() override { std::filesystem::remove_all(folder_); }

  /// `work` on a thread of its own, while the server runs; then the server stops.
  template <class Server>
  void serve(Server& server, const std::function<void()>& work) {
    const auto opened = server.open();
    ASSERT_TRUE(opened) << opened.error().to_string();
    server.start();
    task_scope scope(io_.get_executor(), "test", [](auto, auto) {});
    std::thread client([&] {
      work();
      asio::post(io_, [&] {
        scope.spawn("stop", server.stop());
        client_done_ = true;
      });
    });
    const auto guard = asio::make_work_guard(io_);
    while (!client_done_ || scope.size() > 0) io_.run_one_for(std::chrono::milliseconds(20));
    client.join();
  }
  mode_t mode_of_socket() const {
    struct stat info {};
    EXPECT_EQ(stat(path_.c_str(), &info), 0);
    return info.st_mode & 0777;
  }
  /// From here on this thread, and no other, acts as another user: what SO_PEERCRED says of its connections. Needs
  /// root.
  static void become(uid_t user) {
    ASSERT_EQ(geteuid(), 0u) << "these tests call as other users; run them as root";
    constexpr auto keep = static_cast<uid_t>(-1);
    ASSERT_EQ(syscall(SYS_setresuid, keep, user, keep), 0);
  }

  static constexpr uid_t nobody = 65534;
  asio::io_context io_{1};
  std::unique_ptr<timer_queue> timers_ = make_timer_queue(io_.get_executor(), system_clock());
  std::string folder_, path_;
  bool client_done_ = false;
};

}  // namespace drover::net
