#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/integration/net/raw_client.hpp"
#include "tests/integration/net/server_fixture.hpp"
#include "tests/unit/net/framing_cases.hpp"

namespace drover::test {
namespace {

const std::string hello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

std::string make_post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

TEST(HttpServer, ConnectionsAreKeptAlive) {
  test_server server;
  raw_client client(server.port);
  for (int i = 0; i < 3; ++i) {
    client.send(hello);
    const auto response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_NE(response.head.find("\r\nDate: "), std::string::npos);
    EXPECT_EQ(response.head.find("Server:"), std::string::npos);
  }
  EXPECT_EQ(server.statistics().connections, 1u);
  EXPECT_EQ(server.statistics().requests, 3u);
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  test_server server;
  raw_client client(server.port);
  std::string all;
  for (int i = 0; i < 200; ++i) all += make_post("/echo", "body " + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.read_response().body, "body " + std::to_string(i));
}

TEST(HttpServer, BodiesArriveWholeInEveryForm) {
  test_server server;
  raw_client client(server.port);
  const std::string body(60'000, 'x');
  client.send(make_post("/echo", body));
  EXPECT_EQ(client.read_response().body, body);
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "hello!");
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "ok");
}

TEST(HttpServer, LargeAnswersReachSlowReaders) {
  test_server server;
  raw_client client(server.port, 4096);
  client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n" + hello);
  const auto response = client.read_response();
  EXPECT_EQ(response.body.size(), 8u << 20);
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(HttpServer, HeadAndNoContentHaveNoBody) {
  test_server server;
  raw_client client(server.port);
  client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(client.read_head().find("Content-Length: 5\r\n"), std::string::npos);
  client.send("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n" + hello);
  EXPECT_EQ(client.read_head().find("Content-Length"), std::string::npos);
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(HttpServer, AmbiguousRequestsAreRefusedAndClosed) {
  test_server server;
  for (const auto& c : refused_requests()) {
    raw_client client(server.port);
    client.send(c.bytes);
    client.end_sending();
    const auto response = client.read_response();
    EXPECT_EQ(response.status, c.status) << c.name;
    EXPECT_NE(response.head.find("Connection: close\r\n"), std::string::npos) << c.name;
    EXPECT_TRUE(client.at_end()) << c.name;
  }
  EXPECT_TRUE(server.thread.call([&] { return server.handler->seen; }).empty());
  EXPECT_EQ(server.statistics().refused, refused_requests().size());
}

TEST(HttpServer, OrdinaryRequestsAreAnswered) {
  test_server server;
  for (const auto& c : accepted_requests()) {
    raw_client client(server.port);
    client.send(c.bytes);
    EXPECT_EQ(client.read_response().status, 200) << c.name;
  }
}

TEST(HttpServer, RequestHiddenInARefusedBodyIsNotSeen) {
  test_server server;
  raw_client client(server.port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hello);
  client.end_sending();
  const auto all = client.read_all();
  EXPECT_EQ(all.find("HTTP/1.1 400"), 0u);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos);
}

TEST(HttpServer, SlowHeadersGet408) {
  test_server server({.header_deadline = 100ms});
  raw_client client(server.port);
  client.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_TRUE(client.at_end());
}

TEST(HttpServer, SlowBodiesGet408) {
  test_server server({.body_deadline = 100ms});
  raw_client client(server.port);
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 408);
}

TEST(HttpServer, SilentConnectionsAreClosedWithoutAnAnswer) {
  test_server server({.header_deadline = 100ms, .idle_deadline = 100ms});
  raw_client fresh(server.port), used(server.port);
  EXPECT_EQ(fresh.read_all(), "");
  used.send(hello);
  used.read_response();
  EXPECT_EQ(used.read_all(), "");
}

TEST(HttpServer, BudgetsAreEnforced) {
  test_server server({.header_limit_bytes = 1024, .body_limit_bytes = 100, .target_limit_bytes = 100});
  const auto status_of = [&](const std::string& bytes) {
    raw_client client(server.port);
    client.send(bytes);
    return client.read_response().status;
  };
  EXPECT_EQ(status_of(make_post("/echo", std::string(100, 'x'))), 200);
  EXPECT_EQ(status_of(make_post("/echo", std::string(101, 'x'))), 413);
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"), 413);
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n"), 400);
  EXPECT_EQ(status_of("GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'a') + "\r\n\r\n"), 431);
}

TEST(HttpServer, RequestsPerConnectionAreLimited) {
  test_server server({.requests_per_connection = 2});
  raw_client client(server.port);
  client.send(hello + hello + hello);
  const auto all = client.read_all();
  EXPECT_NE(all.find("Connection: close"), std::string::npos);
  EXPECT_EQ(server.statistics().requests, 2u);
}

TEST(HttpServer, ThrowingHandlersAnswer500AndAreLogged) {
  log_capture log;
  test_server server;
  raw_client client(server.port);
  client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n" + hello);
  const auto response = client.read_response();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("trouble"), std::string::npos);
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_NE(log.text().find("handler trouble"), std::string::npos);
}

TEST(HttpServer, ResponsesCannotBeSplit) {
  log_capture log;
  test_server server;
  raw_client client(server.port);
  client.send("GET /split HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto response = client.read_response();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.head.find("C: d"), std::string::npos);
}

TEST(HttpServer, HandlersMayDropAndClose) {
  test_server server;
  raw_client dropped(server.port), closed(server.port);
  dropped.send("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(dropped.read_all(), "");
  closed.send("GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(closed.read_head().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(closed.at_end());
}

TEST(HttpServer, ConnectionsAreLimited) {
  test_server server({.connection_limit = 3, .connections_per_address = 2});
  raw_client a(server.port), b(server.port);
  a.send(hello);
  a.read_response();
  b.send(hello);
  b.read_response();
  raw_client c(server.port);
  EXPECT_EQ(c.read_response().status, 503);
  EXPECT_TRUE(c.at_end());
}

TEST(HttpServer, ConnectionsOfAProxyAreCountedOnlyInAll) {
  test_server server({.connection_limit = 3, .connections_per_address = 1, .proxies = {"127.0.0.1"}});
  raw_client a(server.port), b(server.port), c(server.port);
  for (auto* client : {&a, &b, &c}) {
    client->send(hello);
    EXPECT_EQ(client->read_response().status, 200);
  }
  raw_client d(server.port);
  EXPECT_EQ(d.read_response().status, 503);
}

TEST(HttpServer, PortInUseIsOneClearError) {
  test_server server;
  io_thread thread;
  thread.call([&] {
    auto second = make_http_server(thread.io().get_executor(), thread.timers(), {.port = server.port}, server.handler);
    const auto started = second->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().detail.find(":" + std::to_string(server.port) + ": Address already in use"),
              std::string::npos);
  });
}

TEST(HttpServer, StopAnswersWhatIsInFlight) {
  test_server server;
  raw_client idle(server.port), busy(server.port);
  idle.send(hello);
  idle.read_response();
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  server.handler->arrived_future.wait();
  auto stopped = asio::co_spawn(server.thread.io(), server.server->stop(10s), asio::use_future);
  EXPECT_TRUE(idle.at_end());
  server.thread.call([&] { server.handler->gate.notify(); });
  const auto response = busy.read_response();
  EXPECT_EQ(response.body, "waited");
  EXPECT_NE(response.head.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(busy.at_end());
  stopped.get();
  EXPECT_EQ(server.statistics().connections, 0u);
  EXPECT_THROW(raw_client{server.port}, std::runtime_error);
}

TEST(HttpServer, StopCutsWhatDoesNotEnd) {
  test_server server;
  raw_client busy(server.port);
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  server.handler->arrived_future.wait();
  server.stop(50ms);
  EXPECT_TRUE(busy.at_end());
  EXPECT_EQ(server.statistics().connections, 0u);
}

}  // namespace
}  // namespace drover::test
