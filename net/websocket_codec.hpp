#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/utf8_validator.hpp"

/// The server's side of RFC 6455 as bytes in, events out. No I/O; one thread.
namespace drover::net {

enum class websocket_opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct websocket_event {
  enum class kind {
    /// All input is consumed; nothing complete.
    need_more,
    text,
    binary,
    ping,
    pong,
    /// `code` and `payload` (the reason) as the peer sent them; 1005 when it sent none.
    close,
    /// The peer broke the protocol: close with `code`; `payload` says why. The decoder must not be used again.
    failure,
  };
  kind what = kind::need_more;
  /// Valid until the next call.
  std::string_view payload;
  std::uint16_t code = 0;
};

/// Decodes frames of a client strictly: masked, no extension bits, shortest length form, control frames whole and at
/// most 125 bytes, text checked as UTF-8 while it arrives, messages bounded. Between messages it holds no memory.
class websocket_decoder {
 public:
  explicit websocket_decoder(std::size_t message_limit_bytes);
  ~websocket_decoder();
  websocket_decoder(websocket_decoder&&) noexcept;

  /// Consumes from the front of `input` (payloads are unmasked in place) until one event is complete.
  websocket_event next(std::span<char>& input);
  /// Frees what the last event kept, when no message is under way. Call when the input is used up.
  void release();
  bool holds_memory() const { return partial_ != nullptr; }

 private:
  struct frame_header;
  struct partial;
  websocket_event next_slowly(std::span<char>& input);
  bool read_header(std::span<char>& input);
  websocket_event begin_frame(const frame_header&);
  websocket_event read_payload(std::span<char>& input);
  websocket_event end_frame();

  std::size_t message_limit_bytes_;
  std::unique_ptr<partial> partial_;
};

inline constexpr std::size_t websocket_header_limit_bytes = 10;
/// Header of an unmasked, unfragmented frame; returns its size.
std::size_t write_websocket_header(websocket_opcode, std::size_t payload_bytes,
                                   std::array<unsigned char, websocket_header_limit_bytes>& out);
/// Payload of a close frame; the reason is cut to 123 bytes at a character boundary. Code 1005 gives an empty payload.
std::string make_close_payload(std::uint16_t code, std::string_view reason);
/// Codes that may travel in a close frame (RFC 6455 §7.4, IANA registry).
bool is_sendable_close_code(std::uint16_t code);

}  // namespace drover::net
