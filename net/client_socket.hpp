#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "base/timer.hpp"
#include "net/http_client.hpp"

/// Making outgoing connections, for both clients. Internal to net/.
namespace drover::net {

using client_tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;

/// A deadline over any number of steps without a timer each: whatever is pending when it passes is ended by the step's
/// own canceller. Lives in the coroutine it watches.
class step_deadline {
 public:
  step_deadline(timer_queue&, nanoseconds limit);
  ~step_deadline();
  step_deadline(const step_deadline&) = delete;
  step_deadline& operator=(const step_deadline&) = delete;
  bool expired() const { return expired_; }
  /// What to do when the deadline passes from now on.
  void set_canceller(std::function<void()> canceller) { canceller_ = std::move(canceller); }

 private:
  timer_queue& timers_;
  std::function<void()> canceller_;
  timer_id timer_;
  bool expired_ = false;
};

/// Socket and, for https and wss, the TLS stream over it. Not movable: the stream refers to the socket.
struct client_socket {
  explicit client_socket(const executor& ex) : socket(ex) {}
  client_socket(const client_socket&) = delete;
  client_socket& operator=(const client_socket&) = delete;

  asio::ip::tcp::socket socket;
  std::unique_ptr<client_tls_stream> tls;

  void close();
  /// False when the peer closed or sent something unasked: such a kept connection is of no use.
  bool is_usable();
};

/// Resolves, connects (from `source_address` when it is not empty) and, when `tls` is given, shakes hands and verifies the
/// host's certificate. The error says which step failed, and what is wrong with a certificate that is not trusted; its code is `code_on_failure`.
task<result<void>> open_socket(client_socket& socket, url_parts url, std::string source_address,
                               std::shared_ptr<asio::ssl::context> tls, step_deadline& deadline,
                               std::error_code code_on_failure);

/// "host", or "host:port" when the port is not the scheme's own.
std::string make_host_header(const url_parts&);

}  // namespace drover::net
