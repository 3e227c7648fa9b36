// Any text as an API token or a refresh token, and as an address and a network: what is read from a text is written as
// that text.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/encoding.hpp"
#include "tenants/users/api_token.hpp"
#include "tenants/users/refresh_token.hpp"

namespace {

using namespace drover;
using namespace drover::tenants;

void check(const std::string& text) {
  if (const auto read = read_api_token(text);
      read && write_api_token(read->user, read->id, read->secret_part).reveal() != text)
    std::abort();
  if (const auto read = read_refresh_token(text);
      read && write_refresh_token(read->user, read->family, read->use).reveal() != text)
    std::abort();
  if (read_api_token(text) && read_refresh_token(text)) std::abort();
}

/// The checksum is right, so that what is behind it is read.
std::string finish(std::string_view prefix, std::string_view bytes) {
  auto text = std::string(prefix) + std::string(bytes);
  const auto sum = crc32c(text);
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[(sum >> shift) & 0xf];
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(std::string(bytes));
  for (auto prefix : {"eng_", "engr_"}) check(finish(prefix, bytes));
  const auto half = bytes.size() / 2;
  const auto network = bytes.substr(0, half), address = bytes.substr(half);
  if (!is_network(network) && is_in(network, address)) std::abort();
  return 0;
}
