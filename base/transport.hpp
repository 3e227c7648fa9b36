#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace drover {

/// Errors of outgoing connections. The difference that matters for orders: `not_sent` proves that no byte of the
/// request left this process; every other one leaves the outcome unknown.
enum class transport_errc {
  /// The connection could not be made (resolve, connect, TLS) or the request was never written: nothing was sent.
  not_sent = 1,
  /// Sent, or partly, but no whole answer came: outcome unknown.
  no_answer,
  /// An answer came that is not HTTP, is too large or breaks the framing: outcome unknown.
  bad_answer,
  /// WebSocket only: closed by either side, or never opened.
  closed,
  /// client_request::why_not had a reason: nothing was sent, and the connection is not to blame.
  withheld,
};
std::error_code make_error_code(transport_errc);

using header_list = std::vector<std::pair<std::string, std::string>>;
/// First header of that name, case-insensitively; empty when absent.
std::string_view find_header(const header_list&, std::string_view name);

/// Asked in the very turn in which the first byte would leave: why the request must not leave after all, or nothing.
using send_check = std::function<std::string()>;

struct client_request {
  /// "GET", "POST", "PUT", "DELETE".
  std::string method;
  /// Absolute: scheme://host[:port]/path?query. http and https only.
  std::string url;
  header_list headers;
  std::string body;
  /// For everything: resolve, connect, TLS, send, receive.
  nanoseconds deadline = 10s;
  std::size_t response_limit_bytes = 8 * 1024 * 1024;
  /// Local IP address to send from; empty: the system's choice. One that is not ours is transport_errc::not_sent.
  std::string source_address;
  /// A reason is transport_errc::withheld with that reason. Empty: nobody asks.
  send_check why_not{};
};

struct client_response {
  int status = 0;
  header_list headers;
  std::string body;
};

/// Outgoing HTTP/1.1. Keeps connections alive per host, bounded; never retries, never follows redirects (REL-03,
/// SEC-12): a request is written at most once. Owner's executor only.
class http_client {
 public:
  virtual ~http_client() = default;
  virtual task<result<client_response>> send(client_request) = 0;
};

/// One outgoing WebSocket, text and binary messages. Owner's executor only; one reader, any number of senders
/// (messages are queued in order).
class websocket_client {
 public:
  virtual ~websocket_client() = default;
  /// The next whole message; transport_errc::closed at the end. `idle_limit`: no frame at all for so long = closed.
  virtual task<result<std::string>> receive(nanoseconds idle_limit) = 0;
  virtual task<result<void>> send(std::string text) = 0;
  /// Starts the closing handshake and returns when the socket is gone (bounded).
  virtual task<void> close() = 0;
};

struct websocket_options {
  nanoseconds handshake_deadline = 10s;
  std::size_t message_limit_bytes = 8 * 1024 * 1024;
  header_list headers;
  /// Local IP address to connect from; empty: the system's choice.
  std::string source_address;
};

/// Opens outgoing WebSockets (ws and wss). Owner's executor only.
class websocket_connector {
 public:
  virtual ~websocket_connector() = default;
  virtual task<result<std::unique_ptr<websocket_client>>> connect(std::string url, websocket_options) = 0;
};

}  // namespace drover

template <>
struct std::is_error_code_enum<drover::transport_errc> : std::true_type {};
