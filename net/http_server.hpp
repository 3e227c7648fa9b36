#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "base/transport.hpp"
#include "net/websocket_session.hpp"

namespace drover::net {

/// A request that passed the strict framing checks (RELIABILITY 0.2, SEC-40).
struct http_request {
  std::string method;
  /// Decoded path, "/user/exchanges/7"; never contains "..", NUL or control characters.
  std::string path;
  /// Raw query without '?'.
  std::string query;
  header_list headers;
  std::string body;
  /// Peer address without port, "127.0.0.1".
  std::string remote_address;
  /// The client asked for a WebSocket (RFC 6455 handshake, version 13, valid key).
  bool wants_websocket = false;
};

struct http_response {
  int status = 200;
  header_list headers;
  std::string body;
  /// Large immutable content (page assets) shared between responses; sent instead of `body` when set.
  std::shared_ptr<const std::string> shared_body;
  /// Answers 101 and hands the connection to this handler; only for requests with wants_websocket.
  std::shared_ptr<websocket_handler> websocket;
  /// Close without answering (paper exchange faults), or after answering.
  bool drop_connection = false;
  bool close_after = false;
};

class http_handler {
 public:
  virtual ~http_handler() = default;
  /// Must not throw; the server answers 500 and logs if it does.
  virtual task<http_response> handle(http_request) = 0;
  /// Body for an error the server itself must answer (400, 408, 413, 414, 431, 503).
  virtual http_response make_error(int status, std::string_view detail) = 0;
};

struct http_server_config {
  std::string address = "127.0.0.1";
  /// 0 = a free port, see http_server::port().
  std::uint16_t port = 0;
  std::size_t connection_limit = 4096;
  std::size_t connections_per_address = 1024;
  /// Addresses whose connections are other people's: only connection_limit bounds them.
  std::vector<std::string> proxies;
  std::size_t header_limit_bytes = 8 * 1024;
  std::size_t body_limit_bytes = 64 * 1024;
  std::size_t target_limit_bytes = 2 * 1024;
  int header_field_limit = 64;
  nanoseconds header_deadline = 5s;
  nanoseconds body_deadline = 10s;
  nanoseconds idle_deadline = 15s;
  int requests_per_connection = 10'000;
  /// PEM files; both or none.
  std::string tls_certificate_file, tls_key_file;
  websocket_config websocket;
};

/// HTTP/1.1 server of one executor (one thread). One coroutine a connection, owned by the server's scope.
class http_server {
 public:
  virtual ~http_server() = default;
  /// Binds and listens; errc::io with the address, port and reason ("address in use") when it cannot.
  virtual result<void> start() = 0;
  virtual std::uint16_t port() const = 0;
  /// Stops accepting; answers what is in flight with `Connection: close`; sends 1001 to WebSockets; returns when all
  /// connections are gone or after `limit` (then they are cut).
  virtual task<void> stop(nanoseconds limit) = 0;
  struct statistics {
    std::size_t connections = 0, websockets = 0;
    std::uint64_t requests = 0, refused = 0;
  };
  virtual statistics get_statistics() const = 0;
};

std::unique_ptr<http_server> make_http_server(executor, timer_queue&, http_server_config, std::shared_ptr<http_handler>);

}  // namespace drover::net
