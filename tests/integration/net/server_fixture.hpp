#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/timer.hpp"
#include "net/http_server.hpp"
#include "tests/support/coroutines.hpp"

namespace drover::test {

using namespace drover::net;

/// An executor with a thread of its own.
class io_thread {
 public:
  io_thread() : guard_(io_.get_executor()), timers_(make_timer_queue(io_.get_executor(), system_clock())) {
    thread_ = std::thread([this] { io_.run(); });
  }
  asio::io_context& io() { return io_; }
  timer_queue& timers() { return *timers_; }

  /// Runs `work` on the thread and answers its value.
  template <class F>
  std::invoke_result_t<F> call(F work) {
    std::packaged_task<std::invoke_result_t<F>()> packaged(std::move(work));
    auto future = packaged.get_future();
    asio::post(io_, [&packaged] { packaged(); });
    return future.get();
  }
  template <class T>
  T await(task<T> t) {
    return asio::co_spawn(io_, std::move(t), asio::use_future).get();
  }
  ~io_thread() {
    call([this] { timers_.reset(); });
    guard_.reset();
    thread_.join();
  }

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::unique_ptr<timer_queue> timers_;
  std::thread thread_;
};

/// Echoes messages; "close" and "abort" do what they say. Keeps what happened for the test.
class echo_websocket final : public websocket_handler {
 public:
  void on_open(websocket_session& session) override {
    session_ = &session;
    opened.set_value();
  }
  void on_message(std::string_view message, bool binary) override {
    if (message == "close") return session_->close(4001, "as asked");
    if (message == "abort") return session_->abort();
    auto copy = std::make_shared<const std::string>(message);
    if (binary)
      session_->send_binary(copy);
    else
      session_->send(copy);
  }
  void on_close(std::uint16_t code) override {
    session_ = nullptr;
    closed.set_value(code);
  }
  websocket_session* session() { return session_; }

  std::promise<void> opened;
  std::promise<int> closed;

 private:
  websocket_session* session_ = nullptr;
};

class route_handler final : public http_handler {
 public:
  using route = std::function<http_response(const http_request&)>;
  explicit route_handler(executor ex) : gate(ex), arrived_future(arrived.get_future()) {}

  task<http_response> handle(http_request request) override {
    seen.push_back(request.method + " " + request.path);
    seen_addresses.push_back(request.remote_address);
    http_response response;
    if (request.path == "/echo") response.body = request.body;
    if (request.path == "/hello") response.body = "hello";
    if (request.path == "/throw") throw std::runtime_error("handler trouble");
    if (request.path == "/drop") response.drop_connection = true;
    if (request.path == "/split") response.headers.emplace_back("A", "b\r\nC: d");
    if (request.path == "/empty") response.status = 204;
    if (request.path == "/close") response.close_after = true;
    if (request.path == "/big") response.shared_body = big;
    if (request.path == "/websocket" && request.wants_websocket)
      response.websocket = websocket = std::make_shared<echo_websocket>();
    if (request.path == "/wait") {
      arrived.set_value();
      co_await gate.wait();
      response.body = "waited";
    }
    co_return response;
  }
  http_response make_error(int status, std::string_view detail) override {
    return {.status = status, .headers = {{"Content-Type", "text/plain"}}, .body = std::string(detail)};
  }

  wake_event gate;
  std::promise<void> arrived;
  std::future<void> arrived_future;
  std::vector<std::string> seen, seen_addresses;
  std::shared_ptr<const std::string> big = std::make_shared<const std::string>(8 << 20, 'b');
  std::shared_ptr<echo_websocket> websocket;
};

class test_server {
 public:
  explicit test_server(http_server_config config = {}) {
    thread.call([&] {
      handler = std::make_shared<route_handler>(thread.io().get_executor());
      server = make_http_server(thread.io().get_executor(), thread.timers(), std::move(config), handler);
      const auto started = server->start();
      if (!started) throw std::runtime_error(started.error().to_string());
    });
    port = server->port();
  }
  ~test_server() {
    stop(5s);
    thread.call([this] { server.reset(); });
  }
  void stop(nanoseconds limit) { thread.await(server->stop(limit)); }
  http_server::statistics statistics() {
    return thread.call([this] { return server->get_statistics(); });
  }
  std::string url(std::string_view path, std::string_view scheme = "http") {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + std::string(path);
  }

  io_thread thread;
  std::shared_ptr<route_handler> handler;
  std::unique_ptr<http_server> server;
  std::uint16_t port = 0;
};

}  // namespace drover::test
