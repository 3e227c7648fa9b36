// Any bytes through hex, base64, base64url and percent-encoding: what is written is read back; what is read is, where
// the encoding has one text a value, the text that would be written.
#include <cstdint>
#include <cstdlib>

#include "base/encoding.hpp"

namespace {

void expect(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  expect(from_hex(to_hex(bytes)) == bytes);
  expect(from_base64(to_base64(bytes)) == bytes);
  expect(from_base64url(to_base64url(bytes)) == bytes);
  expect(percent_decode(percent_encode(bytes)) == bytes);
  if (const auto read = from_hex(bytes)) expect(read->size() * 2 == size);
  if (const auto read = from_base64(bytes)) expect(to_base64(*read).size() == size);
  if (const auto read = from_base64url(bytes)) expect(to_base64url(*read) == bytes);
  if (const auto read = percent_decode(bytes)) expect(read->size() <= size);
  return 0;
}
