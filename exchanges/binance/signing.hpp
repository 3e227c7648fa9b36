#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::binance {

/// "a=1&b=2" in the order of the calls, values percent-encoded.
class form {
 public:
  form& add(std::string_view key, std::string_view value);
  form& add(std::string_view key, std::int64_t value);
  form& add(std::string_view key, decimal value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// `timestamp=…&<params>&recvWindow=…&signature=…`: HMAC-SHA256, lower-case hex, over everything before the signature exactly
/// as it is sent (query or form body).
std::string sign_params(const secret& api_secret, std::string_view params, std::int64_t timestamp_ms,
                        milliseconds receive_window);

/// The WebSocket API's `userDataStream.subscribe.signature`; its payload is the parameters sorted by name, not encoded.
std::string make_subscribe_frame(const credentials&, std::string_view request_id, std::int64_t timestamp_ms,
                                 milliseconds receive_window);
std::string make_unsubscribe_frame(std::string_view request_id, std::int64_t subscription_id);

}  // namespace drover::exchanges::binance
