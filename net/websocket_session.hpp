#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace drover::net {

struct websocket_config {
  std::size_t message_limit_bytes = 64 * 1024;
  /// Bytes that may wait for a slow reader before the connection is closed with 1013.
  std::size_t send_queue_limit_bytes = 256 * 1024;
  /// The server pings after this silence and closes when nothing came for twice as long.
  nanoseconds ping_interval = 20s;
};

/// One accepted WebSocket, seen by its handler. On the server's thread only. An idle one costs a few hundred bytes: no
/// buffer is kept between messages.
class websocket_session {
 public:
  virtual ~websocket_session() = default;
  /// Queues a text message; frames that are due together leave in one write. The text is shared, so a broadcast is one
  /// copy. False when the queue limit is passed: the session is then closed with 1013.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  virtual bool send_binary(std::shared_ptr<const std::string> bytes) = 0;
  /// Sends a close frame after what is queued; on_close follows. Idempotent.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// Cuts the TCP connection at once (faults of the paper exchange).
  virtual void abort() = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::string_view remote_address() const = 0;
};

/// Callbacks of one WebSocket; must not throw.
class websocket_handler {
 public:
  virtual ~websocket_handler() = default;
  /// `session` is valid until on_close returns.
  virtual void on_open(websocket_session& session) = 0;
  virtual void on_message(std::string_view message, bool binary) = 0;
  /// Exactly once after on_open. `code` as RFC 6455 §7.4 (1006 when the connection was lost).
  virtual void on_close(std::uint16_t code) = 0;
};

}  // namespace drover::net
