#pragma once

#include <cstdint>
#include <string_view>

namespace drover::net {

/// Checks UTF-8 (RFC 3629) piece by piece; fails at the first byte that no valid text can have there.
class utf8_validator {
 public:
  /// False once the text is broken; further pieces must not be fed then.
  bool feed(std::string_view piece);
  /// True when no character is cut in the middle.
  bool at_boundary() const { return needed_ == 0; }

 private:
  bool start_character(std::uint8_t byte);

  std::uint8_t needed_ = 0;
  /// Bounds of the next continuation byte: they exclude overlong forms, surrogates and values above U+10FFFF.
  std::uint8_t least_ = 0x80, most_ = 0xbf;
};

bool is_utf8(std::string_view text);

}  // namespace drover::net
