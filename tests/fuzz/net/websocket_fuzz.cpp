#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/utf8_validator.hpp"
#include "net/websocket_codec.hpp"

using namespace drover::net;
using kind = websocket_event::kind;

namespace {

struct seen_event {
  kind what;
  std::string payload;
  int code;
  bool operator==(const seen_event&) const = default;
};

std::vector<seen_event> decode(std::string bytes, std::size_t step) {
  constexpr std::size_t limit = 1024;
  websocket_decoder decoder(limit);
  std::vector<seen_event> seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> input(bytes.data() + at, std::min(step, bytes.size() - at));
    while (!input.empty()) {
      const auto event = decoder.next(input);
      if (event.what == kind::need_more) break;
      if (event.payload.size() > limit) std::abort();
      if (event.what == kind::text && !is_utf8(event.payload)) std::abort();
      seen.push_back({event.what, std::string(event.payload), event.code});
      if (event.what == kind::failure) return seen;
    }
    decoder.release();
  }
  return seen;
}

}  // namespace

/// How the bytes are cut must not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  auto whole = decode(bytes, size + 1);
  auto piecewise = decode(bytes, 1);
  // Which of several faults of one frame is named may differ; that it fails may not.
  for (auto* seen : {&whole, &piecewise})
    if (!seen->empty() && seen->back().what == kind::failure) seen->back() = {kind::failure, "", 0};
  if (whole != piecewise) std::abort();
  return 0;
}
