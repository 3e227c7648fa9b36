#include "net/local_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "tests/integration/net/local_world.hpp"

namespace drover::net {
namespace {

class LocalSocket : public local_world {
protected:
  std::unique_ptr<local_server> make(const std::string& path) {
    return make_local_server(io_.get_executor(), *timers_, path, [](local_call call) { return echo(std::move(call)); });
  }
  static task<std::string> echo(local_call call) {
    if (call.verb == "fail") throw std::runtime_error("the handler failed");
    co_return call.verb + ":" + to_hex(call.attachment.reveal());
  }
  void with_server(const std::function<void()>& work) { serve(*server_, work); }

  std::unique_ptr<local_server> server_ = make(path_);
};

TEST_F(LocalSocket, AnswersCallsOneAfterTheOther) {
  with_server([this] {
    EXPECT_EQ(call_local(path_, "status").value(), "status:");
    EXPECT_EQ(call_local(path_, "unseal", secret("pass\nphrase \xff")).value(), "unseal:" + to_hex("pass\nphrase \xff"));
  });
}

TEST_F(LocalSocket, IsOpenToItsUserOnlyAndGoneAfterwards) {
  with_server([this] {
    EXPECT_EQ(mode_of_socket(), 0600u);
  });
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalSocket, AnotherUserIsNotListenedToWhateverTheMode) {
  const log_capture log;
  with_server([this] {
    chmod(path_.c_str(), 0666);
    become(nobody);
    const auto refused = call_local(path_, "seal");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("hung up without an answer"), std::string::npos) << refused.error().detail;
  });
  EXPECT_NE(log.text().find("a call of another user was not listened to"), std::string::npos);
  EXPECT_NE(log.text().find("uid=65534"), std::string::npos);
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
