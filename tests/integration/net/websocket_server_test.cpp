#include <gtest/gtest.h>

#include "net/websocket_session.hpp"
#include "tests/integration/net/raw_client.hpp"
#include "tests/integration/net/server_fixture.hpp"

namespace drover::test {
namespace {

std::string make_frame(unsigned first_byte, std::string_view payload) {
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0xfe);
    for (int shift : {8, 0}) frame += static_cast<char>(payload.size() >> shift);
  } else {
    frame += static_cast<char>(0xff);
    for (int i = 7; i >= 0; --i) frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> (8 * i));
  }
  const std::string mask = "\x11\x22\x33\x44";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

std::string make_close(int code) {
  return make_frame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)});
}

class ws_client : public raw_client {
 public:
  explicit ws_client(std::uint16_t port, int receive_buffer_bytes = 0, std::string_view first_frames = {})
      : raw_client(port, receive_buffer_bytes) {
    send(std::string("GET /websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
             .append(first_frames));
    head = read_head();
  }
  struct frame {
    int first_byte = -1;
    std::string payload;
    int close_code() const {
      return payload.size() < 2 ? 0 : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
  };
  frame read_frame() {
    const auto start = read(2);
    if (start.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(start[1]);
    if (size >= 126) {
      const auto extended = read(size == 126 ? 2 : 8);
      size = 0;
      for (const unsigned char c : extended) size = size << 8 | c;
    }
    return {static_cast<unsigned char>(start[0]), read(size)};
  }
  std::string head;
};

int get_close_code(test_server& server) {
  const auto handler = server.thread.call([&] { return server.handler->websocket; });
  return handler->closed.get_future().get();
}

TEST(WebsocketServer, HandshakeIsAnsweredByTheBook) {
  test_server server;
  ws_client client(server.port);
  EXPECT_EQ(client.head.find("HTTP/1.1 101 Switching Protocols\r\n"), 0u);
  EXPECT_NE(client.head.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  const auto counts = server.statistics();
  EXPECT_EQ(counts.websockets, 1u);
  EXPECT_EQ(counts.connections, 1u);
}

TEST(WebsocketServer, MessagesOfEverySizeAreEchoed) {
  test_server server({.websocket = {.message_limit_bytes = 1 << 20, .send_queue_limit_bytes = 4 << 20}});
  ws_client client(server.port, 0, make_frame(0x81, "sent with the handshake"));
  EXPECT_EQ(client.read_frame().payload, "sent with the handshake");
  for (std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 500'000u}) {
    client.send(make_frame(0x82, std::string(size, 'x')));
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.first_byte, 0x82);
    EXPECT_EQ(frame.payload.size(), size);
  }
}

TEST(WebsocketServer, FragmentsAndPingsMayMix) {
  test_server server;
  ws_client client(server.port);
  client.send(make_frame(0x01, "he") + make_frame(0x89, "are you there") + make_frame(0x80, "llo"));
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.first_byte, 0x8a);
  EXPECT_EQ(pong.payload, "are you there");
  const auto echo = client.read_frame();
  EXPECT_EQ(echo.first_byte, 0x81);
  EXPECT_EQ(echo.payload, "hello");
}

TEST(WebsocketServer, ClientClosesByTheBook) {
  test_server server;
  ws_client client(server.port);
  client.send(make_close(1000));
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.first_byte, 0x88);
  EXPECT_EQ(frame.close_code(), 1000);
  EXPECT_TRUE(client.at_end());
  client.end_sending();
  EXPECT_EQ(get_close_code(server), 1000);
}

TEST(WebsocketServer, HandlerClosesAfterWhatIsQueued) {
  test_server server;
  ws_client client(server.port);
  client.send(make_frame(0x81, "first") + make_frame(0x81, "close") + make_frame(0x81, "too late"));
  EXPECT_EQ(client.read_frame().payload, "first");
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 4001);
  EXPECT_EQ(frame.payload.substr(2), "as asked");
  client.send(make_close(4001));
  EXPECT_TRUE(client.at_end());
  client.end_sending();
  EXPECT_EQ(get_close_code(server), 4001);
}

TEST(WebsocketServer, HandlerMayCutTheConnection) {
  test_server server;
  ws_client client(server.port);
  client.send(make_frame(0x81, "abort"));
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(get_close_code(server), 1006);
}

TEST(WebsocketServer, LostConnectionsAre1006) {
  test_server server;
  { ws_client client(server.port); }
  EXPECT_EQ(get_close_code(server), 1006);
}

struct broken_case {
  const char* name;
  std::string bytes;
  int code;
};

TEST(WebsocketServer, BrokenInputIsRefusedWithItsCode) {
  const std::vector<broken_case> cases{
      {"unmasked", std::string("\x81\x01x"), 1002},
      {"reserved bit", make_frame(0xc1, "x"), 1002},
      {"invalid text", make_frame(0x81, "\xff"), 1007},
      {"invalid text before the end", make_frame(0x81, std::string("\xff") + std::string(60'000, 'x')).substr(0, 20), 1007},
      {"too large", make_frame(0x81, std::string(70'000, 'x')).substr(0, 20), 1009},
      {"too large with its payload", make_frame(0x82, std::string(5'000'000, 'x')), 1009},
  };
  for (const auto& c : cases) {
    test_server server;
    ws_client client(server.port);
    client.send(c.bytes);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.first_byte, 0x88) << c.name;
    EXPECT_EQ(frame.close_code(), c.code) << c.name;
    EXPECT_TRUE(client.at_end()) << c.name;
    client.end_sending();
    EXPECT_EQ(get_close_code(server), c.code) << c.name;
  }
}

TEST(WebsocketServer, SlowReadersAreClosedWith1013) {
  test_server server;
  ws_client client(server.port, 4096);
  auto text = std::make_shared<const std::string>(10'000, 'x');
  const int accepted = server.thread.call([&] {
    int sent = 0;
    while (server.handler->websocket->session()->send(text)) ++sent;
    return sent;
  });
  EXPECT_GT(accepted, 20);
  EXPECT_LE(accepted, 27);
  // What the kernel took already arrives; then comes the close frame, not the rest of the queue.
  auto frame = client.read_frame();
  while (frame.first_byte == 0x81) frame = client.read_frame();
  EXPECT_EQ(frame.first_byte, 0x88);
  EXPECT_EQ(frame.close_code(), 1013);
  client.send(make_close(1013));
  client.end_sending();
  EXPECT_EQ(get_close_code(server), 1013);
}

TEST(WebsocketServer, OneSharedTextReachesManySessions) {
  test_server server;
  std::vector<std::unique_ptr<ws_client>> clients;
  std::vector<std::shared_ptr<echo_websocket>> handlers;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<ws_client>(server.port));
    handlers.push_back(server.thread.call([&] { return server.handler->websocket; }));
    handlers.back()->opened.get_future().wait();
  }
  auto text = std::make_shared<const std::string>("news");
  server.thread.call([&] {
    for (int round = 0; round < 20; ++round)
      for (auto& handler : handlers) EXPECT_TRUE(handler->session()->send(text));
    EXPECT_EQ(text.use_count(), 1 + 20 * 50);
  });
  for (auto& client : clients)
    for (int round = 0; round < 20; ++round) EXPECT_EQ(client->read_frame().payload, "news");
  EXPECT_EQ(server.thread.call([&] { return text.use_count(); }), 1);
}

TEST(WebsocketServer, SilentPeersArePingedThenCut) {
  test_server server({.websocket = {.ping_interval = 200ms}});
  ws_client client(server.port);
  EXPECT_EQ(client.read_frame().first_byte, 0x89);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(get_close_code(server), 1006);
}

TEST(WebsocketServer, StopSaysGoingAway) {
  test_server server;
  ws_client client(server.port);
  auto stopped = asio::co_spawn(server.thread.io(), server.server->stop(10s), asio::use_future);
  EXPECT_EQ(client.read_frame().close_code(), 1001);
  client.send(make_close(1001));
  EXPECT_TRUE(client.at_end());
  client.end_sending();
  stopped.get();
  EXPECT_EQ(get_close_code(server), 1001);
  EXPECT_EQ(server.statistics().connections, 0u);
}

}  // namespace
}  // namespace drover::test
