#include "net/http_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <thread>

#include "tests/integration/net/certificate.hpp"
#include "tests/integration/net/server_fixture.hpp"

namespace drover::test {
namespace {

class test_client {
 public:
  explicit test_client(test_server& server, http_client_config config = {}) : server_(server) {
    server.thread.call([&] {
      client_ = make_http_client(server.thread.io().get_executor(), server.thread.timers(), std::move(config));
    });
  }
  ~test_client() {
    server_.thread.call([this] { client_.reset(); });
  }
  std::future<result<client_response>> start(client_request request) {
    return asio::co_spawn(server_.thread.io(), client_->send(std::move(request)), asio::use_future);
  }
  result<client_response> send(client_request request) { return start(std::move(request)).get(); }
  task<result<client_response>> make_task(client_request request) { return client_->send(std::move(request)); }
  std::error_code get_failure(client_request request) {
    const auto response = send(std::move(request));
    return response ? std::error_code() : response.error().code;
  }

 private:
  test_server& server_;
  std::unique_ptr<http_client> client_;
};

client_request get(std::string url, nanoseconds deadline = 10s) {
  client_request request;
  request.method = "GET";
  request.url = std::move(url);
  request.deadline = deadline;
  return request;
}

template <class Condition>
void wait_until(Condition condition) {
  const auto deadline = system_clock().now() + 10s;
  while (!condition()) {
    ASSERT_LT(system_clock().now(), deadline);
    std::this_thread::yield();
  }
}

TEST(HttpClient, ConnectionsAreReused) {
  test_server server;
  test_client client(server);
  for (int i = 0; i < 5; ++i) {
    const auto response = client.send(get(server.url("/hello")));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
  }
  EXPECT_EQ(server.statistics().connections, 1u);
}

TEST(HttpClient, BodiesAndHeadersTravel) {
  test_server server;
  test_client client(server);
  auto request = get(server.url("/echo"));
  request.method = "POST";
  request.body = std::string(50'000, 'x');
  request.headers = {{"Content-Type", "text/plain"}, {"Host", "ignored"}, {"Content-Length", "1"}};
  const auto response = client.send(request);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body, request.body);
  EXPECT_FALSE(find_header(response->headers, "date").empty());
}

TEST(HttpClient, ErrorStatusesAreAnswers) {
  test_server server;
  test_client client(server);
  auto request = get(server.url("/echo"));
  request.headers.emplace_back("Expect", "magic");
  const auto response = client.send(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
}

TEST(HttpClient, ConnectionsPerHostAreBounded) {
  test_server server;
  test_client client(server, {.connections_per_host = 3});
  std::vector<std::future<result<client_response>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(client.start(get(server.url("/hello"))));
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(server.statistics().connections, 3u);
}

TEST(HttpClient, RequestsLeaveFromTheAddressTheyName) {
  test_server server;
  test_client client(server);
  for (int round = 0; round < 2; ++round)
    for (auto source : {"127.0.0.2", "127.0.0.3", ""}) {
      auto request = get(server.url("/hello"));
      request.source_address = source;
      ASSERT_TRUE(client.send(request));
    }
  const auto from = server.thread.call([&] { return server.handler->seen_addresses; });
  const std::vector<std::string> once{"127.0.0.2", "127.0.0.3", "127.0.0.1"};
  EXPECT_EQ(std::vector(from.begin(), from.begin() + 3), once);
  EXPECT_EQ(std::vector(from.begin() + 3, from.end()), once);
  // Each address keeps its own connection.
  EXPECT_EQ(server.statistics().connections, 3u);
}

TEST(HttpClient, AnAddressThatIsNotOursIsNotSent) {
  test_server server;
  test_client client(server);
  for (auto source : {"192.0.2.1", "::1", "nonsense"}) {
    auto request = get(server.url("/hello"));
    request.source_address = source;
    EXPECT_EQ(client.get_failure(request), transport_errc::not_sent) << source;
  }
  EXPECT_EQ(server.statistics().connections, 0u);
}

TEST(HttpClient, WaitingForAConnectionEndsAsNotSent) {
  test_server server;
  test_client client(server, {.connections_per_host = 1});
  auto first = client.start(get(server.url("/wait")));
  server.handler->arrived_future.wait();
  EXPECT_EQ(client.get_failure(get(server.url("/hello"), 50ms)), transport_errc::not_sent);
  server.thread.call([&] { server.handler->gate.notify(); });
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(client.send(get(server.url("/hello"))));
}

TEST(HttpClient, ARequestThatMayNotLeaveAnyMoreIsWithheldAndTheConnectionKept) {
  test_server server;
  test_client client(server);
  EXPECT_EQ(client.get_failure(get(server.url("/hello"))), std::error_code());
  auto request = get(server.url("/hello"));
  request.why_not = [] { return std::string("locked"); };
  const auto withheld = client.send(request);
  ASSERT_FALSE(withheld);
  EXPECT_EQ(withheld.error().code, transport_errc::withheld);
  EXPECT_EQ(withheld.error().detail, "locked");
  request.why_not = [] { return std::string(); };
  EXPECT_TRUE(client.send(request));
  EXPECT_EQ(server.statistics().connections, 1u);
}

TEST(HttpClient, ClosedPortIsNotSent) {
  test_server server;
  test_client client(server);
  server.stop(1s);
  EXPECT_EQ(client.get_failure(get(server.url("/hello"))), transport_errc::not_sent);
}

TEST(HttpClient, WhatIsNoRequestIsNotSent) {
  test_server server;
  test_client client(server);
  EXPECT_EQ(client.get_failure(get("ftp://h/")), transport_errc::not_sent);
  EXPECT_EQ(client.get_failure(get("ws://127.0.0.1/")), transport_errc::not_sent);
  auto request = get(server.url("/hello"));
  request.headers.emplace_back("A", "b\r\nC: d");
  EXPECT_EQ(client.get_failure(request), transport_errc::not_sent);
  request = get(server.url("/hello"));
  request.method = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(client.get_failure(request), transport_errc::not_sent);
  EXPECT_EQ(server.statistics().requests, 0u);
}

TEST(HttpClient, ClosingWithoutAnAnswerIsNoAnswer) {
  test_server server;
  test_client client(server);
  EXPECT_EQ(client.get_failure(get(server.url("/drop"))), transport_errc::no_answer);
  EXPECT_TRUE(client.send(get(server.url("/hello"))));
  EXPECT_EQ(client.get_failure(get(server.url("/drop"))), transport_errc::no_answer);
  EXPECT_EQ(server.statistics().requests, 3u);
}

TEST(HttpClient, DeadlineAfterSendingIsNoAnswer) {
  test_server server;
  test_client client(server);
  EXPECT_EQ(client.get_failure(get(server.url("/wait"), 100ms)), transport_errc::no_answer);
  server.thread.call([&] { server.handler->gate.notify(); });
}

TEST(HttpClient, ConnectionsClosedWhileIdleAreNotUsed) {
  test_server server({.idle_deadline = 50ms});
  test_client client(server);
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(get(server.url("/hello")));
    ASSERT_TRUE(response) << response.error().to_string();
    wait_until([&] { return server.statistics().connections == 0; });
  }
  EXPECT_EQ(server.statistics().requests, 3u);
}

TEST(HttpClient, KeptConnectionsAreClosedAfterTheIdleLimit) {
  test_server server;
  test_client client(server, {.idle_limit = 50ms});
  EXPECT_TRUE(client.send(get(server.url("/hello"))));
  wait_until([&] { return server.statistics().connections == 0; });
}

TEST(HttpClient, LargeAnswersAreRefused) {
  test_server server;
  test_client client(server);
  auto request = get(server.url("/big"));
  EXPECT_TRUE(client.send(request));
  request.response_limit_bytes = 1000;
  EXPECT_EQ(client.get_failure(request), transport_errc::bad_answer);
}

TEST(HttpClient, CancelledRequestsGiveTheirConnectionBack) {
  test_server server;
  test_client client(server, {.connections_per_host = 1});
  asio::cancellation_signal signal;
  std::promise<void> ended;
  asio::co_spawn(server.thread.io(), client.make_task(get(server.url("/wait"))),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, result<client_response>) { ended.set_value(); }));
  server.handler->arrived_future.wait();
  server.thread.call([&] { signal.emit(asio::cancellation_type::terminal); });
  ended.get_future().get();
  EXPECT_TRUE(client.send(get(server.url("/hello"))));
  server.thread.call([&] { server.handler->gate.notify(); });
}

TEST(HttpClient, CertificatesAreVerifiedWithTheHostName) {
  self_signed_certificate certificate;
  test_server server({.tls_certificate_file = certificate.certificate_file(), .tls_key_file = certificate.key_file()});
  const auto port = std::to_string(server.port);
  test_client trusting(server, {.ca_file = certificate.certificate_file()});
  for (int i = 0; i < 3; ++i) {
    const auto response = trusting.send(get("https://localhost:" + port + "/big"));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body.size(), 8u << 20);
  }
  EXPECT_EQ(server.statistics().connections, 1u);
  EXPECT_EQ(trusting.get_failure(get("https://127.0.0.1:" + port + "/hello")), transport_errc::not_sent);
  test_client distrusting(server);
  EXPECT_EQ(distrusting.get_failure(get("https://localhost:" + port + "/hello")), transport_errc::not_sent);
  EXPECT_EQ(trusting.get_failure(get("http://localhost:" + port + "/hello")), transport_errc::no_answer);
  EXPECT_EQ(server.statistics().requests, 3u);
}

}  // namespace
}  // namespace drover::test
