#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::gate {

/// {"label","message"} of any answer, or of the "message" of a refused subscription.
struct venue_words {
  std::string label, message;
};
venue_words read_words(std::string_view body);
error read_refusal(operation, const client_response&);
error make_labelled_refusal(operation, int http_status, const venue_words&);
/// "error" of a WebSocket frame.
error read_stream_refusal(std::int64_t code, std::string_view message);

}  // namespace drover::exchanges::gate
