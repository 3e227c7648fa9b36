#include "net/line_server.hpp"

#include <grp.h>
#include <sys/socket.h>

#include "net/local_client.hpp"
#include "tests/integration/net/local_world.hpp"

namespace drover::net {
namespace {

class LineServer : public local_world {
protected:
  void with_server(line_server_config config, const std::function<void()>& work) {
    config.path = path_;
    config.too_long = "too long";
    auto server = make_line_server(io_.get_executor(), *timers_, config,
                                   [](local_peer peer, secret line) { return echo(peer, std::move(line)); });
    serve(*server, work);
  }
  static task<secret> echo(local_peer peer, secret line) {
    if (line.reveal() == "fail") throw std::runtime_error("the handler failed");
    co_return secret(std::to_string(peer.uid) + ":" + std::string(line.reveal()));
  }
  static std::string ask(const descriptor& socket, std::string_view bytes) {
    EXPECT_TRUE(send_all(socket, bytes));
    return next(socket);
  }
  static std::string next(const descriptor& socket) { return std::string(receive_line(socket, 1024).reveal()); }
  static std::string own(std::string_view line) { return std::to_string(geteuid()) + ":" + std::string(line); }
};

TEST_F(LineServer, AnswersLineAfterLineOfAConnection) {
  with_server({}, [this] {
    const auto socket = connect_local(path_).value();
    EXPECT_EQ(ask(socket, "one\n"), own("one"));
    EXPECT_EQ(ask(socket, "two\n"), own("two"));
    EXPECT_TRUE(send_all(socket, "in "));
    EXPECT_EQ(ask(socket, "parts\n"), own("in parts"));
    EXPECT_EQ(call_line(path_, secret("by command")).value().reveal(), own("by command"));
  });
}

TEST_F(LineServer, TellsTheHandlerWhoCalls) {
  with_server({}, [this] {
    chmod(path_.c_str(), 0666);
    become(nobody);
    EXPECT_EQ(call_line(path_, secret("me")).value().reveal(), "65534:me");
  });
}

TEST_F(LineServer, IsOpenToItsUserOnlyUnlessAGroupIsNamed) {
  with_server({}, [this] { EXPECT_EQ(mode_of_socket(), 0600u); });
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LineServer, IsOpenToItsGroup) {
  const std::string group = getgrgid(getegid())->gr_name;
  with_server({.path = {}, .group = group}, [this] { EXPECT_EQ(mode_of_socket(), 0660u); });
}

TEST_F(LineServer, AGroupThatIsNotThereIsAProblemOfTheStart) {
  auto server = make_line_server(io_.get_executor(), *timers_, {.path = path_, .group = "no-such-group"},
                                 [](local_peer peer, secret line) { return echo(peer, std::move(line)); });
  const auto opened = server->open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("no group 'no-such-group'"), std::string::npos) << opened.error().detail;
}

TEST_F(LineServer, ALineThatIsTooLongEndsTheConnection) {
  with_server({.path = {}, .line_limit_bytes = 8}, [this] {
    const auto socket = connect_local(path_).value();
    EXPECT_EQ(ask(socket, "12345678\n"), own("12345678"));
    EXPECT_EQ(ask(socket, "123456789"), "too long");
    EXPECT_EQ(next(socket), "");
  });
}

TEST_F(LineServer, AUserHasOnlySoManyConnections) {
  with_server({.path = {}, .connections_per_uid = 2}, [this] {
    const auto one = connect_local(path_).value(), two = connect_local(path_).value();
    EXPECT_EQ(ask(one, "1\n"), own("1"));
    EXPECT_EQ(ask(two, "2\n"), own("2"));
    const auto three = connect_local(path_).value();
    EXPECT_EQ(next(three), "");
    chmod(path_.c_str(), 0666);
    become(nobody);
    EXPECT_EQ(call_line(path_, secret("other")).value().reveal(), "65534:other");
  });
}

TEST_F(LineServer, WhoSaysNothingIsHungUpOn) {
  with_server({.path = {}, .idle_limit = 50ms}, [this] {
    const auto socket = connect_local(path_).value();
    EXPECT_TRUE(send_all(socket, "no end"));
    EXPECT_EQ(next(socket), "");
  });
}

TEST_F(LineServer, AHandlerThatFailsEndsItsConnectionOnly) {
  with_server({}, [this] {
    EXPECT_FALSE(call_line(path_, secret("fail")));
    EXPECT_EQ(call_line(path_, secret("next")).value().reveal(), own("next"));
  });
}

}  // namespace
}  // namespace drover::net
