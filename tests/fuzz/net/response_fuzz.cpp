#include <cstdint>
#include <string_view>

#include "net/response_reader.hpp"

using namespace drover::net;

/// The first byte says how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + 1u;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  response_reader reader(false, 4096);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto fed = reader.feed(bytes.substr(at, step));
    if (!fed) return 0;
    if (*fed == response_reader::progress::done) {
      reader.is_connection_reusable();
      reader.take();
      return 0;
    }
  }
  if (reader.end_of_stream()) reader.take();
  return 0;
}
