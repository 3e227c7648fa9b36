#include "net/line_server.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "net/local_client.hpp"
#include "net/local_listener.hpp"

namespace drover::net {
namespace {

using boost::system::error_code;

constexpr nanoseconds stop_grace = 250ms;
constexpr std::size_t answer_limit_bytes = 256 * 1024;

/// What has come of a connection; what was taken out of it is overwritten. Wiped at the end.
class line_buffer {
public:
  explicit line_buffer(std::size_t limit_bytes) : bytes_(secret::of_size(limit_bytes + 1)) {}

  std::optional<secret> take_line() {
    const auto end = bytes_.reveal().substr(0, filled_).find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    secret line(bytes_.reveal().substr(0, end));
    const auto all = bytes_.mutable_bytes();
    std::copy(all.begin() + static_cast<std::ptrdiff_t>(end + 1), all.begin() + static_cast<std::ptrdiff_t>(filled_),
              all.begin());
    const auto left = filled_ - (end + 1);
    wipe_memory(all.data() + left, filled_ - left);
    filled_ = left;
    return line;
  }
  std::span<unsigned char> room() { return bytes_.mutable_bytes().subspan(filled_); }
  void add(std::size_t bytes) { filled_ += bytes; }

private:
  secret bytes_;
  std::size_t filled_ = 0;
};

task<result<std::size_t>> read_some(local_stream& socket, std::span<unsigned char> room) {
  error_code ec;
  const auto got = co_await socket.async_read_some(asio::buffer(room.data(), room.size()),
                                                   asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(errc::io, ec.message());
  co_return got;
}

task<result<std::size_t>> write_line(local_stream& socket, const secret& line) {
  constexpr char end = '\n';
  const std::array parts{asio::const_buffer(line.reveal().data(), line.size()), asio::const_buffer(&end, 1)};
  error_code ec;
  const auto size = co_await asio::async_write(socket, parts, asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(errc::io, ec.message());
  co_return size;
}

class asio_line_server final : public line_server {
public:
  asio_line_server(executor ex, timer_queue& timers, line_server_config config, line_handler handler)
      : timers_(timers),
        config_(std::move(config)),
        handler_(std::move(handler)),
        listener_(std::move(ex), timers,
                  {.path = config_.path,
                   .group = config_.group,
                   .connections = config_.connections,
                   .stop_grace = stop_grace},
                  [this](local_stream socket, local_peer peer) { return run_connection(std::move(socket), peer); }) {}

  result<void> open() override { return listener_.open(); }
  void start() override { listener_.start(); }
  task<void> stop() override {
    stopping_ = true;
    return listener_.stop();
  }

private:
  /// One of the connections that a user has open.
  class place {
  public:
    place(std::map<std::uint32_t, std::size_t>& taken, std::uint32_t uid)
        : taken_(taken), uid_(uid), number_(++taken_[uid]) {}
    ~place() {
      if (--taken_[uid_] == 0) taken_.erase(uid_);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    std::size_t number() const { return number_; }

  private:
    std::map<std::uint32_t, std::size_t>& taken_;
    std::uint32_t uid_;
    std::size_t number_;
  };

  task<void> run_connection(local_stream socket, local_peer peer) {
    const place mine(taken_, peer.uid);
    if (mine.number() > config_.connections_per_uid) co_return;
    line_buffer buffer(config_.line_limit_bytes);
    while (!stopping_) {
      auto line = co_await read_line(socket, buffer);
      if (!line) co_return;
      const secret said = co_await handler_(peer, std::move(*line));
      const bool heard = co_await answer(socket, said);
      if (!heard) co_return;
    }
  }

  task<bool> answer(local_stream& socket, const secret& line) {
    const auto written =
        co_await with_deadline(timers_, config_.write_limit, "answering a line", write_line(socket, line));
    co_return written.has_value();
  }

  task<std::optional<secret>> read_line(local_stream& socket, line_buffer& buffer) {
    const auto deadline = timers_.get_clock().now() + config_.idle_limit;
    for (;;) {
      if (auto line = buffer.take_line()) co_return line;
      const auto room = buffer.room();
      if (room.empty()) {
        const secret complaint(config_.too_long);
        co_await answer(socket, complaint);
        co_return std::nullopt;
      }
      const auto left = deadline - timers_.get_clock().now();
      if (left <= 0ns) co_return std::nullopt;
      const auto got = co_await with_deadline(timers_, left, "reading a line", read_some(socket, room));
      if (!got) co_return std::nullopt;
      buffer.add(*got);
    }
  }

  timer_queue& timers_;
  line_server_config config_;
  line_handler handler_;
  std::map<std::uint32_t, std::size_t> taken_;
  bool stopping_ = false;
  local_listener listener_;
};

}  // namespace

std::unique_ptr<line_server> make_line_server(executor ex, timer_queue& timers, line_server_config config,
                                              line_handler handler) {
  return std::make_unique<asio_line_server>(std::move(ex), timers, std::move(config), std::move(handler));
}

result<secret> call_line(const std::string& path, const secret& line) {
  const auto socket = connect_local(path);
  if (!socket) return std::unexpected(socket.error());
  secret answer;
  if (send_all(*socket, line.reveal()) && send_all(*socket, "\n")) answer = receive_line(*socket, answer_limit_bytes);
  if (answer.empty()) return fail(errc::io, path + ": the engine hung up without an answer");
  return answer;
}

}  // namespace drover::net
