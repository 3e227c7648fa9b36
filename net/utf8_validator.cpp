#include "net/utf8_validator.hpp"

#include <cstring>

namespace drover::net {

namespace {

/// Number of leading bytes that are ASCII, in steps of eight.
std::size_t skip_ascii(const char* text, std::size_t size) {
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text + at, 8);
    if (word & 0x8080808080808080ull) break;
  }
  return at;
}

}  // namespace

bool utf8_validator::start_character(std::uint8_t byte) {
  if (byte < 0x80) return true;
  least_ = 0x80;
  most_ = 0xbf;
  if (byte >= 0xc2 && byte <= 0xdf) {
    needed_ = 1;
  } else if (byte >= 0xe0 && byte <= 0xef) {
    needed_ = 2;
    if (byte == 0xe0) least_ = 0xa0;
    if (byte == 0xed) most_ = 0x9f;
  } else if (byte >= 0xf0 && byte <= 0xf4) {
    needed_ = 3;
    if (byte == 0xf0) least_ = 0x90;
    if (byte == 0xf4) most_ = 0x8f;
  } else {
    return false;
  }
  return true;
}

bool utf8_validator::feed(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    if (needed_ == 0) {
      at += skip_ascii(piece.data() + at, piece.size() - at);
      if (at == piece.size()) break;
      if (!start_character(static_cast<std::uint8_t>(piece[at++]))) return false;
    } else {
      const auto byte = static_cast<std::uint8_t>(piece[at++]);
      if (byte < least_ || byte > most_) return false;
      least_ = 0x80;
      most_ = 0xbf;
      --needed_;
    }
  }
  return true;
}

bool is_utf8(std::string_view text) {
  utf8_validator validator;
  return validator.feed(text) && validator.at_boundary();
}

}  // namespace drover::net
