#include "net/local_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"

namespace drover::net {
namespace {

using boost::system::error_code;
using protocol = asio::local::stream_protocol;

constexpr std::size_t head_limit_bytes = 128;
constexpr std::size_t attachment_limit_bytes = 4096;
constexpr std::size_t answer_limit_bytes = 1024 * 1024;
constexpr std::size_t calls_at_once = 8;
constexpr nanoseconds read_deadline = 10s, write_deadline = 10s, refused_pause = 100ms, stop_grace = 1s;

const logger& log() {
  static const logger instance("net");
  return instance;
}

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

std::unexpected<error> bad_path(const std::string& path) {
  return fail(errc::io, "'" + path + "' cannot be a socket: its path must have 1 to 107 characters");
}

bool is_allowed(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

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
task<result<local_call>> read_call(protocol::socket& socket) {
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

task<result<std::size_t>> write_text(protocol::socket& socket, const std::string& text) {
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
        path_(std::move(path)),
        handler_(std::move(handler)),
        acceptor_(ex),
        departures_(ex),
        scope_(std::move(ex), "local socket") {}

  ~asio_local_server() override { remove_socket(); }

  result<void> open() override {
    const auto address = address_of(path_);
    if (!address) return bad_path(path_);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return refused("socket");
    acceptor_.assign(protocol(), descriptor);
    if (!remove_dead_socket(*address))
      return fail(errc::io, path_ + ": another process listens there, or a file is in the way");
    // Never open to others, not even for the moment before a chmod.
    const auto before = umask(0177);
    const int bound = bind(descriptor, reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    umask(before);
    if (bound != 0) return refused("bind");
    bound_ = true;
    if (listen(descriptor, static_cast<int>(calls_at_once)) != 0) return refused("listen");
    return {};
  }

  void start() override { scope_.spawn("accept", run_acceptor()); }

  task<void> stop() override {
    remove_socket();
    // The acceptor goes first; whoever was called, "unseal" say, still answers.
    const auto deadline = timers_.get_clock().now() + stop_grace;
    while (scope_.size() > 0) {
      const bool ended = co_await departures_.wait_until(timers_, deadline);
      if (!ended) break;
    }
    scope_.stop();
    co_await scope_.join();
  }

private:
  std::unexpected<error> refused(std::string_view what) const {
    return fail(errc::io, path_ + ": " + std::string(what) + ": " + std::generic_category().message(errno));
  }

  /// True when nothing is in the way any more.
  static bool remove_dead_socket(const sockaddr_un& address) {
    struct stat info {};
    if (lstat(address.sun_path, &info) != 0) return errno == ENOENT;
    if (!S_ISSOCK(info.st_mode)) return false;
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool alive = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    return !alive && unlink(address.sun_path) == 0;
  }

  void remove_socket() {
    if (std::exchange(bound_, false)) unlink(path_.c_str());
    error_code ignored;
    acceptor_.close(ignored);
  }

  /// Told at the next turn, when the task is out of the scope.
  struct departure {
    explicit departure(asio_local_server& s) : server(s) {}
    ~departure() {
      asio::post(server.acceptor_.get_executor(), [&gone = server.departures_] { gone.notify(); });
    }
    departure(const departure&) = delete;
    departure& operator=(const departure&) = delete;
    asio_local_server& server;
  };

  task<void> run_acceptor() {
    const departure leaving(*this);
    while (!scope_.stopping()) {
      error_code ec;
      protocol::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (ec == asio::error::operation_aborted || scope_.stopping()) co_return;
      // The acceptor is a task of the scope itself.
      const bool full = scope_.size() > calls_at_once;
      if (ec || full) {
        co_await sleep_for(timers_, refused_pause);
        continue;
      }
      if (!is_allowed(socket.native_handle())) {
        log().warn("a call of another user was not listened to", {{"socket", path_}});
        continue;
      }
      scope_.spawn("call", run_call(std::move(socket)));
    }
  }

  task<void> run_call(protocol::socket socket) {
    const departure leaving(*this);
    auto call = co_await with_deadline(timers_, read_deadline, "reading a call", read_call(socket));
    if (!call) co_return;
    auto answer = co_await handler_(std::move(*call));
    answer.push_back('\n');
    (void)co_await with_deadline(timers_, write_deadline, "answering a call", write_text(socket, answer));
  }

  timer_queue& timers_;
  std::string path_;
  local_handler handler_;
  protocol::acceptor acceptor_;
  bool bound_ = false;
  wake_event departures_;
  task_scope scope_;
};

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

std::unique_ptr<local_server> make_local_server(executor ex, timer_queue& timers, std::string path,
                                                local_handler handler) {
  return std::make_unique<asio_local_server>(std::move(ex), timers, std::move(path), std::move(handler));
}

result<std::string> call_local(const std::string& path, std::string_view verb, const secret& attachment) {
  const auto address = address_of(path);
  if (!address) return bad_path(path);
  const descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail(errc::io, path + ": " + std::generic_category().message(errno));
  const auto head = std::string(verb) + " " + std::to_string(attachment.size()) + "\n";
  if (!send_all(socket.get(), head) || !send_all(socket.get(), attachment.reveal()))
    return fail(errc::io, path + ": the engine hung up");
  std::string answer;
  std::array<char, 4096> buffer;
  while (answer.size() < answer_limit_bytes) {
    const auto got = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (!answer.ends_with('\n'))
    return fail(errc::io, path + ": the engine hung up without an answer; it may run as another user");
  answer.pop_back();
  return answer;
}

}  // namespace drover::net
