#pragma once

#include <memory>
#include <string_view>

#include "base/transport.hpp"

namespace drover::net {

/// Reads one HTTP/1.1 response from bytes, strictly: framing that could be understood in two ways is refused. No I/O.
/// Internal to net/.
class response_reader {
 public:
  /// `head_request`: the response has no body whatever its headers say.
  response_reader(bool head_request, std::size_t response_limit_bytes);
  ~response_reader();

  enum class progress { more, done };
  /// Consumes all of `bytes`. transport_errc::bad_answer when the response is malformed or too large.
  result<progress> feed(std::string_view bytes);
  /// The peer ended the stream. True when that ends the response rightly.
  bool end_of_stream();
  /// The connection may carry another request: keep-alive, and not a byte too many came.
  bool is_connection_reusable() const;
  client_response take();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::net
