#include "net/local_socket.hpp"

#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "base/log.hpp"
#include "net/local_client.hpp"
#include "net/local_listener.hpp"

namespace drover::net {
namespace {

using boost::system::error_code;

constexpr std::size_t head_limit_bytes = 128;
constexpr std::size_t attachment_limit_bytes = 4096;
constexpr std::size_t answer_limit_bytes = 1024 * 1024;
constexpr std::size_t calls_at_once = 8;
constexpr nanoseconds read_deadline = 10s, write_deadline = 10s;

const logger& log() {
  static const logger instance("net");
  return instance;
}

bool is_allowed(const local_peer& peer) { return peer.uid == geteuid() || peer.uid == 0; }

struct call_head {
  std::string verb;
  std::size_t attachment_bytes = 0;
};

std::optional<call_head> parse_head(std::string_view line) {
  const auto space = line.find(' ');
  if (space == line.npos || space == 0) return std::nullopt;
  call_head head{std::string(line.substr(0, space)), 0};
  const auto digits = line.substr(space + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), head.attachment_bytes);
  if (problem != std::errc{} || end != digits.data() + digits.size() || head.attachment_bytes > attachment_limit_bytes)
    return std::nullopt;
  return head;
}

/// Byte by byte up to the line's end, so that nothing of the attachment lands in a buffer that is not wiped.
task<result<local_call>> read_call(local_stream& socket) {
  std::string line;
  error_code ec;
  for (char c = 0; line.size() < head_limit_bytes;) {
    co_await asio::async_read(socket, asio::buffer(&c, 1), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return fail(errc::io, ec.message());
    if (c == '\n') break;
    line.push_back(c);
  }
  const auto head = parse_head(line);
  if (!head) co_return fail(errc::malformed, "not a call");
  local_call call{.verb = head->verb, .attachment = secret::of_size(head->attachment_bytes)};
  const auto bytes = call.attachment.mutable_bytes();
  if (!bytes.empty())
    co_await asio::async_read(socket, asio::buffer(bytes.data(), bytes.size()),
                              asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(errc::io, ec.message());
  co_return call;
}

task<result<std::size_t>> write_text(local_stream& socket, const std::string& text) {
  error_code ec;
  const auto size =
      co_await asio::async_write(socket, asio::buffer(text), asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(errc::io, ec.message());
  co_return size;
}

class asio_local_server final : public local_server {
public:
  asio_local_server(executor ex, timer_queue& timers, std::string path, local_handler handler)
      : timers_(timers),
        path_(path),
        handler_(std::move(handler)),
        listener_(std::move(ex), timers, {.path = std::move(path), .connections = calls_at_once},
                  [this](local_stream socket, local_peer peer) { return run_call(std::move(socket), peer); }) {}

  result<void> open() override { return listener_.open(); }
  void start() override { listener_.start(); }
  task<void> stop() override { return listener_.stop(); }

private:
  task<void> run_call(local_stream socket, local_peer peer) {
    if (!is_allowed(peer)) {
      log().warn("a call of another user was not listened to", {{"socket", path_}, {"uid", peer.uid}, {"pid", peer.pid}});
      co_return;
    }
    auto call = co_await with_deadline(timers_, read_deadline, "reading a call", read_call(socket));
    if (!call) co_return;
    auto answer = co_await handler_(std::move(*call));
    answer.push_back('\n');
    (void)co_await with_deadline(timers_, write_deadline, "answering a call", write_text(socket, answer));
  }

  timer_queue& timers_;
  std::string path_;
  local_handler handler_;
  local_listener listener_;
};

}  // namespace

std::unique_ptr<local_server> make_local_server(executor ex, timer_queue& timers, std::string path,
                                                local_handler handler) {
  return std::make_unique<asio_local_server>(std::move(ex), timers, std::move(path), std::move(handler));
}

result<std::string> call_local(const std::string& path, std::string_view verb, const secret& attachment) {
  const auto socket = connect_local(path);
  if (!socket) return std::unexpected(socket.error());
  const auto head = std::string(verb) + " " + std::to_string(attachment.size()) + "\n";
  secret answer;
  if (send_all(*socket, head) && send_all(*socket, attachment.reveal()))
    answer = receive_line(*socket, answer_limit_bytes);
  if (answer.empty())
    return fail(errc::io, path + ": the engine hung up without an answer; it may run as another user");
  return std::string(answer.reveal());
}

}  // namespace drover::net
