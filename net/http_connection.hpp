#pragma once

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/chunked_decoder.hpp"
#include "net/input_buffer.hpp"
#include "net/request_framing.hpp"
#include "net/response_text.hpp"
#include "net/server_core.hpp"
#include "net/server_stream.hpp"

namespace drover::net {

/// One HTTP/1.1 connection: reads requests strictly, asks the handler, writes answers. Stream is a plain or TLS socket
/// (server_stream.hpp). Internal to net/.
template <class Stream>
class http_connection final : public http_connection_base {
 public:
  http_connection(std::shared_ptr<server_core> core, Stream stream, address_lease address)
      : core_(std::move(core)), address_(std::move(address)), stream_(std::move(stream)), input_(input_limit(*core_)) {
    deadline_ = core_->now() + core_->config.header_deadline;
    core_->add(*this);
  }
  ~http_connection() override { core_->note_departure(); }

  /// Until the connection is closed or has become a WebSocket.
  task<void> run();

  void cancel_io() override { get_socket(stream_).cancel(ignored_); }
  void cut() override { get_socket(stream_).close(ignored_); }

 private:
  static std::size_t input_limit(const server_core& core) {
    return std::max<std::size_t>(core.config.header_limit_bytes, 16 * 1024);
  }
  /// Bodies up to this size are copied behind the head: one buffer, one system call.
  static constexpr std::size_t joined_body_limit_bytes = 4 * 1024;
  static constexpr std::size_t linger_limit_bytes = 256 * 1024;
  /// A slow reader gets the body deadline and this much time for every 16 KiB.
  static constexpr std::size_t slowest_read_bytes_per_s = 16 * 1024;

  /// These three answer false when the connection is over.
  task<bool> read_head();
  task<bool> read_body(std::string& body);
  task<bool> respond(http_response response);

  task<http_response> call_handler(http_request request);
  http_response explain(const std::exception_ptr& failure);
  task<void> upgrade(http_response response);
  task<void> refuse(framing_failure failure);
  task<bool> write(std::string_view head, std::string_view body);
  task<void> linger();
  /// One read into the input; false at the end of the stream, on errors and at the deadline.
  task<bool> receive();
  http_request take_request();
  void append_head(http_response& response, bool keep_alive);

  std::shared_ptr<server_core> core_;
  address_lease address_;
  Stream stream_;
  input_buffer input_;
  head_scanner scanner_;
  request_head head_;
  std::string websocket_key_;
  std::string output_;
  boost::system::error_code ignored_;
  int served_ = 0;
  bool head_request_ = false;
};

template <class Stream>
task<void> http_connection<Stream>::run() {
  const bool ready = co_await make_ready(stream_);
  if (!ready) co_return;
  while (true) {
    const bool complete = co_await read_head();
    if (!complete) co_return;
    http_request request = take_request();
    if (head_.body != body_kind::none) {
      const bool whole = co_await read_body(request.body);
      if (!whole) co_return;
    }
    deadline_ = never;
    ++served_;
    ++core_->counts.requests;
    http_response response = co_await call_handler(std::move(request));
    const bool go_on = co_await respond(std::move(response));
    if (!go_on) co_return;
  }
}

template <class Stream>
task<bool> http_connection<Stream>::receive() {
  boost::system::error_code ec;
  expired_ = false;
  const auto space = input_.prepare();
  const auto size = co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
  input_.commit(size);
  co_return !ec;
}

template <class Stream>
task<bool> http_connection<Stream>::read_head() {
  if (served_ > 0) deadline_ = core_->now() + core_->config.idle_deadline;
  bool started = false;
  while (true) {
    if (!input_.empty()) {
      if (!started && served_ > 0) deadline_ = core_->now() + core_->config.header_deadline;
      started = true;
      const auto scanned = scanner_.scan(input_.view(), core_->limits);
      if (!scanned) {
        co_await refuse(scanned.error());
        co_return false;
      }
      if (*scanned == head_scanner::progress::complete) break;
    }
    if (core_->stopping && !started) co_return false;
    idle_ = !started;
    const bool received = co_await receive();
    idle_ = false;
    if (received) continue;
    if (expired_ && started) co_await refuse({408, "the header did not arrive in time"});
    co_return false;
  }
  const auto parsed = parse_request_head(input_.view().substr(0, scanner_.head_size()), core_->limits, head_);
  if (!parsed) co_await refuse(parsed.error());
  co_return parsed.has_value();
}

template <class Stream>
http_request http_connection<Stream>::take_request() {
  http_request request;
  request.method = head_.method;
  request.path = std::move(head_.path);
  request.query = head_.query;
  request.headers.reserve(head_.fields.size());
  for (const auto& [name, value] : head_.fields) request.headers.emplace_back(name, value);
  request.remote_address = address_.text();
  request.wants_websocket = head_.wants_websocket;
  if (head_.wants_websocket) websocket_key_ = head_.websocket_key;
  head_request_ = head_.method == "HEAD";
  input_.consume(scanner_.head_size());
  scanner_.reset();
  return request;
}

template <class Stream>
task<bool> http_connection<Stream>::read_body(std::string& body) {
  const auto limit = core_->config.body_limit_bytes;
  if (head_.content_length > limit) {
    co_await refuse({413, "the body is too large"});
    co_return false;
  }
  deadline_ = core_->now() + core_->config.body_deadline;
  if (head_.expects_continue && input_.empty()) {
    output_ = "HTTP/1.1 100 Continue\r\n\r\n";
    const bool written = co_await write(output_, {});
    if (!written) co_return false;
  }
  chunked_decoder chunks(limit);
  while (true) {
    auto bytes = input_.view();
    const auto before = bytes.size();
    auto progress = chunked_decoder::progress::more;
    if (head_.body == body_kind::chunked) {
      progress = chunks.feed(bytes, body);
    } else {
      const auto wanted = std::min<std::size_t>(head_.content_length - body.size(), bytes.size());
      body.append(bytes.substr(0, wanted));
      bytes.remove_prefix(wanted);
      if (body.size() == head_.content_length) progress = chunked_decoder::progress::done;
    }
    input_.consume(before - bytes.size());
    if (progress == chunked_decoder::progress::done) co_return true;
    if (progress == chunked_decoder::progress::malformed) {
      co_await refuse({400, "the chunked body is malformed"});
      co_return false;
    }
    if (progress == chunked_decoder::progress::too_large) {
      co_await refuse({413, "the body is too large"});
      co_return false;
    }
    const bool received = co_await receive();
    if (received) continue;
    if (expired_) co_await refuse({408, "the body did not arrive in time"});
    co_return false;
  }
}

template <class Stream>
task<http_response> http_connection<Stream>::call_handler(http_request request) {
  http_response response;
  std::exception_ptr failure;
  try {
    response = co_await core_->handler->handle(std::move(request));
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) response = explain(failure);
  co_return response;
}

template <class Stream>
http_response http_connection<Stream>::explain(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    if (core_->stopping && e.code() == asio::error::operation_aborted) throw;
    core_->log.error("request handler failed", {{"err", e.what()}});
  } catch (const std::exception& e) {
    core_->log.error("request handler failed", {{"err", e.what()}});
  } catch (...) {
    core_->log.error("request handler failed", {{"err", "unknown exception"}});
  }
  return core_->handler->make_error(500, "internal error");
}

template <class Stream>
void http_connection<Stream>::append_head(http_response& response, bool keep_alive) {
  output_.clear();
  const response_framing framing{head_request_, keep_alive, core_->date_header()};
  if (append_response_head(response, framing, output_)) return;
  core_->log.error("response is not valid HTTP", {{"status", response.status}});
  response = http_response{.status = 500};
  append_response_head(response, framing, output_);
}

template <class Stream>
task<bool> http_connection<Stream>::respond(http_response response) {
  if (response.drop_connection) co_return false;
  if (response.websocket && head_.wants_websocket) {
    co_await upgrade(std::move(response));
    co_return false;
  }
  const bool keep_alive = head_.keep_alive && !response.close_after && !core_->stopping &&
                          served_ < core_->config.requests_per_connection;
  append_head(response, keep_alive);
  auto body = get_response_body(response, head_request_);
  if (body.size() <= joined_body_limit_bytes) {
    output_ += body;
    body = {};
  }
  std::string_view head = output_;
  const auto progress = write_now(stream_, head, body);
  if (progress == write_progress::failed) co_return false;
  if (progress == write_progress::blocked) {
    const auto size = head.size() + body.size();
    deadline_ = core_->now() + core_->config.body_deadline + seconds(size / slowest_read_bytes_per_s);
    const bool written = co_await write(head, body);
    if (!written) co_return false;
  }
  if (!keep_alive) co_await linger();
  co_return keep_alive;
}

template <class Stream>
task<void> http_connection<Stream>::upgrade(http_response response) {
  output_.clear();
  if (core_->stopping || !append_websocket_accept(response, websocket_key_, core_->date_header(), output_)) {
    co_await refuse({503, "no new WebSockets"});
    co_return;
  }
  deadline_ = core_->now() + core_->config.body_deadline;
  const bool written = co_await write(output_, {});
  if (!written) co_return;
  unlink();
  auto session = make_websocket(core_, std::move(stream_), std::move(response.websocket), std::move(address_));
  core_->add(*session);
  session->start(input_.view());
}

template <class Stream>
task<void> http_connection<Stream>::refuse(framing_failure failure) {
  ++core_->counts.refused;
  http_response response = core_->handler->make_error(failure.status, failure.detail);
  if (failure.status == 426) response.headers.emplace_back("Sec-WebSocket-Version", "13");
  head_request_ = false;
  append_head(response, false);
  output_ += get_response_body(response, false);
  deadline_ = core_->now() + core_->config.body_deadline;
  const bool written = co_await write(output_, {});
  if (written) co_await linger();
}

template <class Stream>
task<bool> http_connection<Stream>::write(std::string_view head, std::string_view body) {
  while (true) {
    const auto progress = write_now(stream_, head, body);
    if (progress != write_progress::blocked) co_return progress == write_progress::done;
    boost::system::error_code ec;
    co_await wait_for_output(stream_, head, body, ec);
    if (ec) co_return false;
  }
}

/// Ends our side and swallows what the client still sends: closing at once would reset the connection and take the
/// answer away from it.
template <class Stream>
task<void> http_connection<Stream>::linger() {
  get_socket(stream_).shutdown(server_socket::shutdown_send, ignored_);
  deadline_ = core_->now() + linger_limit;
  std::size_t swallowed = 0;
  while (swallowed < linger_limit_bytes) {
    input_.consume(input_.view().size());
    const bool received = co_await receive();
    if (!received) co_return;
    swallowed += input_.view().size();
  }
}

}  // namespace drover::net
