#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace drover::net {

/// Reads a chunked body (RFC 9112 §7.1) strictly: CRLF only, at most 8 hex digits of size, no control characters in
/// extensions. Extensions and trailer fields are checked and dropped. No I/O; one thread.
class chunked_decoder {
 public:
  enum class progress { more, done, malformed, too_large };

  explicit chunked_decoder(std::size_t body_limit_bytes) : body_limit_bytes_(body_limit_bytes) {}
  /// Consumes from the front of `input` and appends to `body`. After `done` the rest of `input` belongs to the next
  /// request; after a failure the connection is of no use.
  progress feed(std::string_view& input, std::string& body);

 private:
  enum class state { size, extension, size_end, data, data_end, data_end_lf, trailer_start, trailer, trailer_end, last_lf };
  progress step(char c);
  progress end_size_line();

  /// Extensions and trailers together, over the whole body.
  static constexpr std::size_t overhead_limit_bytes = 16 * 1024;
  static constexpr int size_digits_limit = 8;

  std::size_t body_limit_bytes_;
  std::size_t received_bytes_ = 0, overhead_bytes_ = 0;
  std::uint64_t remaining_ = 0;
  int digits_ = 0;
  state state_ = state::size;
};

}  // namespace drover::net
