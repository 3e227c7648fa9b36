#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "net/local_peer.hpp"

namespace drover::net {

struct line_server_config {
  std::string path;
  /// Empty: mode 0600; else 0660 with this group.
  std::string group{};
  std::size_t connections = 64;
  /// So that one user does not take all of them.
  std::size_t connections_per_uid = 16;
  std::size_t line_limit_bytes = 16 * 1024;
  /// How long a connection may say nothing, or take to say or to read a line.
  nanoseconds idle_limit = 30s, write_limit = 10s;
  /// Said to a line that is too long, before the connection is closed.
  std::string too_long{};
};

/// Answers one line (without its end) with one line. An exception of its own ends the connection.
using line_handler = std::function<task<secret>(local_peer, secret line)>;

/// A Unix socket for other programs of this machine: a connection says a line, gets a line, and may say the next one.
/// Who may connect is the mode's matter; whether they are listened to is the handler's. On the thread of `executor`.
class line_server {
public:
  virtual ~line_server() = default;
  /// Binds; takes the place of a socket that nobody listens on any more. errc::io, naming the path and the reason.
  virtual result<void> open() = 0;
  /// After open(): takes connections, until stop().
  virtual void start() = 0;
  /// Removes the socket; what is under way may end within a quarter of a second.
  virtual task<void> stop() = 0;
};
std::unique_ptr<line_server> make_line_server(executor, timer_queue&, line_server_config, line_handler);

/// Blocking, for commands: one line there, one line back. errc::io: nobody listens there, or this user may not call.
result<secret> call_line(const std::string& path, const secret& line);

}  // namespace drover::net
