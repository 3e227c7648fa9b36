#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/chunked_decoder.hpp"

using namespace drover::net;

/// How the bytes are cut must not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 4096;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  chunked_decoder whole(limit), piecewise(limit);
  std::string body, same_body;
  std::string_view rest = bytes;
  const auto end = whole.feed(rest, body);
  auto same_end = chunked_decoder::progress::more;
  std::size_t used = 0;
  while (used < size && same_end == chunked_decoder::progress::more) {
    auto one = bytes.substr(used++, 1);
    same_end = piecewise.feed(one, same_body);
  }
  if (end != same_end || body != same_body || body.size() > limit || used != size - rest.size()) std::abort();
  return 0;
}
