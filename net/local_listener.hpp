#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "net/local_peer.hpp"

namespace drover::net {

using local_stream = boost::asio::local::stream_protocol::socket;

struct local_listener_config {
  /// 1 to 107 characters.
  std::string path;
  /// Empty: mode 0600; else 0660 with this group.
  std::string group{};
  /// Further callers wait in the kernel's queue of this length.
  std::size_t connections = 8;
  /// How long stop() lets sessions go on.
  nanoseconds stop_grace = 1s;
};

/// A Unix socket of this process and who comes in by it: binds, accepts, bounds, and goes. What is said there is the
/// session's matter. On the thread of `executor`.
class local_listener {
public:
  /// One accepted connection to its end. An exception ends the connection.
  using session = std::function<task<void>(local_stream, local_peer)>;
  local_listener(executor, timer_queue&, local_listener_config, session);
  ~local_listener() { remove_socket(); }

  /// Takes the place of a socket that nobody listens on any more. errc::io, naming the path and the reason.
  result<void> open();
  void start();
  /// Removes the socket; sessions under way may end within stop_grace.
  task<void> stop();

private:
  struct departure;
  std::unexpected<error> refused(std::string_view what) const;
  result<void> share_with_group() const;
  void remove_socket();
  task<void> run_acceptor();
  task<void> run_session(local_stream, local_peer);

  timer_queue& timers_;
  local_listener_config config_;
  session session_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  bool bound_ = false;
  wake_event departures_;
  task_scope scope_;
};

}  // namespace drover::net
