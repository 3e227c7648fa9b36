#include <gtest/gtest.h>

#include "net/http_client.hpp"
#include "tests/integration/net/certificate.hpp"
#include "tests/integration/net/server_fixture.hpp"

namespace drover::test {
namespace {

/// A client on the server's thread, driven from the test's.
class test_socket {
 public:
  test_socket(test_server& server, std::string url, websocket_options options = {}, http_client_config config = {})
      : server_(server) {
    server.thread.call([&] {
      connector_ = make_websocket_connector(server.thread.io().get_executor(), server.thread.timers(), config);
    });
    auto connected = server.thread.await(connector_->connect(std::move(url), std::move(options)));
    if (connected)
      client_ = std::move(*connected);
    else
      failure = connected.error();
  }
  ~test_socket() {
    server_.thread.call([this] {
      client_.reset();
      connector_.reset();
    });
  }
  result<std::string> receive(nanoseconds idle_limit = 10s) {
    return server_.thread.await(client_->receive(idle_limit));
  }
  result<void> send(std::string text) { return server_.thread.await(client_->send(std::move(text))); }
  void close() { asio::co_spawn(server_.thread.io(), client_->close(), asio::use_future).get(); }
  std::future<result<std::string>> start_receiving() {
    return asio::co_spawn(server_.thread.io(), client_->receive(10s), asio::use_future);
  }

  std::optional<error> failure;

 private:
  test_server& server_;
  std::unique_ptr<websocket_connector> connector_;
  std::unique_ptr<websocket_client> client_;
};

int get_close_code(test_server& server) {
  const auto handler = server.thread.call([&] { return server.handler->websocket; });
  return handler->closed.get_future().get();
}

TEST(WebsocketClient, ConnectsFromTheAddressItIsTold) {
  test_server server;
  websocket_options options;
  options.source_address = "127.0.0.3";
  test_socket socket(server, server.url("/websocket", "ws"), options);
  ASSERT_FALSE(socket.failure);
  EXPECT_EQ(server.thread.call([&] { return server.handler->seen_addresses; }), (std::vector<std::string>{"127.0.0.3"}));
  options.source_address = "192.0.2.1";
  test_socket foreign(server, server.url("/websocket", "ws"), options);
  ASSERT_TRUE(foreign.failure);
  EXPECT_EQ(foreign.failure->code, transport_errc::closed);
  socket.close();
}

TEST(WebsocketClient, MessagesGoThereAndBackInOrder) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure) << socket.failure->to_string();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(socket.send("message " + std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*socket.receive(), "message " + std::to_string(i));
  const std::string large(60'000, 'x');
  EXPECT_TRUE(socket.send(large));
  EXPECT_EQ(*socket.receive(), large);
}

TEST(WebsocketClient, ClosesByTheBook) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  auto reading = socket.start_receiving();
  socket.close();
  EXPECT_EQ(get_close_code(server), 1000);
  EXPECT_EQ(reading.get().error().code, transport_errc::closed);
  EXPECT_EQ(socket.receive().error().code, transport_errc::closed);
  EXPECT_EQ(socket.send("x").error().code, transport_errc::closed);
  socket.close();
}

TEST(WebsocketClient, ServerMayClose) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  EXPECT_TRUE(socket.send("close"));
  const auto end = socket.receive();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, transport_errc::closed);
  EXPECT_NE(end.error().detail.find("4001"), std::string::npos);
  EXPECT_EQ(get_close_code(server), 4001);
}

TEST(WebsocketClient, CutConnectionsAreClosed) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  EXPECT_TRUE(socket.send("abort"));
  EXPECT_EQ(socket.receive().error().code, transport_errc::closed);
}

TEST(WebsocketClient, SilenceEndsAsClosed) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  const auto end = socket.receive(100ms);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().detail, "nothing came for too long");
}

TEST(WebsocketClient, PingsOfTheServerKeepItOpen) {
  test_server server({.websocket = {.ping_interval = 100ms}});
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  auto reading = socket.start_receiving();
  // Twice the interval without our pong would have cut the session.
  EXPECT_EQ(reading.wait_for(std::chrono::milliseconds(600)), std::future_status::timeout);
  EXPECT_TRUE(socket.send("still here"));
  EXPECT_EQ(*reading.get(), "still here");
}

TEST(WebsocketClient, MessagesAreLimited) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"), {.message_limit_bytes = 1000});
  ASSERT_FALSE(socket.failure);
  EXPECT_TRUE(socket.send(std::string(1000, 'x')));
  EXPECT_TRUE(socket.receive());
  EXPECT_TRUE(socket.send(std::string(1001, 'x')));
  EXPECT_EQ(socket.receive().error().code, transport_errc::closed);
}

TEST(WebsocketClient, SendQueueIsBounded) {
  test_server server;
  test_socket socket(server, server.url("/websocket", "ws"));
  ASSERT_FALSE(socket.failure);
  EXPECT_EQ(socket.send(std::string(2 << 20, 'x')).error().code, errc::overloaded);
}

TEST(WebsocketClient, RefusedHandshakesSayWhy) {
  test_server server;
  test_socket plain(server, server.url("/hello", "ws"));
  ASSERT_TRUE(plain.failure);
  EXPECT_EQ(plain.failure->code, transport_errc::closed);
  EXPECT_NE(plain.failure->detail.find("status 200"), std::string::npos);
  test_socket waiting(server, server.url("/wait", "ws"), {.handshake_deadline = 100ms});
  ASSERT_TRUE(waiting.failure);
  EXPECT_NE(waiting.failure->detail.find("deadline"), std::string::npos);
  server.thread.call([&] { server.handler->gate.notify(); });
  test_socket wrong(server, server.url("/hello", "http"));
  EXPECT_TRUE(wrong.failure);
}

TEST(WebsocketClient, WorksOverTls) {
  self_signed_certificate certificate;
  test_server server({.tls_certificate_file = certificate.certificate_file(), .tls_key_file = certificate.key_file()});
  const auto port = std::to_string(server.port);
  const http_client_config trusting{.ca_file = certificate.certificate_file()};
  test_socket socket(server, "wss://localhost:" + port + "/websocket", {}, trusting);
  ASSERT_FALSE(socket.failure) << socket.failure->to_string();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(socket.send(std::string(5'000, static_cast<char>('a' + i))));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(*socket.receive(), std::string(5'000, static_cast<char>('a' + i)));
  socket.close();
  EXPECT_EQ(get_close_code(server), 1000);
  test_socket wrong_host(server, "wss://127.0.0.1:" + port + "/websocket", {}, trusting);
  EXPECT_TRUE(wrong_host.failure);
  test_socket distrusting(server, "wss://localhost:" + port + "/websocket");
  EXPECT_TRUE(distrusting.failure);
}

}  // namespace
}  // namespace drover::test
