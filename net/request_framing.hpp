#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// Strict reading of an HTTP/1.1 request head (RFC 9112; RELIABILITY SEC-40). One reading only: what a proxy in front
/// might understand differently is refused, never repaired. Pure: bytes in, value out; any thread.
namespace drover::net {

struct framing_limits {
  std::size_t head_bytes = 8 * 1024;
  std::size_t target_bytes = 2 * 1024;
  int fields = 64;
};

/// The request cannot be understood in one way only: answer `status` and close. `detail` is static text.
struct framing_failure {
  int status = 400;
  std::string_view detail;
};

enum class body_kind { none, sized, chunked };

/// The views point into the bytes that were parsed.
struct request_head {
  struct field {
    std::string_view name, value;
  };
  std::string_view method;
  /// Percent-decoded, starts with '/' (or is "*" for OPTIONS).
  std::string path;
  /// Raw, without '?'.
  std::string_view query;
  std::vector<field> fields;
  body_kind body = body_kind::none;
  std::uint64_t content_length = 0;
  /// False for "Connection: close" and always for HTTP/1.0.
  bool keep_alive = true;
  bool expects_continue = false;
  bool wants_websocket = false;
  /// Of a WebSocket handshake.
  std::string_view websocket_key;
};

/// Finds the end of the head while bytes arrive; never looks at a byte twice.
class head_scanner {
 public:
  enum class progress { more, complete };
  /// `buffer` holds everything received so far. The size of the head, blank line included, is in head_size().
  std::expected<progress, framing_failure> scan(std::string_view buffer, const framing_limits&);
  std::size_t head_size() const { return seen_; }
  void reset() { *this = {}; }

 private:
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  bool have_request_line_ = false;
};

/// `head` ends with the blank line, as head_scanner found it. `out` is overwritten; its memory is reused.
std::expected<void, framing_failure> parse_request_head(std::string_view head, const framing_limits&, request_head& out);

}  // namespace drover::net
